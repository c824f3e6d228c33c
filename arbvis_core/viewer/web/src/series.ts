/** The same tensor of other layers. */

import type { Scene } from "./scene";
import { layerOf, seriesOf } from "./tensor";

export class Series {
  private readonly members = new Map<string, number[]>();

  constructor(private readonly scene: Scene) {
    const { items } = scene.placements;
    items.forEach((item, index) => {
      if (layerOf(item) === null) return;
      const key = seriesOf(item);
      const known = this.members.get(key);
      if (known) known.push(index);
      else this.members.set(key, [index]);
    });
    for (const found of this.members.values()) found.sort((a, b) => layerOf(items[a]!)! - layerOf(items[b]!)!);
  }

  /** The same tensor so many layers on that have it; null where there is none. */
  neighbour(index: number, by: number): number | null {
    const found = this.members.get(seriesOf(this.scene.placements.items[index]!)) ?? [];
    const at = found.indexOf(index);
    return at < 0 ? null : (found[at + by] ?? null);
  }
}

/** What of one picture is what of another: the same tensor, so many layers on, or in another model. */

import type { Scene, Spot } from "./scene";
import { foldingOf, layerOf, seriesOf } from "./tensor";

export interface Shift {
  readonly x: number;
  readonly y: number;
}

export class Correspondence {
  private readonly names = new Map<string, number>();
  private readonly series = new Map<string, number>();
  private backwards: ReadonlyMap<number, number> | null = null;
  /** How far the right picture was moved last. */
  shift: Shift = { x: 0, y: 0 };

  constructor(
    readonly left: Scene,
    readonly right: Scene,
    /** So many layers further on. */
    readonly layers: number,
  ) {
    right.placements.items.forEach((item, index) => {
      if (!this.names.has(item.name)) this.names.set(item.name, index);
      const key = `${seriesOf(item)}\n${layerOf(item) ?? ""}`;
      if (!this.series.has(key)) this.series.set(key, index);
    });
  }

  /** The placement that stands for one of the left; null where there is none. */
  counterpart(index: number): number | null {
    const item = this.left.placements.items[index]!;
    const layer = layerOf(item);
    if (this.layers !== 0 && layer === null) return null;
    const on = layer === null ? "" : layer + this.layers;
    return this.series.get(`${seriesOf(item)}\n${on}`) ?? (this.layers === 0 ? (this.names.get(item.name) ?? null) : null);
  }

  /** How far the right picture is moved, for a point of the left in the middle; as before where nothing lies. */
  shiftAt(x: number, y: number): Shift {
    if (this.left.curve) return this.shift;
    const index = this.left.placements.atPoint(x, y)[0];
    const other = index === undefined ? null : this.counterpart(index);
    if (index === undefined || other === null) return this.shift;
    const [here, there] = [this.left.placements.rectangle(index), this.right.placements.rectangle(other)];
    this.shift = { x: there.x0 - here.x0, y: there.y0 - here.y0 };
    return this.shift;
  }

  /** The same element on the right; null where there is none. */
  onRight(spot: Spot): Spot | null {
    if (spot.placement === null) return null;
    if (this.left.curve) return this.right.at(spot.x, spot.y, spot.cell);
    const other = this.counterpart(spot.placement);
    return other === null ? null : moved(this.left, spot, this.right, other);
  }

  /** The same element on the left. */
  onLeft(spot: Spot): Spot | null {
    if (spot.placement === null) return null;
    if (this.left.curve) return this.left.at(spot.x, spot.y, spot.cell);
    this.backwards ??= this.inverse();
    const index = this.backwards.get(spot.placement);
    return index === undefined ? null : moved(this.right, spot, this.left, index);
  }

  private inverse(): ReadonlyMap<number, number> {
    const pairs = this.left.placements.items.map((_, index) => [this.counterpart(index), index] as const);
    return new Map(pairs.filter((pair): pair is readonly [number, number] => pair[0] !== null));
  }
}

/** The element of another placement with the same index. */
function moved(from: Scene, spot: Spot, to: Scene, index: number): Spot | null {
  const [here, there] = [from.placements.items[spot.placement!]!, to.placements.items[index]!];
  const [x, y] = [spot.x - here.x, spot.y - here.y];
  const element = foldingOf(here)?.elementAt(x, y);
  const folding = foldingOf(there);
  if (element && folding) {
    const inside = element.length === folding.shape.length && element.every((at, axis) => at < folding.shape[axis]!);
    if (!inside) return null;
    const [u, v] = folding.pixelOf(element);
    return at(to, there.x + u, there.y + v, spot.cell);
  }
  return x < there.width && y < there.height ? at(to, there.x + x, there.y + y, spot.cell) : null;
}

/** The spot of one pixel, drawn as large as the one it stands for. */
function at(scene: Scene, x: number, y: number, cell: number): Spot | null {
  const found = scene.at(x, y, 1);
  return found && { ...found, cell };
}

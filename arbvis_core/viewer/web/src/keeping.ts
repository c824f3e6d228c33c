/** Going from one picture to another of the same canvas, and looking at the same place there. */

import type { ViewState } from "./map";
import type { Scene, Spot } from "./scene";
import type { Stage } from "./stage";

export interface Kept {
  readonly view: ViewState;
  readonly pinned: Spot | null;
  readonly selected: number | null;
}

/** What of a view is kept in another picture; null where their places have nothing to do with each other. */
export function kept(stage: Stage, to: Scene): Kept | null {
  const { scene, map, overlay } = stage;
  const alike = scene.facts.canvas.curve === to.facts.canvas.curve && scene.width === to.width && scene.height === to.height;
  if (!alike) return null;
  const { pinned, selected } = overlay;
  const spot = pinned && to.at(pinned.x, pinned.y, 1);
  const named = selected === null ? -1 : to.placements.items.findIndex(({ name }) => name === scene.placements.items[selected]!.name);
  return { view: map.view, pinned: spot?.placement == null ? null : spot, selected: named < 0 ? null : named };
}

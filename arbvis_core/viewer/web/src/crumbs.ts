/** Where one is: the picture, the stack, the layer and the tensor that fill the view. */

import { el } from "./dom";
import { contains, intersect, type Rectangle } from "./entities";
import { printable } from "./format";
import type { Scene } from "./scene";
import type { Frame } from "./screen";
import { layerOf, shortText } from "./tensor";

/** What one is in takes so much of the view in either direction. */
const SHARE = 0.45;

interface Crumb {
  readonly label: string;
  readonly box: Rectangle;
}

export class Crumbs {
  readonly element = el("nav", { class: "card crumbs", "aria-label": "Where you are" });
  /** What is said now, from the picture to the tensor. */
  labels: readonly string[] = [];
  private drawn = "";

  constructor(private readonly frame: (box: Rectangle, label: string) => void) {}

  update(scene: Scene, frame: Frame): void {
    const crumbs = scene.curve ? [] : crumbsOf(scene, frame);
    this.labels = crumbs.map(({ label }) => label);
    const text = this.labels.join("\n");
    // The title says as much as the first.
    this.element.hidden = crumbs.length < 2;
    if (text === this.drawn) return;
    this.drawn = text;
    const last = crumbs.length - 1;
    this.element.replaceChildren(
      el("ol", {}, ...crumbs.map(({ label, box }, at) => {
        const button = el("button", { type: "button", class: "crumb", "aria-current": at === last ? "location" : undefined }, label);
        button.addEventListener("click", () => this.frame(box, label));
        return el("li", {}, button);
      })),
    );
  }
}

function crumbsOf(scene: Scene, frame: Frame): Crumb[] {
  const { visible } = frame;
  const [x, y] = [(visible.x0 + visible.x1) / 2, (visible.y0 + visible.y1) / 2];
  const crumbs: Crumb[] = [{ label: printable(scene.facts.label), box: scene.content }];
  if (contains(visible, scene.content)) return crumbs;
  const canvas = scene.width * scene.height;
  for (const index of scene.labels.atPoint(x, y).toReversed()) {
    const box = scene.labels.rectangle(index);
    if (scene.labels.size[index]! < 0.95 * canvas && fills(box, visible)) {
      crumbs.push({ label: printable(scene.labels.items[index]!.name), box });
    }
  }
  const found = scene.placements.atPoint(x, y)[0];
  if (found === undefined) return crumbs;
  const box = scene.placements.rectangle(found);
  if (!fills(box, visible)) return crumbs;
  const item = scene.placements.items[found]!;
  const layer = layerOf(item);
  const told = layer === null || crumbs.length > 1;
  crumbs.push({ label: told ? shortText(item) : `layer ${layer} · ${shortText(item)}`, box });
  return crumbs;
}

function fills(box: Rectangle, visible: Rectangle): boolean {
  const seen = intersect(box, visible);
  if (!seen) return false;
  const wide = (seen.x1 - seen.x0) / (visible.x1 - visible.x0);
  const tall = (seen.y1 - seen.y0) / (visible.y1 - visible.y0);
  return Math.max(wide, tall) >= SHARE;
}

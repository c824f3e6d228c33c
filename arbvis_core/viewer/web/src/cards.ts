/** The two cards over the picture: one follows the pointer, one stays where something is pinned. */

import type * as L from "leaflet";

import { HoverCard, type Tell } from "./hover";
import type { Scene, Spot } from "./scene";
import type { Stage } from "./stage";

export class Cards {
  private readonly hover: HoverCard;
  private readonly pin: HoverCard;

  constructor(root: HTMLElement, tell: Tell, say: (text: string) => void, unpin: () => void) {
    this.pin = new HoverCard(root, tell, say, unpin);
    this.hover = new HoverCard(root, tell, say, null, () => this.pin.box);
  }

  /** Tell of a spot beside a point of the window, or of nothing. */
  point(scene: Scene, spot: Spot | null, point: L.Point | null): void {
    if (spot && point) this.hover.show(scene, spot, point.x, point.y);
    else this.hover.hide();
  }

  /** Tell of what is pinned, as long as it is in sight. */
  place(stage: Stage, host: HTMLElement): void {
    const { pinned } = stage.overlay;
    const point = pinned && stage.pointOf(pinned);
    const seen = point !== null && point.x >= 0 && point.y >= 0 && point.x <= host.clientWidth && point.y <= host.clientHeight;
    if (pinned && seen) this.pin.show(stage.scene, pinned, host.offsetLeft + point.x, point.y);
    else this.pin.hide();
  }

  hide(): void {
    this.hover.hide();
    this.pin.hide();
  }

  /** Copy what is pinned, or else what is under the pointer. */
  async copy(): Promise<void> {
    await (this.pin.isShown ? this.pin : this.hover).copy();
  }
}

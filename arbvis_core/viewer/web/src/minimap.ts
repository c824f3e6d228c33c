/** The whole picture, small, with the view as a rectangle that can be dragged. */

import { el } from "./dom";
import type { Bundle } from "./bundle";
import type { PictureMap } from "./map";
import type { Scene } from "./scene";
import type { Frame } from "./screen";

/** The longest side in screen pixels. */
const LONGEST = 176;

export class Minimap {
  readonly element: HTMLElement;
  private readonly canvas = el("canvas", { "aria-hidden": "true" });
  private readonly window = el("div", { class: "minimap-window" });
  private readonly scale: number;

  constructor(
    private readonly bundle: Bundle,
    private readonly scene: Scene,
    private readonly map: () => PictureMap,
  ) {
    const { width, height } = scene;
    this.scale = LONGEST / Math.max(width, height);
    this.element = el(
      "section",
      { class: "card minimap", "aria-label": "Overview: drag to move the view" },
      el("div", { class: "minimap-frame" }, this.canvas, this.window),
    );
    const frame = this.element.firstElementChild as HTMLElement;
    frame.style.width = `${Math.max(8, Math.round(width * this.scale))}px`;
    frame.style.height = `${Math.max(8, Math.round(height * this.scale))}px`;
    this.paint();
    this.listen(frame);
  }

  /** Move the rectangle to what a frame shows. */
  update(frame: Frame): void {
    const { visible } = frame;
    const x0 = clamp(visible.x0, this.scene.width) * this.scale;
    const y0 = clamp(visible.y0, this.scene.height) * this.scale;
    const x1 = clamp(visible.x1, this.scene.width) * this.scale;
    const y1 = clamp(visible.y1, this.scene.height) * this.scale;
    const { style } = this.window;
    style.transform = `translate(${x0}px, ${y0}px)`;
    style.width = `${Math.max(x1 - x0, 4)}px`;
    style.height = `${Math.max(y1 - y0, 4)}px`;
  }

  /** Draw the one tile of zoom 0, scaled down. */
  paint(): void {
    const { width, height, maxZoom, facts } = this.scene;
    const address = this.bundle.tile(facts, 0, 0, 0);
    const density = window.devicePixelRatio || 1;
    this.canvas.width = Math.max(1, Math.round(width * this.scale * density));
    this.canvas.height = Math.max(1, Math.round(height * this.scale * density));
    if (!address) return;
    const image = new Image();
    image.onload = () => {
      const context = this.canvas.getContext("2d");
      if (!context) return;
      context.imageSmoothingQuality = "high";
      const source = 2 ** -maxZoom;
      context.drawImage(image, 0, 0, width * source, height * source, 0, 0, this.canvas.width, this.canvas.height);
    };
    image.src = address;
  }

  private listen(frame: HTMLElement): void {
    let grip: { readonly x: number; readonly y: number } | null = null;
    frame.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      frame.setPointerCapture(event.pointerId);
      const at = this.pointOf(frame, event);
      const view = this.map().view;
      const { x0, y0, x1, y1 } = this.map().visible;
      const inside = at.x >= x0 && at.x < x1 && at.y >= y0 && at.y < y1;
      grip = inside ? { x: view.x - at.x, y: view.y - at.y } : { x: 0, y: 0 };
      if (!inside) this.moveTo(at.x, at.y);
    });
    frame.addEventListener("pointermove", (event) => {
      if (!grip) return;
      const at = this.pointOf(frame, event);
      this.moveTo(at.x + grip.x, at.y + grip.y);
    });
    const release = (): void => {
      grip = null;
    };
    frame.addEventListener("pointerup", release);
    frame.addEventListener("pointercancel", release);
  }

  private pointOf(frame: HTMLElement, event: PointerEvent): { x: number; y: number } {
    const box = frame.getBoundingClientRect();
    return { x: (event.clientX - box.left) / this.scale, y: (event.clientY - box.top) / this.scale };
  }

  private moveTo(x: number, y: number): void {
    this.map().show({ x: clamp(x, this.scene.width), y: clamp(y, this.scene.height), zoom: this.map().view.zoom });
  }
}

function clamp(value: number, most: number): number {
  return Math.max(0, Math.min(value, most));
}

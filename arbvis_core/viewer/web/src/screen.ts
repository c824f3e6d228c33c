/** From the canvas's plane to the screen, for one frame. */

import type { Rectangle } from "./entities";
import type { PictureMap } from "./map";

export interface Frame {
  readonly width: number;
  readonly height: number;
  /** Screen pixels per element. */
  readonly scale: number;
  /** Where the canvas's corner is on screen. */
  readonly left: number;
  readonly top: number;
  /** What of the canvas's plane is on screen. */
  readonly visible: Rectangle;
}

export function frameOf(map: PictureMap): Frame {
  const size = map.leaflet.getSize();
  const corner = map.leaflet.latLngToContainerPoint([0, 0]);
  const scale = map.scale;
  return {
    width: size.x,
    height: size.y,
    scale,
    left: corner.x,
    top: corner.y,
    visible: {
      x0: -corner.x / scale,
      y0: -corner.y / scale,
      x1: (size.x - corner.x) / scale,
      y1: (size.y - corner.y) / scale,
    },
  };
}

/** A canvas that covers the map, as fine as the screen. */
export class Sheet {
  readonly element = document.createElement("canvas");
  private readonly context: CanvasRenderingContext2D;

  constructor(host: HTMLElement, className: string) {
    this.element.className = className;
    this.element.setAttribute("aria-hidden", "true");
    host.append(this.element);
    const context = this.element.getContext("2d");
    if (!context) throw new Error("This browser cannot draw: canvas is switched off.");
    this.context = context;
  }

  /** An empty sheet of the frame's size, measured in screen pixels. */
  begin(frame: Frame): CanvasRenderingContext2D {
    const density = window.devicePixelRatio || 1;
    const width = Math.round(frame.width * density);
    const height = Math.round(frame.height * density);
    if (this.element.width !== width || this.element.height !== height) {
      this.element.width = width;
      this.element.height = height;
    }
    this.context.setTransform(density, 0, 0, density, 0, 0);
    this.context.clearRect(0, 0, frame.width, frame.height);
    return this.context;
  }
}

/** Outlines of files and of the regions that formats lend. */

import type { Entities, Shape } from "./entities";
import type { Extent } from "./manifest";
import type { Frame } from "./screen";

/** Segments shorter than this many screen pixels are left out. */
const SHORTEST = 2;

export interface Pen {
  readonly colour: string;
  readonly width: number;
  readonly dash?: readonly number[];
}

/** The size of the cells, in elements, that outlines are rounded to: at most one screen pixel. */
export function outlineCell(scale: number): number {
  return scale >= 1 ? 1 : 2 ** Math.floor(Math.log2(1 / scale));
}

/** Draw the outlines of some entities; the first lie at the bottom. */
export function drawOutlines<T extends Extent>(
  context: CanvasRenderingContext2D,
  frame: Frame,
  entities: Entities<T>,
  indices: readonly number[],
  pen: (item: T, index: number) => Pen,
): void {
  const cell = outlineCell(frame.scale);
  context.lineCap = "square";
  for (const index of indices) {
    trace(context, frame, entities.shape(index, cell));
    const { colour, width, dash } = pen(entities.items[index]!, index);
    context.setLineDash([]);
    if (width > 1) {
      // Over white bytes a coloured line needs a dark one under it.
      context.strokeStyle = "rgba(0, 0, 0, 0.5)";
      context.lineWidth = width + 2;
      context.stroke();
    }
    context.setLineDash(dash ? [...dash] : []);
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.stroke();
  }
  context.setLineDash([]);
}

/** Put the outline into the context's path, on the screen's grid, without what is out of view. */
function trace(context: CanvasRenderingContext2D, frame: Frame, shape: Shape): void {
  const { segments } = shape;
  const { scale, left, top, width, height } = frame;
  context.beginPath();
  for (let i = 0; i < segments.length; i += 4) {
    const x0 = segments[i]! * scale + left;
    const y0 = segments[i + 1]! * scale + top;
    const x1 = segments[i + 2]! * scale + left;
    const y1 = segments[i + 3]! * scale + top;
    if (x1 - x0 + y1 - y0 < SHORTEST) continue;
    if (x1 < -4 || y1 < -4 || x0 > width + 4 || y0 > height + 4) continue;
    // Ends far outside would overflow the rasteriser at deep zooms.
    context.moveTo(snap(Math.max(x0, -8)), snap(Math.max(y0, -8)));
    context.lineTo(snap(Math.min(x1, width + 8)), snap(Math.min(y1, height + 8)));
  }
}

function snap(value: number): number {
  return Math.round(value) + 0.5;
}

/** What lies under the tiles: the ground, and the canvas with a pattern where there is no data. */

import type { Frame } from "./screen";
import type { Scene } from "./scene";

/** Distance of the pattern's lines in screen pixels. */
const PITCH = 9;

export function drawBackdrop(context: CanvasRenderingContext2D, frame: Frame, scene: Scene): void {
  const style = getComputedStyle(context.canvas);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  context.fillStyle = colour("--ground");
  context.fillRect(0, 0, frame.width, frame.height);
  const x0 = Math.max(Math.round(frame.left), -1);
  const y0 = Math.max(Math.round(frame.top), -1);
  const x1 = Math.min(Math.round(frame.left + scene.width * frame.scale), frame.width + 1);
  const y1 = Math.min(Math.round(frame.top + scene.height * frame.scale), frame.height + 1);
  if (x1 <= x0 || y1 <= y0) return;
  context.save();
  context.beginPath();
  context.rect(x0, y0, x1 - x0, y1 - y0);
  context.fillStyle = colour("--empty");
  context.fill();
  context.clip();
  hatch(context, frame, x0, y0, x1, y1, colour("--empty-line"));
  context.restore();
  context.strokeStyle = colour("--edge");
  context.lineWidth = 1;
  context.strokeRect(x0 - 0.5, y0 - 0.5, x1 - x0 + 1, y1 - y0 + 1);
}

/** Diagonals that move with the canvas but do not grow with it. */
function hatch(
  context: CanvasRenderingContext2D,
  frame: Frame,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  colour: string,
): void {
  const reach = y1 - y0;
  const phase = (frame.left + frame.top - x0 - y0) % PITCH;
  context.beginPath();
  for (let x = x0 + phase - PITCH; x < x1 + reach + PITCH; x += PITCH) {
    context.moveTo(x, y0);
    context.lineTo(x - reach, y1);
  }
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.stroke();
}

/** Cells with names: what rows and columns are, and the numbers once there is room for them. */

import { intersect, type Rectangle } from "./entities";
import { figure, printable } from "./format";
import type { Scene } from "./scene";
import type { Frame } from "./screen";
import { matrixOf, shortText, type Matrix } from "./tensor";

/** Names of rows need so many screen pixels, numbers in the cells so many. */
const NAMED = 11;
const NUMBERED = 40;
const FONT = '10.5px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const STRONG = '600 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

export function drawMatrices(context: CanvasRenderingContext2D, frame: Frame, scene: Scene, indices: readonly number[]): void {
  if (frame.scale < NAMED) return;
  const boxes = indices.map((index) => scene.placements.rectangle(index));
  const quiet = getComputedStyle(context.canvas).getPropertyValue("--quiet").trim();
  context.font = FONT;
  for (const index of indices) {
    const matrix = matrixOf(scene.placements.items[index]!);
    if (!matrix) continue;
    const box = scene.placements.rectangle(index);
    context.fillStyle = quiet;
    drawRows(context, frame, box, matrix, boxes);
    const above = drawColumns(context, frame, box, matrix, boxes);
    drawTitle(context, frame, box, shortText(scene.placements.items[index]!), above);
    if (frame.scale >= NUMBERED) drawValues(context, frame, box, matrix);
  }
  context.textAlign = "start";
}

/** To the left of the cells, if nothing else lies there. */
function drawRows(context: CanvasRenderingContext2D, frame: Frame, box: Rectangle, { rows }: Matrix, boxes: readonly Rectangle[]): void {
  const widest = Math.max(0, ...rows.map((row) => context.measureText(row).width)) + 12;
  const room = { x0: box.x0 - widest / frame.scale, y0: box.y0, x1: box.x0, y1: box.y1 };
  if (boxes.some((other) => intersect(other, room) !== null)) return;
  context.textAlign = "right";
  context.textBaseline = "middle";
  rows.forEach((row, at) => {
    context.fillText(printable(row), box.x0 * frame.scale + frame.left - 6, (box.y0 + at + 0.5) * frame.scale + frame.top);
  });
}

/** Above the names of columns, if they fit. */
function drawTitle(context: CanvasRenderingContext2D, frame: Frame, box: Rectangle, title: string, above: number): void {
  context.font = STRONG;
  context.textAlign = "left";
  context.textBaseline = "alphabetic";
  if (context.measureText(title).width < (box.x1 - box.x0) * frame.scale) {
    context.fillText(title, box.x0 * frame.scale + frame.left, box.y0 * frame.scale + frame.top - above - 6);
  }
  context.font = FONT;
}

/** Above the cells, turned where they are narrow, if nothing else lies there. Returns how much they take. */
function drawColumns(context: CanvasRenderingContext2D, frame: Frame, box: Rectangle, { columns }: Matrix, boxes: readonly Rectangle[]): number {
  const widest = Math.max(0, ...columns.map((column) => context.measureText(column).width)) + 10;
  const room = { x0: box.x0, y0: box.y0 - widest / frame.scale, x1: box.x1, y1: box.y0 };
  if (boxes.some((other) => intersect(other, room) !== null)) return 0;
  context.textBaseline = "middle";
  const turned = widest > frame.scale;
  context.textAlign = turned ? "left" : "center";
  columns.forEach((column, at) => {
    context.save();
    context.translate((box.x0 + at + 0.5) * frame.scale + frame.left, box.y0 * frame.scale + frame.top - (turned ? 5 : 9));
    if (turned) context.rotate(-Math.PI / 2);
    context.fillText(printable(column), 0, 0);
    context.restore();
  });
  return turned ? widest : 18;
}

function drawValues(context: CanvasRenderingContext2D, frame: Frame, box: Rectangle, { values }: Matrix): void {
  const { visible } = frame;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineWidth = 2.5;
  context.lineJoin = "round";
  context.strokeStyle = "rgba(0, 0, 0, 0.7)";
  context.fillStyle = "#fff";
  const from = Math.max(0, Math.floor(visible.y0 - box.y0));
  const to = Math.min(values.length, Math.ceil(visible.y1 - box.y0));
  for (let row = from; row < to; row++) {
    values[row]!.forEach((value, column) => {
      const x = (box.x0 + column + 0.5) * frame.scale + frame.left;
      if (value === null || x < 0 || x > frame.width) return;
      const y = (box.y0 + row + 0.5) * frame.scale + frame.top;
      context.strokeText(figure("", value), x, y);
      context.fillText(figure("", value), x, y);
    });
  }
}

/** The values themselves, written into their pixels once there is room. */

import type { Feature } from "../feature";
import type { SceneFacts } from "../manifest";
import type { Stage } from "../stage";
import type { Frame } from "../screen";
import type { Server } from "./server";

/** Screen pixels of an element that a number fits into. */
const ROOM = 44;
/** Screen pixels that stay free beside it. */
const EDGES = 2;
/** Side of the squares that are asked for. */
const SIDE = 32;
/** So many squares are kept. */
const KEPT = 256;
const FONT = '500 10.5px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

type Rows = readonly (readonly (number | string | null)[])[];

export class PrintedValues implements Feature {
  /** What was asked for; null until it is there, or where there is nothing. */
  private readonly squares = new Map<string, Rows | null>();

  constructor(private readonly server: Server) {}

  staged(stage: Stage): void {
    stage.overlay.printers.push((context, frame) => this.draw(stage, context, frame));
  }

  private draw(stage: Stage, context: CanvasRenderingContext2D, frame: Frame): void {
    if (frame.scale < ROOM) return;
    const { facts, width, height, curve } = stage.scene;
    context.font = FONT;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    context.lineWidth = 2.5;
    context.strokeStyle = "rgba(0, 0, 0, 0.72)";
    context.fillStyle = "#fff";
    const { x0, y0, x1, y1 } = frame.visible;
    for (let top = Math.max(0, Math.floor(y0 / SIDE)) * SIDE; top < Math.min(y1, height); top += SIDE) {
      for (let left = Math.max(0, Math.floor(x0 / SIDE)) * SIDE; left < Math.min(x1, width); left += SIDE) {
        const rows = this.square(stage, facts, left, top, Math.min(SIDE, width - left), Math.min(SIDE, height - top));
        if (rows) write(context, frame, rows, left, top, curve === null ? numbers(context, frame.scale) : stage.scene.isByteDifference ? changeText : byteText);
      }
    }
    context.textAlign = "start";
  }

  private square(stage: Stage, facts: SceneFacts, x: number, y: number, width: number, height: number): Rows | null {
    const name = `${facts.key}/${x}/${y}`;
    const known = this.squares.get(name);
    if (known !== undefined) return known;
    if (this.squares.size >= KEPT) this.squares.delete(this.squares.keys().next().value!);
    this.squares.set(name, null);
    void this.server.ask<{ readonly values: Rows }>(facts, "window", { x, y, width, height, format: "json" }).then((found) => {
      if (!found) return;
      this.squares.set(name, found.values);
      stage.refresh();
    });
    return null;
  }
}

function write(context: CanvasRenderingContext2D, frame: Frame, rows: Rows, left: number, top: number, text: (value: number | string) => string): void {
  const { x0, y0, x1, y1 } = frame.visible;
  rows.forEach((row, v) => {
    if (top + v + 1 < y0 || top + v > y1) return;
    row.forEach((value, u) => {
      if (value === null || left + u + 1 < x0 || left + u > x1) return;
      const at = [(left + u + 0.5) * frame.scale + frame.left, (top + v + 0.5) * frame.scale + frame.top] as const;
      context.strokeText(text(value), ...at);
      context.fillText(text(value), ...at);
    });
  });
}

/** Three digits of a number, or as many as fit between the edges of its pixel. */
function numbers(context: CanvasRenderingContext2D, scale: number): (value: number | string) => string {
  const room = (scale - EDGES) / context.measureText("0").width;
  return (value) => {
    if (typeof value === "string") return value;
    const texts = [3, 2, 1].flatMap((digits) => [plain(value, digits), value.toExponential(digits - 1)]);
    // A point is half as wide as a digit.
    const fitting = texts.find((text) => text.length - (text.includes(".") ? 0.5 : 0) <= room) ?? texts.at(-1)!;
    return fitting.replaceAll("-", "\u2212").replace("e+", "e");
  };
}

/** A number without an exponent, where that is not longer. */
function plain(value: number, digits: number): string {
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e5) ? value.toExponential(Math.min(1, digits - 1)) : String(Number(value.toPrecision(digits)));
}

/** How much a byte is more: with its sign, and never in hex. */
function changeText(value: number | string): string {
  if (typeof value === "string" || value === 0) return String(value);
  return value > 0 ? `+${value}` : `\u2212${-value}`;
}

function byteText(value: number | string): string {
  return typeof value === "number" ? value.toString(16).padStart(2, "0") : value;
}

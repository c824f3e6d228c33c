/** The edges between the attention heads of a tensor, and their numbers. */

import type { Folding } from "./fold";
import type { Scene } from "./scene";
import type { Frame } from "./screen";
import { foldingOf, headsOf, type Heads } from "./tensor";

/** Heads thinner than this many screen pixels have no edges that could be told apart. */
const THINNEST = 4;
/** Heads at least so wide and high on screen have their number in them. */
const NUMBERED = 26;
const COLOUR = "rgba(112, 224, 255, 0.9)";

/** A head, or the part of it that lies in one cell of the fold, from the placement's corner. */
export interface HeadPart {
  readonly head: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Heads lie side by side, not one below the other. */
  readonly aside: boolean;
  /** Another head ends where this one begins. */
  readonly inner: boolean;
}

export function headParts(folding: Folding, heads: Heads): HeadPart[] {
  const aside = heads.axis === folding.shape.length - 1;
  const parts: HeadPart[] = [];
  for (const { x, y, top, left, bottom, right } of folding.bands) {
    const [from, to] = aside ? [left, right] : [top, bottom];
    for (let head = Math.floor(from / heads.size); head < heads.count && head * heads.size < to; head++) {
      const start = Math.max(head * heads.size, from);
      const long = Math.min((head + 1) * heads.size, to) - start;
      const inner = start > from;
      if (aside) parts.push({ head, x: x + start - from, y, width: long, height: bottom - top, aside, inner });
      else parts.push({ head, x, y: y + start - from, width: right - left, height: long, aside, inner });
    }
  }
  return parts;
}

/** Draw the heads of some placements. */
export function drawHeads(context: CanvasRenderingContext2D, frame: Frame, scene: Scene, indices: readonly number[]): void {
  context.lineWidth = 1;
  context.font = '600 10.5px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
  context.textBaseline = "bottom";
  context.textAlign = "right";
  for (const index of indices) {
    const item = scene.placements.items[index]!;
    const [heads, folding] = [headsOf(item), foldingOf(item)];
    if (!heads || !folding || heads.size * frame.scale < THINNEST) continue;
    for (const part of headParts(folding, heads)) {
      const left = (item.x + part.x) * frame.scale + frame.left;
      const top = (item.y + part.y) * frame.scale + frame.top;
      drawPart(context, frame, part, left, top);
    }
  }
  context.textAlign = "start";
}

function drawPart(context: CanvasRenderingContext2D, frame: Frame, part: HeadPart, left: number, top: number): void {
  const right = left + part.width * frame.scale;
  const bottom = top + part.height * frame.scale;
  if (right < 0 || bottom < 0 || left > frame.width || top > frame.height) return;
  context.fillStyle = COLOUR;
  const [x, y] = [Math.max(left, 0), Math.max(top, 0)];
  if (part.inner && part.aside) context.fillRect(Math.round(left), y, 1, Math.min(bottom, frame.height) - y);
  else if (part.inner) context.fillRect(x, Math.round(top), Math.min(right, frame.width) - x, 1);
  if (right - left < NUMBERED || bottom - top < NUMBERED / 2) return;
  const at = [Math.min(right, frame.width) - 4, Math.min(bottom, frame.height) - 1] as const;
  context.strokeStyle = "rgba(0, 0, 0, 0.75)";
  context.lineWidth = 3;
  context.strokeText(String(part.head), ...at);
  context.fillText(String(part.head), ...at);
}

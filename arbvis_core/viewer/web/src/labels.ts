/** Names over the picture: the largest first, and never one over another. */

import { asRectangle, intersect, type Entities, type Rectangle } from "./entities";
import { outlineCell } from "./outlines";
import { shorten } from "./format";
import type { Extent } from "./manifest";
import type { Frame } from "./screen";

export interface LabelStyle {
  readonly font: string;
  readonly height: number;
  readonly padding: number;
  /** Entities with fewer screen pixels than this are not named. */
  readonly leastArea: number;
  readonly most: number;
  /** The name must fit into the widest square of what it names. */
  readonly inside: boolean;
}

export interface PlacedLabel {
  readonly index: number;
  readonly text: string;
  /** Where it points at, on the canvas's plane. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A shortened name keeps at least so many characters. */
const LEGIBLE = 14;

/** Side of the buckets of the collision grid in screen pixels. */
const BUCKET = 96;

/** Remembers where labels lie, so that a new one is only compared with its neighbours. */
export class CollisionGrid {
  private readonly buckets = new Map<string, Rectangle[]>();

  /** What lies where a box would, or null if the room is free. */
  blocker(box: Rectangle): Rectangle | null {
    for (const key of this.keys(box)) {
      const found = this.buckets.get(key)?.find((other) => intersect(box, other) !== null);
      if (found) return found;
    }
    return null;
  }

  /** Take the room if it is free; tell whether it was. */
  take(box: Rectangle): boolean {
    if (this.blocker(box)) return false;
    for (const key of this.keys(box)) {
      const bucket = this.buckets.get(key);
      if (bucket) bucket.push(box);
      else this.buckets.set(key, [box]);
    }
    return true;
  }

  private keys(box: Rectangle): string[] {
    const keys: string[] = [];
    for (let x = Math.floor(box.x0 / BUCKET); x * BUCKET < box.x1; x++) {
      for (let y = Math.floor(box.y0 / BUCKET); y * BUCKET < box.y1; y++) keys.push(`${x},${y}`);
    }
    return keys;
  }
}

/** Choose the labels of some entities, in their order, within the frame and around what is taken. */
export function placeLabels<T extends Extent>(
  context: CanvasRenderingContext2D,
  frame: Frame,
  entities: Entities<T>,
  indices: readonly number[],
  grid: CollisionGrid,
  style: LabelStyle,
  describe: (item: T) => { readonly text: string; readonly point?: readonly [number, number] | null },
): PlacedLabel[] {
  const placed: PlacedLabel[] = [];
  context.font = style.font;
  for (const index of indices) {
    if (placed.length >= style.most) break;
    if (entities.size[index]! * frame.scale ** 2 < style.leastArea) continue;
    const room = widest(entities, index, frame);
    if (!room) continue;
    const { text: full, point } = describe(entities.items[index]!);
    const text = fitText(context, full, entities.rectangle(index), frame.scale);
    if (text === null) continue;
    const width = Math.ceil(context.measureText(text).width) + 2 * style.padding;
    if (style.inside && ((room.x1 - room.x0) * frame.scale < width || (room.y1 - room.y0) * frame.scale < style.height)) continue;
    const at = anchor(room, frame, point, style.inside);
    const box = screenBox(at.x, at.y, width, style.height, frame);
    if (grid.take(box)) {
      const x = ((box.x0 + box.x1) / 2 - frame.left) / frame.scale;
      const y = ((box.y0 + box.y1) / 2 - frame.top) / frame.scale;
      placed.push({ index, text, x, y, width, height: style.height });
    }
  }
  return placed;
}

/** The name, shortened to what it names; null where too little of it would be left to be read. */
function fitText(context: CanvasRenderingContext2D, text: string, box: Rectangle, scale: number): string | null {
  const room = Math.min(260, (box.x1 - box.x0) * scale * 1.25);
  const width = context.measureText(text).width;
  if (width <= room) return text;
  const most = Math.floor((text.length * room) / width);
  return most >= LEGIBLE ? shorten(text, most) : null;
}

/** The largest square or rectangle of an entity that is on screen. */
function widest<T extends Extent>(entities: Entities<T>, index: number, frame: Frame): Rectangle | null {
  let best: Rectangle | null = null;
  let area = 0;
  for (const part of entities.shape(index, outlineCell(frame.scale)).squares) {
    const seen = intersect(asRectangle(part), frame.visible);
    if (!seen) continue;
    const size = (seen.x1 - seen.x0) * (seen.y1 - seen.y0);
    if (size > area) {
      best = seen;
      area = size;
    }
  }
  return best;
}

/** The entity's own label point while it is on screen, else the middle of what is. */
function anchor(
  room: Rectangle,
  frame: Frame,
  point: readonly [number, number] | null | undefined,
  inside: boolean,
): { readonly x: number; readonly y: number } {
  const { visible } = frame;
  if (point && !inside) {
    const [x, y] = point;
    if (x >= visible.x0 && x < visible.x1 && y >= visible.y0 && y < visible.y1) return { x, y };
  }
  return { x: (room.x0 + room.x1) / 2, y: (room.y0 + room.y1) / 2 };
}

/** The label's box on screen, moved inside the frame. */
function screenBox(x: number, y: number, width: number, height: number, frame: Frame): Rectangle {
  const margin = 4;
  const left = x * frame.scale + frame.left - width / 2;
  const top = y * frame.scale + frame.top - height / 2;
  const x0 = Math.min(Math.max(left, margin), Math.max(margin, frame.width - width - margin));
  const y0 = Math.min(Math.max(top, margin), Math.max(margin, frame.height - height - margin));
  return { x0, y0, x1: x0 + width, y1: y0 + height };
}

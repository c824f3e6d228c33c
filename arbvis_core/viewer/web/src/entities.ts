/** Things with a place on the canvas, in typed arrays: a hundred thousand must stay quick. */

import { Hilbert, outline, type Square } from "./curve";
import type { Extent } from "./manifest";

export interface Rectangle {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

/** What is drawn of one entity: the squares or the rectangle it covers, and their outline. */
export interface Shape {
  readonly squares: readonly (Rectangle | Square)[];
  readonly segments: Float64Array;
}

export class Entities<T extends Extent = Extent> {
  /** Elements of each entity. */
  readonly size: Float64Array;
  private readonly box: Float64Array;
  /** Indices, largest first. */
  private readonly bySize: Uint32Array;
  /** Indices of what covers part of the curve, by where it starts. */
  private readonly byStart: Uint32Array;
  /** The furthest end among `byStart[0..i]`, so that a search back knows when to stop. */
  private readonly reach: Float64Array;
  private shapes = new Map<number, Shape>();
  private shapesCell = 0;

  constructor(
    readonly items: readonly T[],
    private readonly curve: Hilbert | null,
  ) {
    const total = items.length;
    this.size = new Float64Array(total);
    this.box = new Float64Array(4 * total);
    items.forEach((item, i) => {
      this.size[i] = curve ? item.stop - item.start : item.width * item.height;
      this.box.set([item.x, item.y, item.x + item.width, item.y + item.height], 4 * i);
    });
    const indices = Uint32Array.from({ length: total }, (_, i) => i);
    this.bySize = indices.slice().sort((a, b) => this.size[b]! - this.size[a]! || a - b);
    this.byStart = indices.sort((a, b) => items[a]!.start - items[b]!.start || a - b);
    this.reach = new Float64Array(total);
    let furthest = 0;
    this.byStart.forEach((index, i) => {
      furthest = Math.max(furthest, items[index]!.stop);
      this.reach[i] = furthest;
    });
  }

  rectangle(index: number): Rectangle {
    const [x0, y0, x1, y1] = this.box.subarray(4 * index, 4 * index + 4);
    return { x0: x0!, y0: y0!, x1: x1!, y1: y1! };
  }

  /** The largest entities that meet the view, at least `least` elements large, `cap` at most. */
  inView(view: Rectangle, least: number, cap: number): number[] {
    const found: number[] = [];
    for (const index of this.bySize) {
      if (this.size[index]! < least || found.length >= cap) break;
      const at = 4 * index;
      if (
        this.box[at]! < view.x1 &&
        this.box[at + 2]! > view.x0 &&
        this.box[at + 1]! < view.y1 &&
        this.box[at + 3]! > view.y0
      ) {
        found.push(index);
      }
    }
    return found;
  }

  /** All that cover a position of the curve, smallest first. */
  atPosition(position: number): number[] {
    let low = 0;
    let high = this.byStart.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.items[this.byStart[middle]!]!.start <= position) low = middle + 1;
      else high = middle;
    }
    const found: number[] = [];
    for (let i = low - 1; i >= 0 && this.reach[i]! > position; i--) {
      const index = this.byStart[i]!;
      if (this.items[index]!.stop > position) found.push(index);
    }
    return this.smallestFirst(found);
  }

  /** All whose rectangle covers a pixel, smallest first. */
  atPoint(x: number, y: number): number[] {
    const found: number[] = [];
    for (let index = 0; index < this.items.length; index++) {
      const at = 4 * index;
      if (
        x >= this.box[at]! &&
        y >= this.box[at + 1]! &&
        x < this.box[at + 2]! &&
        y < this.box[at + 3]!
      ) {
        found.push(index);
      }
    }
    return this.smallestFirst(found);
  }

  /** The shape of an entity, along the curve rounded to cells of `cell` pixels. */
  shape(index: number, cell: number): Shape {
    if (cell !== this.shapesCell) {
      this.shapes.clear();
      this.shapesCell = cell;
    }
    let shape = this.shapes.get(index);
    if (!shape) {
      shape = this.makeShape(index, cell);
      this.shapes.set(index, shape);
    }
    return shape;
  }

  private makeShape(index: number, cell: number): Shape {
    if (this.curve) {
      const { start, stop } = this.items[index]!;
      const squares = this.curve.coarse(start, stop, cell);
      return { squares, segments: outline(squares) };
    }
    const box = this.rectangle(index);
    const { x0, y0, x1, y1 } = box;
    const segments = [x0, y0, x1, y0, x0, y1, x1, y1, x0, y0, x0, y1, x1, y0, x1, y1];
    return { squares: [box], segments: Float64Array.from(segments) };
  }

  private smallestFirst(found: number[]): number[] {
    return found.sort((a, b) => this.size[a]! - this.size[b]! || b - a);
  }
}

/** A square or a rectangle as a rectangle. */
export function asRectangle(shape: Rectangle | Square): Rectangle {
  if ("side" in shape) {
    return { x0: shape.x, y0: shape.y, x1: shape.x + shape.side, y1: shape.y + shape.side };
  }
  return shape;
}

export function intersect(a: Rectangle, b: Rectangle): Rectangle | null {
  const x0 = Math.max(a.x0, b.x0);
  const y0 = Math.max(a.y0, b.y0);
  const x1 = Math.min(a.x1, b.x1);
  const y1 = Math.min(a.y1, b.y1);
  return x0 < x1 && y0 < y1 ? { x0, y0, x1, y1 } : null;
}

export function contains(outer: Rectangle, inner: Rectangle): boolean {
  return outer.x0 <= inner.x0 && outer.y0 <= inner.y0 && outer.x1 >= inner.x1 && outer.y1 >= inner.y1;
}

/**
 * The Hilbert curve: positions, points, and the outline of any interval.
 *
 * A canvas holds squares of its own height, side by side, each filled by one pass of the curve.
 * Positions reach 2^53, so there is no bit arithmetic on them.
 */

export interface Square {
  readonly x: number;
  readonly y: number;
  readonly side: number;
}

/** STEPS[state][digit] = [x, y, next state]: where the curve goes in a square cut in four. */
const STEPS: readonly (readonly (readonly [number, number, number])[])[] = [
  [[0, 0, 1], [0, 1, 0], [1, 1, 0], [1, 0, 2]],
  [[0, 0, 0], [1, 0, 1], [1, 1, 1], [0, 1, 3]],
  [[1, 1, 3], [0, 1, 2], [0, 0, 2], [1, 0, 0]],
  [[1, 1, 2], [1, 0, 3], [0, 0, 3], [0, 1, 1]],
];

/** DIGITS[state][2x + y] = digit: the same table, read backwards. */
const DIGITS = STEPS.map((steps) => {
  const digits = [0, 0, 0, 0];
  steps.forEach(([x, y], digit) => {
    digits[2 * x + y] = digit;
  });
  return digits;
});

function step(state: number, digit: number): readonly [number, number, number] {
  return STEPS[state]![digit]!;
}

export class Hilbert {
  /** @param side height of the canvas in pixels: a power of two. */
  constructor(readonly side: number) {}

  /** The position of the pixel (x, y). */
  position(x: number, y: number): number {
    const square = Math.floor(x / this.side);
    let column = x - square * this.side;
    let row = y;
    let state = 0;
    let position = square;
    for (let half = this.side / 2; half >= 1; half /= 2) {
      const right = column >= half ? 1 : 0;
      const low = row >= half ? 1 : 0;
      const digit = DIGITS[state]![2 * right + low]!;
      position = position * 4 + digit;
      state = step(state, digit)[2];
      column -= right * half;
      row -= low * half;
    }
    return position;
  }

  /** The pixel at a position. */
  point(position: number): [number, number] {
    const area = this.side * this.side;
    const square = Math.floor(position / area);
    let rest = position - square * area;
    let x = square * this.side;
    let y = 0;
    let state = 0;
    for (let half = this.side / 2; half >= 1; half /= 2) {
      const quarter = half * half;
      const digit = Math.floor(rest / quarter);
      rest -= digit * quarter;
      const [right, low, next] = step(state, digit);
      x += right * half;
      y += low * half;
      state = next;
    }
    return [x, y];
  }

  /** The largest squares of the curve that make up the interval, in the curve's order. */
  squares(start: number, stop: number): Square[] {
    const found: Square[] = [];
    const area = this.side * this.side;
    const visit = (at: number, x: number, y: number, side: number, state: number): void => {
      const size = side * side;
      if (at >= stop || at + size <= start) return;
      if (at >= start && at + size <= stop) {
        found.push({ x, y, side });
        return;
      }
      const half = side / 2;
      for (let digit = 0; digit < 4; digit++) {
        const [right, low, next] = step(state, digit);
        visit(at + (digit * size) / 4, x + right * half, y + low * half, half, next);
      }
    };
    for (let square = Math.floor(start / area); square * area < stop; square++) {
      visit(square * area, square * this.side, 0, this.side, 0);
    }
    return found;
  }

  /**
   * The squares of an interval on the curve coarsened to cells of `cell` × `cell` pixels, its ends
   * rounded to whole cells. Exact for a cell of one pixel.
   */
  coarse(start: number, stop: number, cell: number): Square[] {
    const size = Math.min(cell, this.side);
    if (size <= 1) return this.squares(start, stop);
    const area = size * size;
    const curve = new Hilbert(this.side / size);
    const cells = curve.squares(Math.round(start / area), Math.round(stop / area));
    return cells.map(({ x, y, side }) => ({ x: x * size, y: y * size, side: side * size }));
  }
}

/**
 * The outline of a set of squares: what an odd number of their edges covers.
 *
 * @returns x0, y0, x1, y1 of one segment after the other.
 */
export function outline(squares: readonly Square[]): Float64Array {
  const across = new Map<number, number[]>();
  const down = new Map<number, number[]>();
  for (const { x, y, side } of squares) {
    add(across, y, x, x + side);
    add(across, y + side, x, x + side);
    add(down, x, y, y + side);
    add(down, x + side, y, y + side);
  }
  const segments: number[] = [];
  for (const [y, ends] of across) {
    oddRuns(ends, (from, to) => segments.push(from, y, to, y));
  }
  for (const [x, ends] of down) {
    oddRuns(ends, (from, to) => segments.push(x, from, x, to));
  }
  return Float64Array.from(segments);
}

function add(lines: Map<number, number[]>, line: number, from: number, to: number): void {
  const ends = lines.get(line);
  if (ends) ends.push(from, to);
  else lines.set(line, [from, to]);
}

/** Between the sorted ends of a line's edges, every other gap is covered an odd number of times. */
function oddRuns(ends: number[], emit: (from: number, to: number) => void): void {
  ends.sort((left, right) => left - right);
  let from: number | null = null;
  let to = 0;
  for (let i = 0; i + 1 < ends.length; i += 2) {
    const begin = ends[i]!;
    const end = ends[i + 1]!;
    if (begin === end) continue;
    if (from !== null && begin === to) {
      to = end;
      continue;
    }
    if (from !== null) emit(from, to);
    from = begin;
    to = end;
  }
  if (from !== null) emit(from, to);
}

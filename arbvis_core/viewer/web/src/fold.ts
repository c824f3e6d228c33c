/** Which element is which pixel: tensors of any shape on a plane, one pixel an element. */

/** Cells of `rows` × `columns` pixels, `across` of them side by side, `gap` pixels between. */
export interface Fold {
  /** rows, columns: a matrix cut into bands or strips; grid: the trailing matrices of a tensor. */
  readonly kind: "rows" | "columns" | "grid";
  readonly rows: number;
  readonly columns: number;
  readonly count: number;
  readonly across: number;
  readonly gap: number;
}

const KINDS: readonly unknown[] = ["rows", "columns", "grid"];

/** What of a matrix lies in one cell: its pixel from the placement's corner, its rows and columns. */
export interface Band {
  readonly x: number;
  readonly y: number;
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/** A tensor's shape and its fold, read from a placement. */
export class Folding {
  private readonly cells: Fold;

  /** @param fold null for a scalar, a vector or a matrix that lies as it is. */
  constructor(
    readonly shape: readonly number[],
    fold: Fold | null,
  ) {
    const [rows, columns] = plane(shape);
    this.cells = fold ?? { kind: "rows", rows, columns, count: 1, across: 1, gap: 0 };
  }

  /** How the pixels of a placement are elements; null where that is not told. */
  static of(shape: unknown, fold: unknown): Folding | null {
    if (!Array.isArray(shape) || !shape.every(isCount)) return null;
    if (fold === null || fold === undefined) return shape.length > 2 ? null : new Folding(shape, null);
    return isFold(fold) ? new Folding(shape, fold) : null;
  }

  /** Width and height in pixels, padding included. */
  get size(): readonly [number, number] {
    const { rows, columns, count, across, gap } = this.cells;
    const down = Math.ceil(count / across);
    return [Math.min(across, count) * (columns + gap) - gap, down * (rows + gap) - gap];
  }

  /** The cells of a vector or a matrix; none of a tensor with more axes. */
  get bands(): Band[] {
    const { kind, rows, columns, count, across, gap } = this.cells;
    if (kind === "grid") return [];
    const [tall, wide] = plane(this.shape);
    return Array.from({ length: count }, (_, cell) => {
      const below = Math.floor(cell / across);
      const [x, y] = [(cell - below * across) * (columns + gap), below * (rows + gap)];
      const [top, left] = kind === "rows" ? [cell * rows, 0] : [0, cell * columns];
      return { x, y, top, left, bottom: Math.min(top + rows, tall), right: Math.min(left + columns, wide) };
    });
  }

  /** The index of the element at a pixel from the placement's corner; null where there is none. */
  elementAt(x: number, y: number): readonly number[] | null {
    const { kind, rows, columns, count, across, gap } = this.cells;
    const right = Math.floor(x / (columns + gap));
    const below = Math.floor(y / (rows + gap));
    const column = x - right * (columns + gap);
    const row = y - below * (rows + gap);
    const cell = below * across + right;
    const inside = right >= 0 && below >= 0 && right < across && cell < count;
    if (!inside || row >= rows || column >= columns) return null;
    if (kind === "grid") return [...unravel(cell, this.shape.slice(0, -2)), row, column];
    const at = kind === "rows" ? [cell * rows + row, column] : [row, cell * columns + column];
    const [tall, wide] = plane(this.shape);
    return at[0]! < tall && at[1]! < wide ? at.slice(2 - this.shape.length) : null;
  }

  /** The pixel, from the placement's corner, of an element. */
  pixelOf(index: readonly number[]): readonly [number, number] {
    const { kind, rows, columns, across, gap } = this.cells;
    let [row, column] = plane(index, 0);
    let cell = 0;
    if (kind === "grid") cell = ravel(index.slice(0, -2), this.shape.slice(0, -2));
    else if (kind === "rows") [cell, row] = [Math.floor(row / rows), row % rows];
    else [cell, column] = [Math.floor(column / columns), column % columns];
    const below = Math.floor(cell / across);
    return [(cell - below * across) * (columns + gap) + column, below * (rows + gap) + row];
  }
}

/** Rows and columns: a vector is one row. */
function plane(shape: readonly number[], missing = 1): [number, number] {
  return [missing, missing, ...shape].slice(-2) as [number, number];
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isFold(value: unknown): value is Fold {
  if (typeof value !== "object" || value === null) return false;
  const { kind, rows, columns, count, across, gap } = value as Record<string, unknown>;
  return KINDS.includes(kind) && [rows, columns, count, across, gap].every(isCount) && (across as number) > 0;
}

function ravel(index: readonly number[], lengths: readonly number[]): number {
  return lengths.reduce((flat, length, axis) => flat * length + index[axis]!, 0);
}

function unravel(flat: number, lengths: readonly number[]): number[] {
  const index: number[] = [];
  let left = flat;
  for (const length of lengths.toReversed()) {
    index.unshift(left % length);
    left = Math.floor(left / length);
  }
  return index;
}

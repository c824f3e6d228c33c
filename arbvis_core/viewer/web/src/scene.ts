/** One picture: its canvas, what lies on it, and what lies under a pixel. */

import { Hilbert } from "./curve";
import { Entities, type Rectangle } from "./entities";
import type { Legend, Placement, RegionLabel, SceneFacts } from "./manifest";
import { layerOf, matrixOf, roleOf, shortText, stackOf } from "./tensor";

/** What lies under a pixel of some zoom. */
export interface Spot {
  /** The pixel's corner on the canvas, and how many elements it is wide and high. */
  readonly x: number;
  readonly y: number;
  readonly cell: number;
  /** Its first position along the curve, where there is one. */
  readonly position: number | null;
  readonly placement: number | null;
  /** Indices of the regions a format lends, smallest first. */
  readonly regions: readonly number[];
}

export class Scene {
  readonly curve: Hilbert | null;
  readonly placements: Entities<Placement>;
  readonly labels: Entities<RegionLabel>;
  /** What is drawn, without the canvas's empty rest. */
  readonly content: Rectangle;
  /** Whether single elements are drawn in other colours than many in one pixel. */
  changesColours = false;
  /** The stacks that placements belong to, in their order. */
  readonly stacks: readonly string[];
  private explained: readonly Legend[] = [];
  /** Short names that stand for several roles. */
  private ambiguous: ReadonlySet<string> | null = null;

  constructor(readonly facts: SceneFacts) {
    const { canvas } = facts;
    this.curve = canvas.curve === "hilbert" ? new Hilbert(canvas.height) : null;
    this.placements = new Entities(facts.placements, this.curve);
    this.labels = new Entities(facts.labels ?? [], this.curve);
    this.legend = facts.legend ?? [];
    this.stacks = [...new Set(facts.placements.map(stackOf))];
    this.content = this.unionOfPlacements();
  }

  /** What the colours mean, as the scene is looked at. */
  get legend(): readonly Legend[] {
    return this.explained;
  }

  set legend(legend: readonly Legend[]) {
    this.explained = legend;
    this.changesColours = changesColours(legend);
  }

  get width(): number {
    return this.facts.canvas.width;
  }

  get height(): number {
    return this.facts.canvas.height;
  }

  get maxZoom(): number {
    return this.facts.canvas.max_zoom;
  }

  /** Whether a placement's short name stands for others as well: `q` where there is a second kind. */
  isAmbiguous(index: number): boolean {
    this.ambiguous ??= ambiguousNames(this.placements.items);
    return this.ambiguous.has(shortText(this.placements.items[index]!));
  }

  /** Whether it shows how much bytes are more or less than others. */
  get isByteDifference(): boolean {
    return this.facts.renderer === "byte-differences";
  }

  /** One noun for what a pixel of the maximum zoom is. */
  get unit(): string {
    if (this.curve) return "byte";
    return this.placements.items.some((item) => matrixOf(item) !== null) ? "cell" : "element";
  }

  /** What lies at a point of the canvas, by cells of `cell` × `cell` elements; null outside. */
  at(x: number, y: number, cell: number): Spot | null {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return null;
    const side = Math.min(cell, this.curve ? this.curve.side : cell);
    const left = Math.floor(x / side) * side;
    const top = Math.floor(y / side) * side;
    return this.curve
      ? this.onCurve(this.curve, left, top, side)
      : this.onPlane(Math.floor(x), Math.floor(y), left, top, side);
  }

  /** The spot of one position along the curve. */
  atPosition(position: number): Spot | null {
    if (!this.curve) return null;
    const [x, y] = this.curve.point(position);
    return this.at(x, y, 1);
  }

  private onCurve(curve: Hilbert, x: number, y: number, cell: number): Spot {
    const area = cell * cell;
    const coarse = cell > 1 ? new Hilbert(curve.side / cell) : curve;
    const position = coarse.position(x / cell, y / cell) * area;
    return {
      x,
      y,
      cell,
      position,
      placement: this.placements.atPosition(position)[0] ?? null,
      regions: this.labels.atPosition(position),
    };
  }

  private onPlane(column: number, row: number, x: number, y: number, cell: number): Spot {
    const placement = this.placements.atPoint(column, row)[0] ?? null;
    const box = placement === null ? null : this.placements.items[placement]!;
    return {
      // The corner of what the pixel shows of the placement, so that it names something in it.
      x: Math.max(x, box?.x ?? 0),
      y: Math.max(y, box?.y ?? 0),
      cell,
      position: null,
      placement,
      regions: this.labels.atPoint(column, row),
    };
  }

  private unionOfPlacements(): Rectangle {
    const whole = { x0: 0, y0: 0, x1: this.width, y1: this.height };
    if (this.facts.placements.length === 0) return whole;
    const union = { x0: Infinity, y0: Infinity, x1: 0, y1: 0 };
    for (const { x, y, width, height } of this.facts.placements) {
      union.x0 = Math.min(union.x0, x);
      union.y0 = Math.min(union.y0, y);
      union.x1 = Math.max(union.x1, x + width);
      union.y1 = Math.max(union.y1, y + height);
    }
    return union;
  }
}

/** The short names that two roles of one layer share. */
function ambiguousNames(placements: readonly Placement[]): ReadonlySet<string> {
  const roles = new Map<string, string>();
  const shared = new Set<string>();
  for (const placement of placements) {
    const layer = layerOf(placement);
    if (layer === null) continue;
    const short = shortText(placement);
    const key = `${stackOf(placement)}\n${layer}\n${short}`;
    const role = roles.get(key);
    if (role === undefined) roles.set(key, roleOf(placement));
    else if (role !== roleOf(placement)) shared.add(short);
  }
  return shared;
}

function changesColours(legend: readonly Legend[]): boolean {
  const [leaf, overview] = ["leaf", "overview"].map((zooms) =>
    JSON.stringify(legend.filter((one) => one.zooms === zooms).map(({ entries }) => entries.map(({ colours }) => colours))),
  );
  return leaf !== overview;
}

/** What is told of a spot: by the card beside the pointer, aloud, and on the clipboard. */

import { count, bytes, figure, figureName, hex, printable } from "./format";
import type { Placement } from "./manifest";
import type { Scene, Spot } from "./scene";
import { expertOf, foldingOf, headsOf, isTensor, layerOf, matrixOf, roleText, stackOf, statsOf, type Figures, type Matrix } from "./tensor";

/** One line of the card. */
export interface Fact {
  readonly term: string;
  readonly value: string;
}

/** What lies at a spot, and what is known of it. */
export interface Description {
  readonly title: string;
  /** Its name in full, where the title is not that already. */
  readonly name: string | null;
  readonly facts: readonly Fact[];
  /** Figures of all of it, many and short. */
  readonly figures: readonly Fact[];
}

/** Attributes that have their own place or words for, or that are for programs. */
export const TOLD: ReadonlySet<string> = new Set(
  ("role layer expert model stack part canonical shape heads name x y width height start stop label hue fold " +
    "stats scale").split(" "),
);

/** What the card says of a spot. */
export function describe(scene: Scene, spot: Spot): Description {
  const placement = spot.placement === null ? null : scene.placements.items[spot.placement]!;
  if (!placement) return plain(scene.curve ? "No data here" : "Nothing here", regionFacts(scene, spot));
  if (spot.position !== null) return plain(printable(placement.name), onCurve(scene, placement, spot));
  const facts = [...elementFacts(placement, spot), ...attributeFacts(placement)];
  const role = roleText(placement);
  if (!isTensor(placement)) facts.push(...regionFacts(scene, spot));
  return {
    title: role ? [...whereabouts(scene, placement), role].join(" · ") : printable(placement.name),
    name: role ? printable(placement.name) : null,
    facts,
    figures: figureFacts(placement),
  };
}

/** What `c` copies: one line of text that can be pasted into a report or a shell. */
export function copyable(scene: Scene, spot: Spot, told: readonly Fact[] = []): string {
  const { title, facts, figures } = describe(scene, spot);
  const placement = spot.placement === null ? null : scene.placements.items[spot.placement]!;
  const rest = [...told, ...facts, ...figures].map(({ term, value }) => `${term}: ${value.replace(/\s+/g, " ")}`);
  return [placement ? placement.name : title, ...rest].join("\t");
}

/** Layer of a tensor, in words, and its stack where there are several. */
export function whereabouts(scene: Scene, placement: Placement): string[] {
  const layer = layerOf(placement);
  const stack = scene.stacks.length > 1 ? printable(stackOf(placement)) : "";
  return [...(stack ? [stack] : []), ...(layer === null ? [] : [`layer ${layer}`])];
}

/** All figures of a tensor, by name. */
export function figureFacts(placement: Placement): Fact[] {
  return figureFactsOf(statsOf(placement));
}

/** Figures by name, those that there are. */
export function figureFactsOf(figures: Figures): Fact[] {
  return Object.entries(figures)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => ({ term: figureName(name), value: figure(name, value) }));
}

function plain(title: string, facts: readonly Fact[]): Description {
  return { title, name: null, facts, figures: [] };
}

function onCurve(scene: Scene, placement: Placement, spot: Spot): Fact[] {
  const first = Math.max(spot.position!, placement.start);
  const stop = Math.min(spot.position! + spot.cell ** 2, placement.stop);
  const facts: Fact[] = [offset("Offset", first - placement.start)];
  if (spot.cell > 1) facts.push({ term: "Pixel", value: `${count(stop - first)} bytes from there` });
  if (scene.placements.items.length > 1) facts.push(offset("In stream", first));
  facts.push(...regionFacts(scene, spot));
  facts.push({ term: "File size", value: bytes(placement.stop - placement.start) });
  return facts;
}

/** Which element a pixel is: its index, the same as GGUF counts, and its head. */
function elementFacts(placement: Placement, spot: Spot): Fact[] {
  const x = Math.max(spot.x - placement.x, 0);
  const y = Math.max(spot.y - placement.y, 0);
  const matrix = matrixOf(placement);
  if (matrix) return cellFacts(matrix, x, y);
  const folding = foldingOf(placement);
  if (!folding) return [{ term: "[row, col]", value: `[${count(y)}, ${count(x)}]` }];
  const index = cornersOf(x, y, spot.cell).map(([u, v]) => folding.elementAt(u, v)).find((one) => one !== null);
  if (!index) return [{ term: "Element", value: "none: padding of the fold" }];
  const facts: Fact[] = [{ term: index.length === 2 ? "[row, col]" : "Index", value: indexText(index) }];
  if (index.length > 1) facts.push({ term: "GGUF order", value: indexText(index.toReversed()) });
  if (spot.cell > 1) facts.push({ term: "Pixel", value: `${spot.cell} × ${spot.cell} elements from there` });
  const heads = headsOf(placement);
  const along = heads ? index[heads.axis] : undefined;
  if (heads && along !== undefined) {
    const value = `head ${Math.floor(along / heads.size)}, dim ${along % heads.size}`;
    facts.push({ term: "Head", value: `${value} (${heads.count} heads of ${heads.size})` });
  }
  return facts;
}

function cellFacts({ rows, columns, values }: Matrix, column: number, row: number): Fact[] {
  return [
    { term: "Row", value: printable(rows[row] ?? String(row)) },
    { term: "Column", value: printable(columns[column] ?? String(column)) },
    { term: "Value", value: figure("", values[row]?.[column]) },
  ];
}

/** The corners of what a pixel shows: at an edge or a gap not all of it is elements. */
function cornersOf(x: number, y: number, cell: number): (readonly [number, number])[] {
  const [right, bottom] = [x + cell - 1, y + cell - 1];
  return [[x, y], [right, y], [x, bottom], [right, bottom]];
}

function attributeFacts(placement: Placement): Fact[] {
  const facts: Fact[] = [];
  const expert = expertOf(placement);
  if (expert !== null) facts.push({ term: "Expert", value: String(expert) });
  const shape = placement["shape"];
  if (Array.isArray(shape)) facts.push({ term: "Shape", value: shape.length > 0 ? shape.map(String).join(" × ") : "scalar" });
  for (const [name, value] of Object.entries(placement)) {
    const said = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
    if (TOLD.has(name) || !said || value === "") continue;
    facts.push({ term: capital(figureName(name)), value: figure(name, value) });
  }
  return facts;
}

function indexText(index: readonly number[]): string {
  return `[${index.map(count).join(", ")}]`;
}

function regionFacts(scene: Scene, spot: Spot): Fact[] {
  return spot.regions.slice(0, 3).map((index) => {
    const { kind, text, name } = scene.labels.items[index]!;
    return { term: capital(kind || "region"), value: printable([name, text].filter(Boolean).join(" · ")) };
  });
}

function offset(term: string, value: number): Fact {
  return { term, value: `${count(value)}  ${hex(value)}` };
}

function capital(text: string): string {
  const clean = printable(text);
  return clean.charAt(0).toUpperCase() + clean.slice(1);
}

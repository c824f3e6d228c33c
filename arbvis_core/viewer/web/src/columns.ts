/** The columns of the table: what placements tell of themselves, and their figures. */

import { TOLD } from "./describe";
import { figure, figureName, printable } from "./format";
import type { Placement } from "./manifest";
import type { Scene } from "./scene";
import { expertOf, isTensor, layerOf, roleText, stackOf, statsOf } from "./tensor";

export interface Column {
  readonly key: string;
  readonly label: string;
  /** Figures lie at the right edge of their column. */
  readonly numeric: boolean;
  /** In screen pixels. */
  readonly width: number;
  /** It says which tensor a row is, and stays in sight. */
  readonly fixed?: boolean;
  /** What it sorts by: numbers before texts, nothing last. */
  readonly value: (placement: Placement) => number | string | null;
  readonly text: (placement: Placement) => string;
}

/** What all placements of a scene can be compared by; what is the same in all of them comes last. */
export function columnsOf(scene: Scene): Column[] {
  const items = scene.placements.items;
  const first = [textColumn("name", "Tensor", items, (item) => roleText(item) || printable(item.name))];
  if (scene.stacks.length > 1) first.push(textColumn("stack", "Stack", items, (item) => printable(stackOf(item))));
  if (items.some((item) => layerOf(item) !== null)) first.push(plain("layer", "Layer", 54, layerOf));
  if (items.some((item) => expertOf(item) !== null)) first.push(plain("expert", "Expert", 60, expertOf));
  const further = [...figureColumns(items), ...(items.some(isTensor) ? [shapeColumn()] : [])];
  for (const name of attributesOf(items)) {
    further.push(textColumn(name, heading(name), items, (item) => figure(name, item[name] ?? "")));
  }
  const [varied, constant] = [further.filter((column) => varies(column, items)), further.filter((column) => !varies(column, items))];
  return [...first.map((column) => ({ ...column, fixed: true })), ...varied, ...constant];
}

/** The columns that a number stands in, for a map of colours. */
export function figureColumns(items: readonly Placement[]): Column[] {
  const seen = new Map<string, boolean>();
  for (const item of items) {
    for (const [name, value] of Object.entries(statsOf(item))) {
      seen.set(name, (seen.get(name) ?? false) || typeof value === "number");
    }
  }
  return [...seen].map(([name, numeric]) => ({
    key: `stats.${name}`,
    label: figureName(name),
    numeric,
    width: Math.max(86, 22 + 7 * name.length),
    value: (item) => comparable(statsOf(item)[name]),
    text: (item) => figure(name, statsOf(item)[name]),
  }));
}

/** Indices in the order of a column; what has no value comes last either way. */
export function sorted(items: readonly Placement[], indices: readonly number[], column: Column, descending: boolean): number[] {
  const keys = new Map(indices.map((index) => [index, column.value(items[index]!)]));
  const sign = descending ? -1 : 1;
  return indices.toSorted((a, b) => {
    const [left, right] = [keys.get(a)!, keys.get(b)!];
    if (left === null || right === null) return Number(left === null) - Number(right === null) || a - b;
    return sign * compare(left, right) || a - b;
  });
}

const order = new Intl.Collator("en", { numeric: true });

function compare(left: number | string, right: number | string): number {
  if (typeof left === "number" && typeof right === "number") return left - right;
  if (typeof left !== typeof right) return typeof left === "number" ? -1 : 1;
  return order.compare(String(left), String(right));
}

function comparable(value: unknown): number | string | null {
  if (typeof value === "number") return Number.isNaN(value) ? null : value;
  return value === null || value === undefined ? null : figure("", value);
}

function attributesOf(items: readonly Placement[]): string[] {
  const names = new Set<string>();
  for (const item of items) {
    for (const [name, value] of Object.entries(item)) {
      if (!TOLD.has(name) && (typeof value === "string" || typeof value === "number") && value !== "") names.add(name);
    }
  }
  return [...names];
}

function varies(column: Column, items: readonly Placement[]): boolean {
  const first = column.value(items[0]!);
  return items.some((item) => column.value(item) !== first);
}

function textColumn(key: string, label: string, items: readonly Placement[], text: (item: Placement) => string): Column {
  const longest = items.reduce((most, item) => Math.max(most, text(item).length), 5 + label.length);
  return { key, label, numeric: false, width: Math.min(220, 18 + Math.ceil(7.3 * longest)), value: (item) => text(item) || null, text };
}

function plain(key: string, label: string, width: number, value: (item: Placement) => number | null): Column {
  return { key, label, numeric: true, width, value, text: (item) => String(value(item) ?? "") };
}

function shapeColumn(): Column {
  const shape = (item: Placement): number[] => (isTensor(item) ? (item["shape"] as unknown[]).map(Number) : []);
  return {
    key: "shape",
    label: "Shape",
    numeric: true,
    width: 104,
    value: (item) => shape(item).reduce((product, size) => product * size, 1),
    text: (item) => shape(item).join(" × "),
  };
}

function heading(name: string): string {
  const text = figureName(name);
  return text.charAt(0).toUpperCase() + text.slice(1);
}

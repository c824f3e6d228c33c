/** What a placement tells of a tensor: what it is, where in the model, and its figures. */

import { printable } from "./format";
import { Folding } from "./fold";
import type { Placement } from "./manifest";

/** Equal parts of one axis: attention heads. */
export interface Heads {
  readonly axis: number;
  readonly size: number;
  readonly count: number;
}

export type Figures = Readonly<Record<string, unknown>>;

/** Whether a placement tells of a tensor's shape. */
export function isTensor(placement: Placement): boolean {
  return Array.isArray(placement["shape"]);
}

export function layerOf(placement: Placement): number | null {
  return whole(placement["layer"]);
}

export function expertOf(placement: Placement): number | null {
  return whole(placement["expert"]);
}

/** The tower of layers it belongs to, and the model where there are several in a picture. */
export function stackOf(placement: Placement): string {
  return [text(placement["model"]), text(placement["stack"])].filter(Boolean).join(" · ");
}

export function roleOf(placement: Placement): string {
  return text(placement["role"]);
}

export function statsOf(placement: Placement): Figures {
  const stats = placement["stats"];
  return typeof stats === "object" && stats !== null ? (stats as Figures) : {};
}

export function foldingOf(placement: Placement): Folding | null {
  return Folding.of(placement["shape"], placement.fold);
}

export function headsOf(placement: Placement): Heads | null {
  const heads = placement["heads"];
  if (typeof heads !== "object" || heads === null) return null;
  const { axis, size, count } = heads as Record<string, unknown>;
  const [a, s, c] = [whole(axis), whole(size), whole(count)];
  return a === null || !s || !c ? null : { axis: a, size: s, count: c };
}

/** Cells with names for their rows and columns. */
export interface Matrix {
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly values: readonly (readonly unknown[])[];
}

/** The cells that a placement shows; null if its pixels are not cells. */
export function matrixOf(placement: Placement): Matrix | null {
  const { rows, columns, values } = placement as Readonly<Record<string, unknown>>;
  const names = (value: unknown): value is string[] => Array.isArray(value) && value.every((one) => typeof one === "string");
  if (!names(rows) || !names(columns) || !Array.isArray(values) || !values.every(Array.isArray)) return null;
  return { rows, columns, values };
}

/** Roles of tensors of which nothing is known but their names. */
const UNKNOWN: ReadonlySet<string> = new Set(["", "outside", "other"]);

/** The role in words, and what sets the tensor apart from others of that role; nothing if it is not known. */
export function roleText(placement: Placement): string {
  const role = roleOf(placement);
  return !UNKNOWN.has(role) ? words(role) + distinction(placement) : "";
}

/** The last word of the role inside a layer; outside, where it stands alone, all of it; or the name. */
export function shortText(placement: Placement): string {
  const role = roleOf(placement);
  if (UNKNOWN.has(role)) return printable(placement.name.slice(placement.name.lastIndexOf("/") + 1));
  const last = layerOf(placement) === null ? role : role.slice(role.lastIndexOf(".") + 1);
  return words(last) + distinction(placement);
}

/** The same without the number of its expert: what it is within that. */
export function partText(placement: Placement): string {
  return shortText({ ...placement, expert: null });
}

/** The first word of the role: what is left to say of a tensor where there is little room. */
export function groupText(placement: Placement): string {
  const role = roleOf(placement);
  return UNKNOWN.has(role) ? "" : words(role.split(".")[0]!);
}

/** Tensors with the same text are the same tensor of different layers. */
export function seriesOf(placement: Placement): string {
  const layer = layerOf(placement);
  const name = text(placement["canonical"]) || placement.name;
  const blank = layer === null ? name : name.replace(`.${layer}.`, ".*.");
  return [stackOf(placement), roleOf(placement), expertOf(placement) ?? "", blank].join("\n");
}

function distinction(placement: Placement): string {
  const part = text(placement["part"]);
  const expert = expertOf(placement);
  const bias = placement.name.endsWith("bias") && !roleOf(placement).endsWith("bias");
  return (part ? ` ${words(part)}` : bias ? " bias" : "") + (expert === null ? "" : ` ${expert}`);
}

/** Roles are few, and asked for often. */
const known = new Map<string, string>();

function words(text: string): string {
  let found = known.get(text);
  if (found === undefined) known.set(text, (found = printable(text.replace(/[._]+/g, " ").trim())));
  return found;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function whole(value: unknown): number | null {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : null;
}

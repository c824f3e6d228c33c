/** The exact value of what is under the pointer, and where its bytes are. */

import type { Fact } from "../describe";
import type { Feature } from "../feature";
import { count, figure, figureName, hex, printable } from "../format";
import type { SceneFacts } from "../manifest";
import type { Scene, Spot } from "../scene";
import type { Server } from "./server";

/** So many bytes are shown. */
const RAW = 8;

/** What the server knows of one pixel; what it is not is absent. */
export interface Value {
  readonly tensor?: string | null;
  readonly value?: number | null;
  readonly special?: string | null;
  readonly dtype?: string;
  readonly raw?: string;
  readonly file?: string;
  readonly offset?: number;
  readonly block?: Readonly<Record<string, unknown>> | null;
  readonly base?: unknown;
  readonly modified?: unknown;
  readonly delta?: unknown;
}

export class ValueTeller implements Feature {
  constructor(private readonly server: Server) {}

  ask(scene: SceneFacts, x: number, y: number, signal: AbortSignal): Promise<Value | null> {
    return this.server.ask<Value>(scene, "value", { x: Math.floor(x), y: Math.floor(y) }, signal);
  }

  async tell(scene: Scene, spot: Spot, signal: AbortSignal): Promise<readonly Fact[] | null> {
    if (spot.placement === null) return null;
    const found = await this.ask(scene.facts, spot.x, spot.y, signal);
    if (!found) return null;
    return scene.curve ? byteFacts(found) : factsOf(found);
  }
}

/** The number itself: as few digits as tell it from its neighbours, in 32 bits if it has no more. */
export function exact(value: unknown): string {
  if (typeof value !== "number") return value === null || value === undefined ? "–" : printable(String(value));
  const short = shortest(value);
  const text = value !== 0 && Math.abs(value) < 1e-4 ? short.toExponential() : String(short);
  return text.replaceAll("-", "−");
}

function shortest(value: number): number {
  if (Math.fround(value) !== value) return value;
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
}

/** What a value is in one word or number. */
export function valueText(found: Value): string {
  const { value, special, delta } = found;
  if (found.dtype === "byte" && delta === undefined) return byteText(value ?? null);
  return exact(value ?? special ?? (typeof delta === "object" && delta !== null ? numberOf(delta) : delta) ?? null);
}

/** The number of a value, for reckoning; null where it is none. */
export function numberOf(found: unknown): number | null {
  if (typeof found === "number") return found;
  if (typeof found !== "object" || found === null) return null;
  const { value, delta } = found as Value;
  return typeof value === "number" ? value : typeof delta === "number" ? delta : null;
}

/** Where it is, the page knows itself. */
function byteFacts(found: Value): Fact[] {
  if (found.tensor === null) return [];
  if (!("delta" in found)) return [{ term: "Byte", value: byteText(found.value) }];
  return [
    { term: "Base", value: byteText(found.base) },
    { term: "Modified", value: byteText(found.modified) },
    { term: "Delta", value: exact(found.delta) },
  ];
}

/** A byte as a number, a letter if it is one, and in hex. */
function byteText(value: unknown): string {
  if (typeof value !== "number") return exact(null);
  const letter = value > 0x20 && value < 0x7f ? ` ${String.fromCharCode(value)}` : "";
  return `${value}${letter}  0x${value.toString(16).padStart(2, "0")}`;
}

function factsOf(found: Value): Fact[] {
  const facts: Fact[] = [];
  const add = (term: string, value: string): number => facts.push({ term, value });
  if ("delta" in found) {
    for (const name of ["base", "modified", "delta"] as const) add(name.charAt(0).toUpperCase() + name.slice(1), sideText(found[name]));
  } else if (found.tensor === null) return facts;
  else add("Value", valueText(found));
  if (found.raw) add("Raw", rawText(printable(found.raw)));
  if (found.block) {
    const { index, at, elements, ...code } = found.block;
    add("Block", `${figure("", index)}, element ${figure("", at)} of ${figure("", elements)}`);
    const parts = Object.entries(code).filter(([, value]) => ["number", "string"].includes(typeof value));
    if (parts.length > 0) add("Coded as", parts.map(([name, value]) => `${figureName(name)} ${figure("", value)}`).join(", "));
  }
  if (found.file) add("File", printable(found.file));
  if (typeof found.offset === "number") add("Byte offset", `${count(found.offset)}  ${hex(found.offset)}`);
  return facts;
}

/** Bytes in hex; of a block only the first. */
function rawText(raw: string): string {
  const shown = raw.slice(0, 2 * RAW).replaceAll(/..(?=.)/g, "$& ");
  return raw.length > 2 * RAW ? `${shown} … (${raw.length / 2} bytes)` : shown;
}

/** One side of a difference: a number, or a value with what else is known of it. */
function sideText(side: unknown): string {
  return typeof side === "object" && side !== null ? valueText(side as Value) : exact(side ?? null);
}

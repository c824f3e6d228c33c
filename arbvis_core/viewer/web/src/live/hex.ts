/** The bytes under the pointer in hex and as text, and what a stretch of them is made of. */

import type { App } from "../app";
import { el, iconButton, rested } from "../dom";
import { Entities } from "../entities";
import type { Feature } from "../feature";
import { bytes, count, hex, printable } from "../format";
import { histogramChart } from "../histogram";
import type { Legend } from "../manifest";
import { drawOutlines } from "../outlines";
import type { Scene, Spot } from "../scene";
import type { Stage } from "../stage";
import type { Server } from "./server";

const ACROSS = 8;
const ROWS = 12;
/** Milliseconds that the pointer rests. */
const REST = 70;
const PEN = { colour: "#ffd23f", width: 2 } as const;

/** What a difference is of. */
const SIDES = ["base", "modified"] as const;
type Side = (typeof SIDES)[number];

interface Counted {
  readonly side: Side | null;
  readonly found: Selection | null;
}

interface Bytes {
  readonly file: string | null;
  readonly offset: number | null;
  readonly hex: string;
}

interface Selection {
  readonly bytes: number;
  readonly entropy: number | null;
  readonly histogram: readonly number[];
  readonly sampled?: unknown;
}

export class HexCard implements Feature {
  readonly cards: readonly HTMLElement[];
  readonly tools: readonly HTMLElement[];
  readonly commands;
  private readonly element = el("section", { class: "card options hex-card", "aria-label": "Bytes", id: "bytes" });
  private readonly place = el("p", { class: "note figure" });
  private readonly dump = el("pre", { class: "dump", tabindex: "0", "aria-label": "Bytes in hex and as text" });
  private readonly chosen = el("div", { class: "selection" });
  private readonly button: HTMLButtonElement;
  private readonly later = rested(REST, () => void this.read());
  private readonly count = rested(REST, () => void this.measure());
  private asking: AbortController | null = null;
  private spot: Spot | null = null;
  /** The stretch of the curve that was chosen; its end is not in it. */
  private range: readonly [number, number] | null = null;

  constructor(
    private readonly app: App,
    private readonly server: Server,
  ) {
    this.button = iconButton("hex", "Bytes in hex", "x", () => this.toggle());
    this.button.setAttribute("aria-expanded", "false");
    this.button.setAttribute("aria-controls", "bytes");
    this.button.hidden = true;
    this.element.hidden = true;
    const end = (which: 0 | 1, label: string, key: string): HTMLElement => {
      const button = el("button", { type: "button", class: "plain", title: `${label} (${key})`, "aria-keyshortcuts": key }, label);
      button.addEventListener("click", () => this.mark(which));
      return button;
    };
    const marks = el("div", { class: "options-head" }, el("h2", {}, "Selection"), el("span", {}, end(0, "From here", ","), end(1, "To here", ".")));
    this.element.append(el("div", { class: "options-head" }, el("h2", {}, "Bytes"), this.place), this.dump, marks, this.chosen);
    this.cards = [this.element];
    this.tools = [this.button];
    const curves = app.manifest.scenes.some(({ canvas }) => canvas.curve !== null);
    this.commands = curves
      ? [
          { keys: ["x"], shown: ["x"], does: "Bytes in hex", able: () => !this.button.hidden, run: () => this.toggle() },
          { keys: [",", "."], shown: [",", "."], does: "Select from the pin, or to it; Shift + click does both", able: () => !this.button.hidden, run: ({ key }: KeyboardEvent) => this.mark(key === "," ? 0 : 1) },
        ]
      : [];
  }

  opened(scene: Scene): void {
    this.button.hidden = scene.curve === null;
    if (this.button.hidden) this.element.hidden = true;
    this.range = null;
    this.report([]);
    this.pinned(null);
  }

  staged(stage: Stage): void {
    if (!stage.scene.curve) return;
    stage.overlay.printers.push((context, frame) => {
      if (!this.range || this.app.stage.scene !== stage.scene) return;
      const [start, stop] = this.range;
      const one = new Entities([{ name: "", x: 0, y: 0, width: 0, height: 0, start, stop }], stage.scene.curve);
      drawOutlines(context, frame, one, [0], () => PEN);
    });
  }

  pointed(spot: Spot | null): void {
    if (spot && !this.app.stage.overlay.pinned) this.show(spot);
  }

  pinned(spot: Spot | null): void {
    this.show(spot ?? this.app.stage.middle);
  }

  extended(spot: Spot): void {
    const { pinned } = this.app.stage.overlay;
    if (spot.position === null) return;
    const from = pinned?.position ?? spot.position;
    this.select([Math.min(from, spot.position), Math.max(from, spot.position) + spot.cell ** 2]);
    if (this.element.hidden) this.toggle();
  }

  link(): Readonly<Record<string, string>> {
    return this.range ? { bytes: this.range.join("-") } : {};
  }

  restore(parts: Readonly<Record<string, string>>): void {
    const match = /^(\d{1,15})-(\d{1,15})$/.exec(parts["bytes"] ?? "");
    const range = match && this.app.stage.scene.curve ? ([Number(match[1]), Number(match[2])] as const) : null;
    if (range?.join() === this.range?.join()) return;
    this.select(range && range[0] < range[1] ? range : null);
    if (this.range && this.element.hidden) this.toggle();
  }

  private toggle(): void {
    this.element.hidden = !this.element.hidden;
    this.button.setAttribute("aria-expanded", String(!this.element.hidden));
    if (!this.element.hidden) this.show(this.app.stage.overlay.pinned ?? this.app.stage.middle);
    this.app.refresh();
  }

  private show(spot: Spot | null): void {
    this.spot = spot;
    if (!this.element.hidden) this.later();
  }

  private async read(): Promise<void> {
    this.asking?.abort();
    const { signal } = (this.asking = new AbortController());
    const { spot } = this;
    const query = spot && { x: spot.x, y: spot.y, length: ACROSS * ROWS };
    const found = query && (await this.server.ask<Bytes>(this.app.stage.scene.facts, "bytes", query, signal).catch(() => null));
    if (signal.aborted) return;
    this.place.textContent = found?.file ? `${printable(found.file)}` : "";
    this.place.title = this.place.textContent;
    const pointed = this.offset(spot);
    this.dump.replaceChildren(...(found?.hex ? dumpOf(found.hex, found.offset ?? 0, pointed) : ["No data here"]));
  }

  /** Where in its file a spot is. */
  private offset(spot: Spot | null): number {
    const index = spot?.placement ?? null;
    return index === null ? -1 : Math.max(0, spot!.position! - this.app.stage.scene.placements.items[index]!.start);
  }

  /** Let the selection begin or end at the pin, or where the pointer is. */
  private mark(which: 0 | 1): void {
    const { overlay, middle, scene } = this.app.stage;
    const spot = overlay.pinned ?? overlay.hovered ?? middle;
    if (!spot || spot.position === null || !scene.curve) return;
    const [start, stop] = this.range ?? [spot.position, spot.position + spot.cell ** 2];
    const range: [number, number] = which === 0 ? [spot.position, stop] : [start, spot.position + spot.cell ** 2];
    this.select(range[0] < range[1] ? range : [spot.position, spot.position + spot.cell ** 2]);
    if (this.element.hidden) this.toggle();
  }

  private select(range: readonly [number, number] | null): void {
    this.range = range;
    this.report([]);
    if (range) this.count();
    this.app.refresh();
    this.app.settled();
  }

  private async measure(): Promise<void> {
    const { range } = this;
    if (!range) return;
    const { facts, isByteDifference } = this.app.stage.scene;
    const sides = isByteDifference ? SIDES : [null];
    const ask = async (side: Side | null): Promise<Counted> => {
      const query = { start: range[0], stop: range[1], ...(side && { side }) };
      return { side, found: await this.server.ask<Selection>(facts, "bytes/selection", query) };
    };
    const counted = await Promise.all(sides.map(ask));
    if (range === this.range) this.report(counted);
  }

  private report(counted: readonly Counted[]): void {
    if (!this.range) {
      this.chosen.replaceChildren(el("p", { class: "note" }, "Click one end, Shift + click the other."));
      return;
    }
    const [start, stop] = this.range;
    const size = el("p", { class: "figure" }, `${bytes(stop - start)} from ${hex(start)}`);
    const { legend } = this.app.stage.scene;
    this.chosen.replaceChildren(size, ...counted.flatMap((one) => describe(one, legend)));
    this.chosen.setAttribute("data-bytes", count(counted[0]?.found?.bytes ?? 0));
  }
}

/** What was counted: of a difference, of either side. */
function describe({ side, found }: Counted, legend: readonly Legend[]): Node[] {
  const head = side === null ? [] : [el("h3", {}, side === "base" ? "Base" : "Modified")];
  if (!found) return [...head, el("p", { class: "note" }, "The server does not say what is in it.")];
  if (found.bytes === 0) return [...head, el("p", { class: "note" }, "Nothing here")];
  const entropy = found.entropy === null ? "" : `Entropy ${found.entropy.toFixed(3)} bits per byte`;
  const sampled = found.sampled ? `, from a sample` : "";
  return [...head, el("p", { class: "figure entropy" }, entropy + sampled), ...histogramChart(found.histogram, side === null ? legend : [])];
}

/** Lines of offset, hex and text; the byte one points at is marked. */
function dumpOf(text: string, offset: number, pointed: number): Node[] {
  const codes = text.match(/../g) ?? [];
  const wide = Math.max(6, (offset + codes.length).toString(16).length);
  const lines: Node[] = [];
  for (let at = 0; at < codes.length; at += ACROSS) {
    const row = codes.slice(at, at + ACROSS);
    const letters = row.map((code) => letterOf(parseInt(code, 16))).join("");
    const inside = pointed - offset - at;
    const [before, marked, after] = inside >= 0 && inside < row.length ? cut(row.join(" "), 3 * inside, 2) : [row.join(" "), "", ""];
    lines.push(
      el("span", { class: "dump-offset" }, (offset + at).toString(16).padStart(wide, "0")),
      new Text(`  ${before}`),
      ...(marked ? [el("mark", {}, marked)] : []),
      new Text(`${after.padEnd(3 * ACROSS - 1 - before.length - marked.length)}  ${letters}\n`),
    );
  }
  return lines;
}

function cut(text: string, at: number, length: number): readonly [string, string, string] {
  return [text.slice(0, at), text.slice(at, at + length), text.slice(at + length)];
}

function letterOf(byte: number): string {
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·";
}

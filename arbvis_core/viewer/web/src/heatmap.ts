/** Layers × roles, coloured by one figure: a model at a glance. A click flies there. */

import { colourAt, rampOf, Span } from "./colours";
import { figureColumns, type Column } from "./columns";
import { el } from "./dom";
import { figure, printable, significant } from "./format";
import type { Placement } from "./manifest";
import type { Pane, Visit } from "./panel";
import type { Scene } from "./scene";
import { expertOf, layerOf, roleOf, roleText, stackOf } from "./tensor";

/** What is shown first, where there is such a figure. */
const PREFERRED = ["stats.relative_frobenius", "stats.rms"];

/** What is shown of the types of tensors. */
const BITS = "bits_per_weight";

/** So many types are listed. */
const TYPES = 4;

/** Colours from here on are light. */
const LIGHT = 0.6;

/** Up to so many layers have wide cells. */
const ROOMY = 16;

interface Cell {
  readonly members: readonly number[];
  readonly value: number | null;
  /** The type of its elements, where that is what is shown. */
  readonly type: string;
}

interface Line {
  readonly stack: string;
  readonly role: string;
  readonly cells: ReadonlyMap<number | null, number[]>;
}

export class HeatPane implements Pane {
  readonly key = "map";
  readonly label = "Map";
  readonly wide = true;
  readonly element: HTMLElement;
  private readonly choice = el("select", { class: "choice", "aria-label": "Figure" });
  private readonly own = el("input", { type: "checkbox" });
  private readonly place = el("div", { class: "heat-scroller", tabindex: "-1" });
  private readonly readout = el("p", { class: "note figure heat-readout", role: "status" });
  private readonly scale = el("div", { class: "heat-scale" });
  private scene: Scene | null = null;
  private columns: readonly Column[] = [];
  private cells = new Map<HTMLElement, Cell>();
  private selected: number | null = null;

  constructor(private readonly visit: Visit) {
    const own = el("label", { class: "check", title: "Colours from the least to the greatest of each role" }, this.own, "each role alone");
    this.own.addEventListener("change", () => this.draw());
    this.element = el("div", { class: "pane heat" }, el("div", { class: "pane-tools" }, this.choice, own, this.scale), this.place, this.readout);
    this.choice.addEventListener("change", () => this.draw());
    this.place.addEventListener("click", (event) => this.onClick(event));
    this.place.addEventListener("pointerover", (event) => this.tell(event.target));
    this.place.addEventListener("focusin", (event) => this.tell(event.target));
    this.place.addEventListener("keydown", (event) => this.onKey(event));
  }

  show(scene: Scene): void {
    if (scene === this.scene) return;
    this.scene = scene;
    this.renew();
  }

  renew(): void {
    const { scene } = this;
    if (!scene) return;
    const before = this.choice.value;
    this.columns = [...figureColumns(scene.placements.items).filter(({ numeric }) => numeric), ...bitsColumn(scene)];
    this.choice.replaceChildren(...this.columns.map(({ key, label }) => el("option", { value: key }, label)));
    const preferred = PREFERRED.find((key) => this.columns.some((column) => column.key === key));
    const kept = this.columns.some(({ key }) => key === before) ? before : preferred;
    if (kept) this.choice.value = kept;
    this.draw();
  }

  select(index: number | null): void {
    this.selected = index;
    for (const [element, { members }] of this.cells) {
      element.classList.toggle("selected", index !== null && members.includes(index));
    }
  }

  focus(): void {
    this.place.querySelector<HTMLElement>("td[tabindex='0']")?.focus();
  }

  private draw(): void {
    const column = this.columns.find(({ key }) => key === this.choice.value);
    this.cells = new Map();
    this.readout.textContent = "";
    if (!column) {
      this.place.replaceChildren(el("p", { class: "note" }, "Nothing was measured."));
      this.scale.replaceChildren();
      return;
    }
    const lines = linesOf(this.scene!);
    const layers = [...new Set(lines.flatMap(({ cells }) => [...cells.keys()]))].sort(byLayer);
    const known = lines.map((line) => layers.map((layer) => this.cell(line.cells.get(layer) ?? [], column)));
    const span = spanOf(known.flat());
    const ramp = rampOf(this.scene!.legend);
    // Types are told apart best in even steps.
    const steps = column.key === BITS ? [...new Set(known.flat().flatMap(({ value }) => value ?? []))].sort((a, b) => a - b) : null;
    const rows = lines.map((line, at) => {
      const range = this.own.checked ? spanOf(known[at]!) : span;
      return this.line(line, layers, known[at]!, ramp, steps ? (value) => steps.indexOf(value) / Math.max(1, steps.length - 1) : (value) => range.share(value));
    });
    const heads = layers.map((layer) => el("th", { scope: "col", title: layerName(layer) }, layer === null ? "–" : marked(layer, layers.length)));
    const table = el(
      "table",
      { class: layers.length > ROOMY ? "heat-table" : "heat-table roomy", "aria-label": `${column.label} by role and layer` },
      el("thead", {}, el("tr", {}, el("td", {}), ...heads)),
      el("tbody", {}, ...rows),
    );
    this.place.replaceChildren(table);
    this.cells.keys().next().value?.setAttribute("tabindex", "0");
    this.drawScale(ramp, this.own.checked || steps ? null : span);
    if (steps) this.drawTypes(known.flat());
    this.own.disabled = steps !== null;
    this.select(this.selected);
  }

  private cell(members: readonly number[], column: Column): Cell {
    const values = members.map((index) => column.value(this.scene!.placements.items[index]!)).filter((value) => typeof value === "number");
    const sum = values.reduce((total, value) => total + value, 0);
    const types = column.key === BITS ? new Set(members.map((index) => column.text(this.scene!.placements.items[index]!))) : [];
    return { members, value: values.length > 0 ? sum / values.length : null, type: [...types].join(", ") };
  }

  private line(line: Line, layers: readonly (number | null)[], cells: readonly Cell[], ramp: readonly string[], share: (value: number) => number): HTMLElement {
    const name = this.scene!.stacks.length > 1 && line.stack ? `${line.stack} · ${line.role}` : line.role;
    const data = cells.map((cell, at) => {
      if (cell.members.length === 0) return el("td", { class: "void" });
      const said = `${name}, ${layerName(layers[at]!)}: ${valueText(cell)}`;
      const element = el("td", { tabindex: "-1", class: cell.value === null ? "unknown" : "", "aria-label": said });
      if (cell.value !== null) element.style.backgroundColor = colourAt(ramp, share(cell.value));
      if (cell.type && cell.value !== null) element.append(el("span", { class: share(cell.value) > LIGHT ? "heat-type dark" : "heat-type" }, cell.type));
      this.cells.set(element, cell);
      return element;
    });
    return el("tr", {}, el("th", { scope: "row" }, name), ...data);
  }

  private drawScale(ramp: readonly string[], span: Span | null): void {
    if (!span || !(span.most >= span.least)) return this.scale.replaceChildren();
    const bar = el("span", { class: "heat-ramp", "aria-hidden": "true" });
    bar.style.background = `linear-gradient(in oklab to right, ${ramp.join(", ")})`;
    const ends = [significant(span.least), significant(span.most) + (span.logarithmic ? " log" : "")];
    this.scale.replaceChildren(el("span", { class: "figure" }, ends[0]!), bar, el("span", { class: "figure" }, ends[1]!));
  }

  /** Which types there are, the smallest first. */
  private drawTypes(cells: readonly Cell[]): void {
    const types = new Map(cells.flatMap(({ type, value }) => (type && value !== null ? [[type, value] as const] : [])));
    const sorted = [...types].sort(([, a], [, b]) => a - b).map(([type, bits]) => `${type} ${significant(bits)}`);
    this.scale.replaceChildren(el("span", { class: "figure" }, sorted.slice(0, TYPES).join(" · ")));
  }

  private tell(target: EventTarget | null): void {
    if (target instanceof HTMLElement && this.cells.has(target)) this.readout.textContent = target.getAttribute("aria-label");
  }

  private onClick(event: MouseEvent): void {
    const cell = event.target instanceof HTMLElement ? this.cells.get(event.target) : undefined;
    if (cell) this.visit(cell.members[0]!);
  }

  private onKey(event: KeyboardEvent): void {
    const cell = event.target instanceof HTMLTableCellElement ? event.target : null;
    if (!cell || !this.cells.has(cell)) return;
    if (event.key === "Enter" || event.key === " ") this.visit(this.cells.get(cell)!.members[0]!);
    else if (!event.key.startsWith("Arrow")) return;
    else this.walk(cell, event.key);
    event.preventDefault();
  }

  /** To the next cell that holds something. */
  private walk(cell: HTMLTableCellElement, key: string): void {
    const [across, down] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key] ?? [0, 0];
    const rows = [...cell.closest("tbody")!.rows];
    let [x, y] = [cell.cellIndex + across!, rows.indexOf(cell.parentElement as HTMLTableRowElement) + down!];
    for (; rows[y]?.cells[x]; x += across!, y += down!) {
      const next = rows[y]!.cells[x]!;
      if (!this.cells.has(next)) continue;
      cell.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
      return;
    }
  }
}

function spanOf(cells: readonly Cell[]): Span {
  return new Span(cells.flatMap(({ value }) => (value === null ? [] : [value])));
}

/** A line for each role of each stack, in the scene's own order. */
function linesOf(scene: Scene): Line[] {
  const lines = new Map<string, { stack: string; role: string; cells: Map<number | null, number[]> }>();
  for (const [index, item] of scene.placements.items.entries()) {
    const role = roleText(expertOf(item) === null ? item : { ...item, expert: null }) || printable(roleOf(item));
    if (!role) continue;
    const key = `${stackOf(item)}\n${role}`;
    let line = lines.get(key);
    if (!line) lines.set(key, (line = { stack: stackOf(item), role, cells: new Map() }));
    const layer = layerOf(item);
    const members = line.cells.get(layer);
    if (members) members.push(index);
    else line.cells.set(layer, [index]);
  }
  return [...lines.values()];
}

function byLayer(left: number | null, right: number | null): number {
  return (left ?? -1) - (right ?? -1);
}

function layerName(layer: number | null): string {
  return layer === null ? "outside the layers" : `layer ${layer}`;
}

/** Numbers over narrow columns: all of a few layers, every fourth of many. */
function marked(layer: number, total: number): string {
  return total <= 16 || layer % 4 === 0 ? String(layer) : "";
}

/** Types of tensors by their size, where they are told. */
function bitsColumn({ placements: { items } }: Scene): Column[] {
  if (!items.some((item) => typeof item[BITS] === "number")) return [];
  const value = (item: Placement): number | null => (typeof item[BITS] === "number" ? item[BITS] : null);
  return [{ key: BITS, label: "type, bits per weight", numeric: true, width: 80, value, text: (item) => figure("", item["dtype"]) }];
}

function valueText({ members, value, type }: Cell): string {
  if (type && value !== null) return `${type}, ${significant(value)} bits per weight`;
  const text = value === null ? "not measured" : significant(value);
  return members.length > 1 ? `${text} (mean of ${members.length})` : text;
}

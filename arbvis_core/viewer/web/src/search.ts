/** The search box: files, tensors and regions by name, bytes by offset. */

import { el, icon } from "./dom";
import { whereabouts } from "./describe";
import { bytes, count, hex, plural, printable } from "./format";
import { Index } from "./fuzzy";
import type { Placement } from "./manifest";
import type { Scene } from "./scene";
import { roleText } from "./tensor";

/** Somewhere to go. */
export type Target =
  | { readonly kind: "placement"; readonly index: number }
  | { readonly kind: "region"; readonly index: number }
  | { readonly kind: "position"; readonly position: number };

interface Result {
  readonly target: Target;
  readonly name: string;
  readonly detail: string;
}

const MOST = 50;

export class SearchBox {
  private readonly dialog: HTMLDialogElement;
  private readonly input: HTMLInputElement;
  private readonly list = el("ul", { id: "search-results", role: "listbox", "aria-label": "Results" });
  private readonly status = el("p", { class: "search-status", role: "status" });
  private results: Result[] = [];
  private active = 0;
  private files: Index | null = null;
  private regions: Index | null = null;
  private indexed: Scene | null = null;

  constructor(
    host: HTMLElement,
    private readonly scene: () => Scene,
    private readonly go: (target: Target) => void,
  ) {
    this.input = el("input", {
      type: "text",
      role: "combobox",
      "aria-expanded": "true",
      "aria-controls": "search-results",
      "aria-autocomplete": "list",
      autocomplete: "off",
      autocapitalize: "off",
      spellcheck: "false",
    });
    this.dialog = el(
      "dialog",
      { class: "search", "aria-label": "Search" },
      el("div", { class: "search-field" }, icon("search"), this.input, el("kbd", {}, "Esc")),
      this.list,
      this.status,
    );
    host.append(this.dialog);
    this.input.addEventListener("input", () => this.update());
    this.input.addEventListener("keydown", (event) => this.onKey(event));
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close();
    });
  }

  open(): void {
    if (this.dialog.open) return;
    const onCurve = this.scene().curve !== null;
    this.input.placeholder = onCurve ? "File, region or offset (0x1f00)" : "Name, role or layer";
    this.input.setAttribute("aria-label", onCurve ? "Search files, regions and offsets" : "Search by name, role or layer");
    this.index();
    this.dialog.showModal();
    this.input.select();
    this.update();
  }

  private index(): void {
    const scene = this.scene();
    if (this.indexed === scene) return;
    this.indexed = scene;
    this.files = new Index(scene.placements.items.map((item) => searchable(scene, item)));
    this.regions = new Index(scene.labels.items.map(({ name, text }) => (text ? `${name} ${text}` : name)));
    this.input.value = "";
  }

  private update(): void {
    const query = this.input.value;
    this.results = [...this.offsets(query), ...this.named(query)].slice(0, MOST);
    this.active = 0;
    this.list.replaceChildren(...this.results.map((result, i) => this.option(result, i)));
    this.status.textContent = this.statusText(query);
    this.mark();
  }

  private named(query: string): Result[] {
    const scene = this.scene();
    const files = this.files!.search(query, MOST).map(({ index, score }) => {
      const item = scene.placements.items[index]!;
      return { target: { kind: "placement", index } as const, name: item.name, detail: detailOf(scene, item), score };
    });
    const regions = query.trim() === "" ? [] : this.regions!.search(query, MOST).map(({ index, score }) => {
      const { name, text, kind } = scene.labels.items[index]!;
      return { target: { kind: "region", index } as const, name: name || text, detail: text || kind, score: score - 0.5 };
    });
    return [...files, ...regions].sort((a, b) => b.score - a.score);
  }

  private offsets(query: string): Result[] {
    const scene = this.scene();
    const text = query.trim().replaceAll(/[,_]/g, "");
    if (!scene.curve || !/^(0x[0-9a-f]+|\d+)$/i.test(text)) return [];
    const position = Number(text);
    const end = Math.max(0, ...scene.placements.items.slice(-1).map(({ stop }) => stop));
    if (position >= end) return [];
    const name = `Byte ${count(position)} of the stream`;
    return [{ target: { kind: "position", position }, name, detail: hex(position) }];
  }

  private option({ name, detail }: Result, i: number): HTMLElement {
    const option = el(
      "li",
      { role: "option", id: `search-result-${i}`, "aria-selected": "false" },
      el("span", { class: "result-name" }, printable(name)),
      el("span", { class: "result-detail" }, printable(detail)),
    );
    option.addEventListener("click", () => this.choose(i));
    option.addEventListener("pointermove", () => {
      if (this.active === i) return;
      this.active = i;
      this.mark(false);
    });
    return option;
  }

  private statusText(query: string): string {
    if (this.results.length === 0) return "Nothing matches";
    const total = this.scene().placements.items.length;
    if (query.trim() === "" && total > MOST) return `${count(MOST)} of ${plural(total, this.scene().curve ? "file" : "tensor")}; type to search`;
    return this.results.length === MOST ? `The best ${MOST} matches` : plural(this.results.length, "result");
  }

  private mark(scroll = true): void {
    [...this.list.children].forEach((option, i) => {
      option.setAttribute("aria-selected", String(i === this.active));
      if (i === this.active && scroll) option.scrollIntoView({ block: "nearest" });
    });
    if (this.results.length > 0) this.input.setAttribute("aria-activedescendant", `search-result-${this.active}`);
    else this.input.removeAttribute("aria-activedescendant");
  }

  private onKey(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      this.active = Math.max(0, Math.min(this.results.length - 1, this.active + step));
      this.mark();
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.choose(this.active);
    }
  }

  private choose(i: number): void {
    const result = this.results[i];
    if (!result) return;
    this.dialog.close();
    this.go(result.target);
  }
}

/** What is searched of a placement: where it is and what it is, and its name. */
function searchable(scene: Scene, item: Placement): string {
  return [...whereabouts(scene, item), roleText(item), item.name].filter(Boolean).join(" ");
}

function detailOf(scene: Scene, item: Placement): string {
  if (scene.curve) return bytes(item.stop - item.start);
  return [...whereabouts(scene, item), roleText(item)].filter(Boolean).join(" · ") || `${item.width} × ${item.height}`;
}

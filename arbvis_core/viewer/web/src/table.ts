/** All tensors as a table that sorts by any of their figures; a click flies there. */

import { columnsOf, sorted, type Column } from "./columns";
import { el } from "./dom";
import { count, printable } from "./format";
import type { Pane, Visit } from "./panel";
import type { Scene } from "./scene";
import { step, VirtualList } from "./virtual";

const ROW = 26;

export class TablePane implements Pane {
  readonly key = "table";
  readonly label = "Table";
  readonly wide = true;
  readonly element: HTMLElement;
  private readonly head = el("div", { class: "table-head", role: "row", "aria-rowindex": "1" });
  private readonly list: VirtualList;
  private readonly grid: HTMLElement;
  private readonly filter = el("input", {
    type: "search",
    class: "filter",
    "aria-label": "Show tensors of this name only",
    placeholder: "Filter by name or role",
    autocomplete: "off",
    spellcheck: "false",
  });
  private readonly status = el("p", { class: "note figure", role: "status" });
  private scene: Scene | null = null;
  private columns: readonly Column[] = [];
  /** How far from the left edge each column begins. */
  private lefts = new Map<Column, number>();
  private texts: readonly string[] = [];
  private rows: readonly number[] = [];
  private by: { readonly column: Column; readonly descending: boolean } | null = null;
  private active = 0;
  private selected: number | null = null;

  constructor(private readonly visit: Visit) {
    const head = el("div", { class: "head-group", role: "rowgroup" }, this.head);
    this.list = new VirtualList(ROW, { role: "grid", label: "All tensors", head }, (at) => this.row(at));
    this.grid = this.list.element;
    this.element = el("div", { class: "pane table" }, el("div", { class: "pane-tools" }, this.filter, this.status), this.grid);
    this.filter.addEventListener("input", () => this.update());
    this.grid.addEventListener("keydown", (event) => this.onKey(event));
  }

  show(scene: Scene): void {
    if (scene === this.scene) return;
    this.scene = scene;
    this.by = null;
    this.selected = null;
    this.filter.value = "";
    this.texts = [];
    this.renew();
    this.texts = scene.placements.items.map((item) => `${item.name}\n${this.columns[0]!.text(item)}`.toLowerCase());
    this.update();
  }

  renew(): void {
    if (!this.scene) return;
    this.columns = columnsOf(this.scene);
    const by = this.by && this.columns.find(({ key }) => key === this.by!.column.key);
    this.by = by ? { column: by, descending: this.by!.descending } : null;
    this.lefts = new Map();
    let width = 0;
    for (const column of this.columns) {
      this.lefts.set(column, width);
      width += column.width;
    }
    this.grid.style.setProperty("--columns", this.columns.map(({ width }) => `${width}px`).join(" "));
    this.grid.style.setProperty("--table-width", `${width}px`);
    this.grid.setAttribute("aria-colcount", String(this.columns.length));
    if (this.texts.length > 0) this.update();
  }

  select(index: number | null): void {
    this.selected = index;
    const at = index === null ? -1 : this.rows.indexOf(index);
    if (at >= 0) this.move(at);
    else this.list.refresh();
  }

  focus(): void {
    this.grid.focus();
  }

  private update(): void {
    const { items } = this.scene!.placements;
    const query = this.filter.value.trim().toLowerCase().split(/\s+/);
    const found = [...items.keys()].filter((index) => query.every((word) => this.texts[index]!.includes(word)));
    this.rows = this.by ? sorted(items, found, this.by.column, this.by.descending) : found;
    this.active = 0;
    this.grid.scrollTop = 0;
    this.status.textContent = found.length === items.length ? count(items.length) : `${count(found.length)} of ${count(items.length)}`;
    this.grid.setAttribute("aria-rowcount", String(found.length + 1));
    this.head.replaceChildren(...this.columns.map((column) => this.heading(column)));
    this.list.show(this.rows.length);
    this.mark();
  }

  private heading(column: Column): HTMLElement {
    const chosen = this.by?.column === column ? this.by : null;
    const direction = chosen ? (chosen.descending ? "descending" : "ascending") : "none";
    const button = el("button", { type: "button", class: "sort", title: `Sort by ${column.label}` }, column.label);
    button.addEventListener("click", () => this.sortBy(column));
    return this.cell(column, { role: "columnheader", "aria-sort": direction }, button);
  }

  /** Largest figures and first names first; again turns it round, a third time lets go. */
  private sortBy(column: Column): void {
    const first = column.numeric;
    const again = this.by?.column === column;
    if (again && this.by!.descending !== first) this.by = null;
    else this.by = { column, descending: again ? !first : first };
    this.update();
    const at = this.columns.indexOf(column);
    (this.head.children[at]?.firstElementChild as HTMLElement | null)?.focus();
  }

  private row(at: number): HTMLElement {
    const index = this.rows[at]!;
    const item = this.scene!.placements.items[index]!;
    const row = el(
      "div",
      {
        class: at === this.active ? "row active" : "row",
        role: "row",
        id: `table-row-${at}`,
        "aria-rowindex": String(at + 2),
        "aria-selected": String(index === this.selected),
        title: printable(item.name),
      },
      ...this.columns.map((column) => this.cell(column, { role: "gridcell" }, column.text(item))),
    );
    row.addEventListener("click", () => this.choose(at));
    return row;
  }

  private cell(column: Column, attributes: Readonly<Record<string, string>>, content: Node | string): HTMLElement {
    const classes = ["cell", column.numeric ? "numeric" : "", column.fixed ? "fixed" : ""];
    const cell = el("div", { ...attributes, class: classes.filter(Boolean).join(" ") }, content);
    if (column.fixed) cell.style.left = `${this.lefts.get(column)!}px`;
    return cell;
  }

  private choose(at: number): void {
    const index = this.rows[at];
    if (index === undefined) return;
    this.active = at;
    this.visit(index);
  }

  private move(at: number): void {
    this.active = at;
    this.list.reveal(at);
    this.list.refresh();
    this.mark();
  }

  private mark(): void {
    if (this.rows.length > 0) this.grid.setAttribute("aria-activedescendant", `table-row-${this.active}`);
    else this.grid.removeAttribute("aria-activedescendant");
  }

  private onKey(event: KeyboardEvent): void {
    if (event.target !== this.grid || event.ctrlKey || event.metaKey || event.altKey) return;
    const to = step(event.key, this.active, this.rows.length, this.list.page);
    if (to !== null) this.move(to);
    else if (event.key === "Enter") this.choose(this.active);
    else if (event.key === "ArrowLeft") this.grid.scrollLeft -= 80;
    else if (event.key === "ArrowRight") this.grid.scrollLeft += 80;
    else return;
    event.preventDefault();
  }
}

/** The tensor tree: stacks, layers and experts that open, tensors that one flies to. */

import { el } from "./dom";
import type { Rectangle } from "./entities";
import { count, printable } from "./format";
import { extentOf, rowsOf, treeOf, type Node, type Row, type Tree } from "./nodes";
import type { Pane, Visit } from "./panel";
import type { Scene } from "./scene";
import { step, VirtualList } from "./virtual";

const ROW = 26;
const INDENT = 14;

export class TreePane implements Pane {
  readonly key = "tree";
  readonly label = "Tree";
  readonly element: HTMLElement;
  private readonly list: VirtualList;
  private scene: Scene | null = null;
  private tree: Tree = { roots: [], leaves: [] };
  private readonly open = new Set<Node>();
  private rows: readonly Row[] = [];
  private active = 0;
  private selected: Node | null = null;

  constructor(
    private readonly visit: Visit,
    private readonly frame: (box: Rectangle, label: string) => void,
  ) {
    this.list = new VirtualList(ROW, { role: "tree", label: "Tensors" }, (index) => this.row(index));
    this.element = el("div", { class: "pane tree" }, this.list.element);
    this.list.element.addEventListener("keydown", (event) => this.onKey(event));
  }

  show(scene: Scene): void {
    if (scene === this.scene) return;
    this.scene = scene;
    this.tree = treeOf(scene);
    this.open.clear();
    if (scene.stacks.length > 1) for (const root of this.tree.roots) this.open.add(root);
    this.active = 0;
    this.selected = null;
    this.list.element.scrollTop = 0;
    this.update();
  }

  select(index: number | null): void {
    this.selected = index === null ? null : (this.tree.leaves[index] ?? null);
    for (let node = this.selected?.parent; node; node = node.parent) this.open.add(node);
    this.update();
    if (this.selected) this.move(this.rows.findIndex(({ node }) => node === this.selected));
  }

  focus(): void {
    this.list.element.focus();
  }

  private update(): void {
    this.rows = rowsOf(this.tree, this.open);
    this.active = Math.min(this.active, Math.max(0, this.rows.length - 1));
    this.list.show(this.rows.length);
    this.mark();
  }

  private move(at: number): void {
    if (at < 0) return;
    this.active = at;
    this.list.reveal(at);
    this.list.refresh();
    this.mark();
  }

  private mark(): void {
    const { element } = this.list;
    if (this.rows.length > 0) element.setAttribute("aria-activedescendant", `tree-row-${this.active}`);
    else element.removeAttribute("aria-activedescendant");
  }

  private row(at: number): HTMLElement {
    const { node, depth, position, siblings } = this.rows[at]!;
    const branch = node.index === null;
    const classes = ["row", at === this.active ? "active" : "", branch ? "branch" : "leaf"];
    const element = el(
      "div",
      {
        class: classes.filter(Boolean).join(" "),
        role: "treeitem",
        id: `tree-row-${at}`,
        "aria-level": String(depth + 1),
        "aria-posinset": String(position),
        "aria-setsize": String(siblings),
        "aria-expanded": branch ? String(this.open.has(node)) : undefined,
        "aria-selected": String(node === this.selected),
        title: branch ? undefined : printable(this.scene!.placements.items[node.index!]!.name),
      },
      el("span", { class: "twist", "aria-hidden": "true" }),
      el("span", { class: "row-name" }, node.label),
      el("span", { class: "row-detail" }, this.detail(node)),
    );
    element.style.paddingLeft = `${6 + depth * INDENT}px`;
    element.addEventListener("click", (event) => this.onClick(at, event));
    return element;
  }

  private detail(node: Node): string {
    if (node.index === null) return count(node.count);
    const shape = this.scene!.placements.items[node.index]!["shape"];
    return Array.isArray(shape) ? shape.map(String).join(" × ") : "";
  }

  private onClick(at: number, event: MouseEvent): void {
    const { node } = this.rows[at]!;
    const twist = (event.target as HTMLElement).closest(".twist") !== null;
    this.active = at;
    if (node.index !== null) this.visit(node.index);
    else if (twist) this.toggle(node);
    else this.enter(node);
  }

  /** Open a branch and fly to it; close it if it was open. */
  private enter(node: Node): void {
    if (!this.open.has(node)) this.frame(extentOf(node, this.scene!), node.label);
    this.toggle(node);
  }

  private toggle(node: Node): void {
    if (!this.open.delete(node)) this.open.add(node);
    this.update();
  }

  private onKey(event: KeyboardEvent): void {
    const row = this.rows[this.active];
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const { node } = row;
    const to = step(event.key, this.active, this.rows.length, this.list.page);
    if (to !== null) this.move(to);
    else if (event.key === "Enter" && node.index !== null) this.visit(node.index);
    else if (event.key === "Enter" || event.key === " ") this.enter(node);
    else if (event.key === "ArrowRight") this.inwards(node);
    else if (event.key === "ArrowLeft") this.outwards(node);
    else return;
    event.preventDefault();
  }

  private inwards(node: Node): void {
    if (node.index !== null) return;
    if (this.open.has(node)) this.move(this.active + 1);
    else this.toggle(node);
  }

  private outwards(node: Node): void {
    if (this.open.has(node)) this.toggle(node);
    else this.move(this.rows.findIndex((row) => row.node === node.parent));
  }
}

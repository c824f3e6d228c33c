/** The panel at the side: a tree, a table, a map of figures and statistics, one at a time. */

import { el, iconButton, recall, remember } from "./dom";
import type { Scene } from "./scene";

/** Go to a placement. */
export type Visit = (index: number) => void;

export interface Pane {
  readonly key: string;
  readonly label: string;
  readonly element: HTMLElement;
  /** It needs more room than a list of names. */
  readonly wide?: boolean;
  /** Show a scene; called again for the same one. */
  show(scene: Scene): void;
  /** Take in figures that were measured meanwhile. */
  renew?(): void;
  /** Mark a placement, or none. */
  select(index: number | null): void;
  focus(): void;
}

export class SidePanel {
  readonly element: HTMLElement;
  private readonly tabs = new Map<Pane, HTMLButtonElement>();
  private readonly body = el("div", { class: "panel-body", role: "tabpanel", id: "panel-body" });
  private current: Pane;
  private scene: Scene | null = null;
  private selected: number | null = null;
  private wanted = false;

  constructor(
    private readonly panes: readonly Pane[],
    private readonly changed: () => void,
  ) {
    const list = el("div", { class: "panel-tabs", role: "tablist", "aria-label": "Panel" });
    for (const pane of panes) {
      const tab = el("button", { type: "button", role: "tab", class: "tab", id: `panel-tab-${pane.key}`, "aria-controls": "panel-body" }, pane.label);
      tab.addEventListener("click", () => this.open(pane.key));
      this.tabs.set(pane, tab);
      list.append(tab);
    }
    list.addEventListener("keydown", (event) => this.onKey(event));
    const close = iconButton("close", "Close the panel", "b", () => this.close());
    this.element = el("section", { class: "card panel", "aria-label": "Tensors" }, el("div", { class: "panel-head" }, list, close), this.body);
    this.element.hidden = true;
    const stored = recall("panel.tab");
    this.current = panes.find(({ key }) => key === stored) ?? panes[0]!;
  }

  get isOpen(): boolean {
    return !this.element.hidden;
  }

  /** The pane that is shown; null if the panel is closed. */
  get shown(): string | null {
    return this.isOpen ? this.current.key : null;
  }

  /** Open a pane, by its key, or the last one. */
  open(key: string = this.current.key): void {
    this.current = this.panes.find((pane) => pane.key === key) ?? this.current;
    remember("panel.tab", this.current.key);
    remember("panel", "open");
    this.wanted = true;
    this.draw();
    this.changed();
  }

  close(): void {
    if (!this.isOpen) return;
    this.element.hidden = true;
    this.wanted = false;
    remember("panel", "closed");
    this.changed();
  }

  focus(): void {
    this.current.focus();
  }

  /** Show another scene. */
  show(scene: Scene): void {
    this.scene = scene;
    this.selected = null;
    this.draw();
  }

  select(index: number | null): void {
    this.selected = index;
    if (this.isOpen) this.current.select(index);
  }

  /** Draw what depends on colours and sizes anew. */
  refresh(): void {
    if (this.isOpen) this.draw();
  }

  /** Show figures that were measured meanwhile. */
  renew(): void {
    for (const pane of this.panes) pane.renew?.();
    if (this.isOpen) this.current.select(this.selected);
  }

  /** Bytes along a curve have neither layers nor figures: nothing of this is of use there. */
  private draw(): void {
    this.element.hidden = !this.wanted || this.scene?.curve !== null;
    if (!this.scene || this.element.hidden) return;
    for (const [pane, tab] of this.tabs) {
      const chosen = pane === this.current;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
    }
    this.element.classList.toggle("wide", this.current.wide === true);
    this.body.setAttribute("aria-labelledby", `panel-tab-${this.current.key}`);
    if (this.body.firstElementChild !== this.current.element) this.body.replaceChildren(this.current.element);
    this.current.show(this.scene);
    this.current.select(this.selected);
  }

  private onKey(event: KeyboardEvent): void {
    const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (move === undefined) return;
    event.preventDefault();
    const at = this.panes.indexOf(this.current);
    const next = this.panes[(at + move + this.panes.length) % this.panes.length]!;
    this.open(next.key);
    this.tabs.get(next)!.focus();
  }
}

/** A list of any length of which only what is on screen exists. */

import { el } from "./dom";

/** Rows beyond either edge that exist already, so that scrolling shows no blank. */
const SPARE = 6;

/** What the list is for those who hear the page, and what stays above its rows. */
interface Kind {
  readonly role: "tree" | "grid";
  readonly label: string;
  readonly head?: HTMLElement;
}

export class VirtualList {
  readonly element: HTMLElement;
  private readonly sizer: HTMLElement;
  private readonly head: HTMLElement | null;
  private total = 0;
  private drawn = { first: 0, last: -1 };

  /** @param row makes the element of a row; its place is set here. */
  constructor(
    private readonly height: number,
    kind: Kind,
    private readonly row: (index: number) => HTMLElement,
  ) {
    this.head = kind.head ?? null;
    this.sizer = el("div", { class: "rows", role: kind.role === "grid" ? "rowgroup" : "none" });
    const attributes = { class: "scroller", role: kind.role, "aria-label": kind.label, tabindex: "0" };
    this.element = el("div", attributes, this.head, this.sizer);
    this.element.addEventListener("scroll", () => this.draw(false), { passive: true });
    new ResizeObserver(() => this.draw(false)).observe(this.element);
  }

  /** Show so many rows, anew. */
  show(total: number): void {
    this.total = total;
    this.sizer.style.height = `${total * this.height}px`;
    this.draw(true);
  }

  /** Make the rows on screen anew. */
  refresh(): void {
    this.draw(true);
  }

  /** Scroll as little as it takes to see a row. */
  reveal(index: number): void {
    const { scrollTop } = this.element;
    const top = index * this.height;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (top + this.height > scrollTop + this.room) this.element.scrollTop = top + this.height - this.room;
    this.draw(false);
  }

  /** So many rows fill the list. */
  get page(): number {
    return Math.max(1, Math.floor(this.room / this.height) - 1);
  }

  /** Screen pixels that rows have. */
  private get room(): number {
    return this.element.clientHeight - (this.head?.offsetHeight ?? 0);
  }

  private draw(anew: boolean): void {
    const { scrollTop } = this.element;
    const first = Math.max(0, Math.floor(scrollTop / this.height) - SPARE);
    const last = Math.min(this.total - 1, Math.ceil((scrollTop + this.room) / this.height) + SPARE);
    if (!anew && first === this.drawn.first && last === this.drawn.last) return;
    this.drawn = { first, last };
    const rows: HTMLElement[] = [];
    for (let index = first; index <= last; index++) {
      const row = this.row(index);
      row.style.top = `${index * this.height}px`;
      rows.push(row);
    }
    this.sizer.replaceChildren(...rows);
  }
}

/** Where a key moves the mark of a list to; null for keys that do not move it. */
export function step(key: string, at: number, total: number, page: number): number | null {
  const moves: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page };
  if (key === "Home") return 0;
  if (key === "End") return total - 1;
  const by = moves[key];
  return by === undefined ? null : Math.max(0, Math.min(total - 1, at + by));
}

/** A list of any length of which only what is on screen exists. */

import { el } from "./dom";

/** Rows beyond either edge that exist already, so that scrolling shows no blank. */
const SPARE = 6;

/** What the rows are, for those who hear the page; and what it is called. */
interface Kind {
  readonly role: "tree" | "rowgroup";
  readonly label?: string;
}

export class VirtualList {
  readonly element: HTMLElement;
  private readonly sizer = el("div", { class: "rows", role: "none" });
  private total = 0;
  private drawn = { first: 0, last: -1 };

  /** @param row makes the element of a row; its place is set here. */
  constructor(
    private readonly height: number,
    kind: Kind,
    private readonly row: (index: number) => HTMLElement,
  ) {
    this.element = el("div", { class: "scroller", role: kind.role, "aria-label": kind.label }, this.sizer);
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
    const { scrollTop, clientHeight } = this.element;
    const top = index * this.height;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (top + this.height > scrollTop + clientHeight) this.element.scrollTop = top + this.height - clientHeight;
    this.draw(false);
  }

  /** So many rows fill the list. */
  get page(): number {
    return Math.max(1, Math.floor(this.element.clientHeight / this.height) - 1);
  }

  private draw(anew: boolean): void {
    const { scrollTop, clientHeight } = this.element;
    const first = Math.max(0, Math.floor(scrollTop / this.height) - SPARE);
    const last = Math.min(this.total - 1, Math.ceil((scrollTop + clientHeight) / this.height) + SPARE);
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

/** What the panels take of the window. */

import type { Rectangle } from "./entities";
import type { LegendPanel } from "./legend";
import type { Margins } from "./map";
import type { SidePanel } from "./panel";

/** Narrower windows start without legend and minimap. */
const NARROW = 960;

/** Screen pixels that the buttons for zooming and the gaps beside them take, and a gap alone. */
const ZOOM = 72;
const GAP = 24;

/** Screen pixels of the column of cards at the right. */
const COLUMN = 232 + GAP;

export function isRoomy(): boolean {
  return window.innerWidth >= NARROW;
}

/** Pixels of the screen that a picture may take as long as no panel is open. */
export function roomAtFirst(): { readonly width: number; readonly height: number } {
  const density = window.devicePixelRatio || 1;
  const width = Math.max(window.innerWidth - (isRoomy() ? COLUMN : 0), 64);
  return { width: Math.round(width * density), height: Math.round(Math.max(window.innerHeight, 64) * density) };
}

export class Room {
  constructor(
    private readonly root: HTMLElement,
    private readonly place: HTMLElement,
    private readonly title: HTMLElement,
    private readonly legend: LegendPanel,
    private readonly panel: SidePanel,
  ) {}

  /** What is left free around a picture that is shown whole. */
  margins(): Margins {
    const { offsetWidth } = this.legend.element;
    const shared = this.place.matches(".split:not(.swipe)");
    const right = isRoomy() && offsetWidth > 0 && !shared ? offsetWidth + GAP : 0;
    if (this.panel.isOpen && shared) return { left: 0, right, top: 0 };
    if (this.panel.isOpen) return { left: isRoomy() ? this.panel.element.offsetWidth + ZOOM : 0, right, top: 0 };
    return { left: 0, right, top: this.title.getBoundingClientRect().bottom + 12 };
  }

  /** Where panels lie, seen from so far right, so that no name is written under them. */
  obstacles(from = 0): Rectangle[] {
    return [...this.root.querySelectorAll<HTMLElement>(".corner .card, .chip")]
      .filter(({ offsetWidth }) => offsetWidth > 0)
      .map((card) => {
        const { left, top, right, bottom } = card.getBoundingClientRect();
        return { x0: left - from - 4, y0: top - 4, x1: right - from + 4, y1: bottom + 4 };
      });
  }

  /**
   * Tell the style sheet how large things are: the column at the right ends where the overview begins,
   * and two views side by side lie between the panels.
   */
  measure(minimap: HTMLElement): void {
    const { isOpen, element } = this.panel;
    const { offsetHeight } = this.root.querySelector<HTMLElement>(".toolbar")!;
    this.root.classList.toggle("with-panel", isOpen);
    const panel = isOpen ? element.offsetWidth : 0;
    const sizes = {
      panel,
      minimap: minimap.offsetHeight,
      toolbar: offsetHeight,
      titles: isOpen ? 0 : Math.max(0, this.title.offsetHeight - offsetHeight),
      from: isOpen && isRoomy() ? panel + GAP / 2 : 0,
      to: isRoomy() ? COLUMN : 0,
    };
    for (const [name, size] of Object.entries(sizes)) this.root.style.setProperty(`--${name}`, `${size}px`);
  }
}

/** What the panels take of the window. */

import type { Rectangle } from "./entities";
import type { LegendPanel } from "./legend";
import type { Margins } from "./map";
import type { SidePanel } from "./panel";

/** Narrower windows start without legend and minimap. */
const NARROW = 960;

/** Screen pixels that the buttons for zooming and the gaps beside them take. */
const ZOOM = 72;

export function isRoomy(): boolean {
  return window.innerWidth >= NARROW;
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
    const beside = isRoomy() && offsetWidth > 0 && !this.place.matches(".split:not(.swipe)");
    const right = beside ? offsetWidth + 24 : 0;
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

  /** The column at the right ends where the overview begins, names of two views where the tools do. */
  measure(minimap: HTMLElement): void {
    this.root.style.setProperty("--minimap", `${minimap.offsetHeight}px`);
    this.root.style.setProperty("--tools", `${this.root.querySelector<HTMLElement>(".toolbar")!.offsetWidth}px`);
  }

  /** The panel at the side was opened or closed. */
  arrange(): void {
    const { isOpen, element } = this.panel;
    this.root.classList.toggle("with-panel", isOpen);
    this.root.style.setProperty("--panel", `${isOpen ? element.offsetWidth : 0}px`);
  }
}

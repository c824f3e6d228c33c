/** The handle between two views that lie over each other; side by side it is the line between them. */

import { el } from "./dom";

/** How far a key moves it, in percent. */
const STEP = 4;

export class Swipe {
  readonly element = el("div", { class: "swipe-handle", role: "separator", "aria-orientation": "vertical", "aria-label": "Where the second view begins", "aria-valuemin": "0", "aria-valuemax": "100" });
  private at = 50;
  private movable = false;

  /** @param moved is told where it is, in percent. */
  constructor(
    private readonly place: HTMLElement,
    private readonly moved: (at: number) => void,
  ) {
    const { element } = this;
    element.addEventListener("pointerdown", (event) => {
      if (!this.movable) return;
      event.preventDefault();
      element.setPointerCapture(event.pointerId);
      element.focus();
    });
    element.addEventListener("pointermove", (event) => {
      if (element.hasPointerCapture(event.pointerId)) this.move((100 * event.clientX) / this.place.clientWidth);
    });
    element.addEventListener("keydown", (event) => {
      const to = { ArrowLeft: this.at - STEP, ArrowRight: this.at + STEP, Home: 0, End: 100 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      this.move(to);
    });
  }

  /** Begin at a place; null for a line that stays in the middle. */
  begin(at: number | null): void {
    this.movable = at !== null;
    if (this.movable) this.element.setAttribute("tabindex", "0");
    else this.element.removeAttribute("tabindex");
    this.put(at ?? 50);
  }

  private move(to: number): void {
    this.put(to);
    this.moved(this.at);
  }

  private put(to: number): void {
    this.at = Math.round(Math.max(0, Math.min(100, to)));
    this.place.style.setProperty("--swipe", `${this.at}%`);
    this.element.setAttribute("aria-valuenow", String(this.at));
  }
}

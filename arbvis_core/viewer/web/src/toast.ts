/** A line that says what has just happened, for a moment. */

import { el, reducedMotion } from "./dom";

export class Toast {
  readonly element = el("p", { class: "toast", role: "status" });
  private timer = 0;

  /** @param quietly only for those who cannot see what happened. */
  say(text: string, quietly = false): void {
    this.element.textContent = text;
    this.element.classList.toggle("offscreen", quietly);
    this.element.classList.add("shown");
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.element.classList.remove("shown"), reducedMotion() ? 4000 : 2200);
  }
}

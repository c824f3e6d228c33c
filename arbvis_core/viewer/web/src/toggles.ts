/** What can be shown or hidden, remembered from one page to the next. */

import { iconButton, recall, remember } from "./dom";
import { isRoomy } from "./room";

export type Toggle = "outlines" | "heads" | "legend" | "minimap";

export class Toggles {
  readonly buttons: Readonly<Record<Toggle, HTMLButtonElement>> = {
    outlines: iconButton("outlines", "Outlines and names", "o", () => this.toggle("outlines")),
    heads: iconButton("heads", "Attention heads", "h", () => this.toggle("heads")),
    legend: iconButton("legend", "Legend", "l", () => this.toggle("legend")),
    minimap: iconButton("minimap", "Overview", "m", () => this.toggle("minimap")),
  };

  /**
   * @param root gets the class `without-NAME` for each that is hidden.
   * @param changed is told after a change.
   */
  constructor(
    private readonly root: HTMLElement,
    private readonly changed: () => void,
  ) {
    const roomy = isRoomy();
    for (const name of ["outlines", "heads", "legend", "minimap"] as const) {
      const stored = recall(name);
      const usual = name === "outlines" || (name !== "heads" && roomy);
      this.set(name, stored === null ? usual : stored === "on");
    }
  }

  isOn(name: Toggle): boolean {
    return this.buttons[name].getAttribute("aria-pressed") === "true";
  }

  toggle(name: Toggle): void {
    if (this.buttons[name].hidden) return;
    const on = !this.isOn(name);
    this.set(name, on);
    remember(name, on ? "on" : "off");
    this.changed();
  }

  private set(name: Toggle, on: boolean): void {
    this.buttons[name].setAttribute("aria-pressed", String(on));
    this.root.classList.toggle(`without-${name}`, !on);
  }
}

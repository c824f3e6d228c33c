/** The card beside the pointer: what lies there. Pinned, it stays. */

import { copyable, describe, type Fact } from "./describe";
import { copyText, el, iconButton } from "./dom";
import type { Scene, Spot } from "./scene";

/** Distance of the card from the pointer in screen pixels. */
const GAP = 16;

/** @param unpin closes a pinned card; null for the card that follows the pointer. */
export class HoverCard {
  readonly element: HTMLElement;
  private readonly title = el("h2", { class: "hover-title" });
  private readonly name = el("p", { class: "hover-name" });
  private readonly list = el("dl", { class: "facts" });
  private readonly figures = el("dl", { class: "facts figures" });
  private spot: Spot | null = null;

  constructor(
    private readonly host: HTMLElement,
    private readonly scene: () => Scene,
    private readonly announce: (text: string) => void,
    unpin: (() => void) | null,
  ) {
    const head = el("div", { class: "hover-head" }, this.title);
    const label = unpin ? "Pinned" : "Under the pointer";
    this.element = el("section", { class: unpin ? "card hover pinned" : "card hover", "aria-label": label }, head, this.name, this.list, this.figures);
    if (unpin) {
      const copy = iconButton("copy", "Copy", "c", () => void this.copy());
      head.append(el("div", { class: "hover-tools" }, copy, iconButton("close", "Unpin", "Esc", unpin)));
    }
    this.hide();
    host.append(this.element);
  }

  get isShown(): boolean {
    return !this.element.hidden;
  }

  show(spot: Spot, x: number, y: number): void {
    if (spot !== this.spot) this.fill(spot);
    this.spot = spot;
    this.element.hidden = false;
    this.place(x, y);
  }

  hide(): void {
    this.spot = null;
    this.element.hidden = true;
  }

  async copy(): Promise<void> {
    if (!this.spot) return;
    const done = await copyText(copyable(this.scene(), this.spot));
    this.announce(done ? "Copied" : "The browser refused to copy");
  }

  private fill(spot: Spot): void {
    const { title, name, facts, figures } = describe(this.scene(), spot);
    this.title.textContent = title;
    this.name.textContent = name ?? "";
    this.list.replaceChildren(...facts.flatMap(line));
    this.figures.replaceChildren(...figures.map((fact) => el("div", {}, ...line(fact))));
  }

  /** Beside the point, on the side where there is room. */
  private place(x: number, y: number): void {
    const { offsetWidth, offsetHeight } = this.element;
    const { clientWidth, clientHeight } = this.host;
    const right = x + GAP + offsetWidth <= clientWidth - 8;
    const below = y + GAP + offsetHeight <= clientHeight - 8;
    const left = right ? x + GAP : x - GAP - offsetWidth;
    const top = below ? y + GAP : y - GAP - offsetHeight;
    const within = (value: number, most: number): number => Math.max(8, Math.min(value, most - 8));
    this.element.style.left = `${within(left, clientWidth - offsetWidth)}px`;
    this.element.style.top = `${within(top, clientHeight - offsetHeight)}px`;
  }
}

function line({ term, value }: Fact): HTMLElement[] {
  const [figure, ...rest] = value.split("  ");
  const hexadecimal = rest.length > 0 ? el("span", { class: "hex" }, rest.join(" ")) : null;
  return [el("dt", {}, term), el("dd", {}, figure ?? "", hexadecimal)];
}

/** The scale in words: how many elements a pixel shows, or how many pixels an element. */
export function scaleText(scale: number, unit: string): string {
  const whole = (value: number): string => {
    const rounded = Math.round(value);
    if (Math.abs(value - rounded) < 0.01) return String(rounded);
    return value < 10 ? value.toFixed(1) : String(rounded);
  };
  if (Math.abs(scale - 1) < 0.005) return `1 px = 1 ${unit}`;
  if (scale > 1) return `1 ${unit} = ${whole(scale)} × ${whole(scale)} px`;
  return `1 px = ${whole(1 / scale)} × ${whole(1 / scale)} ${unit}s`;
}

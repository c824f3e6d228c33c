/** The card beside the pointer: what lies there. Pinned, it stays. */

import { copyable, describe, type Fact } from "./describe";
import { copyText, el, iconButton, rested } from "./dom";
import { intersect, type Rectangle } from "./entities";
import type { Scene, Spot } from "./scene";

/** Distance of the card from the pointer in screen pixels. */
const GAP = 16;

/** Milliseconds that the pointer rests before more is asked about what lies there. */
const REST = 60;

/** More about a spot than the page knows; null if there is nothing more. */
export type Tell = (scene: Scene, spot: Spot, signal: AbortSignal) => Promise<readonly Fact[] | null>;

/**
 * @param unpin closes a pinned card; null for the card that follows the pointer.
 * @param avoid where another card lies.
 */
export class HoverCard {
  readonly element: HTMLElement;
  private readonly title = el("h2", { class: "hover-title" });
  private readonly name = el("p", { class: "hover-name" });
  private readonly list = el("dl", { class: "facts" });
  private readonly figures = el("dl", { class: "facts figures" });
  private readonly told = el("dl", { class: "facts told" });
  private readonly later = rested(REST, () => void this.ask());
  private scene: Scene | null = null;
  private spot: Spot | null = null;
  private at: readonly [number, number] = [0, 0];
  private asking: AbortController | null = null;
  private answers: readonly Fact[] = [];

  constructor(
    private readonly host: HTMLElement,
    private readonly tell: Tell,
    private readonly announce: (text: string) => void,
    unpin: (() => void) | null,
    private readonly avoid: () => Rectangle | null = () => null,
  ) {
    const head = el("div", { class: "hover-head" }, this.title);
    const label = unpin ? "Pinned" : "Under the pointer";
    this.element = el("section", { class: unpin ? "card hover pinned" : "card hover", "aria-label": label }, head, this.name, this.told, this.list, this.figures);
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

  show(scene: Scene, spot: Spot, x: number, y: number): void {
    const same = this.spot?.x === spot.x && this.spot.y === spot.y && this.spot.cell === spot.cell && this.scene === scene;
    this.scene = scene;
    this.spot = spot;
    if (!same) this.fill(scene, spot);
    this.element.hidden = false;
    this.at = [x, y];
    this.place(x, y);
  }

  /** Where it lies; null if it is hidden. */
  get box(): Rectangle | null {
    if (!this.isShown) return null;
    const { offsetLeft, offsetTop, offsetWidth, offsetHeight } = this.element;
    return { x0: offsetLeft, y0: offsetTop, x1: offsetLeft + offsetWidth, y1: offsetTop + offsetHeight };
  }

  hide(): void {
    this.spot = null;
    this.asking?.abort();
    this.element.hidden = true;
  }

  async copy(): Promise<void> {
    if (!this.spot || !this.scene) return;
    const done = await copyText(copyable(this.scene, this.spot, this.answers));
    this.announce(done ? "Copied" : "The browser refused to copy");
  }

  /** Ask anew about what is shown. */
  renew(): void {
    if (this.spot) this.later();
  }

  private fill(scene: Scene, spot: Spot): void {
    const { title, name, facts, figures } = describe(scene, spot);
    this.title.textContent = title;
    this.name.textContent = name ?? "";
    this.list.replaceChildren(...facts.flatMap(line));
    this.figures.replaceChildren(...figures.map((fact) => el("div", {}, ...line(fact))));
    // What was told of another spot keeps its lines, so that the card does not jump, but not its figures.
    this.answers = [];
    for (const value of this.told.querySelectorAll("dd")) value.textContent = "…";
    this.asking?.abort();
    this.later();
  }

  private async ask(): Promise<void> {
    const { scene, spot } = this;
    if (!scene || !spot) return;
    this.asking?.abort();
    const { signal } = (this.asking = new AbortController());
    const facts = await this.tell(scene, spot, signal).catch(() => null);
    if (signal.aborted || facts === null) return;
    this.answers = facts;
    this.told.replaceChildren(...facts.flatMap(line));
    this.place(...this.at);
  }

  /** Beside the point, on the side where there is room and no other card. */
  private place(x: number, y: number): void {
    const { offsetWidth, offsetHeight } = this.element;
    const { clientWidth, clientHeight } = this.host;
    const within = (value: number, most: number): number => Math.max(8, Math.min(value, most - 8));
    const sides = [true, false].flatMap((below) => [true, false].map((right) => ({ right, below })));
    const spots = sides.map(({ right, below }) => {
      const left = right ? x + GAP : x - GAP - offsetWidth;
      const top = below ? y + GAP : y - GAP - offsetHeight;
      const x0 = within(left, clientWidth - offsetWidth);
      const y0 = within(top, clientHeight - offsetHeight);
      const box = { x0, y0, x1: x0 + offsetWidth, y1: y0 + offsetHeight };
      return { box, moved: Math.abs(x0 - left) + Math.abs(y0 - top) };
    });
    const taken = this.avoid();
    const clear = spots.filter(({ box }) => taken === null || intersect(box, taken) === null);
    const best = (clear.length > 0 ? clear : spots).reduce((one, other) => (other.moved < one.moved ? other : one));
    this.element.style.left = `${best.box.x0}px`;
    this.element.style.top = `${best.box.y0}px`;
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

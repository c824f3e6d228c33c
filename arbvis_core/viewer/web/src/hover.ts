/** The card beside the pointer: which file, which byte, which region. Pinned, it stays. */

import { copyText, el, iconButton } from "./dom";
import { bytes, count, hex, printable } from "./format";
import type { Placement } from "./manifest";
import type { Scene, Spot } from "./scene";

/** One line of the card. */
export interface Fact {
  readonly term: string;
  readonly value: string;
}

/** The name of what lies at a spot, and what is known of it. */
export interface Description {
  readonly title: string;
  readonly facts: readonly Fact[];
}

/** What the hover card says of a spot. */
export function describe(scene: Scene, spot: Spot): Description {
  const placement = spot.placement === null ? null : scene.placements.items[spot.placement]!;
  if (!placement) return { title: scene.curve ? "No data here" : "Nothing here", facts: [] };
  const facts = spot.position === null ? onPlane(scene, placement, spot) : onCurve(scene, placement, spot);
  return { title: printable(placement.name), facts };
}

function onCurve(scene: Scene, placement: Placement, spot: Spot): Fact[] {
  const first = Math.max(spot.position!, placement.start);
  const stop = Math.min(spot.position! + spot.cell ** 2, placement.stop);
  const facts: Fact[] = [offset("Offset", first - placement.start)];
  if (spot.cell > 1) facts.push({ term: "Pixel", value: `${count(stop - first)} bytes from there` });
  if (scene.placements.items.length > 1) facts.push(offset("In stream", first));
  facts.push(...regionFacts(scene, spot));
  facts.push({ term: "File size", value: bytes(placement.stop - placement.start) });
  return facts;
}

function onPlane(scene: Scene, placement: Placement, spot: Spot): Fact[] {
  const facts: Fact[] = [];
  if (!placement.fold) {
    const row = spot.y - placement.y;
    const column = spot.x - placement.x;
    facts.push({ term: "[row, col]", value: `[${count(Math.max(row, 0))}, ${count(Math.max(column, 0))}]` });
    if (spot.cell > 1) facts.push({ term: "Pixel", value: `${spot.cell} × ${spot.cell} elements` });
  }
  for (const term of ["role", "layer", "expert", "dtype", "shape"]) {
    const value = placement[term];
    if (value === undefined || value === null || value === "") continue;
    facts.push({ term: capital(term), value: printable(Array.isArray(value) ? value.join(" × ") : String(value)) });
  }
  facts.push(...regionFacts(scene, spot));
  return facts;
}

function regionFacts(scene: Scene, spot: Spot): Fact[] {
  return spot.regions.slice(0, 3).map((index) => {
    const { kind, text, name } = scene.labels.items[index]!;
    return { term: capital(kind || "region"), value: printable([name, text].filter(Boolean).join(" · ")) };
  });
}

function offset(term: string, value: number): Fact {
  return { term, value: `${count(value)}  ${hex(value)}` };
}

function capital(text: string): string {
  const clean = printable(text);
  return clean.charAt(0).toUpperCase() + clean.slice(1);
}

/** What `c` copies: one line of text that can be pasted into a report or a shell. */
export function copyable(scene: Scene, spot: Spot): string {
  const { title, facts } = describe(scene, spot);
  const placement = spot.placement === null ? null : scene.placements.items[spot.placement]!;
  const rest = facts.map(({ term, value }) => `${term}: ${value.replace(/\s+/g, " ")}`);
  return [placement ? placement.name : title, ...rest].join("\t");
}

/** Distance of the card from the pointer in screen pixels. */
const GAP = 16;

/** @param unpin closes a pinned card; null for the card that follows the pointer. */
export class HoverCard {
  readonly element: HTMLElement;
  private readonly title = el("h2", { class: "hover-title" });
  private readonly list = el("dl", { class: "facts" });
  private spot: Spot | null = null;

  constructor(
    private readonly host: HTMLElement,
    private readonly scene: () => Scene,
    private readonly announce: (text: string) => void,
    unpin: (() => void) | null,
  ) {
    const head = el("div", { class: "hover-head" }, this.title);
    const label = unpin ? "Pinned" : "Under the pointer";
    this.element = el("section", { class: unpin ? "card hover pinned" : "card hover", "aria-label": label }, head, this.list);
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
    const { title, facts } = describe(this.scene(), spot);
    this.title.textContent = title;
    this.list.replaceChildren(
      ...facts.flatMap(({ term, value }) => {
        const [figure, ...rest] = value.split("  ");
        const hexadecimal = rest.length > 0 ? el("span", { class: "hex" }, rest.join(" ")) : null;
        return [el("dt", {}, term), el("dd", {}, figure ?? "", hexadecimal)];
      }),
    );
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

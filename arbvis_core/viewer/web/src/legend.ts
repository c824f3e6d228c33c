/** What the colours mean, for the zoom one looks at. */

import { el } from "./dom";
import { printable, share } from "./format";
import { histogramPanel } from "./histogram";
import type { Legend, LegendEntry } from "./manifest";
import type { Scene } from "./scene";
import type { Stage } from "./stage";

export class LegendPanel {
  readonly element: HTMLElement;
  private readonly body = el("div", { class: "legend-body" });
  private readonly further = el("div");
  private drawn: readonly Legend[] = [];

  constructor() {
    this.element = el("section", { class: "card legend", "aria-label": "Legend" }, this.body, this.further);
  }

  /** Begin with a scene: what it offers beside the colours depends on what is painted. */
  open(scene: Scene, statistics: () => Promise<unknown>): void {
    const { legend } = scene;
    this.further.replaceChildren(...(scene.facts.renderer === "bytes" ? [histogramPanel(statistics, legend)] : []));
  }

  /** Show what colours mean in the views that there are. */
  update(stages: readonly Stage[]): void {
    const told = legendsOf(stages);
    const fitting = told.flatMap(({ legends }) => legends);
    const unchanged = fitting.length === this.drawn.length && fitting.every((legend, i) => legend === this.drawn[i]);
    if (unchanged) return;
    this.drawn = fitting;
    const named = told.length > 1;
    this.body.replaceChildren(...told.flatMap(({ scene, legends }) => [...(named ? [el("p", { class: "legend-scene" }, printable(scene.facts.label))] : []), ...legends.map(section)]));
  }
}

/** What colours mean in each view, at its zoom; once where they mean the same in both. */
export function legendsOf(stages: readonly Stage[]): readonly { readonly scene: Scene; readonly legends: readonly Legend[] }[] {
  const each = stages.map(({ scene, sharp }) => ({ scene, legends: scene.legend.filter(({ zooms }) => zooms === "all" || zooms === (sharp ? "leaf" : "overview")) }));
  const [first] = each;
  return each.filter((one) => one === first || meaning(one.legends) !== meaning(first!.legends));
}

/** What tells legends apart: not what is noted about them. */
function meaning(legends: readonly Legend[]): string {
  return JSON.stringify(legends.map(({ title, entries }) => [title, entries]));
}

function section(legend: Legend): HTMLElement {
  const counted = legend.entries.some((entry) => typeof entry.share === "number");
  return el(
    "div",
    { class: "legend-section" },
    el("h2", {}, legend.title),
    el("ul", { class: counted ? "counted" : "" }, ...legend.entries.map(row)),
    legend.note ? el("p", { class: "note" }, legend.note) : null,
  );
}

function row(entry: LegendEntry): HTMLElement {
  const ramp = entry.colours.length > 1;
  const swatch = el("span", { class: ramp ? "swatch ramp" : "swatch", "aria-hidden": "true" });
  const colours = entry.colours.filter((colour) => CSS.supports("color", colour));
  swatch.style.background = ramp ? `linear-gradient(to right, ${colours.join(", ")})` : (colours[0] ?? "none");
  const ends = ramp && (entry.low || entry.high);
  const range = ends ? `${entry.low ?? ""} – ${entry.high ?? ""}` : "";
  return el(
    "li",
    {},
    swatch,
    el("span", { class: "legend-label" }, entry.label, range ? el("span", { class: "range" }, range) : null),
    typeof entry.share === "number" ? el("span", { class: "share" }, share(entry.share)) : null,
    typeof entry.share === "number" ? bar(entry.share) : null,
  );
}

function bar(value: number): HTMLElement {
  const fill = el("span", { class: "bar-fill" });
  fill.style.width = `${Math.max(0, Math.min(1, value)) * 100}%`;
  return el("span", { class: "bar", "aria-hidden": "true" }, fill);
}

/** Figures of attention heads as bars: dead heads and loud ones stand out. */

import { el } from "./dom";
import { figureName, significant } from "./format";

export type HeadFigures = ReadonlyMap<string, readonly (number | null)[]>;

/** What is shown first, where there is such a figure. */
const PREFERRED = "rms";

/** Read lists of figures, one number per head; null if there are none. */
export function headFiguresOf(loaded: unknown): HeadFigures | null {
  if (typeof loaded !== "object" || loaded === null) return null;
  const found = new Map<string, (number | null)[]>();
  for (const [name, values] of Object.entries(loaded)) {
    const usable = Array.isArray(values) && values.length > 0 && values.every((value) => value === null || typeof value === "number");
    if (usable && values.some((value) => value !== null)) found.set(name, values as (number | null)[]);
  }
  return found.size > 0 ? found : null;
}

/** A choice of the figure, and a bar for each head. */
export function headsChart(figures: HeadFigures): HTMLElement[] {
  const names = [...figures.keys()];
  const choice = el("select", { class: "choice", "aria-label": "Figure of the heads" });
  choice.append(...names.map((name) => el("option", { value: name }, figureName(name))));
  if (figures.has(PREFERRED)) choice.value = PREFERRED;
  const bars = el("ol", { class: "head-bars", start: "0" });
  const draw = (): void => bars.replaceChildren(...barsOf(figures.get(choice.value) ?? []));
  choice.addEventListener("change", draw);
  draw();
  return [choice, bars];
}

function barsOf(values: readonly (number | null)[]): HTMLElement[] {
  const most = values.reduce<number>((greatest, value) => Math.max(greatest, Math.abs(value ?? 0)), 0);
  return values.map((value, head) => {
    const fill = el("span", { class: "bar-fill" });
    fill.style.width = `${most > 0 ? (100 * Math.abs(value ?? 0)) / most : 0}%`;
    return el(
      "li",
      {},
      el("span", { class: "head-number" }, String(head)),
      el("span", { class: "bar", "aria-hidden": "true" }, fill),
      el("span", { class: "figure" }, value === null ? "–" : significant(value)),
    );
  });
}

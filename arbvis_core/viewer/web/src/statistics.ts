/** Statistics of the chosen tensor: its figures, and its histogram, which is loaded for it. */

import { figureFacts, whereabouts } from "./describe";
import { distributionChart, distributionOf } from "./distribution";
import { el } from "./dom";
import { printable } from "./format";
import { headsChart, headFiguresOf } from "./head-chart";
import type { Pane } from "./panel";
import type { Scene } from "./scene";
import { roleText, statsOf } from "./tensor";

/** Loads what the bundle holds of a scene beyond its manifest. */
export type Load = (scene: Scene) => Promise<unknown>;

/** More about one placement. */
export type More = (scene: Scene, index: number) => Promise<readonly HTMLElement[]>;

export class StatisticsPane implements Pane {
  readonly key = "statistics";
  readonly label = "Statistics";
  readonly element = el("div", { class: "pane statistics", tabindex: "-1" });
  private scene: Scene | null = null;

  /** @param more further parts, which need not be there at once. */
  constructor(
    private readonly load: Load,
    private readonly more: readonly More[] = [],
  ) {}

  show(scene: Scene): void {
    this.scene = scene;
  }

  select(index: number | null): void {
    const scene = this.scene!;
    if (index === null) {
      this.element.replaceChildren(el("p", { class: "note" }, "Click a tensor: its figures and its histogram stand here."));
      return;
    }
    const item = scene.placements.items[index]!;
    const figures = figureFacts(item).map(({ term, value }) => el("div", {}, el("dt", {}, term), el("dd", {}, value)));
    const role = roleText(item);
    const further = el("div", { class: "further" });
    this.element.replaceChildren(
      el("h2", { class: "pane-title" }, role ? [...whereabouts(scene, item), role].join(" · ") : printable(item.name)),
      role ? el("p", { class: "hover-name" }, printable(item.name)) : "",
      figures.length > 0 ? el("dl", { class: "facts figures" }, ...figures) : this.more.length > 0 ? "" : el("p", { class: "note" }, "Nothing was measured."),
      further,
    );
    void this.draw(scene, index, further);
    for (const more of this.more) {
      const place = el("div", { class: "further" });
      this.element.append(place);
      void more(scene, index).then((found) => place.replaceChildren(...found));
    }
  }

  focus(): void {
    this.element.focus();
  }

  private async draw(scene: Scene, index: number, further: HTMLElement): Promise<void> {
    const item = scene.placements.items[index]!;
    const found = ownOf(await this.load(scene), item.name);
    if (!further.isConnected || !found) return;
    const distribution = distributionOf(found["histogram"]);
    const { count, zeros } = statsOf(item);
    if (distribution) {
      const zero = typeof count === "number" && typeof zeros === "number" ? Math.round(count * zeros) : 0;
      further.append(el("h3", {}, "Histogram of the values"), ...distributionChart(distribution, zero));
    }
    const heads = headFiguresOf(found["heads"]);
    if (heads) further.append(el("h3", {}, "Heads"), ...headsChart(heads));
  }
}

/** What was loaded of one placement; null if that is nothing. */
function ownOf(loaded: unknown, name: string): Readonly<Record<string, unknown>> | null {
  if (typeof loaded !== "object" || loaded === null) return null;
  const { placements } = loaded as { placements?: unknown };
  if (typeof placements !== "object" || placements === null || !Object.hasOwn(placements, name)) return null;
  const found = (placements as Record<string, unknown>)[name];
  return typeof found === "object" && found !== null ? (found as Record<string, unknown>) : null;
}

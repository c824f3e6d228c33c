/** Figures of tensors, as the server measures them: for the table, the map and the statistics. */

import type { App } from "../app";
import { figureFactsOf } from "../describe";
import { distributionChart, distributionOf } from "../distribution";
import { el } from "../dom";
import type { Feature } from "../feature";
import type { Scene } from "../scene";
import { statsOf, type Figures } from "../tensor";
import type { Server } from "./server";

/** Milliseconds between questions. */
const PAUSE = 2000;
/** So many tensors come in one answer. */
const PAGE = 1000;
/** The lists are drawn anew once so much more of them was measured. */
const STEP = 0.05;

interface Page {
  readonly total: number;
  readonly measured: number;
  readonly complete: boolean;
  readonly tensors: readonly { readonly name: string; readonly stats: Figures }[];
}

interface Answer {
  readonly stats?: Figures;
  readonly histogram?: unknown;
}

export class Measured implements Feature {
  private timer = 0;

  constructor(
    private readonly app: App,
    private readonly server: Server,
  ) {}

  opened(scene: Scene): void {
    clearTimeout(this.timer);
    if (!scene.curve) void this.watch(scene, 0);
  }

  async statistics(scene: Scene, index: number): Promise<readonly HTMLElement[]> {
    const item = scene.placements.items[index]!;
    const found = await this.server.ask<Answer>(scene.facts, "stats", { tensor: item.name });
    if (!found) return [];
    const figures = found.stats ?? {};
    const told = Object.keys(statsOf(item)).length > 0 ? [] : figureFactsOf(figures);
    const lines = told.map(({ term, value }) => el("div", {}, el("dt", {}, term), el("dd", {}, value)));
    const distribution = distributionOf(found.histogram);
    const { count, zeros } = figures;
    const zero = typeof count === "number" && typeof zeros === "number" ? Math.round(count * zeros) : 0;
    return [
      ...(lines.length > 0 ? [el("dl", { class: "facts figures" }, ...lines)] : []),
      ...(distribution ? [el("h3", {}, "Histogram of the values"), ...distributionChart(distribution, zero)] : []),
    ];
  }

  /** Ask until everything is measured; nobody looks at a tab in the background. */
  private async watch(scene: Scene, known: number): Promise<void> {
    const first = document.visibilityState === "visible" ? await this.server.ask<Page>(scene.facts, "tensors", { limit: 1 }) : null;
    if (this.app.stage.scene !== scene) return;
    let now = known;
    if (first && first.measured > known && (first.complete || first.measured - known >= STEP * first.total)) {
      now = first.measured;
      await this.take(scene, first.total);
    }
    if (!first?.complete) this.timer = window.setTimeout(() => void this.watch(scene, now), PAUSE);
  }

  private async take(scene: Scene, total: number): Promise<void> {
    const figures = new Map<string, Figures>();
    for (let offset = 0; offset < total; offset += PAGE) {
      const page = await this.server.ask<Page>(scene.facts, "tensors", { offset, limit: PAGE });
      for (const { name, stats } of page?.tensors ?? []) figures.set(name, stats);
    }
    for (const item of scene.placements.items) {
      const stats = figures.get(item.name);
      if (stats && Object.keys(stats).length > 0) (item as Record<string, unknown>)["stats"] = stats;
    }
    if (this.app.stage.scene === scene) this.app.panel.renew();
  }
}

/** Takes in what the server measures in the background: tiles that became exact, and how far it is. */

import type { App } from "../app";
import { el } from "../dom";
import type { SceneFacts, Shared } from "../manifest";

/** Milliseconds between questions. */
const PAUSE = 1000;

interface Progress {
  readonly edition: number;
  readonly state: "exact" | "running" | "paused";
  readonly waiting: number;
  readonly done: number;
  readonly of: number;
  readonly tiles: readonly (readonly [string, number, number, number])[];
  readonly failure: string | null;
}

export class Refresher {
  private readonly mark = el("span", { class: "sampled", role: "status" });
  private readonly editions = new Map<string, number>();
  private edition = 0;

  constructor(
    private readonly app: App,
    shared: Shared,
  ) {
    shared.live!.edition = (scene, zoom, x, y) => this.editions.get(name(scene.key, zoom, x, y)) ?? 0;
    document.querySelector(".card.status")?.append(this.mark);
    void this.run();
  }

  private async run(): Promise<void> {
    for (;;) {
      if (document.visibilityState === "visible") await this.ask();
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }

  private async ask(): Promise<void> {
    try {
      const response = await fetch(`api/progress?since=${this.edition}`);
      if (response.ok) this.take((await response.json()) as Progress);
      else this.say("The server cannot say how far it is");
    } catch {
      this.say("The server has ended");
    }
  }

  private take(progress: Progress): void {
    this.edition = progress.edition;
    const { stages } = this.app;
    for (const [key, zoom, x, y] of progress.tiles) {
      const tile = name(key, zoom, x, y);
      this.editions.set(tile, (this.editions.get(tile) ?? 0) + 1);
      for (const stage of stages.filter(({ scene }) => scene.facts.key === key)) {
        stage.tiles.renew(zoom, x, y);
        if (zoom === 0) stage.minimap.paint();
      }
    }
    this.say(sentence(progress));
  }

  private say(text: string): void {
    if (this.mark.textContent !== text) this.mark.textContent = text;
  }
}

function name(scene: SceneFacts["key"], zoom: number, x: number, y: number): string {
  return `${scene}/${zoom}/${x}/${y}`;
}

function sentence({ state, done, of, failure }: Progress): string {
  if (failure) return `Sampled overview; it cannot be measured: ${failure}`;
  if (state === "exact") return "";
  const share = of > 0 ? ` ${Math.floor((100 * done) / of)} %` : "";
  return state === "paused" ? "Sampled overview" : `Sampled overview, measuring${share}`;
}

/** Takes in what the server measures in the background: tiles that became exact, and how far it is. */

import type { App } from "../app";
import { el } from "../dom";
import type { SceneFacts, Shared } from "../manifest";

/** Milliseconds between questions. */
const PAUSE = 1000;
/** So many of them without an answer, and the server has ended. */
const MISSED = 2;

const ENDED = "The server has ended. Start it again with the same command, and this page goes on by itself.";
const ANEW = "The server was started anew, with another token: open the address that it has printed.";

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
  private readonly notice = el("p", { class: "card ended", role: "alert" });
  /** Questions without an answer, one after the other. */
  private missed = 0;
  private readonly editions = new Map<string, number>();
  private edition = 0;

  constructor(
    private readonly app: App,
    shared: Shared,
  ) {
    shared.live!.edition = (scene, zoom, x, y) => this.editions.get(name(scene.key, zoom, x, y)) ?? 0;
    document.querySelector(".card.status")?.append(this.mark);
    this.notice.hidden = true;
    document.querySelector(".app")?.append(this.notice);
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
      if (response.status === 403) return this.warn(ANEW);
      // What did not come meanwhile comes now, and the address knows what was looked at.
      if (!this.notice.hidden) return location.reload();
      this.missed = 0;
      if (response.ok) this.take((await response.json()) as Progress);
      else this.say("The server cannot say how far it is");
    } catch {
      this.missed += 1;
      if (this.missed >= MISSED) this.warn(ENDED);
    }
  }

  /** Say what keeps the page from going on. */
  private warn(text: string): void {
    this.notice.hidden = false;
    if (this.notice.textContent !== text) this.notice.textContent = text;
    this.say("");
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

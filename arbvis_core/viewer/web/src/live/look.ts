/** Colours and scales, chosen while one looks: the tiles come anew, nothing else changes. */

import type { App } from "../app";
import { el, iconButton, rested } from "../dom";
import type { Feature } from "../feature";
import { share, significant } from "../format";
import type { Legend } from "../manifest";
import type { Scene } from "../scene";
import { FIELDS, type Field, type View, type Views } from "../view";
import type { Server } from "./server";

type Range = readonly [number, number];

/** What a scene lets one choose; what is absent is not to be chosen. */
interface Choices {
  readonly colormap?: readonly string[];
  readonly overview_colormap?: readonly string[];
  readonly scale?: readonly string[];
  readonly overview?: readonly string[];
  readonly metric?: readonly string[];
  readonly gain?: Range;
  readonly clip?: Range;
  readonly chosen?: Readonly<Record<string, string | number | null>>;
}

const LABELS: Readonly<Record<Field, string>> = {
  colormap: "Colours",
  overview_colormap: "Zoomed out",
  scale: "Relative to",
  overview: "Pixel shows",
  metric: "Difference",
  gain: "Gain",
  clip: "Clipped",
};

/** What some choices are called. */
const WORDS: Readonly<Record<string, string>> = {
  model: "whole model",
  tensor: "each tensor",
  role: "each role",
  mean: "mean |x|",
  rms: "rms",
  max: "greatest |x|",
  balance: "balance of signs",
};

/** What a slider spans at most: an address may say more. */
const LEAST = { gain: 1 / 64, clip: 0 } as const;
const MOST = { gain: 64, clip: 0.25 } as const;

/** A slider has so many steps. */
const STEPS = 120;

export class LookCard implements Feature {
  readonly cards: readonly HTMLElement[];
  readonly tools: readonly HTMLElement[];
  readonly commands;
  private readonly element = el("section", { class: "card options look", "aria-label": "Colours and scales", id: "look" });
  private readonly button: HTMLButtonElement;
  private readonly known = new Map<Scene, Promise<Choices | null>>();
  private readonly later = rested(90, () => void this.apply());

  constructor(
    private readonly app: App,
    private readonly server: Server,
    private readonly views: Views,
  ) {
    this.button = iconButton("sliders", "Colours and scales", "v", () => this.toggle());
    this.button.setAttribute("aria-expanded", "false");
    this.button.setAttribute("aria-controls", "look");
    this.button.hidden = true;
    this.element.hidden = true;
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      this.toggle();
      this.button.focus();
    });
    this.cards = [this.element];
    this.tools = [this.button];
    this.commands = [{ keys: ["v"], shown: ["v"], does: "Colours and scales", able: () => !this.button.hidden, run: () => this.toggle() }];
  }

  opened(scene: Scene): void {
    void this.offer(scene);
    if (Object.keys(this.views.of(scene.facts)).length > 0) void this.explain(scene);
  }

  link(): Readonly<Record<string, string>> {
    const { facts } = this.app.stage.scene;
    const beside = this.views.beside(facts);
    return { ...(this.views.of(facts) as Record<string, string>), ...(beside && { beside }) };
  }

  restore(parts: Readonly<Record<string, string>>): void {
    if (!this.views.restore(this.app.stage.scene.facts, parts)) return;
    void this.apply();
    void this.offer(this.app.stage.scene);
  }

  private toggle(): void {
    this.element.hidden = !this.element.hidden;
    this.button.setAttribute("aria-expanded", String(!this.element.hidden));
    if (!this.element.hidden) this.element.querySelector<HTMLElement>("select, input")?.focus();
    this.app.stage.refresh();
  }

  /** Show what can be chosen of a scene, if that is anything. */
  private async offer(scene: Scene): Promise<void> {
    let pending = this.known.get(scene);
    if (!pending) this.known.set(scene, (pending = this.server.ask<Choices>(scene.facts, "choices")));
    const choices = await pending;
    if (this.app.stage.scene !== scene) return;
    const rows = choices ? FIELDS.flatMap((field) => this.row(scene, field, choices)) : [];
    this.button.hidden = rows.length === 0;
    if (rows.length === 0) this.element.hidden = true;
    const reset = el("button", { type: "button", class: "plain" }, "Reset");
    reset.addEventListener("click", () => this.choose({}, true));
    const note = "metric" in (choices ?? {}) ? "" : "Gain brightens; clipping spares the scale its rarest values.";
    this.element.replaceChildren(el("div", { class: "options-head" }, el("h2", {}, "Colours and scales"), reset), ...rows, el("p", { class: "note" }, note));
  }

  private row(scene: Scene, field: Field, choices: Choices): HTMLElement[] {
    const offered = choices[field];
    if (!offered || offered.length === 0) return [];
    const chosen = this.views.of(scene.facts)[field] ?? choices.chosen?.[field] ?? null;
    const control = field === "gain" || field === "clip" ? this.slider(field, offered as Range, chosen) : this.select(field, offered as string[], chosen);
    return [el("div", { class: "option" }, ...control)];
  }

  private select(field: Field, offered: readonly string[], chosen: string | number | null): HTMLElement[] {
    const options = offered.map((value) => el("option", { value, selected: value === chosen }, WORDS[value] ?? value));
    const select = el("select", { class: "choice", id: `look-${field}` }, ...options);
    select.addEventListener("change", () => this.choose({ ...this.current, [field]: select.value }));
    return [el("label", { for: select.id }, LABELS[field]), select];
  }

  private slider(field: "gain" | "clip", range: Range, chosen: string | number | null): HTMLElement[] {
    const [low, high] = [Math.max(range[0], LEAST[field]), Math.min(range[1], MOST[field])];
    // A gain is a factor; shares that are clipped are small.
    const place = field === "gain" ? (value: number) => Math.log(value / low) / Math.log(high / low) : (value: number) => Math.sqrt((value - low) / (high - low));
    const value = field === "gain" ? (at: number) => low * (high / low) ** at : (at: number) => low + (high - low) * at ** 2;
    const at = chosen === null ? 0 : Math.round(STEPS * place(Math.max(low, Math.min(high, Number(chosen)))));
    const input = el("input", { type: "range", id: `look-${field}`, min: "0", max: String(STEPS), value: String(at) });
    const told = el("output", { for: input.id, class: "figure" }, chosen === null ? "auto" : worded(field, Number(chosen)));
    input.setAttribute("aria-valuetext", told.textContent);
    input.addEventListener("input", () => {
      const now = Number(value(Number(input.value) / STEPS).toPrecision(3));
      told.textContent = worded(field, now);
      input.setAttribute("aria-valuetext", told.textContent);
      this.choose({ ...this.current, [field]: String(now) });
    });
    return [el("label", { for: input.id }, LABELS[field]), input, told];
  }

  private get current(): View {
    return this.views.of(this.app.stage.scene.facts);
  }

  private choose(view: View, again = false): void {
    const { scene } = this.app.stage;
    this.views.set(scene.facts, view);
    if (again) void this.offer(scene);
    this.later();
  }

  /** Ask for the tiles anew, and for what their colours mean. */
  private async apply(): Promise<void> {
    const { scene } = this.app.stage;
    this.app.repaint();
    await this.explain(scene);
  }

  private async explain(scene: Scene): Promise<void> {
    const asked = this.views.query(scene.facts);
    const legend = await this.server.ask<readonly Legend[]>(scene.facts, "legend", this.views.of(scene.facts) as Record<string, string>);
    if (!legend || asked !== this.views.query(scene.facts)) return;
    scene.legend = legend;
    if (this.app.stage.scene === scene) this.app.relegend();
  }
}

function worded(field: "gain" | "clip", value: number): string {
  return field === "gain" ? `× ${significant(value)}` : share(value);
}

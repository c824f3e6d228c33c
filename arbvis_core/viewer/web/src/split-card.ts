/** What the second view shows, and how the two lie. */

import { el, iconButton } from "./dom";
import { plural, printable } from "./format";
import type { SceneFacts } from "./manifest";
import type { Choice } from "./split";

export type Mode = "side" | "swipe";

const MODES: readonly (readonly [Mode, string])[] = [
  ["side", "Side by side"],
  ["swipe", "Swipe"],
];

export class SplitCard {
  readonly element = el("section", { class: "card options", "aria-label": "Two views" });
  private readonly modes = new Map<Mode, HTMLButtonElement>();
  private readonly scene = el("select", { class: "choice", id: "split-scene" });
  private readonly layers = el("input", { class: "choice", id: "split-layers", type: "number", step: "1" });
  private readonly sceneRow: HTMLElement;
  private readonly layerRow: HTMLElement;

  constructor(
    private readonly changed: (part: Partial<Choice>) => void,
    close: () => void,
  ) {
    for (const [mode, label] of MODES) {
      const button = el("button", { type: "button", class: "tab" }, label);
      button.addEventListener("click", () => this.changed({ mode }));
      this.modes.set(mode, button);
    }
    this.scene.addEventListener("change", () => this.changed({ scene: this.scene.value }));
    this.layers.addEventListener("change", () => this.changed({ layers: Math.round(Number(this.layers.value)) || 0 }));
    this.sceneRow = el("div", { class: "option" }, el("label", { for: "split-scene" }, "Second view"), this.scene);
    this.layerRow = el("div", { class: "option" }, el("label", { for: "split-layers" }, "Layers on"), this.layers);
    const head = el("div", { class: "options-head" }, el("h2", {}, "Two views in step"), iconButton("close", "One view", "s", close));
    const modes = el("div", { class: "segments", role: "group", "aria-label": "How they lie" }, ...this.modes.values());
    this.element.append(head, modes, this.sceneRow, this.layerRow);
    this.element.hidden = true;
  }

  show(choice: Choice | null, scenes: readonly SceneFacts[], layers: number): void {
    this.element.hidden = choice === null;
    if (!choice) return;
    for (const [mode, button] of this.modes) button.setAttribute("aria-pressed", String(mode === choice.mode));
    const options = scenes.map(({ key, label }) => el("option", { value: key, selected: key === choice.scene }, printable(label)));
    this.scene.replaceChildren(...options);
    this.sceneRow.hidden = scenes.length < 2;
    this.layers.value = String(choice.layers);
    this.layers.min = String(1 - layers);
    this.layers.max = String(layers - 1);
    this.layers.title = `Of ${plural(layers, "layer")}; { and } change it`;
    this.layerRow.hidden = layers < 2;
  }
}

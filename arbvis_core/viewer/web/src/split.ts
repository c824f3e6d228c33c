/** Two pictures in step, side by side or one under the other: of other layers, or of another model. */

import type * as L from "leaflet";

import type { App } from "./app";
import { Correspondence } from "./correspond";
import type { Fact } from "./describe";
import { el, iconButton, rested } from "./dom";
import type { Feature } from "./feature";
import { printable } from "./format";
import type { SceneFacts } from "./manifest";
import { exact, numberOf, valueText, type ValueTeller } from "./live/value";
import type { ViewState } from "./map";
import type { Scene, Spot } from "./scene";
import { SplitCard, type Mode } from "./split-card";
import { Stage, type Listener } from "./stage";
import { Swipe } from "./swipe";
import { layerOf } from "./tensor";

/** Milliseconds after which a handle that was moved rests. */
const SETTLED = 150;

/** Where the handle lies at first, in percent. */
const MIDDLE = 50;

/** What the right half shows. */
export interface Choice {
  readonly mode: Mode;
  readonly scene: string;
  readonly layers: number;
  /** Where the second view begins, in percent of the width; side by side it is the middle. */
  readonly at: number;
}

export class Split implements Feature {
  readonly cards: readonly HTMLElement[];
  readonly tools: readonly HTMLElement[];
  readonly commands;
  /** The right half; null while there is one picture. */
  stage: Stage | null = null;
  private readonly host = el("div", { class: "half right" });
  private readonly swipe: Swipe;
  private readonly card: SplitCard;
  private readonly button: HTMLButtonElement;
  private readonly chips = [el("p", { class: "chip left" }), el("p", { class: "chip right" })] as const;
  private readonly later = rested(SETTLED, () => this.app.settled());
  private choice: Choice | null = null;
  private match: Correspondence | null = null;
  /** A spot of the right half that the pointer is over. */
  private over: Spot | null = null;
  private leading = false;
  /** Whether it is the right half that is dragged. */
  private rightLeads = false;

  constructor(
    private readonly app: App,
    private readonly values: ValueTeller | null,
  ) {
    this.card = new SplitCard((part) => this.choice && this.choose({ ...this.choice, ...part }), () => this.choose(null));
    this.swipe = new Swipe(app.place, (at) => this.swiped(at));
    this.button = iconButton("split", "Two views in step", "s", () => this.toggle("side"));
    const led = ({ target }: Event): void => {
      this.rightLeads = target instanceof Node && this.host.contains(target);
    };
    for (const gesture of ["pointerdown", "wheel", "keydown"]) document.addEventListener(gesture, led, { capture: true, passive: true });
    this.cards = [this.card.element];
    this.tools = [this.button];
    this.commands = [
      { keys: ["s"], shown: ["s"], does: "Two views side by side", able: () => this.usual("side") !== null, run: () => this.toggle("side") },
      { keys: ["S"], shown: ["S"], does: "One view over the other, with a handle to swipe", able: () => this.usual("side") !== null, run: () => this.toggle("swipe") },
      { keys: ["{", "}"], shown: ["{", "}"], does: "The second view one layer back or on", able: () => layersOf(this.app.stage.scene) > 1, run: ({ key }: KeyboardEvent) => this.step(key === "{" ? -1 : 1) },
    ];
  }

  opened(scene: Scene): void {
    const usual = this.usual("side");
    this.button.hidden = usual === null;
    if (!usual || !this.choice) this.choose(null);
    // The halves never show the same thing.
    else if (this.choice.layers === 0 && this.choice.scene === scene.facts.key) this.choose({ ...usual, mode: this.choice.mode });
    else this.choose(this.choice);
  }

  link(): Readonly<Record<string, string>> {
    if (!this.choice) return {};
    const { mode, scene, layers, at } = this.choice;
    return { split: [mode === "swipe" ? `swipe:${at}` : mode, layers, scene].join(",") };
  }

  restore(parts: Readonly<Record<string, string>>): void {
    const match = /^(?:side|swipe(?::(\d{1,2}|100))?),(-?\d{1,4}),(.+)$/s.exec(parts["split"] ?? "");
    const known = match && this.scenes.some(({ key }) => key === match[3]);
    const mode = match?.[0].startsWith("side") ? "side" : "swipe";
    if (known) this.choose({ mode, layers: Number(match[2]), scene: match[3]!, at: Number(match[1] ?? MIDDLE) });
    else if (this.choice) this.choose(null);
  }

  async tell(scene: Scene, spot: Spot, signal: AbortSignal): Promise<readonly Fact[] | null> {
    const { match } = this;
    if (!match) return null;
    const other = spot === this.over ? match.onLeft(spot) : match.onRight(spot);
    const there = spot === this.over ? match.left : match.right;
    if (!other || other.placement === null) return [{ term: "Other view", value: "nothing like it" }];
    const item = there.placements.items[other.placement]!;
    const layer = layerOf(item);
    const term = match.left === match.right && layer !== null ? `layer ${layer}` : printable(there.facts.label);
    const sides = this.values && (await Promise.all([this.values.ask(scene.facts, spot.x, spot.y, signal), this.values.ask(there.facts, other.x, other.y, signal)]));
    if (!sides?.[0] || !sides[1]) return [{ term, value: printable(item.name) }];
    const [here, beyond] = sides.map(numberOf);
    const facts = [{ term, value: valueText(sides[1]) }];
    const comparable = scene.facts.renderer === there.facts.renderer;
    if (comparable && here !== null && here !== undefined && beyond !== null && beyond !== undefined) facts.push({ term: "Δ to it", value: exact(beyond - here) });
    return facts;
  }

  repainted(): void {
    this.stage?.repaint();
  }

  pointed(spot: Spot | null): void {
    this.over = null;
    this.stage?.mark(spot && this.match!.onRight(spot));
  }

  pinned(spot: Spot | null): void {
    this.stage?.pin(spot && this.match!.onRight(spot));
  }

  /** The left half has moved: so does the right. */
  moved(): void {
    this.lead(() => this.stage!.map.follow(this.across(this.app.stage.map.view, 1)));
  }

  settled(): void {
    this.lead(() => this.stage!.map.rest());
  }

  /** Draw the right half as the left one is drawn. */
  redrawn(): void {
    if (!this.stage) return;
    const { overlay } = this.app.stage;
    this.stage.overlay.shown = overlay.shown;
    this.stage.overlay.heads = overlay.heads;
    this.stage.refresh();
  }

  private readonly listener: Listener = {
    moved: () => this.lead(() => {
      if (this.rightLeads) this.app.stage.map.follow(this.across(this.stage!.map.view, -1));
      else this.stage!.map.follow(this.across(this.app.stage.map.view, 1));
    }),
    settled: () => this.lead(() => this.rightLeads && this.app.stage.map.rest()),
    pointed: (spot, point) => this.pointedRight(spot, point),
    clicked: (spot) => this.app.clicked(spot && this.match!.onLeft(spot)),
  };

  private pointedRight(spot: Spot | null, point: L.Point | null): void {
    this.over = spot;
    this.app.stage.mark(spot && this.match!.onLeft(spot));
    this.app.cards.point(this.match!.right, spot, point && point.add([this.host.offsetLeft, 0]));
  }

  /** Let one half move the other, but never back. */
  private lead(act: () => void): void {
    if (this.leading || !this.stage || !this.match) return;
    this.leading = true;
    try {
      act();
    } finally {
      this.leading = false;
    }
  }

  /** A view of one half as one of the other. */
  private across({ x, y, zoom }: ViewState, sign: 1 | -1): ViewState {
    const { left, right } = this.match!;
    const shift = sign > 0 ? this.match!.shiftAt(x, y) : this.match!.shift;
    return { x: x + sign * shift.x, y: y + sign * shift.y, zoom: zoom + sign * (right.maxZoom - left.maxZoom) };
  }

  private toggle(mode: Mode): void {
    this.choose(this.choice?.mode === mode ? null : this.choice ? { ...this.choice, mode } : this.usual(mode));
  }

  /** The handle was moved: the address keeps where it is. */
  private swiped(at: number): void {
    if (!this.choice) return;
    this.choice = { ...this.choice, at };
    this.later();
  }

  private step(by: number): void {
    if (this.choice) this.choose({ ...this.choice, layers: this.choice.layers + by });
  }

  /** The pictures that can be laid beside what is shown: bytes along a curve lie beside such only. */
  private get scenes(): readonly SceneFacts[] {
    const { curve } = this.app.stage.scene.facts.canvas;
    return this.app.manifest.scenes.filter(({ canvas }) => canvas.curve === curve);
  }

  /** What is shown first: the next picture, or the next layer; null where there is neither. */
  private usual(mode: Mode): Choice | null {
    const { scene } = this.app.stage;
    const scenes = this.scenes.map(({ key }) => key);
    if (scenes.length > 1) return { mode, layers: 0, scene: scenes[(scenes.indexOf(scene.facts.key) + 1) % scenes.length]!, at: MIDDLE };
    return layersOf(scene) > 1 ? { mode, layers: 1, scene: scene.facts.key, at: MIDDLE } : null;
  }

  private choose(choice: Choice | null): void {
    const before = this.choice;
    const known = choice !== null && this.scenes.some(({ key }) => key === choice.scene);
    this.choice = known ? limited(choice, this.app.stage.scene) : null;
    this.stage?.destroy();
    this.stage = null;
    this.match = null;
    this.over = null;
    this.button.setAttribute("aria-pressed", String(choice !== null));
    this.card.show(this.choice, this.scenes, layersOf(this.app.stage.scene));
    if (this.choice) this.open(this.choice);
    else this.close();
    if (before !== null || choice !== null) this.app.reflow();
  }

  private open({ mode, scene, layers, at }: Choice): void {
    const { app, host, chips } = this;
    const right = app.sceneOf(scene);
    this.match = new Correspondence(app.stage.scene, right, layers);
    app.place.classList.toggle("swipe", mode === "swipe");
    app.place.classList.add("split");
    app.place.append(host, ...chips, this.swipe.element);
    this.swipe.begin(mode === "swipe" ? at : null);
    chips[0].textContent = printable(app.stage.scene.facts.label);
    const on = layers === 0 ? "" : `${Math.abs(layers)} ${Math.abs(layers) === 1 ? "layer" : "layers"} ${layers > 0 ? "on" : "back"}`;
    chips[1].textContent = app.stage.scene === right ? on : [printable(right.facts.label), on].filter(Boolean).join(" · ");
    const room = { left: 0, right: 0, top: 0 };
    this.stage = new Stage(host, app.bundle, right, this.listener, () => room, () => app.room.obstacles(host.offsetLeft));
    app.staged(this.stage);
    this.rightLeads = false;
    this.moved();
    this.stage.pin(app.stage.overlay.pinned && this.match.onRight(app.stage.overlay.pinned));
    this.redrawn();
  }

  private close(): void {
    this.app.place.classList.remove("split", "swipe");
    for (const one of [this.host, ...this.chips, this.swipe.element]) one.remove();
  }
}

function layersOf(scene: Scene): number {
  return new Set(scene.placements.items.map(layerOf).filter((layer) => layer !== null)).size;
}

/** No further than there are layers, and never the very same picture. */
function limited(choice: Choice, scene: Scene): Choice | null {
  const most = Math.max(0, layersOf(scene) - 1);
  const layers = Math.max(-most, Math.min(most, choice.layers));
  if (layers !== 0 || choice.scene !== scene.facts.key) return { ...choice, layers };
  // From one layer back to one on, and the other way round.
  return most > 0 ? { ...choice, layers: choice.layers < 0 ? -1 : 1 } : null;
}

/** Rows and columns of a tensor by their strength: what is dead or stands out shows as a spike. */

import type { App } from "../app";
import { el } from "../dom";
import type { Feature } from "../feature";
import { count, significant } from "../format";
import type { Scene } from "../scene";
import { foldingOf } from "../tensor";
import type { Server } from "./server";

type Axis = "rows" | "columns";

interface Profile {
  readonly axis: Axis;
  readonly rms: readonly (number | null)[];
  readonly max_abs: readonly (number | null)[];
  readonly count: number;
  /** Rows or columns of one number. */
  readonly bin: number;
}

const HEIGHT = 64;
/** So many spikes are named. */
const NAMED = 4;
/** A spike stands out so many times from the middle. */
const FAR = 1.6;

export class Profiles implements Feature {
  constructor(
    private readonly app: App,
    private readonly server: Server,
  ) {}

  async statistics(scene: Scene, index: number): Promise<readonly HTMLElement[]> {
    const { name } = scene.placements.items[index]!;
    const asked = (["rows", "columns"] as const).map((axis) => this.server.ask<Profile>(scene.facts, "profile", { tensor: name, axis }));
    const found = (await Promise.all(asked)).filter((profile) => profile !== null && profile.rms.length > 1);
    return found.flatMap((profile) => this.chart(scene, index, profile!));
  }

  private chart(scene: Scene, index: number, profile: Profile): HTMLElement[] {
    const { axis, bin, rms } = profile;
    const one = axis === "rows" ? "row" : "column";
    const spikes = spikesOf(rms);
    const rest = `rms of ${bin > 1 ? `${count(bin)} ${axis} each` : `each ${one}`}, ${count(profile.count)} ${axis}`;
    const canvas = el("canvas", { role: "img", class: "profile", "aria-label": `${rest}; greatest ${significant(Math.max(...rms.map((value) => value ?? 0)))}` });
    const readout = el("p", { class: "note figure" }, rest);
    const draw = (): void => drawProfile(canvas, profile, spikes);
    new ResizeObserver(draw).observe(canvas);
    const at = (event: PointerEvent | MouseEvent): number => Math.max(0, Math.min(rms.length - 1, Math.floor((event.offsetX / canvas.clientWidth) * rms.length)));
    canvas.addEventListener("pointermove", (event) => {
      const bar = at(event);
      const peak = profile.max_abs[bar];
      readout.textContent = `${one} ${rangeText(bar, bin, profile.count)}: rms ${text(rms[bar])}, greatest |x| ${text(peak)}`;
    });
    canvas.addEventListener("pointerleave", () => {
      readout.textContent = rest;
    });
    canvas.addEventListener("click", (event) => this.go(scene, index, axis, at(event) * bin));
    const buttons = spikes.map((bar) => {
      const button = el("button", { type: "button", class: "plain", title: `rms ${text(rms[bar])}` }, rangeText(bar, bin, profile.count));
      button.addEventListener("click", () => this.go(scene, index, axis, bar * bin));
      return button;
    });
    const named = buttons.length > 0 ? el("p", { class: "spikes" }, "Stands out: ", ...buttons) : null;
    return [el("h3", {}, axis === "rows" ? "Rows" : "Columns"), canvas, readout, ...(named ? [named] : [])];
  }

  /** To the first element of a row, or of a column. */
  private go(scene: Scene, index: number, axis: Axis, at: number): void {
    const item = scene.placements.items[index]!;
    const folding = foldingOf(item);
    if (!folding || this.app.stage.scene !== scene) return;
    const [u, v] = folding.pixelOf(indexOf(folding.shape, axis, at));
    const spot = scene.at(item.x + u, item.y + v, 1);
    const { map } = this.app.stage;
    map.fly({ x: item.x + u + 0.5, y: item.y + v + 0.5, zoom: Math.max(map.view.zoom, scene.maxZoom + 3) });
    this.app.pin(spot);
  }
}

/** The index of the first element of a row, leading axes counted through as rows, or of a column. */
function indexOf(shape: readonly number[], axis: Axis, at: number): number[] {
  const found = shape.map(() => 0);
  if (axis === "columns") {
    found[shape.length - 1] = at;
    return found;
  }
  let left = at;
  for (let place = shape.length - 2; place >= 0; place--) {
    found[place] = left % shape[place]!;
    left = Math.floor(left / shape[place]!);
  }
  return found;
}

/** What stands out from the middle, in either direction, the furthest first. */
function spikesOf(values: readonly (number | null)[]): number[] {
  const known = values.map((value) => value ?? 0);
  const middle = known.toSorted((a, b) => a - b)[known.length >> 1]!;
  if (!(middle > 0)) return [];
  const far = known.map((value) => (value > 0 ? Math.abs(Math.log(value / middle)) : Infinity));
  return [...known.keys()]
    .filter((at) => far[at]! > Math.log(FAR))
    .sort((a, b) => far[b]! - far[a]! || a - b)
    .slice(0, NAMED);
}

function drawProfile(canvas: HTMLCanvasElement, { rms }: Profile, spikes: readonly number[]): void {
  const density = window.devicePixelRatio || 1;
  const width = canvas.clientWidth;
  const context = canvas.getContext("2d");
  if (!context || width === 0) return;
  canvas.width = Math.round(width * density);
  canvas.height = Math.round(HEIGHT * density);
  context.scale(density, density);
  const style = getComputedStyle(canvas);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const most = Math.max(...rms.map((value) => value ?? 0)) || 1;
  const pitch = width / rms.length;
  rms.forEach((value, at) => {
    const height = Math.max(1, ((value ?? 0) / most) * (HEIGHT - 6));
    context.fillStyle = colour(spikes.includes(at) ? "--positive" : "--negative");
    // Gaps between bars that are hardly wider than a pixel would look like a pattern.
    const [from, to] = pitch > 3 ? [at * pitch, (at + 1) * pitch - 0.75] : [Math.floor(at * pitch), Math.ceil((at + 1) * pitch)];
    context.fillRect(from, HEIGHT - height, to - from, height);
  });
}

function rangeText(bar: number, bin: number, total: number): string {
  const last = Math.min((bar + 1) * bin, total) - 1;
  return bin > 1 ? `${count(bar * bin)}–${count(last)}` : count(bar);
}

function text(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : significant(value);
}

/** Colours for figures: the scene's own map, so that the page shows one language of colour. */

import type { SceneFacts } from "./manifest";

/** A ramp needs so many colours to be one. */
const LEAST = 5;

const GREYS = ["#101216", "#f2f3f5"];

/** The colours of the scene's overview, from low to high. */
export function rampOf(scene: SceneFacts): readonly string[] {
  const legends = scene.legend ?? [];
  const ordered = [...legends.filter(({ zooms }) => zooms !== "leaf"), ...legends];
  for (const { entries } of ordered) {
    const ramp = entries.find(({ colours }) => colours.length >= LEAST && colours.every(isHex));
    if (ramp) return ramp.colours;
  }
  return GREYS;
}

/** The colour at a share of a ramp, from 0 to 1, and black or white to write on it. */
export function colourAt(ramp: readonly string[], share: number): { readonly ground: string; readonly ink: string } {
  const at = Math.max(0, Math.min(1, share)) * (ramp.length - 1);
  const low = Math.min(Math.floor(at), ramp.length - 2);
  const [from, to] = [channels(ramp[low]!), channels(ramp[low + 1]!)];
  const mixed = from.map((value, i) => Math.round(value + (to[i]! - value) * (at - low)));
  const [red, green, blue] = mixed as [number, number, number];
  const bright = 0.299 * red + 0.587 * green + 0.114 * blue > 140;
  return { ground: `rgb(${red}, ${green}, ${blue})`, ink: bright ? "#000" : "#fff" };
}

/** Where a value lies between the least and the greatest, on a logarithmic scale where that is told apart better. */
export class Span {
  readonly least: number;
  readonly most: number;
  readonly logarithmic: boolean;

  constructor(values: readonly number[]) {
    const finite = values.filter(Number.isFinite);
    this.least = finite.reduce((a, b) => Math.min(a, b), Infinity);
    this.most = finite.reduce((a, b) => Math.max(a, b), -Infinity);
    this.logarithmic = this.least > 0 && this.most / this.least > 20;
  }

  share(value: number): number {
    if (!(this.most > this.least)) return 0.5;
    if (!this.logarithmic) return (value - this.least) / (this.most - this.least);
    return Math.log(value / this.least) / Math.log(this.most / this.least);
  }
}

function isHex(colour: string): boolean {
  return /^#[0-9a-f]{6}$/i.test(colour);
}

function channels(colour: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
}

/** Colours for figures: the scene's own map where it has one, so that the page speaks one language of colour. */

import type { Legend } from "./manifest";

/** A ramp needs so many colours to be one. */
const LEAST = 5;

/** From dark to light in even steps, for scenes whose colours mean something else. */
const PLAIN = ["oklch(0.2 0.05 285)", "oklch(0.42 0.13 300)", "oklch(0.66 0.16 20)", "oklch(0.94 0.1 95)"];

/** The colours of a scene's overview, from low to high, if that has one range of them. */
export function rampOf(all: readonly Legend[]): readonly string[] {
  const legends = all.filter(({ zooms }) => zooms !== "leaf");
  const ramps = legends.flatMap(({ entries }) => entries.filter(({ colours }) => colours.length >= LEAST));
  const colours = ramps.length === 1 ? ramps[0]!.colours : PLAIN;
  return colours.every((colour) => CSS.supports("color", colour)) ? colours : PLAIN;
}

/** The colour at a share of a ramp, from 0 to 1. */
export function colourAt(ramp: readonly string[], share: number): string {
  const at = Math.max(0, Math.min(1, share)) * (ramp.length - 1);
  const low = Math.min(Math.floor(at), ramp.length - 2);
  return `color-mix(in oklab, ${ramp[low + 1]} ${((at - low) * 100).toFixed(1)}%, ${ramp[low]})`;
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

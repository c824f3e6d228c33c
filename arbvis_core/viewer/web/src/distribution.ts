/** A tensor's values as a histogram of log2 |x|, negative to the left, positive to the right. */

import { el } from "./dom";
import { count, share, significant } from "./format";

/** Counts by log2 |x|: bin i begins at `start + i × step`. */
export interface Distribution {
  readonly start: number;
  readonly step: number;
  readonly positive: readonly number[];
  readonly negative: readonly number[];
}

const HEIGHT = 120;
/** For the numbers under the bars. */
const FOOT = 16;
/** Between the two halves: where zero is. */
const MIDDLE = 8;

/** Read a distribution from what was loaded; null if it is not one. */
export function distributionOf(loaded: unknown): Distribution | null {
  if (typeof loaded !== "object" || loaded === null) return null;
  const { start, step, positive, negative } = loaded as Record<string, unknown>;
  const counts = (value: unknown): value is number[] => Array.isArray(value) && value.every(Number.isFinite);
  if (typeof start !== "number" || typeof step !== "number" || !(step > 0)) return null;
  if (!counts(positive) || !counts(negative) || positive.length !== negative.length) return null;
  return positive.length > 0 ? { start, step, positive, negative } : null;
}

/** The chart and the line under it that tells of the bar one points at. */
export function distributionChart(given: Distribution, zeros: number): HTMLElement[] {
  const total = [...given.positive, ...given.negative].reduce((sum, value) => sum + value, zeros);
  const canvas = el("canvas", { role: "img", class: "distribution", "aria-label": spoken(given, total) });
  const rest = `${count(total)} elements${zeros ? `, ${share(zeros / total)} exactly zero` : ""}; bars are logarithmic`;
  const readout = el("p", { class: "note figure" }, rest);
  const chart = new Chart(canvas, given);
  new ResizeObserver(() => chart.draw()).observe(canvas);
  canvas.addEventListener("pointermove", (event) => {
    const bar = chart.at(event.offsetX);
    readout.textContent = bar ? `${bar.range}: ${count(bar.value)} (${share(bar.value / total)})` : rest;
  });
  canvas.addEventListener("pointerleave", () => {
    readout.textContent = rest;
  });
  return [canvas, readout];
}

class Chart {
  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly given: Distribution,
  ) {}

  draw(): void {
    const density = window.devicePixelRatio || 1;
    const width = this.canvas.clientWidth;
    const context = this.canvas.getContext("2d");
    if (!context || width === 0) return;
    this.canvas.width = Math.round(width * density);
    this.canvas.height = Math.round(HEIGHT * density);
    context.scale(density, density);
    const style = getComputedStyle(this.canvas);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    const { positive, negative } = this.given;
    const top = Math.log1p(Math.max(...positive, ...negative));
    const floor = HEIGHT - FOOT;
    for (const [counts, sign] of [[negative, -1], [positive, 1]] as const) {
      context.fillStyle = colour(sign < 0 ? "--negative" : "--positive");
      counts.forEach((value, bin) => {
        if (value === 0) return;
        const height = Math.max(1.5, (Math.log1p(value) / top) * (floor - 4));
        const [from, to] = this.edges(bin, sign);
        context.fillRect(from, floor - height, Math.max(1, to - from - (to - from > 3 ? 0.75 : 0)), height);
      });
    }
    context.fillStyle = colour("--edge");
    context.fillRect(0, floor, width, 1);
    context.fillStyle = colour("--quiet");
    context.font = '10.5px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
    context.textAlign = "center";
    this.drawNumbers(context, width, floor);
  }

  /** The bar at a place of the chart. */
  at(x: number): { readonly value: number; readonly range: string } | null {
    const { start, step, positive, negative } = this.given;
    const middle = this.canvas.clientWidth / 2;
    const sign = x < middle ? -1 : 1;
    const bin = Math.floor((Math.abs(x - middle) - MIDDLE / 2) / this.pitch);
    const value = (sign < 0 ? negative : positive)[bin];
    if (value === undefined) return null;
    const ends = [2 ** (start + bin * step), 2 ** (start + (bin + 1) * step)].map((end) => significant(sign * end));
    return { value, range: (sign < 0 ? ends.reverse() : ends).join(" … ") };
  }

  private get pitch(): number {
    return (this.canvas.clientWidth - MIDDLE) / 2 / this.given.positive.length;
  }

  private edges(bin: number, sign: number): readonly [number, number] {
    const middle = this.canvas.clientWidth / 2;
    const ends = [bin, bin + 1].map((at) => middle + sign * (MIDDLE / 2 + at * this.pitch));
    return [Math.min(...ends), Math.max(...ends)];
  }

  /** Powers of ten, as far as they do not touch. */
  private drawNumbers(context: CanvasRenderingContext2D, width: number, floor: number): void {
    const { start, step, positive } = this.given;
    const end = start + step * positive.length;
    const taken: number[] = [width / 2];
    context.fillText("0", width / 2, HEIGHT - 3);
    for (let power = Math.floor(end / Math.log2(10)); power * Math.log2(10) >= start; power--) {
      const away = MIDDLE / 2 + ((power * Math.log2(10) - start) / step) * this.pitch;
      for (const sign of [-1, 1]) {
        const x = width / 2 + sign * away;
        if (x < 16 || x > width - 16 || taken.some((other) => Math.abs(other - x) < 32)) continue;
        taken.push(x);
        context.fillRect(Math.round(x), floor, 1, 3);
        context.fillText(`${sign < 0 ? "−" : ""}${powerText(power)}`, x, HEIGHT - 3);
      }
    }
  }
}

function powerText(power: number): string {
  if (power >= -3 && power <= 3) return String(Number((10 ** power).toPrecision(1)));
  return `10${String(power).replace(/./g, (digit) => (digit === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]!))}`;
}

function spoken(given: Distribution, total: number): string {
  const sum = (counts: readonly number[]): number => counts.reduce((one, value) => one + value, 0);
  const part = (counts: readonly number[]): string => share(total ? sum(counts) / total : 0);
  const [least, most] = [given.start, given.start + given.step * given.positive.length].map((power) => significant(2 ** power));
  return `Histogram of the values by magnitude, from ${least} to ${most}: ${part(given.negative)} negative, ${part(given.positive)} positive`;
}

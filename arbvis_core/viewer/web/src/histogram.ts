/** How often each byte occurs: drawn when it is opened, from statistics that are loaded then. */

import { el } from "./dom";
import { count, hex, share } from "./format";
import type { Legend } from "./manifest";

const WIDTH = 256;
const HEIGHT = 64;

/** The numbers of a byte scene's statistics, or null if these are not they. */
export function histogramOf(statistics: unknown): readonly number[] | null {
  if (typeof statistics !== "object" || statistics === null || !("histogram" in statistics)) return null;
  const { histogram } = statistics;
  const valid = Array.isArray(histogram) && histogram.length === 256 && histogram.every(Number.isFinite);
  return valid ? (histogram as number[]) : null;
}

/** A part of the legend that opens; `load` is called once, when it does. */
export function histogramPanel(load: () => Promise<unknown>, legend: readonly Legend[]): HTMLElement {
  const body = el("div", { class: "histogram-body" });
  const panel = el("details", { class: "histogram" }, el("summary", {}, "Histogram"), body);
  const show = async (): Promise<void> => {
    const histogram = histogramOf(await load());
    body.replaceChildren(...(histogram ? histogramChart(histogram, legend) : [el("p", { class: "note" }, "No statistics.")]));
  };
  panel.addEventListener("toggle", () => void show(), { once: true });
  return panel;
}

/** The chart of 256 counts, and the line under it that tells of a bar. */
export function histogramChart(histogram: readonly number[], legend: readonly Legend[]): HTMLElement[] {
  const total = histogram.reduce((sum, value) => sum + value, 0);
  const top = Math.log1p(Math.max(...histogram));
  const canvas = el("canvas", { role: "img", "aria-label": "How often each byte occurs, on a logarithmic scale" });
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const context = canvas.getContext("2d");
  histogram.forEach((value, byte) => {
    if (!context || value === 0) return;
    const height = Math.max(1, (Math.log1p(value) / top) * HEIGHT);
    context.fillStyle = colourOf(byte, legend);
    context.fillRect(byte, HEIGHT - height, 1, height);
  });
  const readout = el("p", { class: "note figure" }, "Logarithmic; point at a bar");
  canvas.addEventListener("pointermove", (event) => {
    const byte = Math.max(0, Math.min(255, Math.floor((event.offsetX / canvas.clientWidth) * 256)));
    const value = histogram[byte]!;
    readout.textContent = `${byteName(byte)}: ${count(value)} (${share(total ? value / total : 0)})`;
  });
  return [canvas, readout];
}

function byteName(byte: number): string {
  const code = hex(byte).replace(/^0x(.)$/, "0x0$1");
  return byte > 0x20 && byte < 0x7f ? `${code} ${String.fromCharCode(byte)}` : code;
}

/** What stands for black and white, which would not show on a dark or a light card. */
const NEUTRAL = "#888";
const EXTREMES: readonly (string | undefined)[] = ["#000000", "#ffffff"];

/** A middling colour of the class that a byte belongs to. */
function colourOf(byte: number, legend: readonly Legend[]): string {
  for (const { entries } of legend) {
    for (const { low, high, colours } of entries) {
      if (byte < Number(low) || byte > Number(high) || !low || !high) continue;
      const colour = colours[Math.ceil((colours.length - 1) * 0.75)];
      if (colour && !EXTREMES.includes(colour) && CSS.supports("color", colour)) return colour;
    }
  }
  return NEUTRAL;
}

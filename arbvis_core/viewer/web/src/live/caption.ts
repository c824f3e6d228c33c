/** The foot of a saved picture: a line that says what it is, and the legend. */

import { printable } from "../format";
import { legendsOf } from "../legend";
import type { LegendEntry } from "../manifest";
import type { Stage } from "../stage";

const MARGIN = 20;
const LINE = 24;
const SWATCH = 34;
const BORDER = "rgba(128, 134, 146, 0.6)";
const FAMILY = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const FONT = `12px ${FAMILY}`;
const STRONG = `600 13px ${FAMILY}`;

interface Entry {
  /** None where it is a heading. */
  readonly colours: readonly string[];
  readonly text: string;
  readonly x: number;
  readonly line: number;
}

export interface Caption {
  readonly width: number;
  readonly height: number;
  readonly titles: readonly string[];
  readonly entries: readonly Entry[];
}

/** Set the legends of one view, or of two, in lines of a width. */
export function measureCaption(stages: readonly Stage[], width: number): Caption {
  const told = legendsOf(stages);
  const context = document.createElement("canvas").getContext("2d")!;
  context.font = FONT;
  const entries: Entry[] = [];
  let [x, line] = [MARGIN, -1];
  for (const { scene, legends } of told) {
    [x, line] = [MARGIN, line + 1];
    const titles = legends.map(({ title }) => title).join("; ");
    if (told.length > 1) {
      entries.push({ colours: [], text: `${printable(scene.facts.label)} · ${titles}`, x, line });
      line += 1;
    }
    for (const entry of legends.flatMap(({ entries: all }) => all)) {
      const text = textOf(entry);
      const room = SWATCH + 8 + context.measureText(text).width + 22;
      if (x > MARGIN && x + room > width - MARGIN) [x, line] = [MARGIN, line + 1];
      entries.push({ colours: entry.colours.filter((colour) => CSS.supports("color", colour)), text, x, line });
      x += room;
    }
  }
  const lines = entries.length > 0 ? line + 1 : 0;
  const titles = told.length > 1 ? [] : told.flatMap(({ legends }) => legends.map(({ title }) => title));
  return { width, height: 2 * MARGIN - 8 + LINE * (1 + lines), titles, entries };
}

export function drawCaption(context: CanvasRenderingContext2D, { width, height, titles, entries }: Caption, style: CSSStyleDeclaration, top: number, about: string): void {
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  context.fillStyle = colour("--solid");
  context.fillRect(0, top, width, height);
  context.fillStyle = colour("--edge");
  context.fillRect(0, top, width, 1);
  context.textBaseline = "middle";
  context.textAlign = "left";
  const first = top + MARGIN - 4 + LINE / 2;
  context.font = STRONG;
  context.fillStyle = colour("--text");
  context.fillText(about, MARGIN, first, width / 2);
  context.font = FONT;
  context.fillStyle = colour("--quiet");
  context.textAlign = "right";
  context.fillText(titles.join("; "), width - MARGIN, first, width / 2 - 3 * MARGIN);
  context.textAlign = "left";
  for (const { colours, text, x, line } of entries) {
    const y = first + LINE * (line + 1);
    const heading = colours.length === 0;
    if (!heading) {
      context.fillStyle = fillOf(context, colours, x);
      context.fillRect(x, y - 7, SWATCH, 14);
      // As on the page: white is seen on white.
      context.strokeStyle = BORDER;
      context.lineWidth = 1;
      context.strokeRect(x + 0.5, y - 6.5, SWATCH - 1, 13);
    }
    context.fillStyle = colour(heading ? "--quiet" : "--text");
    context.fillText(text, heading ? x : x + SWATCH + 8, y);
  }
}

function fillOf(context: CanvasRenderingContext2D, colours: readonly string[], x: number): string | CanvasGradient {
  if (colours.length < 2) return colours[0] ?? "transparent";
  const ramp = context.createLinearGradient(x, 0, x + SWATCH, 0);
  colours.forEach((colour, at) => ramp.addColorStop(at / (colours.length - 1), colour));
  return ramp;
}

function textOf({ label, low, high }: LegendEntry): string {
  return low || high ? `${label} ${low ?? ""} – ${high ?? ""}` : label;
}

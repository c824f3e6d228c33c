/** Outlines and names over rectangles: small, in their corners, and never one over another. */

import { contains, intersect, type Rectangle } from "./entities";
import { printable } from "./format";
import { type CollisionGrid, type PlacedLabel } from "./labels";
import type { Placement, RegionLabel } from "./manifest";
import type { Pen } from "./outlines";
import type { Scene } from "./scene";
import type { Frame } from "./screen";
import { expertOf, groupText, layerOf, matrixOf, roleText, shortText } from "./tensor";

export interface Tag extends PlacedLabel {
  /** It lies beside what it names, on the bare ground. */
  readonly beside: boolean;
}

export interface Tags {
  readonly fileLabels: readonly Tag[];
  readonly regionLabels: readonly Tag[];
}

const FAMILY = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif';
const FONT = `500 11px ${FAMILY}`;
const STRONG = `600 11px ${FAMILY}`;
const HEIGHT = 16;
const PADDING = 5;
/** Screen pixels between a tag and the edges of what it names. */
const INSET = 3;
/** So many names of tensors, and of blocks, are written at most. */
const MOST = 180;
/** Blocks with fewer screen pixels have no name. */
const LEAST_AREA = 2400;
/** A name may hide this much of what it names; that of a block more, because more lies in it. */
const HIDDEN = 0.07;
const HIDDEN_OF_BLOCK = 0.12;
/** The first of many experts says what the others, which have room for their numbers only, are. */
const HIDDEN_OF_FIRST = 0.16;
/** A tag that is in the way of another moves it so often at most. */
const MOVES = 4;
/** A region that takes so much of the canvas is the picture itself. */
const WHOLE = 0.95;

/** A thin line, fainter around what is small. */
export function placementPen(_item: Placement, area: number): Pen {
  const strength = Math.min(1, Math.sqrt(area / 20_000));
  return { colour: `rgba(255, 255, 255, ${(0.1 + 0.22 * strength).toFixed(2)})`, width: 1 };
}

/** A block; dashed where its text tells what is wrong with it. */
export function regionPen(item: RegionLabel): Pen {
  const colour = item.text ? "rgba(150, 156, 168, 0.9)" : "rgba(255, 255, 255, 0.45)";
  return item.text ? { colour, width: 1, dash: [4, 4] } : { colour, width: 1 };
}

/** Choose the names of blocks and of what lies in them. */
export function placeTags(
  context: CanvasRenderingContext2D,
  frame: Frame,
  scene: Scene,
  files: readonly number[],
  regions: readonly number[],
  grid: CollisionGrid,
): Tags {
  const regionLabels = placeBlocks(context, frame, scene, files, regions, grid);
  const named = scene.placements.items.length > 1 ? files : [];
  context.font = FONT;
  const fileLabels: Tag[] = [];
  for (const index of named) {
    if (fileLabels.length >= MOST) break;
    const box = onScreen(scene.placements.rectangle(index), frame);
    const placement = scene.placements.items[index]!;
    // Cells have their names above them.
    if (!box || matrixOf(placement)) continue;
    const telling = scene.isAmbiguous(index) ? roleText(placement) : "";
    const rough = layerOf(placement) === null ? groupText(placement) : "";
    const expert = expertOf(placement);
    const number = expert === null ? "" : String(expert);
    for (const text of new Set([telling, shortText(placement), rough, number])) {
      const room = { inset: INSET, hidden: expert === 0 ? HIDDEN_OF_FIRST : HIDDEN };
      const tag = text ? inside(context, frame, box, index, text, grid, room) : null;
      if (!tag) continue;
      fileLabels.push(tag);
      break;
    }
  }
  return { fileLabels, regionLabels };
}

export function drawTags(
  context: CanvasRenderingContext2D,
  frame: Frame,
  fileLabels: readonly PlacedLabel[],
  regionLabels: readonly PlacedLabel[],
): void {
  context.textBaseline = "middle";
  context.font = FONT;
  for (const label of fileLabels) drawTag(context, frame, label, "rgba(13, 15, 19, 0.66)", "rgba(255, 255, 255, 0.94)");
  context.font = STRONG;
  const beside = getComputedStyle(context.canvas).getPropertyValue("--quiet").trim();
  for (const label of regionLabels) {
    if ((label as Tag).beside) drawTag(context, frame, label, null, beside);
    else drawTag(context, frame, label, "rgba(13, 15, 19, 0.82)", "#fff");
  }
}

function drawTag(context: CanvasRenderingContext2D, frame: Frame, label: PlacedLabel, ground: string | null, ink: string): void {
  const { width, height } = label;
  const x = Math.round(label.x * frame.scale + frame.left - width / 2);
  const y = Math.round(label.y * frame.scale + frame.top - height / 2);
  if (ground) {
    context.beginPath();
    context.roundRect(x, y, width, height, 3);
    context.fillStyle = ground;
    context.fill();
  }
  context.fillStyle = ink;
  context.fillText(label.text, x + PADDING, y + height / 2 + 0.5);
}

/** Names of blocks: beside them if there is room for all, else in their corners. */
function placeBlocks(
  context: CanvasRenderingContext2D,
  frame: Frame,
  scene: Scene,
  files: readonly number[],
  regions: readonly number[],
  grid: CollisionGrid,
): Tag[] {
  context.font = STRONG;
  const shown = regions.filter((index) => {
    const box = onScreen(scene.labels.rectangle(index), frame);
    return box !== null && area(box) >= LEAST_AREA && scene.labels.size[index]! < WHOLE * scene.width * scene.height;
  });
  const boxes = files.map((index) => toScreen(scene.placements.rectangle(index), frame));
  boxes.push(...shown.map((index) => toScreen(scene.labels.rectangle(index), frame)));
  const beside = shown.slice(0, MOST).map((index) => placeBeside(context, frame, scene, index, boxes, grid));
  const free = beside.every((tag, at) => tag !== null && beside.slice(0, at).every((other) => apart(tag, other, frame)));
  const tags: Tag[] = [];
  for (const [at, index] of shown.slice(0, MOST).entries()) {
    const told = nameOf(scene.labels.items[index]!);
    const box = onScreen(scene.labels.rectangle(index), frame)!;
    const tag = free ? beside[at]! : corner(context, frame, box, index, told, grid);
    if (!tag) continue;
    if (free) grid.take(boxOf(tag, frame));
    tags.push(tag);
  }
  return tags;
}

function nameOf(item: RegionLabel): string {
  return printable(item.text || item.name);
}

/** Beside the left or the right edge, or above, where nothing lies. */
function placeBeside(
  context: CanvasRenderingContext2D,
  frame: Frame,
  scene: Scene,
  index: number,
  boxes: readonly Rectangle[],
  grid: CollisionGrid,
): Tag | null {
  const text = nameOf(scene.labels.items[index]!);
  const own = toScreen(scene.labels.rectangle(index), frame);
  const { x0, y0, x1 } = own;
  const width = widthOf(context, text);
  const choices = [
    [x0 - width - 1, y0],
    [x1 + 1, y0],
    [x0 - PADDING, y0 - HEIGHT],
  ] as const;
  for (const [x, y] of choices) {
    const box = { x0: x, y0: y, x1: x + width, y1: y + HEIGHT };
    const seen = box.x0 >= 2 && box.y0 >= 2 && box.x1 <= frame.width - 2 && box.y1 <= frame.height - 2;
    if (seen && !grid.blocker(box) && boxes.every((other) => intersect(other, box) === null || contains(other, own))) {
      return tagAt(frame, box, index, text, true);
    }
  }
  return null;
}

/** In the corner of a block that is much larger than its name. */
function corner(
  context: CanvasRenderingContext2D,
  frame: Frame,
  box: Rectangle,
  index: number,
  text: string,
  grid: CollisionGrid,
): Tag | null {
  const roomy = box.x1 - box.x0 >= 1.25 * widthOf(context, text);
  return roomy ? inside(context, frame, box, index, text, grid, { inset: 0, hidden: HIDDEN_OF_BLOCK }) : null;
}

/** In the upper left corner of a box, or where what lies there already leaves room. */
function inside(
  context: CanvasRenderingContext2D,
  frame: Frame,
  box: Rectangle,
  index: number,
  text: string,
  grid: CollisionGrid,
  { inset, hidden }: { inset: number; hidden: number },
): Tag | null {
  const width = widthOf(context, text);
  if (width * HEIGHT > hidden * area(box)) return null;
  let x = box.x0 + inset;
  let y = box.y0 + inset;
  for (let move = 0; move < MOVES; move++) {
    if (x + width > box.x1 - inset) return null;
    const at = { x0: x, y0: y, x1: x + width, y1: y + HEIGHT };
    if (at.y1 > box.y1 - inset) return null;
    const blocker = grid.blocker(at);
    if (!blocker) {
      grid.take(at);
      return tagAt(frame, at, index, text, false);
    }
    // Below a small thing in the way, beside a tall one.
    if (blocker.y1 - y > 6 * HEIGHT || blocker.y1 + HEIGHT > box.y1) x = blocker.x1 + INSET;
    else y = blocker.y1 + INSET;
  }
  return null;
}

function tagAt(frame: Frame, box: Rectangle, index: number, text: string, beside: boolean): Tag {
  return {
    index,
    text,
    beside,
    x: ((box.x0 + box.x1) / 2 - frame.left) / frame.scale,
    y: ((box.y0 + box.y1) / 2 - frame.top) / frame.scale,
    width: box.x1 - box.x0,
    height: box.y1 - box.y0,
  };
}

function apart(tag: Tag, other: Tag | null, frame: Frame): boolean {
  return other === null || intersect(boxOf(tag, frame), boxOf(other, frame)) === null;
}

function boxOf({ x, y, width, height }: Tag, frame: Frame): Rectangle {
  const left = x * frame.scale + frame.left - width / 2;
  const top = y * frame.scale + frame.top - height / 2;
  return { x0: left, y0: top, x1: left + width, y1: top + height };
}

function widthOf(context: CanvasRenderingContext2D, text: string): number {
  return Math.ceil(context.measureText(text).width) + 2 * PADDING;
}

function area({ x0, y0, x1, y1 }: Rectangle): number {
  return (x1 - x0) * (y1 - y0);
}

function toScreen({ x0, y0, x1, y1 }: Rectangle, { scale, left, top }: Frame): Rectangle {
  return { x0: x0 * scale + left, y0: y0 * scale + top, x1: x1 * scale + left, y1: y1 * scale + top };
}

/** The part of a box that is on screen, in pixels of the screen. */
function onScreen(box: Rectangle, frame: Frame): Rectangle | null {
  return intersect(toScreen(box, frame), { x0: 0, y0: 0, x1: frame.width, y1: frame.height });
}

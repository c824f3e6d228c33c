/** Everything drawn over the tiles: outlines, names, the pixel under the pointer, the pin. */

import { asRectangle, type Rectangle } from "./entities";
import { basename, printable } from "./format";
import { drawHeads } from "./heads";
import { CollisionGrid, placeLabels, type LabelStyle, type PlacedLabel } from "./labels";
import { drawMatrices } from "./matrices";
import { drawOutlines, outlineCell, type Pen } from "./outlines";
import type { Placement, RegionLabel } from "./manifest";
import type { Scene, Spot } from "./scene";
import { Sheet, type Frame } from "./screen";
import { drawTags, placeTags, placementPen, regionPen as blockPen } from "./tags";

/** So many entities in view are outlined at most. */
const MOST = 1000;

/** Entities below this many screen pixels have no outline that could be told from a dot. */
const LEAST_AREA = 48;

/** So many screen pixels give an entity its full outline; smaller ones are fainter. */
const FULL_AREA = 6000;

/** More names than this make a page of text of the picture. */
const MOST_NAMES = 60;

const FAMILY = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif';

const FILE_LABEL: LabelStyle = {
  font: `600 12px ${FAMILY}`,
  height: 22,
  padding: 8,
  leastArea: 900,
  most: MOST_NAMES,
  inside: false,
};

const REGION_LABEL: LabelStyle = {
  font: `500 11px ${FAMILY}`,
  height: 18,
  padding: 6,
  leastArea: 3600,
  most: 2 * MOST_NAMES,
  inside: true,
};

const HIGHLIGHT: Pen = { colour: "#fff", width: 2 };
const SELECTED: Pen = { colour: "#ffd23f", width: 2 };

interface Chosen {
  readonly files: readonly number[];
  readonly regions: readonly number[];
  readonly fileLabels: readonly PlacedLabel[];
  readonly regionLabels: readonly PlacedLabel[];
}

const NOTHING: Chosen = { files: [], regions: [], fileLabels: [], regionLabels: [] };

export class Overlay {
  shown = true;
  hovered: Spot | null = null;
  pinned: Spot | null = null;
  /** A placement that was chosen in a list. */
  selected: number | null = null;
  /** Whether the edges of heads are drawn. */
  heads = false;
  /** Draw more over the tiles, under what is marked. */
  readonly printers: ((context: CanvasRenderingContext2D, frame: Frame) => void)[] = [];
  private readonly sheet: Sheet;
  private chosen: Chosen = NOTHING;

  constructor(
    host: HTMLElement,
    private readonly scene: Scene,
    private readonly obstacles: () => readonly Rectangle[],
  ) {
    this.sheet = new Sheet(host, "overlay");
  }

  /** What is drawn now: for tests and the curious. */
  get drawn(): Chosen {
    return this.chosen;
  }

  /** Decide what is outlined and named in a frame; drawing follows. */
  choose(frame: Frame): void {
    this.chosen = this.shown ? this.select(frame) : NOTHING;
  }

  draw(frame: Frame): void {
    const context = this.sheet.begin(frame);
    const { placements, labels } = this.scene;
    const { files, regions, fileLabels, regionLabels } = this.chosen;
    const onCurve = this.scene.curve !== null;
    if (regions.length > 0) drawOutlines(context, frame, labels, regions, onCurve ? regionPen : blockPen);
    // A lone file is the picture: an outline around it would say nothing.
    if (placements.items.length > 1) {
      const area = frame.scale ** 2;
      const pen = onCurve ? filePen : placementPen;
      drawOutlines(context, frame, placements, files, (item, index) => pen(item, placements.size[index]! * area));
    }
    if (this.heads) drawHeads(context, frame, this.scene, files.length > 0 ? files : this.inView(frame));
    for (const print of this.printers) print(context, frame);
    this.drawHighlight(context, frame);
    if (onCurve) this.drawLabels(context, frame);
    else drawTags(context, frame, fileLabels, regionLabels);
    if (!onCurve && this.shown) drawMatrices(context, frame, this.scene, files);
    this.drawPin(context, frame);
  }

  private drawLabels(context: CanvasRenderingContext2D, frame: Frame): void {
    const { fileLabels, regionLabels } = this.chosen;
    for (const label of regionLabels) drawRegionLabel(context, frame, label);
    for (const label of fileLabels) {
      drawFileLabel(context, frame, label, this.scene.placements.items[label.index]!.hue);
    }
  }

  private select(frame: Frame): Chosen {
    const { placements, labels } = this.scene;
    const files = this.inView(frame);
    const regions = labels.inView(frame.visible, (12 * LEAST_AREA) / frame.scale ** 2, MOST);
    const grid = new CollisionGrid();
    for (const box of this.obstacles()) grid.take(box);
    const context = this.sheet.begin(frame);
    if (!this.scene.curve) {
      return { files, regions, ...placeTags(context, frame, this.scene, files, regions, grid) };
    }
    const named = placements.items.length > 1 ? files : [];
    const fileLabels = placeLabels(context, frame, placements, named, grid, FILE_LABEL, describeFile);
    const regionLabels = placeLabels(context, frame, labels, regions, grid, REGION_LABEL, describeRegion);
    return { files, regions, fileLabels, regionLabels };
  }

  private inView(frame: Frame): number[] {
    return this.scene.placements.inView(frame.visible, LEAST_AREA / frame.scale ** 2, MOST);
  }

  private drawHighlight(context: CanvasRenderingContext2D, frame: Frame): void {
    if (this.selected !== null) drawOutlines(context, frame, this.scene.placements, [this.selected], () => SELECTED);
    const spot = this.hovered;
    if (!spot) return;
    const { placements, labels } = this.scene;
    if (this.shown && spot.placement !== null && placements.items.length > 1) {
      drawOutlines(context, frame, placements, [spot.placement], () => HIGHLIGHT);
    }
    const region = spot.regions[0];
    if (this.shown && region !== undefined && (this.scene.curve || spot.placement === null)) {
      drawOutlines(context, frame, labels, [region], () => HIGHLIGHT);
    }
    if (spot.cell * frame.scale >= 4) drawCell(context, frame, spot, "#fff");
  }

  private drawPin(context: CanvasRenderingContext2D, frame: Frame): void {
    if (!this.pinned) return;
    const { x, y, cell } = this.pinned;
    if (cell * frame.scale >= 8) drawCell(context, frame, this.pinned, "#ffd23f");
    const middleX = (x + cell / 2) * frame.scale + frame.left;
    const middleY = (y + cell / 2) * frame.scale + frame.top;
    const radius = Math.max(9, (cell * frame.scale) / 2 + 6);
    for (const [colour, width] of [["rgba(0, 0, 0, 0.7)", 4], ["#ffd23f", 2]] as const) {
      context.beginPath();
      context.arc(middleX, middleY, radius, 0, 2 * Math.PI);
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.stroke();
    }
  }

  /** The outline of a placement as it would be drawn at a scale: for tests. */
  outline(index: number, scale: number): number[] {
    return [...this.scene.placements.shape(index, outlineCell(scale)).segments];
  }
}

function describeFile(item: Placement): { text: string; point: readonly [number, number] | null } {
  return { text: printable(basename(item.name)), point: item.label ?? null };
}

function describeRegion(item: RegionLabel): { text: string } {
  return { text: printable(item.name || item.text) };
}

function filePen(item: Placement, area: number): Pen {
  const strength = Math.min(1, Math.sqrt(area / FULL_AREA));
  return {
    colour: `hsla(${item.hue}, 75%, 66%, ${(0.3 + 0.65 * strength).toFixed(2)})`,
    width: strength < 0.5 ? 1 : 1.5,
  };
}

function regionPen(): Pen {
  return { colour: "rgba(255, 255, 255, 0.6)", width: 1, dash: [5, 3] };
}

function drawCell(context: CanvasRenderingContext2D, frame: Frame, spot: Spot, colour: string): void {
  const { x0, y0 } = asRectangle({ x: spot.x, y: spot.y, side: spot.cell });
  const left = Math.round(x0 * frame.scale + frame.left);
  const top = Math.round(y0 * frame.scale + frame.top);
  const side = Math.round(spot.cell * frame.scale);
  context.strokeStyle = "rgba(0, 0, 0, 0.8)";
  context.lineWidth = 3;
  context.strokeRect(left - 0.5, top - 0.5, side + 1, side + 1);
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  context.strokeRect(left - 0.5, top - 0.5, side + 1, side + 1);
}

function drawFileLabel(context: CanvasRenderingContext2D, frame: Frame, label: PlacedLabel, hue: number): void {
  const { width, height } = label;
  const x = Math.round(label.x * frame.scale + frame.left - width / 2);
  const y = Math.round(label.y * frame.scale + frame.top - height / 2);
  context.beginPath();
  context.roundRect(x + 0.5, y + 0.5, width - 1, height - 1, 5);
  context.fillStyle = "rgba(15, 17, 21, 0.86)";
  context.fill();
  context.strokeStyle = `hsl(${hue}, 75%, 64%)`;
  context.lineWidth = 1;
  context.stroke();
  context.font = FILE_LABEL.font;
  context.textBaseline = "middle";
  context.fillStyle = "#f4f5f7";
  context.fillText(label.text, x + FILE_LABEL.padding, y + height / 2 + 0.5);
}

function drawRegionLabel(context: CanvasRenderingContext2D, frame: Frame, label: PlacedLabel): void {
  const { width, height } = label;
  const x = Math.round(label.x * frame.scale + frame.left - width / 2);
  const y = Math.round(label.y * frame.scale + frame.top - height / 2);
  context.beginPath();
  context.roundRect(x, y, width, height, 4);
  context.fillStyle = "rgba(15, 17, 21, 0.82)";
  context.fill();
  context.font = REGION_LABEL.font;
  context.textBaseline = "middle";
  context.fillStyle = "#fff";
  context.fillText(label.text, x + REGION_LABEL.padding, y + height / 2 + 0.5);
}

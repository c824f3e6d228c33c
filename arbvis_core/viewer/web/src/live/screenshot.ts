/** The picture as one sees it, with its legend and a line that says what it is, as a file. */

import type { App } from "../app";
import { el, iconButton } from "../dom";
import type { Feature } from "../feature";
import { printable } from "../format";
import { drawCaption, measureCaption } from "./caption";

export class Screenshot implements Feature {
  readonly tools: readonly HTMLElement[];
  readonly commands;

  constructor(private readonly app: App) {
    this.tools = [iconButton("camera", "Save as a picture", "d", () => void this.save())];
    this.commands = [{ keys: ["d"], shown: ["d"], does: "Save what is shown as a picture", run: () => void this.save() }];
  }

  private async save(): Promise<void> {
    const blob = await this.paint();
    const { title } = this.app.manifest;
    const link = el("a", { download: `${title.replaceAll(/[^\w.-]+/g, "-").slice(0, 80) || "picture"}.png`, href: URL.createObjectURL(blob) });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    this.app.say("Picture saved");
  }

  private async paint(): Promise<Blob> {
    const { app } = this;
    const density = window.devicePixelRatio || 1;
    const { clientHeight: height } = app.place;
    const halves = [...app.place.querySelectorAll<HTMLElement>(".half")];
    const boxes = halves.map((half) => half.getBoundingClientRect());
    // Side by side, two views lie between the panels, and nothing lies under these.
    const left = Math.min(...boxes.map((box) => box.left));
    const width = Math.max(...boxes.map((box) => box.right)) - left;
    const about = [printable(app.manifest.title), ...app.shownText()].join(" · ");
    const foot = measureCaption(app.stages, width);
    const canvas = el("canvas");
    [canvas.width, canvas.height] = [Math.round(width * density), Math.round((height + foot.height) * density)];
    const context = canvas.getContext("2d")!;
    context.scale(density, density);
    context.translate(-left, 0);
    for (const half of halves) drawHalf(context, half);
    drawSeam(context, app.place);
    context.translate(left, 0);
    drawCaption(context, foot, getComputedStyle(app.place), height, about);
    return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("The browser cannot make a picture."))), "image/png"));
  }
}

/** What lies under the tiles, the tiles, and what lies over them. */
function drawHalf(context: CanvasRenderingContext2D, half: HTMLElement): void {
  const box = half.getBoundingClientRect();
  context.save();
  context.beginPath();
  const hidden = half.matches(".swipe .right") ? (parseFloat(getComputedStyle(half.parentElement!).getPropertyValue("--swipe")) / 100) * box.width : 0;
  context.rect(box.left + hidden, box.top, box.width - hidden, box.height);
  context.clip();
  const whole = (sheet: HTMLCanvasElement | null): void => {
    if (sheet) context.drawImage(sheet, box.left, box.top, box.width, box.height);
  };
  whole(half.querySelector(".ground"));
  context.imageSmoothingEnabled = half.querySelector(".tiles.crisp") === null;
  context.imageSmoothingQuality = "high";
  // Coarser tiles lie below finer ones, as on screen.
  for (const level of [...half.querySelectorAll<HTMLElement>(".tiles .leaflet-tile-container")].sort((a, b) => Number(a.style.zIndex) - Number(b.style.zIndex))) {
    for (const tile of level.querySelectorAll<HTMLImageElement>("img")) {
      const { left, top, width, height } = tile.getBoundingClientRect();
      if (tile.complete && tile.naturalWidth > 0) context.drawImage(tile, left, top, width, height);
    }
  }
  context.imageSmoothingEnabled = true;
  whole(half.querySelector(".overlay"));
  context.restore();
}

/** The line between two views, and what each is. */
function drawSeam(context: CanvasRenderingContext2D, place: HTMLElement): void {
  const handle = place.querySelector<HTMLElement>(".swipe-handle");
  if (!handle) return;
  const { left, width } = handle.getBoundingClientRect();
  context.fillStyle = getComputedStyle(handle).backgroundColor;
  context.fillRect(left, 0, width, place.clientHeight);
  for (const chip of place.querySelectorAll<HTMLElement>(".chip")) {
    const style = getComputedStyle(chip);
    const box = chip.getBoundingClientRect();
    context.beginPath();
    context.roundRect(box.left, box.top, box.width, box.height, 12);
    context.fillStyle = style.backgroundColor;
    context.fill();
    context.font = `500 12px ${style.fontFamily}`;
    context.textBaseline = "middle";
    context.fillStyle = style.color;
    context.fillText(chip.textContent ?? "", box.left + 11, box.top + box.height / 2 + 0.5, box.width - 22);
  }
}

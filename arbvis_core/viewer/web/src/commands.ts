/** What keys do. */

import type { App } from "./app";
import type { Command } from "./keys";

/** Screen pixels an arrow key moves. */
const STRIDE = 120;

export function commandsOf(app: App, further: readonly Command[]): Command[] {
  const planes = app.manifest.scenes.some(({ canvas }) => canvas.curve === null);
  const curves = app.manifest.scenes.some(({ canvas }) => canvas.curve !== null);
  return [
    one("/", curves ? "Search files, regions and offsets" : "Search by name, role or layer", () => app.search.open()),
    ...moves(app),
    ...(planes ? tensors(app) : []),
    ...(app.manifest.scenes.length > 1 ? [pictures(app)] : []),
    ...further,
    one("p", "Pin what is in the middle", () => app.pin(app.stage.middle)),
    one("c", "Copy what is pinned, or under the pointer", () => void app.cards.copy()),
    { keys: ["Escape"], shown: ["Esc"], does: "Unpin", run: () => app.pin(null) },
    one("o", "Outlines and names", () => app.toggles.toggle("outlines")),
    one("l", "Legend", () => app.toggles.toggle("legend")),
    one("m", "Overview", () => app.toggles.toggle("minimap")),
    one("t", "Light or dark", () => app.theme.toggle()),
    one("?", "This page", () => app.help()),
  ];
}

function pictures(app: App): Command {
  return { keys: ["<", ">"], shown: ["<", ">"], does: "The previous or next picture", run: ({ key }) => app.travel.walkScenes(key === "<" ? -1 : 1) };
}

function moves(app: App): Command[] {
  const pan = (x: number, y: number): void => app.stage.map.panBy(x * STRIDE, y * STRIDE);
  return [
    { keys: ["0", " "], shown: ["0", "Space"], does: "Show everything", run: () => app.travel.fit() },
    { keys: ["+", "=", "-", "_"], shown: ["+", "−"], does: "Zoom", run: ({ key }) => app.stage.map.zoomBy(key === "+" || key === "=" ? 1 : -1) },
    one("1", "One pixel per byte or element", () => app.travel.oneToOne()),
    {
      keys: ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"],
      shown: ["←", "→", "↑", "↓"],
      does: "Move",
      run: ({ key }) => pan(key === "ArrowLeft" ? -1 : key === "ArrowRight" ? 1 : 0, key === "ArrowUp" ? -1 : key === "ArrowDown" ? 1 : 0),
    },
  ];
}

/** Of pictures of tensors alone, not of bytes along a curve. */
function tensors(app: App): Command[] {
  const able = (): boolean => app.stage.scene.curve === null;
  const commands: Command[] = [
    { keys: ["[", "]"], shown: ["[", "]"], does: "The same tensor of the previous or next layer", run: ({ key }) => app.travel.walkLayers(key === "[" ? -1 : 1) },
    one("b", "Panel at the side", () => app.togglePanel()),
    one("e", "Tree of tensors", () => app.togglePane("tree")),
    one("a", "Table of all tensors", () => app.togglePane("table")),
    one("g", "Map of layers and roles", () => app.togglePane("map")),
    one("i", "Statistics of the chosen tensor", () => app.togglePane("statistics")),
    { ...one("h", "Edges of attention heads", () => app.toggles.toggle("heads")), able: () => !app.toggles.buttons.heads.hidden },
  ];
  return commands.map((command) => ({ able, ...command }));
}

function one(key: string, does: string, run: () => void): Command {
  return { keys: [key], shown: [key], does, run };
}

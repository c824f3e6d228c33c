/** What lies in the corners of the page: the tools, and buttons for zooming. */

import type { App } from "./app";
import { el, iconButton } from "./dom";

/** @param panel the button that opens the panel at the side; null where there is none. */
export function toolbar(app: App, panel: HTMLElement | null): HTMLElement {
  const { buttons } = app.toggles;
  return el(
    "div",
    { class: "card toolbar", role: "toolbar", "aria-label": "Tools" },
    panel,
    iconButton("search", "Search", "/", () => app.search.open()),
    buttons.outlines,
    panel && buttons.heads,
    buttons.legend,
    buttons.minimap,
    ...app.features.flatMap((feature) => feature.tools ?? []),
    iconButton("dark", "Light or dark", "t", () => app.theme.toggle()),
    iconButton("help", "Keys", "?", () => app.help()),
  );
}

export function zoomButtons(app: App): HTMLElement {
  return el(
    "div",
    { class: "card zoom", role: "group", "aria-label": "Zoom" },
    iconButton("plus", "Zoom in", "+", () => app.stage.map.zoomBy(1)),
    iconButton("minus", "Zoom out", "-", () => app.stage.map.zoomBy(-1)),
    iconButton("fit", "Show everything", "0", () => app.travel.fit()),
  );
}

/** The page's address: what one looks at, written into it and read from it. */

import type { App } from "./app";
import { parsePlace, writePlace } from "./link";

export class Address {
  constructor(private readonly app: App) {
    window.addEventListener("hashchange", () => this.restore());
  }

  /** Put what one looks at into the address. */
  write(): void {
    const { stage, features } = this.app;
    const { scene, map, overlay } = stage;
    const { pinned: pin, selected } = overlay;
    const more = Object.assign({}, ...features.map((feature) => feature.link?.() ?? {})) as Record<string, string>;
    const at = selected === null ? null : scene.placements.items[selected]!.name;
    writePlace({ scene: scene.facts.key, view: map.view, pin: pin ? { x: pin.x, y: pin.y } : null, at, more });
  }

  /** Look at what the address says. */
  restore(): void {
    const { app } = this;
    const place = parsePlace(location.hash);
    app.showScene(place?.scene ?? "");
    if (!place) return;
    for (const feature of app.features) feature.restore?.(place.more);
    const { map, scene, overlay } = app.stage;
    const pinned = place.pin ? scene.at(place.pin.x, place.pin.y, 1) : null;
    overlay.pinned = pinned?.placement == null ? null : pinned;
    const named = place.at === null ? -1 : scene.placements.items.findIndex(({ name }) => name === place.at);
    app.select(scene.curve ? null : (overlay.pinned?.placement ?? (named < 0 ? null : named)));
    if (place.view) map.show(place.view);
    app.refresh();
    app.settled();
  }
}

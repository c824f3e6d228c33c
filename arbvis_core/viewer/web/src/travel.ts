/** Going places: to what was searched for, to a tensor, to the same one of another layer. */

import type { App } from "./app";
import { intersect, type Rectangle } from "./entities";
import { printable } from "./format";
import type { Scene } from "./scene";
import type { Target } from "./search";
import { Series } from "./series";

export class Travel {
  private readonly series = new Map<Scene, Series>();

  constructor(private readonly app: App) {}

  /** Fly to a file, a region or a byte. */
  goTo(target: Target): void {
    const { scene, map } = this.app.stage;
    if (target.kind === "position") {
      const spot = scene.atPosition(target.position);
      if (!spot) return;
      map.fly({ x: spot.x + 0.5, y: spot.y + 0.5, zoom: Math.max(map.view.zoom, scene.maxZoom + 3) });
      this.app.pin(spot);
      return;
    }
    if (target.kind === "placement") return this.visit(target.index);
    this.frame(scene.labels.rectangle(target.index), printable(scene.labels.items[target.index]!.name));
  }

  /** Fly to a placement and mark it. */
  visit(index: number): void {
    const { scene } = this.app.stage;
    this.app.choose(scene.curve ? null : index);
    this.frame(scene.placements.rectangle(index), printable(scene.placements.items[index]!.name));
    this.app.settled();
  }

  /** Fly so that a rectangle fills the view. */
  frame(box: Rectangle, label: string): void {
    const { map, scene } = this.app.stage;
    map.fly(map.framing(box, scene.maxZoom + 4));
    this.app.say(label);
  }

  /** Go to the same tensor so many layers on, without moving within it. */
  walkLayers(by: number): void {
    const { app } = this;
    const { scene, map, overlay } = app.stage;
    const from = overlay.selected ?? overlay.hovered?.placement ?? app.stage.middle?.placement ?? null;
    if (scene.curve || from === null) return;
    const to = this.seriesOf(scene).neighbour(from, by);
    if (to === null) return app.say(by > 0 ? "No later layer has this" : "No earlier layer has this");
    const [here, there] = [scene.placements.rectangle(from), scene.placements.rectangle(to)];
    const [x, y] = [there.x0 - here.x0, there.y0 - here.y0];
    const { pinned } = overlay;
    if (pinned) app.pin(scene.at(pinned.x + x, pinned.y + y, 1));
    app.select(to);
    if (!intersect(here, map.visible)) return this.visit(to);
    const { view } = map;
    map.fly({ x: view.x + x, y: view.y + y, zoom: view.zoom });
    app.say(printable(scene.placements.items[to]!.name));
    app.settled();
  }

  /** Go to the next picture, or the one before; after the last comes the first. */
  walkScenes(by: number): void {
    const { manifest, stage } = this.app;
    const keys = manifest.scenes.map(({ key }) => key);
    this.app.showScene(keys[(keys.indexOf(stage.scene.facts.key) + by + keys.length) % keys.length]!);
    this.app.say(printable(this.app.stage.scene.facts.label));
  }

  fit(): void {
    const { map } = this.app.stage;
    map.fly(map.fitted());
  }

  oneToOne(): void {
    const { map, scene } = this.app.stage;
    map.fly({ ...map.view, zoom: scene.maxZoom });
  }

  private seriesOf(scene: Scene): Series {
    let series = this.series.get(scene);
    if (!series) this.series.set(scene, (series = new Series(scene)));
    return series;
  }
}

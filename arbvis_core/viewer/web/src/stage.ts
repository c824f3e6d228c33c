/** One scene on screen: tiles, what lies under and over them, and the pointer's business. */

import * as L from "leaflet";

import { drawBackdrop } from "./backdrop";
import type { Bundle } from "./bundle";
import type { Rectangle } from "./entities";
import { PictureMap, type Margins } from "./map";
import { Minimap } from "./minimap";
import { Overlay } from "./overlay";
import type { Scene, Spot } from "./scene";
import { frameOf, Sheet, type Frame } from "./screen";
import { TileLayer } from "./tiles";

/** While the map moves, outlines and names are chosen anew this often, in milliseconds. */
const PATIENCE = 120;

/** What the stage tells the page. */
export interface Listener {
  moved(frame: Frame): void;
  settled(): void;
  pointed(spot: Spot | null, point: L.Point | null): void;
  clicked(spot: Spot | null): void;
  /** A click with Shift. */
  extended?(spot: Spot): void;
}

export class Stage {
  readonly map: PictureMap;
  readonly overlay: Overlay;
  readonly minimap: Minimap;
  readonly tiles: TileLayer;
  private readonly host: HTMLElement;
  private readonly ground: Sheet;
  private pointer: L.Point | null = null;
  private chosenAt = 0;
  private readonly stopWatching: () => void;

  constructor(
    parent: HTMLElement,
    bundle: Bundle,
    readonly scene: Scene,
    private readonly listener: Listener,
    margins: () => Margins,
    obstacles: () => readonly Rectangle[],
  ) {
    this.host = document.createElement("div");
    this.host.className = "stage";
    parent.replaceChildren(this.host);
    this.ground = new Sheet(this.host, "ground");
    this.map = new PictureMap(this.host, scene, margins);
    this.overlay = new Overlay(this.host, scene, obstacles);
    this.minimap = new Minimap(bundle, scene, () => this.map);
    this.tiles = new TileLayer(bundle, scene);
    this.tiles.addTo(this.map.leaflet);
    this.stopWatching = this.listen();
  }

  /** Draw everything anew, with a fresh choice of outlines and names. */
  refresh(): void {
    const frame = frameOf(this.map);
    this.choose(frame);
    this.draw(frame);
  }

  /** What lies under a point of the screen, by the pixels that are shown there. */
  spotAt(point: L.Point): Spot | null {
    const { lng, lat } = this.map.leaflet.containerPointToLatLng(point);
    return this.scene.at(lng, lat, this.cell);
  }

  /** What lies in the middle of the screen. */
  get middle(): Spot | null {
    return this.spotAt(this.map.leaflet.getSize().divideBy(2));
  }

  /** The point of the screen in the middle of a spot. */
  pointOf(spot: Spot): L.Point {
    const half = spot.cell / 2;
    return this.map.leaflet.latLngToContainerPoint([spot.y + half, spot.x + half]);
  }

  /** Mark a spot as if the pointer were there. */
  mark(spot: Spot | null): void {
    this.overlay.hovered = spot;
    this.overlay.draw(frameOf(this.map));
  }

  /** Show all tiles as they are looked at now. */
  repaint(): void {
    this.tiles.renewAll();
    this.minimap.paint();
  }

  pin(spot: Spot | null): void {
    this.overlay.pinned = spot;
    this.draw(frameOf(this.map));
  }

  destroy(): void {
    this.stopWatching();
    this.map.destroy();
    this.host.remove();
  }

  /** Whether one pixel is one element or more. */
  get sharp(): boolean {
    return this.tiles.level === this.scene.maxZoom;
  }

  /** Elements along the side of what one pixel of the shown tiles stands for. */
  private get cell(): number {
    const { maxZoom } = this.scene;
    const level = Math.max(0, Math.min(maxZoom, Math.ceil(this.map.view.zoom - 0.05)));
    return 2 ** (maxZoom - level);
  }

  private choose(frame: Frame): void {
    this.chosenAt = performance.now();
    this.overlay.choose(frame);
  }

  private draw(frame: Frame): void {
    drawBackdrop(this.ground.begin(frame), frame, this.scene);
    this.overlay.draw(frame);
    this.minimap.update(frame);
    this.listener.moved(frame);
  }

  private onMove(): void {
    const frame = frameOf(this.map);
    if (performance.now() - this.chosenAt > PATIENCE) this.choose(frame);
    this.point();
    this.draw(frame);
  }

  private point(): void {
    const spot = this.pointer ? this.spotAt(this.pointer) : null;
    this.overlay.hovered = spot;
    this.listener.pointed(spot, this.pointer);
  }

  private listen(): () => void {
    const map = this.map.leaflet;
    map.on("move resize", () => this.onMove());
    map.on("moveend", () => {
      this.refresh();
      this.listener.settled();
    });
    map.on("click", ({ containerPoint, originalEvent }) => {
      const spot = this.spotAt(containerPoint);
      if (originalEvent.shiftKey && spot && this.listener.extended) this.listener.extended(spot);
      else this.listener.clicked(spot);
    });
    this.host.addEventListener("pointermove", (event) => {
      if (event.pointerType === "touch") return;
      this.pointer = map.mouseEventToContainerPoint(event);
      this.point();
      this.overlay.draw(frameOf(this.map));
    });
    this.host.addEventListener("pointerleave", () => {
      this.pointer = null;
      this.point();
      this.overlay.draw(frameOf(this.map));
    });
    const watcher = new ResizeObserver(() => map.invalidateSize({ pan: false }));
    watcher.observe(this.host);
    return () => watcher.disconnect();
  }
}

/** The tiles: those that exist, as fine as the screen can show, crisp beyond 1:1. */

import * as L from "leaflet";

import type { Bundle } from "./bundle";
import type { Scene } from "./scene";

export class TileLayer extends L.GridLayer {
  /** The zoom of the tiles that are shown. */
  level = 0;
  /** Pixels of the screen per unit of the page. */
  private density = 1;

  constructor(
    private readonly bundle: Bundle,
    private readonly scene: Scene,
  ) {
    super({
      tileSize: scene.facts.canvas.tile_size,
      updateWhenZooming: true,
      updateWhenIdle: false,
      updateInterval: 60,
      keepBuffer: 1,
      className: "tiles",
      noWrap: true,
      // The tiles of zoom 0 are shown scaled down where the window is smaller than they are.
      minZoom: -Infinity,
    });
  }

  override onAdd(map: L.Map): this {
    super.onAdd(map);
    this.sharpen();
    map.on("zoom zoomend", this.sharpen, this);
    return this;
  }

  override onRemove(map: L.Map): this {
    map.off("zoom zoomend", this.sharpen, this);
    super.onRemove(map);
    return this;
  }

  /**
   * The tiles' zoom for the map's: never coarser than the screen, so that tiles are scaled down
   * rather than up until 1:1. What Leaflet rounded is ignored.
   */
  override _clampZoom(_rounded: number): number {
    this.density = window.devicePixelRatio || 1;
    const { maxZoom, changesColours } = this.scene;
    const shown = this._map.getZoom() + Math.log2(this.density);
    const wanted = Math.ceil(shown - 0.05);
    // Colours of single elements mean nothing once several of them are mixed in a pixel.
    const finest = changesColours && shown < maxZoom - 0.01 ? maxZoom - 1 : maxZoom;
    this.level = Math.max(0, Math.min(wanted, finest));
    return this.level;
  }

  override _isValidTile(coords: L.Coords): boolean {
    return this.bundle.tile(this.scene.facts, coords.z, coords.x, coords.y) !== null;
  }

  protected override createTile(coords: L.Coords, done: L.DoneCallback): HTMLElement {
    const image = document.createElement("img");
    image.alt = "";
    image.decoding = "async";
    image.onload = () => done(undefined, image);
    image.onerror = () => done(new Error(`tile ${coords.z}/${coords.x}/${coords.y} is missing`), image);
    image.src = this.bundle.tile(this.scene.facts, coords.z, coords.x, coords.y) ?? "";
    return image;
  }

  /** Show a tile as it is now. */
  renew(z: number, x: number, y: number): void {
    const tile = this._tiles[`${x}:${y}:${z}`]?.el;
    if (tile instanceof HTMLImageElement) tile.src = this.bundle.tile(this.scene.facts, z, x, y) ?? "";
  }

  private sharpen(): void {
    const shown = this._map.getZoom() + Math.log2(this.density);
    this.getContainer()?.classList.toggle("crisp", shown > this.scene.maxZoom + 0.01);
  }
}

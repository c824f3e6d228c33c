/** The tiles: those that exist, as fine as the screen can show, crisp beyond 1:1. */

import * as L from "leaflet";

import type { Bundle } from "./bundle";
import type { Scene } from "./scene";

export class TileLayer extends L.GridLayer {
  /** The zoom of the tiles that are shown. */
  level = 0;
  /** Pixels of the screen per unit of the page. */
  private density = 1;
  /** Tiles that are shown while they come anew. */
  private renewing = 0;

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
    // Leaflet lets a tile appear when it is done: once, not whenever it comes anew.
    image.addEventListener("load", () => done(undefined, image), { once: true });
    image.addEventListener("error", () => done(new Error(`tile ${coords.z}/${coords.x}/${coords.y} is missing`), image), { once: true });
    image.src = this.bundle.tile(this.scene.facts, coords.z, coords.x, coords.y) ?? "";
    return image;
  }

  /** Show a tile as it is now. */
  renew(z: number, x: number, y: number): void {
    const tile = this._tiles[`${x}:${y}:${z}`]?.el;
    if (tile instanceof HTMLImageElement) this.load(tile, z, x, y);
  }

  /** Show all tiles as they are now. */
  renewAll(): void {
    for (const { el: tile, coords } of Object.values(this._tiles)) {
      if (tile instanceof HTMLImageElement) this.load(tile, coords.z, coords.x, coords.y);
    }
  }

  override isLoading(): boolean {
    return super.isLoading() || this.renewing > 0;
  }

  private load(tile: HTMLImageElement, z: number, x: number, y: number): void {
    const address = this.bundle.tile(this.scene.facts, z, x, y) ?? "";
    if (tile.getAttribute("src") === address) return;
    if (!tile.complete) {
      tile.src = address;
      return;
    }
    this.renewing += 1;
    const ended = (): void => {
      this.renewing -= 1;
    };
    tile.src = address;
    tile.decode().then(ended, ended);
  }

  private sharpen(): void {
    const shown = this._map.getZoom() + Math.log2(this.density);
    this.getContainer()?.classList.toggle("crisp", shown > this.scene.maxZoom + 0.01);
  }
}

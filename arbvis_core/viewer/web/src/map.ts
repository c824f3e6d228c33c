/** The map: canvas pixels for coordinates, continuous zoom, flights. */

import * as L from "leaflet";

import { reducedMotion } from "./dom";
import type { Rectangle } from "./entities";
import type { Scene } from "./scene";

/** How far beyond 1:1 one may look: 2^6 = 64 screen pixels per element. */
const OVERZOOM = 6;

/** How much closer the zoom comes to its aim in a millisecond. */
const EASE = 0.012;

/** A view: the canvas pixel in the middle, and the zoom (`max_zoom` is 1:1). */
export interface ViewState {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

/** Screen pixels that panels take from the window: a column at either side, a corner at the top. */
export interface Margins {
  readonly left: number;
  readonly right: number;
  readonly top: number;
}

/** One unit of the coordinates is one pixel of the maximum zoom; y runs down. */
function crsOf(maxZoom: number): L.CRS {
  const unit = 2 ** -maxZoom;
  return L.extend({}, L.CRS.Simple, { transformation: new L.Transformation(unit, 0, unit, 0) });
}

export class PictureMap {
  readonly leaflet: L.Map;
  private aim: number | null = null;
  private anchor: L.Point = L.point(0, 0);
  private fixed: L.LatLng = L.latLng(0, 0);
  private frame = 0;
  private settle = 0;

  constructor(
    host: HTMLElement,
    readonly scene: Scene,
    private readonly margins: () => Margins,
  ) {
    this.leaflet = L.map(host, {
      crs: crsOf(scene.maxZoom),
      zoomControl: false,
      attributionControl: false,
      keyboard: false,
      scrollWheelZoom: false,
      doubleClickZoom: false,
      zoomAnimation: false,
      fadeAnimation: !reducedMotion(),
      inertia: !reducedMotion(),
      inertiaDeceleration: 4000,
      zoomSnap: 0,
      minZoom: 0,
      maxZoom: scene.maxZoom + OVERZOOM,
      maxBoundsViscosity: 1,
    });
    this.leaflet.setView([scene.height / 2, scene.width / 2], scene.maxZoom);
    this.limit();
    this.show(this.fitted());
    this.leaflet.on("resize zoomend", () => this.limit());
    this.leaflet.on("dblclick", (event) => this.zoomBy(event.originalEvent.shiftKey ? -1 : 1, event.containerPoint));
    host.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
  }

  /** Screen pixels per element. */
  get scale(): number {
    return 2 ** (this.leaflet.getZoom() - this.scene.maxZoom);
  }

  get view(): ViewState {
    const center = this.leaflet.getCenter();
    return { x: center.lng, y: center.lat, zoom: this.leaflet.getZoom() };
  }

  /** What of the canvas's plane is on screen. */
  get visible(): Rectangle {
    const bounds = this.leaflet.getBounds();
    return { x0: bounds.getWest(), y0: bounds.getSouth(), x1: bounds.getEast(), y1: bounds.getNorth() };
  }

  /** Go somewhere at once. */
  show(view: ViewState): void {
    this.stop();
    const zoom = this.clamp(view.zoom);
    this.limit(zoom);
    this.leaflet.setView(this.onCanvas(L.latLng(view.y, view.x)), zoom, { animate: false });
  }

  /** Be where another map is, frame by frame; `rest` ends it. */
  follow({ x, y, zoom }: ViewState): void {
    const { view } = this;
    if (Math.abs(view.zoom - zoom) < 1e-9 && Math.hypot(view.x - x, view.y - y) * this.scale < 0.01) return;
    this.stop();
    // Leaflet moves its tiles with the zoom alone, unless it believes two fingers do it.
    this.leaflet._move(L.latLng(y, x), zoom, { flyTo: true, pinch: true });
  }

  rest(): void {
    this.leaflet._moveEnd(true);
  }

  /** The room has changed: keep what is in the middle there. */
  resized(view: ViewState): void {
    this.leaflet.invalidateSize({ pan: false });
    this.show(view);
  }

  /** Fly somewhere, or go at once for those who prefer stillness. */
  fly(view: ViewState): void {
    this.stop();
    if (reducedMotion()) {
      this.show(view);
      return;
    }
    this.leaflet.flyTo(L.latLng(view.y, view.x), this.clamp(view.zoom), { duration: 0.8 });
  }

  /** The view that shows everything that is drawn. */
  fitted(): ViewState {
    return this.framing(this.scene.content, this.scene.maxZoom + OVERZOOM);
  }

  /** Whether everything is shown: as `fitted` does, as far as the middle has to stay on the canvas. */
  get isFitted(): boolean {
    const { view } = this;
    const { x, y, zoom } = this.fitted();
    const { lng, lat } = this.onCanvas(L.latLng(y, x));
    return Math.abs(view.zoom - zoom) < 0.01 && Math.hypot(view.x - lng, view.y - lat) * this.scale < 2;
  }

  /** The view that frames a rectangle, between the panels where there is room. */
  framing(box: Rectangle, closest: number): ViewState {
    const size = this.leaflet.getSize();
    const { left, right, top } = this.margins();
    const room = L.point(Math.max(size.x - left - right, 64), Math.max(size.y, 64));
    const exact = Math.log2(
      Math.min(room.x / (box.x1 - box.x0), room.y / (box.y1 - box.y0)) * 0.94,
    ) + this.scene.maxZoom;
    const zoom = this.clamp(Math.min(this.tidy(exact), closest));
    const scale = 2 ** (zoom - this.scene.maxZoom);
    const spare = (room.y - (box.y1 - box.y0) * scale) / 2;
    const down = Math.max(0, Math.min(top - spare, spare - 12));
    return { x: (box.x0 + box.x1) / 2 + (right - left) / 2 / scale, y: (box.y0 + box.y1) / 2 - down / scale, zoom };
  }

  /** Zoom by a number of levels about a point of the screen, or its middle. */
  zoomBy(levels: number, about?: L.Point): void {
    const from = this.aim ?? this.leaflet.getZoom();
    const to = levels > 0 ? Math.floor(from + levels + 1e-6) : Math.ceil(from + levels - 1e-6);
    this.zoomTo(to, about ?? this.leaflet.getSize().divideBy(2));
  }

  panBy(x: number, y: number): void {
    this.stop();
    const here = this.leaflet.getCenter();
    const there = this.onCanvas(L.latLng(here.lat + y / this.scale, here.lng + x / this.scale));
    this.leaflet.panTo(there, { animate: !reducedMotion(), duration: 0.15 });
  }

  stop(): void {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.settle);
    if (this.aim !== null) {
      this.aim = null;
      this.leaflet._moveEnd(true);
    }
    this.leaflet.stop();
  }

  destroy(): void {
    this.stop();
    this.leaflet.remove();
  }

  /** Beyond 1:1 only whole levels show every element as large as its neighbour. */
  private tidy(zoom: number): number {
    const sharp = this.scene.maxZoom;
    return zoom > sharp ? Math.max(sharp, Math.floor(zoom + 1e-6)) : zoom;
  }

  private clamp(zoom: number): number {
    return Math.min(Math.max(zoom, this.leaflet.getMinZoom()), this.leaflet.getMaxZoom());
  }

  private limit(zoom = this.leaflet.getZoom()): void {
    const { width, height, maxZoom } = this.scene;
    const size = this.leaflet.getSize();
    const scale = 2 ** (zoom - maxZoom);
    const whole = Math.log2(Math.min(size.x / width, size.y / height)) + maxZoom;
    this.leaflet.options.minZoom = Math.min(whole - 1, 0);
    // What is in the middle of the screen is always on the canvas, so that nobody gets lost.
    const [besides, above] = [size.x / 2 / scale, size.y / 2 / scale];
    this.leaflet.options.maxBounds = L.latLngBounds([-above, -besides], [height + above, width + besides]);
  }

  private onCanvas(center: L.LatLng): L.LatLng {
    const within = (value: number, most: number): number => Math.max(0, Math.min(value, most));
    return L.latLng(within(center.lat, this.scene.height), within(center.lng, this.scene.width));
  }

  private onWheel(event: WheelEvent): void {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE;
    const pixels = event.deltaMode === WheelEvent.DOM_DELTA_PAGE ? 300 : lines ? 40 : 1;
    const strength = event.ctrlKey ? 0.01 : 1 / 240;
    const levels = Math.max(-1, Math.min(1, -event.deltaY * pixels * strength));
    const from = this.aim ?? this.leaflet.getZoom();
    this.zoomTo(from + levels, this.leaflet.mouseEventToContainerPoint(event));
    clearTimeout(this.settle);
    this.settle = window.setTimeout(() => this.settleZoom(levels > 0), 180);
  }

  /** Once the wheel rests, go on to a whole level where elements are larger than pixels. */
  private settleZoom(inwards: boolean): void {
    const zoom = this.aim ?? this.leaflet.getZoom();
    const sharp = this.scene.maxZoom;
    const near = zoom > (inwards ? sharp - 0.25 : sharp);
    if (near) this.zoomTo(Math.max(sharp, inwards ? Math.ceil(zoom) : Math.floor(zoom)), this.anchor);
  }

  private zoomTo(zoom: number, about: L.Point): void {
    const aim = this.clamp(zoom);
    const resting = this.aim === null;
    if (resting) {
      this.leaflet.stop();
      if (aim === this.leaflet.getZoom()) return;
      this.leaflet._moveStart(true);
    }
    if (resting || !about.equals(this.anchor)) this.fixed = this.leaflet.containerPointToLatLng(about);
    this.anchor = about;
    this.aim = aim;
    cancelAnimationFrame(this.frame);
    let before = performance.now();
    const tick = (now: number): void => {
      const elapsed = Math.max(0, now - before);
      before = now;
      const left = aim - this.leaflet.getZoom();
      const done = Math.abs(left) < 0.002 || reducedMotion();
      const next = done ? aim : this.leaflet.getZoom() + left * (1 - Math.exp(-EASE * elapsed));
      this.moveAbout(next);
      if (done) {
        this.aim = null;
        this.leaflet._moveEnd(true);
      } else {
        this.frame = requestAnimationFrame(tick);
      }
    };
    this.frame = requestAnimationFrame(tick);
  }

  /** Zoom so that what was under the anchor stays there. */
  private moveAbout(zoom: number): void {
    const map = this.leaflet;
    const middle = map.getSize().divideBy(2);
    const center = map.project(this.fixed, zoom).subtract(this.anchor.subtract(middle));
    map._move(this.onCanvas(map.unproject(center, zoom)), zoom, { flyTo: true });
  }
}

/** What Leaflet 1.9 does not declare and the viewer builds on. */

import type * as L from "leaflet";

declare module "leaflet" {
  interface Map {
    _move(center: L.LatLng, zoom: number, data?: { flyTo?: boolean; pinch?: boolean }): this;
    _moveStart(zoomChanged: boolean, noMoveStart?: boolean): this;
    _moveEnd(zoomChanged: boolean): this;
    _stop(): this;
  }

  interface GridLayer {
    _clampZoom(zoom: number): number;
    _isValidTile(coords: L.Coords): boolean;
    isLoading(): boolean;
  }
}

/** The place one looks at, in the address: #scene/x,y,zoom/pin=x,y or #scene/x,y,zoom/at=name, and more by name. */

import type { ViewState } from "./map";

export interface Place {
  readonly scene: string;
  readonly view: ViewState | null;
  readonly pin: { readonly x: number; readonly y: number } | null;
  /** The name of the placement that is chosen, where nothing is pinned. */
  readonly at: string | null;
  /** What else was chosen, by name. */
  readonly more: Readonly<Record<string, string>>;
}

/** Write a place as the address's fragment. */
export function formatPlace(place: Place): string {
  const parts = [encodeURIComponent(place.scene)];
  if (place.view) {
    const { x, y, zoom } = place.view;
    parts.push([x, y].map((value) => trim(value, 2)).join(",") + `,${trim(zoom, 3)}z`);
  }
  if (place.pin) parts.push(`pin=${place.pin.x},${place.pin.y}`);
  // Half a surrogate pair, as names that cannot be decoded have it, cannot stand in an address.
  else if (place.at !== null && !/\p{Surrogate}/u.test(place.at)) parts.push(`at=${encodeURIComponent(place.at)}`);
  for (const [name, value] of Object.entries(place.more)) parts.push(`${name}=${encodeURIComponent(value)}`);
  return `#${parts.join("/")}`;
}

/** Read a place from a fragment; null if it is not one. */
export function parsePlace(fragment: string): Place | null {
  const [scene, ...rest] = fragment.replace(/^#/, "").split("/");
  if (!scene) return null;
  const view = rest.map(parseView).find((value) => value !== null) ?? null;
  const pin = rest.map(parsePin).find((value) => value !== null) ?? null;
  try {
    const { at = null, pin: _, ...more } = Object.fromEntries(rest.flatMap(parsePart));
    return { scene: decodeURIComponent(scene), view, pin, at, more };
  } catch {
    return null;
  }
}

function parseView(text: string): ViewState | null {
  const match = /^(-?[\d.]+),(-?[\d.]+),(-?[\d.]+)z$/.exec(text);
  if (!match) return null;
  const [x, y, zoom] = match.slice(1).map(Number) as [number, number, number];
  return [x, y, zoom].every(Number.isFinite) ? { x, y, zoom } : null;
}

function parsePart(text: string): [string, string][] {
  const match = /^([a-z_]+)=(.*)$/.exec(text);
  return match ? [[match[1]!, decodeURIComponent(match[2]!)]] : [];
}

function parsePin(text: string): { x: number; y: number } | null {
  const match = /^pin=(\d{1,15}),(\d{1,15})$/.exec(text);
  return match ? { x: Number(match[1]), y: Number(match[2]) } : null;
}

function trim(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}

/** Put a place into the address without a new entry in the history. */
export function writePlace(place: Place): void {
  try {
    history.replaceState(null, "", formatPlace(place));
  } catch {
    // A page inside another may have no address of its own; it then has no link either.
  }
}

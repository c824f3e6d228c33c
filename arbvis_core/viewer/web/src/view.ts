/** How a picture is looked at: what was chosen in place of its own colours and scales. */

import type { SceneFacts } from "./manifest";

/** What can be chosen, as the server and the address name it. */
export const FIELDS = ["colormap", "overview_colormap", "scale", "overview", "metric", "gain", "clip"] as const;

export type Field = (typeof FIELDS)[number];

export type View = Readonly<Partial<Record<Field, string>>>;

/** The views of the scenes: those of one kind are looked at alike, so that they can be compared. */
export class Views {
  private readonly views = new Map<string, View>();

  of(scene: SceneFacts): View {
    return this.views.get(scene.renderer) ?? {};
  }

  set(scene: SceneFacts, view: View): void {
    this.views.set(scene.renderer, view);
  }

  query(scene: SceneFacts): string {
    return new URLSearchParams(this.of(scene) as Record<string, string>).toString();
  }
}

/** What of an address's parts is a view. */
export function viewOf(parts: Readonly<Record<string, string>>): View {
  return Object.fromEntries(FIELDS.flatMap((field) => (parts[field] ? [[field, parts[field]]] : [])));
}

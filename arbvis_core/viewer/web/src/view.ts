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

  /** Those of pictures of other kinds, as one part of an address. */
  beside(scene: SceneFacts): string {
    const others = [...this.views].filter(([renderer, view]) => renderer !== scene.renderer && Object.keys(view).length > 0);
    return others.map(([renderer, view]) => `${renderer}?${new URLSearchParams(view as Record<string, string>)}`).join(" ");
  }

  /** Take what an address says; tell whether that is something else than before. */
  restore(scene: SceneFacts, parts: Readonly<Record<string, string>>): boolean {
    const others = (parts["beside"] ?? "").split(" ").flatMap((text): [string, View][] => {
      const [renderer, query] = text.split("?");
      return renderer && query ? [[renderer, viewOf(Object.fromEntries(new URLSearchParams(query)))]] : [];
    });
    const before = JSON.stringify([...this.views]);
    this.views.clear();
    for (const [renderer, view] of [...others, [scene.renderer, viewOf(parts)] as const]) {
      if (Object.keys(view).length > 0) this.views.set(renderer, view);
    }
    return JSON.stringify([...this.views]) !== before;
  }

  query(scene: SceneFacts): string {
    return new URLSearchParams(this.of(scene) as Record<string, string>).toString();
  }
}

/** What of an address's parts is a view. */
function viewOf(parts: Readonly<Record<string, string>>): View {
  return Object.fromEntries(FIELDS.flatMap((field) => (parts[field] ? [[field, parts[field]]] : [])));
}

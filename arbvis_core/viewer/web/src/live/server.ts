/** Questions to the server of a live view. */

import type { SceneFacts } from "../manifest";

type Query = Readonly<Record<string, string | number>>;

export class Server {
  /**
   * What it answers about a scene; null where it has no answer.
   *
   * @throws what `fetch` throws once it was given up.
   */
  async ask<T>(scene: SceneFacts, path: string, query: Query = {}, signal: AbortSignal | null = null): Promise<T | null> {
    const texts = Object.entries(query).map(([name, value]) => [name, String(value)]);
    const asked = new URLSearchParams(texts).toString();
    try {
      const response = await fetch(`api/scenes/${encodeURIComponent(scene.key)}/${path}${asked ? `?${asked}` : ""}`, { signal });
      return response.ok ? ((await response.json()) as T) : null;
    } catch (error) {
      if (signal?.aborted) throw error;
      return null;
    }
  }
}

/** Questions to the server of a live view. */

import type { SceneFacts } from "../manifest";

/** A server that is busy is asked again so often. */
const TRIES = 4;

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
      for (let tries = TRIES; tries > 0; tries--) {
        const response = await fetch(`api/scenes/${encodeURIComponent(scene.key)}/${path}${asked ? `?${asked}` : ""}`, { signal });
        if (response.ok) return (await response.json()) as T;
        if (response.status !== 503) return null;
        await pause(1000 * Number(response.headers.get("Retry-After") ?? 1));
        signal?.throwIfAborted();
      }
      return null;
    } catch (error) {
      if (signal?.aborted) throw error;
      return null;
    }
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

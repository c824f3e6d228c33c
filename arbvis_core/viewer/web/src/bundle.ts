/** Where tiles and statistics come from: the folder beside the page, or the page itself. */

import type { Level, SceneFacts, Shared } from "./manifest";

/** Tells which tiles of a level exist, so that no other is ever asked for. */
export class Presence {
  private readonly bits: Uint8Array | null;

  constructor(private readonly level: Level) {
    this.bits = level.present === "all" ? null : decodeBase64(level.present);
  }

  has(x: number, y: number): boolean {
    const { columns, rows } = this.level;
    if (x < 0 || y < 0 || x >= columns || y >= rows) return false;
    if (this.bits === null) return true;
    const index = y * columns + x;
    return (((this.bits[index >> 3] ?? 0) >> (7 - (index & 7))) & 1) === 1;
  }
}

function decodeBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

export class Bundle {
  private readonly presence = new Map<string, Presence>();
  private readonly pending = new Map<string, Promise<unknown>>();

  constructor(private readonly shared: Shared) {}

  /** The tile's address, or null if no element lies in it. */
  tile(scene: SceneFacts, zoom: number, x: number, y: number): string | null {
    const level = scene.canvas.levels.find((candidate) => candidate.zoom === zoom);
    if (!level || !this.present(scene, level).has(x, y)) return null;
    const path = `tiles/${scene.key}/${zoom}/${x}/${y}.${level.extension}`;
    if (this.shared.tiles) return this.shared.tiles[path] ?? null;
    const edition = this.shared.live?.edition?.(scene, zoom, x, y);
    const query = [edition ? `v=${edition}` : "", this.shared.live?.view?.(scene) ?? ""].filter(Boolean).join("&");
    return query ? `${path}?${query}` : path;
  }

  /** The scene's statistics, loaded when they are first asked for; null if there are none. */
  statistics(scene: SceneFacts): Promise<unknown> {
    const known = this.shared.statistics[scene.key];
    if (known !== undefined) return Promise.resolve(known);
    if (this.shared.tiles) return Promise.resolve(null);
    let pending = this.pending.get(scene.key);
    if (!pending) {
      pending = this.loadStatistics(scene.key);
      this.pending.set(scene.key, pending);
    }
    return pending;
  }

  private loadStatistics(key: string): Promise<unknown> {
    return new Promise((resolve) => {
      const script = document.createElement("script");
      script.src = `data/${key}/stats.js`;
      script.onload = () => resolve(this.shared.statistics[key] ?? null);
      script.onerror = () => resolve(null);
      document.head.append(script);
    });
  }

  private present(scene: SceneFacts, level: Level): Presence {
    const key = `${scene.key}/${level.zoom}`;
    let presence = this.presence.get(key);
    if (!presence) {
      presence = new Presence(level);
      this.presence.set(key, presence);
    }
    return presence;
  }
}

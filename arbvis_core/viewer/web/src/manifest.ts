/** The manifest: what `manifest.json` holds, as a classic script hands it over. */

export interface Level {
  readonly zoom: number;
  readonly columns: number;
  readonly rows: number;
  /** "all", or a bitmap in base64: one bit per tile, row by row, highest bit first. */
  readonly present: string;
  readonly extension: string;
  readonly lossy?: boolean;
}

export interface CanvasFacts {
  readonly width: number;
  readonly height: number;
  readonly tile_size: number;
  readonly max_zoom: number;
  readonly curve: "hilbert" | null;
  readonly levels: readonly Level[];
}

/** Where something lies: pixels of the maximum zoom, and positions along the curve if there is one. */
export interface Extent {
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly start: number;
  readonly stop: number;
}

export interface Placement extends Extent {
  readonly label?: readonly [number, number] | null;
  readonly hue: number;
  readonly fold?: unknown;
  readonly [attribute: string]: unknown;
}

export interface RegionLabel extends Extent {
  readonly kind: string;
  readonly text: string;
}

export interface LegendEntry {
  readonly colours: readonly string[];
  readonly label: string;
  readonly low?: string;
  readonly high?: string;
  readonly share?: number | null;
}

export interface Legend {
  readonly zooms: "leaf" | "overview" | "all";
  readonly title: string;
  readonly note?: string;
  readonly entries: readonly LegendEntry[];
}

export interface SceneFacts {
  readonly key: string;
  readonly label: string;
  readonly renderer: string;
  readonly canvas: CanvasFacts;
  readonly placements: readonly Placement[];
  readonly labels?: readonly RegionLabel[];
  readonly legend?: readonly Legend[];
}

export interface Input {
  readonly name: string;
  /** How many files it stands for: a folder holds many. */
  readonly files?: number;
  readonly size: number;
}

export interface Manifest {
  readonly schema: number;
  readonly generator: { readonly name: string; readonly version: string };
  readonly brand: string;
  readonly title: string;
  readonly inputs: readonly Input[];
  readonly scenes: readonly SceneFacts[];
  readonly warnings?: readonly string[];
}

export interface Live {
  /** Which edition of a tile it is: one that became exact is asked for anew. */
  edition?(scene: SceneFacts, zoom: number, x: number, y: number): number;
  /** How a scene is looked at, as the query of its tiles' addresses: `scale=tensor&gain=2`. */
  view?(scene: SceneFacts): string;
}

/** The one global: the data scripts fill it, the viewer reads it and adds itself. */
export interface Shared {
  manifest?: Manifest;
  statistics: Record<string, unknown>;
  /** Tiles by path, as data addresses, where the page carries them itself. */
  tiles?: Record<string, string>;
  /** There where a server draws the tiles when they are asked for. */
  live?: Live;
  viewer?: unknown;
}

declare global {
  var arbvis: Shared | undefined;
}

export const SCHEMA = 1;

/**
 * Return the page's manifest.
 *
 * @throws Error with a sentence for the reader, if there is none that this viewer can show.
 */
export function readManifest(shared: Shared | undefined): Manifest {
  const manifest = shared?.manifest;
  if (!manifest) {
    throw new Error("manifest.js is missing or damaged: keep index.html together with its folder.");
  }
  if (manifest.schema !== SCHEMA) {
    throw new Error(
      `This picture's manifest has schema ${manifest.schema}; this viewer reads ${SCHEMA}. ` +
        "Make the page anew with --regen-html.",
    );
  }
  if (manifest.scenes.length === 0) throw new Error("There is nothing to show in this picture.");
  for (const { placements } of manifest.scenes) complete(placements);
  return manifest;
}

/** Say what goes without saying, and is left out of manifests: there may be very many placements. */
function complete(placements: readonly Partial<Placement>[]): void {
  for (const one of placements as { start?: number; stop?: number; hue?: number }[]) {
    one.start ??= 0;
    one.stop ??= 0;
    one.hue ??= 0;
  }
}

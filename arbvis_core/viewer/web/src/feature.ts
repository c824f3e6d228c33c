/** Parts of the page that stand by themselves: what each adds to the others. */

import type { Fact } from "./describe";
import type { Command } from "./keys";
import type { Pane } from "./panel";
import type { Scene, Spot } from "./scene";
import type { Frame } from "./screen";
import type { Stage } from "./stage";

/** Everything is optional: a part takes what it needs. */
export interface Feature {
  /** A view of its own, beside the page's. */
  readonly stage?: Stage | null;
  readonly commands?: readonly Command[];
  /** Buttons of the toolbar. */
  readonly tools?: readonly HTMLElement[];
  /** Cards between the toolbar and the legend. */
  readonly cards?: readonly HTMLElement[];
  /** Tabs of the panel at the side. */
  readonly panes?: readonly Pane[];
  /** A stage was made, of one view or of the second. */
  staged?(stage: Stage): void;
  /** Another scene is shown. */
  opened?(scene: Scene): void;
  moved?(frame: Frame): void;
  /** The view rests, or something was chosen. */
  settled?(): void;
  /** The picture was drawn anew, with or without outlines. */
  redrawn?(): void;
  /** The tiles come anew. */
  repainted?(): void;
  /** The pointer is over a spot of a scene, or over nothing. */
  pointed?(spot: Spot | null): void;
  pinned?(spot: Spot | null): void;
  /** A click with Shift: as far as there. */
  extended?(spot: Spot): void;
  /** More statistics of a placement. */
  statistics?(scene: Scene, index: number): Promise<readonly HTMLElement[]>;
  /** More about a spot, for its card; null if there is nothing to tell. */
  tell?(scene: Scene, spot: Spot, signal: AbortSignal): Promise<readonly Fact[] | null>;
  /** What it adds to the address, by name. */
  link?(): Readonly<Record<string, string>>;
  /** Take what an address says. */
  restore?(parts: Readonly<Record<string, string>>): void;
}

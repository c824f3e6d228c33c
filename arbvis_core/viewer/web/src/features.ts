/** Which parts a page has: some need a server, and are absent from a bundle. */

import type { App } from "./app";
import type { Feature } from "./feature";
import { LinkButton } from "./link-button";
import { FindingsPane } from "./live/findings";
import { HexCard } from "./live/hex";
import { LookCard } from "./live/look";
import { Measured } from "./live/measured";
import { PrintedValues } from "./live/printed";
import { Profiles } from "./live/profiles";
import { Screenshot } from "./live/screenshot";
import { Server } from "./live/server";
import { ValueTeller } from "./live/value";
import type { Shared } from "./manifest";
import { Split } from "./split";
import { Views } from "./view";

export function featuresOf(app: App, shared: Shared): Feature[] {
  const { live } = shared;
  if (!live) return [new Split(app, null), new LinkButton(app)];
  const [server, views] = [new Server(), new Views()];
  live.view = (scene) => views.query(scene);
  const values = new ValueTeller(server);
  return [
    new LookCard(app, server, views),
    new HexCard(app, server),
    values,
    new PrintedValues(server),
    new Split(app, values),
    new FindingsPane(app, server),
    new Measured(app, server),
    new Profiles(app, server),
    new LinkButton(app),
    new Screenshot(app),
  ];
}

/** Starts the viewer, or says why it cannot. */

import "leaflet/dist/leaflet.css";
import "./viewer.css";

import { App } from "./app";
import { Bundle } from "./bundle";
import { Hilbert, outline } from "./curve";
import { el } from "./dom";
import { Folding } from "./fold";
import { prepare } from "./live/prepare";
import { Refresher } from "./live/refresh";
import { headParts } from "./heads";
import { readManifest } from "./manifest";

function start(): void {
  const shared = globalThis.arbvis;
  try {
    const manifest = readManifest(shared);
    const bundle = new Bundle(shared!);
    const app = new App(manifest, bundle, shared!);
    const live = shared!.live ? new Refresher(app, shared!) : null;
    // For tests, and for those who open the console.
    shared!.viewer = { app, live, Hilbert, outline, Folding, headParts };
  } catch (error) {
    refuse(error);
    throw error;
  }
}

function refuse(error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  document.body.replaceChildren(
    el("div", { class: "failure", role: "alert" }, el("h1", {}, "This picture cannot be shown"), el("p", {}, reason)),
  );
}

/** A live view's page is there before its manifest is. */
function begin(): void {
  const shared = globalThis.arbvis;
  if (shared?.live) prepare(shared).then(start, refuse);
  else start();
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
else begin();

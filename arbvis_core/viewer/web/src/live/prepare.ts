/** Waits for the server to have planned the picture; the page is there before that. */

import "./live.css";

import { el } from "../dom";
import type { Manifest, Shared } from "../manifest";
import { roomAtFirst } from "../room";

/** Milliseconds between questions. */
const PAUSE = 150;

interface Fault {
  readonly error?: { readonly kind?: string; readonly message?: string };
}

/**
 * Put the manifest into `shared` once there is one.
 *
 * @throws Error with the server's sentence, if there will be none.
 */
export async function prepare(shared: Shared): Promise<void> {
  const notice = el("p", { class: "preparing", role: "status" }, "Preparing the picture …");
  document.body.append(notice);
  try {
    shared.manifest = await manifestOf();
    document.title = shared.manifest.title;
  } finally {
    notice.remove();
  }
}

async function manifestOf(): Promise<Manifest> {
  // So that the server draws, while the manifest is read here, what will be asked for then.
  const { width, height } = roomAtFirst();
  for (;;) {
    const response = await ask(`manifest.json?width=${width}&height=${height}`);
    if (response.ok) return (await response.json()) as Manifest;
    if (response.status !== 503) throw new Error(await sentenceOf(response));
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}

async function ask(address: string): Promise<Response> {
  try {
    return await fetch(address);
  } catch {
    throw new Error("The server has ended: start it again, then reload this page.");
  }
}

async function sentenceOf(response: Response): Promise<string> {
  const fault = (await response.json().catch(() => ({}))) as Fault;
  return fault.error?.message ?? `The server answered ${response.status}.`;
}

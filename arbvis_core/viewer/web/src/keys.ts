/** The keyboard: one table, which the help page shows as well. */

import { el, iconButton } from "./dom";

export interface Command {
  /** As `KeyboardEvent.key` names them. */
  readonly keys: readonly string[];
  /** How they are written on the help page. */
  readonly shown: readonly string[];
  readonly does: string;
  readonly run: (event: KeyboardEvent) => void;
  /** Whether it does anything in the picture that is shown; always, if it does not say. */
  readonly able?: () => boolean;
}

/** Run commands for keys that no control of the page wants for itself. */
export function listen(commands: readonly Command[]): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = event.target instanceof HTMLElement ? event.target : document.body;
    if (target.closest("input, textarea, select, dialog[open]")) return;
    const onControl = target.closest("button, a, summary, [role=tab]") !== null;
    if (onControl && (event.key === " " || event.key === "Enter")) return;
    if (target.closest("[role=tab]") && event.key.startsWith("Arrow")) return;
    const command = commands.find(({ keys }) => keys.includes(event.key));
    if (!command || command.able?.() === false) return;
    event.preventDefault();
    command.run(event);
  });
}

function line(does: string, ...how: (Node | string)[]): HTMLElement {
  return el("tr", {}, el("td", {}, ...how), el("td", {}, does));
}

const MOUSE: readonly (readonly [string, string])[] = [
  ["Drag", "Move"],
  ["Wheel", "Zoom about the pointer"],
  ["Double click", "Zoom in; with Shift, out"],
  ["Shift + drag", "Zoom to a rectangle"],
  ["Click", "Pin what is under the pointer"],
];

/** What can be done in the picture that is shown. */
function keyLines(commands: readonly Command[]): HTMLElement[] {
  const able = commands.filter((command) => command.able?.() !== false);
  return able.map(({ shown, does }) => line(does, ...shown.map((key) => el("kbd", {}, key))));
}

/** Make the page that `?` opens, and return what opens it. */
export function helpDialog(host: HTMLElement, commands: readonly Command[], about: string): () => void {
  const body = el("div", { class: "help-body" });
  const dialog = el("dialog", { class: "help", "aria-label": "Keys" });
  const close = iconButton("close", "Close", "Esc", () => dialog.close());
  const title = el("h2", { tabindex: "-1" }, "Keys");
  dialog.append(
    el("div", { class: "help-head" }, title, close),
    body,
    el("p", { class: "note" }, about),
  );
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  host.append(dialog);
  return () => {
    const rows = [...keyLines(commands), ...MOUSE.map(([gesture, does]) => line(does, gesture))];
    const half = Math.ceil(rows.length / 2);
    body.replaceChildren(...[rows.slice(0, half), rows.slice(half)].map((part) => el("table", {}, el("tbody", {}, ...part))));
    dialog.showModal();
    title.focus();
  };
}

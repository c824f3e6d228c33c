/** The keyboard: one table, which the help page shows as well. */

import { el, iconButton } from "./dom";

export interface Command {
  /** As `KeyboardEvent.key` names them. */
  readonly keys: readonly string[];
  /** How they are written on the help page. */
  readonly shown: readonly string[];
  readonly does: string;
  readonly run: (event: KeyboardEvent) => void;
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
    if (!command) return;
    event.preventDefault();
    command.run(event);
  });
}

/** Make the page that `?` opens, and return what opens it. */
export function helpDialog(host: HTMLElement, commands: readonly Command[], about: string): () => void {
  const rows = commands.map(({ shown, does }) =>
    el("tr", {}, el("td", {}, ...shown.map((key) => el("kbd", {}, key))), el("td", {}, does)),
  );
  const mouse: readonly (readonly [string, string])[] = [
    ["Drag", "Move"],
    ["Wheel", "Zoom about the pointer"],
    ["Shift + drag", "Zoom to a rectangle"],
    ["Click", "Pin what is under the pointer"],
  ];
  const gestures = mouse.map(([gesture, does]) => el("tr", {}, el("td", {}, gesture), el("td", {}, does)));
  const dialog = el("dialog", { class: "help", "aria-label": "Keys" });
  const close = iconButton("close", "Close", "Esc", () => dialog.close());
  const title = el("h2", { tabindex: "-1" }, "Keys");
  dialog.append(
    el("div", { class: "help-head" }, title, close),
    el("div", { class: "help-body" }, el("table", {}, el("tbody", {}, ...rows)), el("table", {}, el("tbody", {}, ...gestures))),
    el("p", { class: "note" }, about),
  );
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  host.append(dialog);
  return () => {
    dialog.showModal();
    title.focus();
  };
}

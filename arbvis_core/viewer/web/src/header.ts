/** The title, what was put in, warnings, and a tab for each scene. */

import { el, icon } from "./dom";
import { bytes, count, plural, printable } from "./format";
import type { Input, Manifest } from "./manifest";

/** So many inputs and warnings are listed; search finds the others. */
const LISTED = 200;

export function header(manifest: Manifest): HTMLElement {
  return el(
    "header",
    { class: "card header" },
    el("p", { class: "brand" }, printable(manifest.brand)),
    el("h1", { title: printable(manifest.title) }, printable(manifest.title)),
    inputsList(manifest.inputs),
    warningsList(manifest.warnings ?? []),
  );
}

function inputsList(inputs: readonly Input[]): HTMLElement {
  const total = inputs.reduce((sum, { size }) => sum + size, 0);
  const size = el("span", { class: "figure", title: `${count(total)} bytes` }, bytes(total));
  const files = inputs.reduce((sum, input) => sum + (input.files ?? 1), 0);
  const summary: (Node | string)[] = files > 1 ? [plural(files, "file"), " · ", size] : [size];
  if (inputs.length < 2) return el("p", { class: "inputs-summary" }, ...summary);
  const items = inputs.slice(0, LISTED).map((input) =>
    el(
      "li",
      {},
      el("span", { class: "input-name", title: printable(input.name) }, printable(input.name)),
      el("span", { class: "figure" }, bytes(input.size)),
    ),
  );
  return el(
    "details",
    { class: "inputs" },
    el("summary", {}, ...summary),
    el("ul", {}, ...items),
    more(inputs.length),
  );
}

function warningsList(warnings: readonly string[]): HTMLElement | null {
  if (warnings.length === 0) return null;
  const items = warnings.slice(0, LISTED).map((warning) => el("li", {}, printable(warning)));
  return el(
    "details",
    { class: "warnings" },
    el("summary", {}, icon("warning"), plural(warnings.length, "note")),
    el("ul", {}, ...items),
    more(warnings.length),
  );
}

function more(total: number): HTMLElement | null {
  return total > LISTED ? el("p", { class: "note" }, `and ${count(total - LISTED)} more`) : null;
}

/** Tabs, one per scene; null for a single scene. */
export function sceneTabs(
  manifest: Manifest,
  show: (key: string) => void,
): { readonly element: HTMLElement; readonly select: (key: string) => void } | null {
  if (manifest.scenes.length < 2) return null;
  const tabs = manifest.scenes.map(({ key, label }) => {
    const tab = el("button", { type: "button", role: "tab", class: "tab" }, printable(label));
    tab.dataset["scene"] = key;
    tab.addEventListener("click", () => show(key));
    return tab;
  });
  const element = el("div", { class: "card tabs", role: "tablist", "aria-label": "Pictures" }, ...tabs);
  element.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = tabs.findIndex((tab) => tab === document.activeElement);
    if (step === undefined || at < 0) return;
    const next = tabs[(at + step + tabs.length) % tabs.length]!;
    next.focus();
    next.click();
  });
  const select = (key: string): void => {
    for (const tab of tabs) {
      const chosen = tab.dataset["scene"] === key;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
    }
  };
  return { element, select };
}

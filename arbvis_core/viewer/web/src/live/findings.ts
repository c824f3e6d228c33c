/** What is odd about the weights: found by rules, each with the place it is at. */

import type { App } from "../app";
import { el } from "../dom";
import type { Feature } from "../feature";
import { plural, printable } from "../format";
import type { Pane } from "../panel";
import type { Scene } from "../scene";
import type { Frame } from "../screen";
import type { Stage } from "../stage";
import type { Server } from "./server";

/** Milliseconds until it is asked whether more was found. */
const PAUSE = 1500;
/** So many of one rule are listed. */
const LISTED = 100;

interface Finding {
  readonly rule: string;
  /** The rule in a word. */
  readonly kind?: string;
  readonly severity: string;
  readonly tensor: string | null;
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

interface Findings {
  readonly findings: readonly Finding[];
  readonly complete: boolean;
}

export class FindingsPane implements Feature, Pane {
  readonly key = "findings";
  readonly label = "Findings";
  readonly panes: readonly Pane[] = [this];
  readonly commands;
  readonly element: HTMLElement;
  private readonly status = el("p", { class: "note", role: "status" });
  private readonly list = el("div", { class: "scroller findings", tabindex: "-1" });
  private scene: Scene | null = null;
  private readonly buttons = new Map<HTMLElement, Finding>();
  private drawn = "";
  /** What one went to last: it is outlined. */
  private visited: Finding | null = null;
  private timer = 0;

  constructor(
    private readonly app: App,
    private readonly server: Server,
  ) {
    this.element = el("div", { class: "pane" }, this.status, this.list);
    this.commands = [{ keys: ["f"], shown: ["f"], does: "Findings: what is odd about the weights", able: () => app.stage.scene.curve === null, run: () => app.togglePane("findings") }];
  }

  staged(stage: Stage): void {
    stage.overlay.printers.push((context, frame) => {
      if (this.visited && stage === this.app.stage && this.element.isConnected) outline(context, frame, this.visited);
    });
  }

  opened(): void {
    this.visited = null;
  }

  show(scene: Scene): void {
    if (scene !== this.scene) {
      this.scene = scene;
      this.drawn = "";
      this.list.replaceChildren();
      this.status.textContent = "Looking …";
    }
    clearTimeout(this.timer);
    void this.ask(scene);
  }

  select(index: number | null): void {
    const name = index === null ? null : this.scene!.placements.items[index]!.name;
    for (const [button, finding] of this.buttons) {
      const current = this.visited?.tensor === name ? finding === this.visited : finding.tensor === name;
      if (current && name !== null) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  }

  focus(): void {
    (this.list.querySelector<HTMLElement>("button") ?? this.list).focus();
  }

  private async ask(scene: Scene): Promise<void> {
    const found = await this.server.ask<Findings>(scene.facts, "findings");
    if (scene !== this.scene || !this.element.isConnected) return;
    if (found) this.draw(found);
    else this.status.textContent = "The server has nothing to say about this picture.";
    if (found && !found.complete) this.timer = window.setTimeout(() => this.element.isConnected && void this.ask(scene), PAUSE);
  }

  private draw({ findings, complete }: Findings): void {
    const told = findings.length === 0 ? "Nothing odd was found" : plural(findings.length, "finding");
    this.status.textContent = complete ? `${told}.` : `${told} so far; still looking …`;
    const text = JSON.stringify(findings);
    if (text === this.drawn) return;
    this.drawn = text;
    this.buttons.clear();
    const rules = [...new Set(findings.map(({ rule }) => rule))];
    this.list.replaceChildren(...rules.map((rule) => this.group(rule, findings.filter((one) => one.rule === rule))));
    this.select(this.app.stage.overlay.selected);
  }

  private group(rule: string, members: readonly Finding[]): HTMLElement {
    const items = members.slice(0, LISTED).map((finding) => el("li", {}, this.item(finding)));
    const { kind = rule, severity } = members[0]!;
    const name = capital(printable(kind.replaceAll("_", " ")));
    return el(
      "section",
      { class: `finding-group ${severity === "error" || severity === "warning" ? "grave" : ""}` },
      el("h2", {}, name, el("span", { class: "row-detail" }, String(members.length))),
      kind === rule ? null : el("p", { class: "note" }, printable(rule)),
      el("ul", {}, ...items),
      members.length > LISTED ? el("p", { class: "note" }, `and ${members.length - LISTED} more`) : null,
    );
  }

  private item(finding: Finding): HTMLElement {
    const button = el(
      "button",
      { type: "button", class: "finding" },
      finding.tensor === null ? null : el("span", { class: "hover-name" }, printable(finding.tensor)),
      el("span", {}, wordsOf(finding)),
    );
    this.buttons.set(button, finding);
    button.addEventListener("click", () => this.go(finding));
    return button;
  }

  /** Fly there, and leave some of what lies around in sight. */
  private go(finding: Finding): void {
    const { tensor, x, y, width, height } = finding;
    const { stage } = this.app;
    this.visited = finding;
    const index = stage.scene.placements.items.findIndex(({ name }) => name === tensor);
    if (index >= 0) this.app.choose(index);
    const room = Math.max(4, 0.1 * Math.max(width, height));
    this.app.travel.frame({ x0: x - room, y0: y - room, x1: x + width + room, y1: y + height + room }, wordsOf(finding));
  }
}

function outline(context: CanvasRenderingContext2D, { scale, left, top }: Frame, { x, y, width, height }: Finding): void {
  const box = [x * scale + left - 2, y * scale + top - 2, width * scale + 4, height * scale + 4] as const;
  context.lineWidth = 4;
  context.strokeStyle = "rgba(0, 0, 0, 0.7)";
  context.strokeRect(...box);
  context.lineWidth = 2;
  context.strokeStyle = "#ffd23f";
  context.strokeRect(...box);
}

/** What was found, without the name of the tensor in front of it. */
function wordsOf({ tensor, text }: Finding): string {
  const name = `${tensor ?? ""}: `;
  return capital(printable(tensor !== null && text.startsWith(name) ? text.slice(name.length) : text));
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

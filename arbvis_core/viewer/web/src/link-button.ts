/** The button that copies the address of what one sees. */

import type { App } from "./app";
import { copyText, iconButton } from "./dom";
import type { Feature } from "./feature";

export class LinkButton implements Feature {
  readonly tools: readonly HTMLElement[];
  readonly commands;

  constructor(private readonly app: App) {
    this.tools = [iconButton("link", "Copy the link to this view", "y", () => void this.copy())];
    this.commands = [{ keys: ["y"], shown: ["y"], does: "Copy the link to this view", run: () => void this.copy() }];
  }

  private async copy(): Promise<void> {
    this.app.settled();
    const done = await copyText(location.href);
    this.app.say(done ? "Link copied" : "The browser refused to copy");
  }
}

/** Light and dark: the system's, until one is chosen. */

import { recall, remember } from "./dom";

export type Theme = "light" | "dark";

export class ThemeSwitch {
  private readonly system = matchMedia("(prefers-color-scheme: light)");

  constructor(private readonly changed: (theme: Theme) => void) {
    const stored = recall("theme");
    if (stored === "light" || stored === "dark") this.apply(stored);
    else this.apply(this.systemTheme());
    this.system.addEventListener("change", () => {
      if (recall("theme") === null) this.apply(this.systemTheme());
    });
  }

  get theme(): Theme {
    return document.documentElement.dataset["theme"] === "light" ? "light" : "dark";
  }

  toggle(): void {
    const theme = this.theme === "dark" ? "light" : "dark";
    remember("theme", theme);
    this.apply(theme);
  }

  private systemTheme(): Theme {
    return this.system.matches ? "light" : "dark";
  }

  private apply(theme: Theme): void {
    document.documentElement.dataset["theme"] = theme;
    this.changed(theme);
  }
}

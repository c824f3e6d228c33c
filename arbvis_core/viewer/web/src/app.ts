/** The page: panels around the stage, and what the keys and buttons do. */

import type * as L from "leaflet";

import type { Bundle } from "./bundle";
import { el, iconButton, recall, reducedMotion, remember } from "./dom";
import type { Rectangle } from "./entities";
import { printable } from "./format";
import { header, sceneTabs } from "./header";
import { describe } from "./describe";
import { HoverCard, scaleText } from "./hover";
import { helpDialog, listen, type Command } from "./keys";
import { LegendPanel } from "./legend";
import { parsePlace, writePlace } from "./link";
import type { Margins } from "./map";
import type { Manifest } from "./manifest";
import { Scene, type Spot } from "./scene";
import type { Frame } from "./screen";
import { SearchBox, type Target } from "./search";
import { Stage, type Listener } from "./stage";
import { ThemeSwitch } from "./theme";

/** Windows narrower than this start without legend and minimap. */
const NARROW = 960;

/** Screen pixels an arrow key moves. */
const STRIDE = 120;

export class App implements Listener {
  stage!: Stage;
  private readonly scenes = new Map<string, Scene>();
  private readonly root = el("div", { class: "app" });
  private readonly place = el("main", { class: "place", tabindex: "0", "aria-label": "Picture: arrows move, + and - zoom, p pins the middle" });
  private readonly title: HTMLElement;
  private readonly legend = new LegendPanel();
  private readonly corner = el("div", { class: "corner bottom right" });
  private readonly scaleBar = el("output", { class: "scale", "aria-label": "Scale" });
  private readonly toast = el("p", { class: "toast", role: "status" });
  private readonly hoverCard: HoverCard;
  private readonly pinCard: HoverCard;
  private readonly search: SearchBox;
  private readonly help: () => void;
  private readonly tabs: ReturnType<typeof sceneTabs>;
  private readonly theme: ThemeSwitch;
  private readonly toggles: Record<"outlines" | "legend" | "minimap", HTMLButtonElement>;
  private readonly themeButton: HTMLButtonElement;
  private toastTimer = 0;

  constructor(
    readonly manifest: Manifest,
    private readonly bundle: Bundle,
  ) {
    document.body.append(this.root);
    const commands = this.commands();
    this.title = el("div", { class: "corner top left" });
    this.tabs = sceneTabs(manifest, (key) => this.showScene(key));
    this.themeButton = iconButton("dark", "Light or dark", "t", () => this.theme.toggle());
    this.toggles = {
      outlines: iconButton("outlines", "Outlines and names", "o", () => this.toggle("outlines")),
      legend: iconButton("legend", "Legend", "l", () => this.toggle("legend")),
      minimap: iconButton("minimap", "Overview", "m", () => this.toggle("minimap")),
    };
    this.assemble();
    const current = (): Scene => this.stage.scene;
    this.hoverCard = new HoverCard(this.root, current, (text) => this.say(text), null);
    this.pinCard = new HoverCard(this.root, current, (text) => this.say(text), () => this.pin(null));
    this.search = new SearchBox(this.root, current, (target) => this.goTo(target));
    const { name, version } = manifest.generator;
    this.help = helpDialog(this.root, commands, `Made by ${name} ${version}. The viewer contains Leaflet; see viewer/NOTICES.txt.`);
    this.theme = new ThemeSwitch(() => this.stage?.refresh());
    this.preset();
    listen(commands);
    window.addEventListener("hashchange", () => this.restore());
    this.restore();
  }

  moved(frame: Frame): void {
    const { scene } = this.stage;
    this.scaleBar.textContent = scaleText(frame.scale, scene.unit);
    this.legend.update(scene, frame.scale > 0.999);
    this.placePin();
  }

  settled(): void {
    const { scene, map, overlay } = this.stage;
    const pin = overlay.pinned;
    writePlace({ scene: scene.facts.key, view: map.view, pin: pin ? { x: pin.x, y: pin.y } : null });
  }

  pointed(spot: Spot | null, point: L.Point | null): void {
    const { pinned } = this.stage.overlay;
    const told = spot !== null && pinned !== null && spot.x === pinned.x && spot.y === pinned.y;
    if (spot && point && !told) this.hoverCard.show(spot, point.x, point.y);
    else this.hoverCard.hide();
  }

  clicked(spot: Spot | null): void {
    const { pinned } = this.stage.overlay;
    const again = spot !== null && pinned !== null && spot.x === pinned.x && spot.y === pinned.y;
    this.pin(again ? null : spot);
  }

  /** Keep a spot marked and its card open; null lets go. */
  pin(spot: Spot | null): void {
    const known = spot !== null && spot.placement !== null ? spot : null;
    this.stage.pin(known);
    this.hoverCard.hide();
    this.placePin();
    this.settled();
    if (!known) return;
    const { title, facts } = describe(this.stage.scene, known);
    this.say([title, ...facts.map(({ term, value }) => `${term} ${value}`)].join(", "), true);
  }

  /** Fly to a file, a region or a byte. */
  goTo(target: Target): void {
    const { scene, map } = this.stage;
    if (target.kind === "position") {
      const spot = scene.atPosition(target.position);
      if (!spot) return;
      map.fly({ x: spot.x + 0.5, y: spot.y + 0.5, zoom: Math.max(map.view.zoom, scene.maxZoom + 3) });
      this.pin(spot);
      return;
    }
    const entities = target.kind === "placement" ? scene.placements : scene.labels;
    map.fly(map.framing(entities.rectangle(target.index), scene.maxZoom + 4));
    const { name } = entities.items[target.index]!;
    this.say(printable(name));
  }

  showScene(key: string): void {
    if (this.stage?.scene.facts.key === key) return;
    const facts = this.manifest.scenes.find((scene) => scene.key === key) ?? this.manifest.scenes[0]!;
    let scene = this.scenes.get(facts.key);
    if (!scene) {
      scene = new Scene(facts);
      this.scenes.set(facts.key, scene);
    }
    this.stage?.destroy();
    this.hoverCard.hide();
    this.pinCard.hide();
    this.stage = new Stage(this.place, this.bundle, scene, this, () => this.margins(), () => this.obstacles());
    this.corner.replaceChildren(this.stage.minimap.element);
    this.stage.overlay.shown = this.isOn("outlines");
    this.tabs?.select(facts.key);
    this.legend.open(scene, () => this.bundle.statistics(facts));
    this.stage.refresh();
    this.settled();
  }

  private restore(): void {
    const place = parsePlace(location.hash);
    this.showScene(place?.scene ?? "");
    if (!place) return;
    const { map, scene, overlay } = this.stage;
    const pinned = place.pin ? scene.at(place.pin.x, place.pin.y, 1) : null;
    overlay.pinned = pinned?.placement == null ? null : pinned;
    if (place.view) map.show(place.view);
    this.stage.refresh();
    this.settled();
  }

  private placePin(): void {
    const { overlay } = this.stage;
    if (!overlay.pinned) {
      this.pinCard.hide();
      return;
    }
    const point = this.stage.pointOf(overlay.pinned);
    const { clientWidth, clientHeight } = this.place;
    const seen = point.x >= 0 && point.y >= 0 && point.x <= clientWidth && point.y <= clientHeight;
    if (seen) this.pinCard.show(overlay.pinned, point.x, point.y);
    else this.pinCard.hide();
  }

  private commands(): Command[] {
    const one = (key: string, does: string, run: () => void): Command => ({ keys: [key], shown: [key], does, run });
    const pan = (x: number, y: number): void => this.stage.map.panBy(x * STRIDE, y * STRIDE);
    return [
      one("/", "Search files, regions and offsets", () => this.search.open()),
      { keys: ["0", " "], shown: ["0", "Space"], does: "Show everything", run: () => this.fit() },
      { keys: ["+", "=", "-", "_"], shown: ["+", "−"], does: "Zoom", run: ({ key }) => this.stage.map.zoomBy(key === "+" || key === "=" ? 1 : -1) },
      one("1", "One pixel per byte or element", () => this.oneToOne()),
      {
        keys: ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"],
        shown: ["←", "→", "↑", "↓"],
        does: "Move",
        run: ({ key }) => pan(key === "ArrowLeft" ? -1 : key === "ArrowRight" ? 1 : 0, key === "ArrowUp" ? -1 : key === "ArrowDown" ? 1 : 0),
      },
      one("p", "Pin what is in the middle", () => this.pinMiddle()),
      one("c", "Copy what is pinned, or under the pointer", () => void this.copy()),
      { keys: ["Escape"], shown: ["Esc"], does: "Unpin", run: () => this.pin(null) },
      one("o", "Outlines and names", () => this.toggle("outlines")),
      one("l", "Legend", () => this.toggle("legend")),
      one("m", "Overview", () => this.toggle("minimap")),
      one("t", "Light or dark", () => this.theme.toggle()),
      one("?", "This page", () => this.help()),
    ];
  }

  private assemble(): void {
    const tools = el(
      "div",
      { class: "card toolbar", role: "toolbar", "aria-label": "Tools" },
      iconButton("search", "Search", "/", () => this.search.open()),
      this.toggles.outlines,
      this.toggles.legend,
      this.toggles.minimap,
      this.themeButton,
      iconButton("help", "Keys", "?", () => this.help()),
    );
    const zoom = el(
      "div",
      { class: "card zoom", role: "group", "aria-label": "Zoom" },
      iconButton("plus", "Zoom in", "+", () => this.stage.map.zoomBy(1)),
      iconButton("minus", "Zoom out", "-", () => this.stage.map.zoomBy(-1)),
      iconButton("fit", "Show everything", "0", () => this.fit()),
    );
    this.title.append(header(this.manifest), ...(this.tabs ? [this.tabs.element] : []));
    this.root.append(
      this.place,
      this.title,
      el("div", { class: "corner top right" }, tools, this.legend.element),
      el("div", { class: "corner bottom left" }, zoom, el("div", { class: "card status" }, this.scaleBar)),
      this.corner,
      this.toast,
    );
  }

  private preset(): void {
    const roomy = window.innerWidth >= NARROW;
    for (const name of ["outlines", "legend", "minimap"] as const) {
      const stored = recall(name);
      this.set(name, stored === null ? name === "outlines" || roomy : stored === "on");
    }
  }

  private isOn(name: keyof App["toggles"]): boolean {
    return this.toggles[name].getAttribute("aria-pressed") === "true";
  }

  private toggle(name: keyof App["toggles"]): void {
    const on = !this.isOn(name);
    this.set(name, on);
    remember(name, on ? "on" : "off");
    if (name === "outlines") this.stage.overlay.shown = on;
    this.stage.refresh();
  }

  private set(name: keyof App["toggles"], on: boolean): void {
    this.toggles[name].setAttribute("aria-pressed", String(on));
    this.root.classList.toggle(`without-${name}`, !on);
  }

  private fit(): void {
    this.stage.map.fly(this.stage.map.fitted());
  }

  private oneToOne(): void {
    const { map, scene } = this.stage;
    map.fly({ ...map.view, zoom: scene.maxZoom });
  }

  private pinMiddle(): void {
    this.pin(this.stage.spotAt(this.stage.map.leaflet.getSize().divideBy(2)));
  }

  private async copy(): Promise<void> {
    await (this.pinCard.isShown ? this.pinCard : this.hoverCard).copy();
  }

  /** What the panels take of the window. */
  private margins(): Margins {
    const { offsetWidth } = this.legend.element;
    const wide = window.innerWidth >= NARROW && offsetWidth > 0;
    return { right: wide ? offsetWidth + 24 : 0, top: this.title.getBoundingClientRect().bottom + 12 };
  }

  /** Where panels lie, so that no name is written under them. */
  private obstacles(): Rectangle[] {
    return [...this.root.querySelectorAll<HTMLElement>(".corner .card")]
      .filter(({ offsetWidth }) => offsetWidth > 0)
      .map((card) => {
        const { left, top, right, bottom } = card.getBoundingClientRect();
        return { x0: left - 4, y0: top - 4, x1: right + 4, y1: bottom + 4 };
      });
  }

  private say(text: string, quietly = false): void {
    this.toast.textContent = text;
    this.toast.classList.toggle("offscreen", quietly);
    this.toast.classList.add("shown");
    clearTimeout(this.toastTimer);
    this.toastTimer = window.setTimeout(() => this.toast.classList.remove("shown"), reducedMotion() ? 4000 : 2200);
  }
}

/** The page: panels around the stage, and what the keys and buttons do. */

import type * as L from "leaflet";

import type { Bundle } from "./bundle";
import type { Feature } from "./feature";
import { featuresOf } from "./features";
import { commandsOf } from "./commands";
import { Crumbs } from "./crumbs";
import { el, iconButton, recall, reducedMotion, remember } from "./dom";
import { intersect, type Rectangle } from "./entities";
import { printable } from "./format";
import { header, sceneTabs } from "./header";
import { HeatPane } from "./heatmap";
import { describe, type Fact } from "./describe";
import { HoverCard, scaleText, type Tell } from "./hover";
import { helpDialog, listen } from "./keys";
import { LegendPanel } from "./legend";
import { parsePlace, writePlace } from "./link";
import type { Margins } from "./map";
import type { Manifest, Shared } from "./manifest";
import { SidePanel } from "./panel";
import { Scene, type Spot } from "./scene";
import type { Frame } from "./screen";
import { SearchBox, type Target } from "./search";
import { Series } from "./series";
import { Stage, type Listener } from "./stage";
import { StatisticsPane, type More } from "./statistics";
import { TablePane } from "./table";
import { headsOf } from "./tensor";
import { ThemeSwitch } from "./theme";
import { TreePane } from "./tree";

/** Windows narrower than this start without legend and minimap. */
const NARROW = 960;

/** Screen pixels that the buttons for zooming and the gaps beside them take. */
const ZOOM = 72;

/** What can be shown or hidden. */
type Toggle = "outlines" | "heads" | "legend" | "minimap";

export class App implements Listener {
  stage!: Stage;
  private readonly features: readonly Feature[];
  private readonly left = el("div", { class: "half left" });
  private readonly scenes = new Map<string, Scene>();
  private readonly root = el("div", { class: "app" });
  readonly place = el("main", { class: "place", tabindex: "0", "aria-label": "Picture: arrows move, + and - zoom, p pins the middle" });
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
  private readonly toggles: Record<Toggle, HTMLButtonElement>;
  private readonly themeButton: HTMLButtonElement;
  private readonly panelButton = iconButton("panel", "Tensors", "b", () => this.togglePanel());
  private readonly crumbs = new Crumbs((box, label) => this.frame(box, label));
  private readonly panel: SidePanel;
  private readonly series = new Map<Scene, Series>();
  /** Whether there is more than bytes along curves to see. */
  private readonly planes: boolean;
  /** The view shows everything, and goes on to when panels open and close. */
  private whole = true;
  private toastTimer = 0;

  constructor(
    readonly manifest: Manifest,
    readonly bundle: Bundle,
    shared: Shared,
  ) {
    document.body.append(this.root);
    this.place.append(this.left);
    this.features = featuresOf(this, shared);
    this.planes = manifest.scenes.some(({ canvas }) => canvas.curve === null);
    const commands = commandsOf(this, this.features.flatMap((feature) => feature.commands ?? []));
    this.title = el("div", { class: "corner top left" });
    this.tabs = sceneTabs(manifest, (key) => this.showScene(key));
    this.themeButton = iconButton("dark", "Light or dark", "t", () => this.theme.toggle());
    this.toggles = {
      outlines: iconButton("outlines", "Outlines and names", "o", () => this.toggle("outlines")),
      heads: iconButton("heads", "Attention heads", "h", () => this.toggle("heads")),
      legend: iconButton("legend", "Legend", "l", () => this.toggle("legend")),
      minimap: iconButton("minimap", "Overview", "m", () => this.toggle("minimap")),
    };
    const visit = (index: number): void => this.visit(index);
    const more = this.features.flatMap((feature): More[] => (feature.statistics ? [feature.statistics.bind(feature)] : []));
    const panes = [
      new TreePane(visit, (box, label) => this.frame(box, label)),
      new TablePane(visit),
      new HeatPane(visit),
      new StatisticsPane(({ facts }) => this.bundle.statistics(facts), more),
      ...this.features.flatMap((feature) => feature.panes ?? []),
    ];
    this.panel = new SidePanel(panes, () => this.arrange());
    this.assemble();
    const current = (): Scene => this.stage.scene;
    const say = (text: string): void => this.say(text);
    const tell: Tell = (scene, spot, signal) => this.tell(scene, spot, signal);
    this.pinCard = new HoverCard(this.root, tell, say, () => this.pin(null));
    this.hoverCard = new HoverCard(this.root, tell, say, null, () => this.pinCard.box);
    this.search = new SearchBox(this.root, current, (target) => this.goTo(target));
    const { name, version } = manifest.generator;
    this.help = helpDialog(this.root, commands, `Made by ${name} ${version}. The viewer contains Leaflet; see viewer/NOTICES.txt.`);
    this.theme = new ThemeSwitch(() => {
      if (this.stage) this.refresh();
      this.panel.refresh();
    });
    this.preset();
    listen(commands);
    window.addEventListener("hashchange", () => this.restore());
    this.restore();
  }

  moved(frame: Frame): void {
    const { scene } = this.stage;
    this.scaleBar.textContent = scaleText(frame.scale, scene.unit);
    this.legend.update(scene, this.sharp);
    this.crumbs.update(scene, frame);
    this.placePin();
    for (const feature of this.features) feature.moved?.(frame);
  }

  settled(): void {
    const { scene, map, overlay } = this.stage;
    const { pinned: pin, selected } = overlay;
    const fitted = map.fitted();
    this.whole = Math.abs(map.view.zoom - fitted.zoom) < 0.01 && Math.hypot(map.view.x - fitted.x, map.view.y - fitted.y) * map.scale < 2;
    const at = selected === null ? null : scene.placements.items[selected]!.name;
    for (const feature of this.features) feature.settled?.();
    const more = Object.assign({}, ...this.features.map((feature) => feature.link?.() ?? {})) as Record<string, string>;
    writePlace({ scene: scene.facts.key, view: map.view, pin: pin ? { x: pin.x, y: pin.y } : null, at, more });
  }

  pointed(spot: Spot | null, point: L.Point | null): void {
    const { pinned } = this.stage.overlay;
    const told = spot !== null && pinned !== null && spot.x === pinned.x && spot.y === pinned.y;
    for (const feature of this.features) feature.pointed?.(spot);
    this.hover(this.stage.scene, told ? null : spot, point);
  }

  /** Show the card of a spot beside a point of the window. */
  hover(scene: Scene, spot: Spot | null, point: L.Point | null): void {
    if (spot && point) this.hoverCard.show(scene, spot, point.x, point.y);
    else this.hoverCard.hide();
  }

  clicked(spot: Spot | null): void {
    const { pinned } = this.stage.overlay;
    const again = spot !== null && pinned !== null && spot.x === pinned.x && spot.y === pinned.y;
    this.pin(again ? null : spot);
  }

  extended(spot: Spot): void {
    if (this.stage.scene.curve) for (const feature of this.features) feature.extended?.(spot);
    else this.clicked(spot);
  }

  /** Mark a placement, or none, without going there. */
  choose(index: number | null): void {
    this.pin(null);
    this.select(index);
    this.settled();
  }

  /** Keep a spot marked and its card open; null lets go. */
  pin(spot: Spot | null): void {
    const known = spot !== null && spot.placement !== null ? spot : null;
    this.select(this.stage.scene.curve ? null : (known?.placement ?? null));
    this.stage.pin(known);
    for (const feature of this.features) feature.pinned?.(known);
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
    if (target.kind === "placement") return this.visit(target.index);
    this.frame(scene.labels.rectangle(target.index), printable(scene.labels.items[target.index]!.name));
  }

  /** Fly to a placement and mark it. */
  visit(index: number): void {
    const { scene } = this.stage;
    this.choose(scene.curve ? null : index);
    this.frame(scene.placements.rectangle(index), printable(scene.placements.items[index]!.name));
    this.settled();
  }

  /** Fly so that a rectangle fills the view. */
  frame(box: Rectangle, label: string): void {
    const { map, scene } = this.stage;
    map.fly(map.framing(box, scene.maxZoom + 4));
    this.say(label);
  }

  /** Go to the same tensor so many layers on, without moving within it. */
  walkLayers(by: number): void {
    const { scene, map, overlay } = this.stage;
    const from = overlay.selected ?? overlay.hovered?.placement ?? this.stage.middle?.placement ?? null;
    if (scene.curve || from === null) return;
    const to = this.seriesOf(scene).neighbour(from, by);
    if (to === null) return this.say(by > 0 ? "No later layer has this" : "No earlier layer has this");
    const [here, there] = [scene.placements.rectangle(from), scene.placements.rectangle(to)];
    const [x, y] = [there.x0 - here.x0, there.y0 - here.y0];
    const { pinned } = overlay;
    if (pinned) this.pin(scene.at(pinned.x + x, pinned.y + y, 1));
    this.select(to);
    if (!intersect(here, map.visible)) return this.visit(to);
    const { view } = map;
    map.fly({ x: view.x + x, y: view.y + y, zoom: view.zoom });
    this.say(printable(scene.placements.items[to]!.name));
    this.settled();
  }

  showScene(key: string): void {
    if (this.stage?.scene.facts.key === key) return;
    const facts = this.manifest.scenes.find((scene) => scene.key === key) ?? this.manifest.scenes[0]!;
    const scene = this.sceneOf(facts.key);
    this.stage?.destroy();
    this.hoverCard.hide();
    this.pinCard.hide();
    this.stage = new Stage(this.left, this.bundle, scene, this, () => this.margins(), () => this.obstacles());
    this.corner.replaceChildren(this.stage.minimap.element);
    this.staged(this.stage);
    this.stage.overlay.shown = this.isOn("outlines");
    this.stage.overlay.heads = this.isOn("heads");
    this.panelButton.hidden = scene.curve !== null;
    this.toggles.heads.hidden = !scene.placements.items.some((item) => headsOf(item) !== null);
    this.panel.show(scene);
    this.arrange();
    this.tabs?.select(facts.key);
    this.legend.open(scene, () => this.bundle.statistics(facts));
    for (const feature of this.features) feature.opened?.(scene);
    this.refresh();
    this.settled();
  }

  private restore(): void {
    const place = parsePlace(location.hash);
    this.showScene(place?.scene ?? "");
    if (!place) return;
    for (const feature of this.features) feature.restore?.(place.more);
    const { map, scene, overlay } = this.stage;
    const pinned = place.pin ? scene.at(place.pin.x, place.pin.y, 1) : null;
    overlay.pinned = pinned?.placement == null ? null : pinned;
    const named = place.at === null ? -1 : scene.placements.items.findIndex(({ name }) => name === place.at);
    this.select(scene.curve ? null : (overlay.pinned?.placement ?? (named < 0 ? null : named)));
    if (place.view) map.show(place.view);
    this.refresh();
    this.settled();
  }

  private placePin(): void {
    const { overlay } = this.stage;
    if (!overlay.pinned) {
      this.pinCard.hide();
      return;
    }
    const point = this.stage.pointOf(overlay.pinned);
    const { clientWidth, clientHeight } = this.left;
    const seen = point.x >= 0 && point.y >= 0 && point.x <= clientWidth && point.y <= clientHeight;
    if (seen) this.pinCard.show(this.stage.scene, overlay.pinned, point.x, point.y);
    else this.pinCard.hide();
  }

  private assemble(): void {
    const tools = el(
      "div",
      { class: "card toolbar", role: "toolbar", "aria-label": "Tools" },
      ...(this.planes ? [this.panelButton] : []),
      iconButton("search", "Search", "/", () => this.openSearch()),
      this.toggles.outlines,
      ...(this.planes ? [this.toggles.heads] : []),
      this.toggles.legend,
      this.toggles.minimap,
      ...this.features.flatMap((feature) => feature.tools ?? []),
      this.themeButton,
      iconButton("help", "Keys", "?", () => this.showHelp()),
    );
    const zoom = el(
      "div",
      { class: "card zoom", role: "group", "aria-label": "Zoom" },
      iconButton("plus", "Zoom in", "+", () => this.stage.map.zoomBy(1)),
      iconButton("minus", "Zoom out", "-", () => this.stage.map.zoomBy(-1)),
      iconButton("fit", "Show everything", "0", () => this.fit()),
    );
    this.title.append(header(this.manifest), ...(this.tabs ? [this.tabs.element] : []), ...(this.planes ? [this.panel.element] : []));
    this.root.append(
      this.place,
      this.title,
      el("aside", { class: "corner top right", "aria-label": "Tools" }, tools, ...this.features.flatMap((feature) => feature.cards ?? []), this.legend.element),
      el("section", { class: "corner bottom left", "aria-label": "Zoom and place" }, zoom, this.crumbs.element, el("div", { class: "card status" }, this.scaleBar)),
      this.corner,
      this.toast,
    );
  }

  private preset(): void {
    const roomy = window.innerWidth >= NARROW;
    for (const name of ["outlines", "heads", "legend", "minimap"] as const) {
      const stored = recall(name);
      const usual = name === "outlines" || (name !== "heads" && roomy);
      this.set(name, stored === null ? usual : stored === "on");
    }
    if (recall("panel") === "open" && roomy) this.panel.open();
  }

  private isOn(name: Toggle): boolean {
    return this.toggles[name].getAttribute("aria-pressed") === "true";
  }

  toggle(name: Toggle): void {
    if (this.toggles[name].hidden) return;
    const on = !this.isOn(name);
    this.set(name, on);
    remember(name, on ? "on" : "off");
    if (name === "outlines") this.stage.overlay.shown = on;
    if (name === "heads") this.stage.overlay.heads = on;
    this.measure();
    this.refresh();
  }

  private set(name: Toggle, on: boolean): void {
    this.toggles[name].setAttribute("aria-pressed", String(on));
    this.root.classList.toggle(`without-${name}`, !on);
  }

  fit(): void {
    this.stage.map.fly(this.stage.map.fitted());
  }

  oneToOne(): void {
    const { map, scene } = this.stage;
    map.fly({ ...map.view, zoom: scene.maxZoom });
  }

  pinMiddle(): void {
    this.pin(this.stage.middle);
  }

  async copy(): Promise<void> {
    await (this.pinCard.isShown ? this.pinCard : this.hoverCard).copy();
  }

  openSearch(): void {
    this.search.open();
  }

  showHelp(): void {
    this.help();
  }

  switchTheme(): void {
    this.theme.toggle();
  }

  /** Open a pane of the panel and go there, or close it if it is the one that is shown. */
  togglePane(key: string): void {
    if (this.stage.scene.curve) return;
    if (this.panel.shown === key) return this.panel.close();
    this.panel.open(key);
    this.panel.focus();
  }

  togglePanel(): void {
    if (this.stage.scene.curve) return;
    if (this.panel.isOpen) this.panel.close();
    else this.panel.open();
  }

  private select(index: number | null): void {
    this.stage.overlay.selected = index;
    this.panel.select(index);
    this.refresh();
  }

  private seriesOf(scene: Scene): Series {
    let series = this.series.get(scene);
    if (!series) this.series.set(scene, (series = new Series(scene)));
    return series;
  }

  /** The column at the right ends where the overview begins, names of two views where the tools do. */
  private measure(): void {
    this.root.style.setProperty("--minimap", `${this.stage.minimap.element.offsetHeight}px`);
    this.root.style.setProperty("--tools", `${this.root.querySelector<HTMLElement>(".toolbar")!.offsetWidth}px`);
  }

  /** Make room for the panel, or take it back. */
  private arrange(): void {
    const { isOpen, element } = this.panel;
    const { whole } = this;
    this.panelButton.setAttribute("aria-pressed", String(isOpen));
    this.root.classList.toggle("with-panel", isOpen);
    this.root.style.setProperty("--panel", `${isOpen ? element.offsetWidth : 0}px`);
    if (!this.stage) return;
    this.measure();
    if (whole) this.stage.map.show(this.stage.map.fitted());
    this.refresh();
    this.settled();
  }

  /** The picture has got more or less room. */
  reflow(): void {
    this.measure();
    const { map } = this.stage;
    const { whole } = this;
    map.resized(map.view);
    if (whole) map.show(map.fitted());
    this.refresh();
    this.settled();
  }

  /** Draw everything over and under the tiles anew. */
  refresh(): void {
    this.stage.refresh();
    for (const feature of this.features) feature.redrawn?.();
  }

  /** Show the tiles as they are looked at now. */
  repaint(): void {
    this.stage.repaint();
    for (const feature of this.features) feature.repainted?.();
    this.settled();
  }

  /** The colours mean something else now. */
  relegend(): void {
    this.legend.update(this.stage.scene, this.sharp);
    this.panel.refresh();
    this.refresh();
  }

  /** Figures were measured meanwhile. */
  measured(): void {
    this.panel.renew();
  }

  /** Let all parts draw over a stage. */
  staged(stage: Stage): void {
    for (const feature of this.features) feature.staged?.(stage);
  }

  /** Whether one pixel is one element or more. */
  get sharp(): boolean {
    return this.stage.tiles.level === this.stage.scene.maxZoom;
  }

  /** What is shown, in words: the picture, where in it, and how large. */
  shownText(): string[] {
    return [printable(this.stage.scene.facts.label), ...this.crumbs.labels.slice(1), this.scaleBar.textContent ?? ""];
  }

  /** A scene, by its key. */
  sceneOf(key: string): Scene {
    let scene = this.scenes.get(key);
    if (!scene) {
      scene = new Scene(this.manifest.scenes.find((facts) => facts.key === key)!);
      this.scenes.set(key, scene);
    }
    return scene;
  }

  private async tell(scene: Scene, spot: Spot, signal: AbortSignal): Promise<readonly Fact[] | null> {
    const told = await Promise.all(this.features.map((feature) => feature.tell?.(scene, spot, signal) ?? null));
    return told.some((facts) => facts !== null) ? told.flatMap((facts) => facts ?? []) : null;
  }

  /** What the panels take of the window. */
  private margins(): Margins {
    const wide = window.innerWidth >= NARROW;
    const { offsetWidth } = this.legend.element;
    const beside = wide && offsetWidth > 0 && !this.place.matches(".split:not(.swipe)");
    const right = beside ? offsetWidth + 24 : 0;
    if (this.panel.isOpen) return { left: wide ? this.panel.element.offsetWidth + ZOOM : 0, right, top: 0 };
    return { left: 0, right, top: this.title.getBoundingClientRect().bottom + 12 };
  }

  /** Where panels lie, seen from so far right, so that no name is written under them. */
  obstacles(from = 0): Rectangle[] {
    return [...this.root.querySelectorAll<HTMLElement>(".corner .card, .chip")]
      .filter(({ offsetWidth }) => offsetWidth > 0)
      .map((card) => {
        const { left, top, right, bottom } = card.getBoundingClientRect();
        return { x0: left - from - 4, y0: top - 4, x1: right - from + 4, y1: bottom + 4 };
      });
  }

  say(text: string, quietly = false): void {
    this.toast.textContent = text;
    this.toast.classList.toggle("offscreen", quietly);
    this.toast.classList.add("shown");
    clearTimeout(this.toastTimer);
    this.toastTimer = window.setTimeout(() => this.toast.classList.remove("shown"), reducedMotion() ? 4000 : 2200);
  }
}

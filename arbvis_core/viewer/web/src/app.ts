/** The page: panels around the stage, and what each part tells the others. */

import type * as L from "leaflet";

import { Address } from "./address";
import type { Bundle } from "./bundle";
import { Cards } from "./cards";
import { commandsOf } from "./commands";
import { toolbar, zoomButtons } from "./corners";
import { Crumbs } from "./crumbs";
import { describe, type Fact } from "./describe";
import { el, iconButton, recall } from "./dom";
import type { Feature } from "./feature";
import { featuresOf } from "./features";
import { printable } from "./format";
import { header, sceneTabs } from "./header";
import { HeatPane } from "./heatmap";
import { scaleText } from "./hover";
import { kept, type Kept } from "./keeping";
import { helpDialog, listen } from "./keys";
import { LegendPanel } from "./legend";
import type { Manifest, Shared } from "./manifest";
import { SidePanel } from "./panel";
import { isRoomy, Room } from "./room";
import { Scene, type Spot } from "./scene";
import type { Frame } from "./screen";
import { SearchBox } from "./search";
import { Stage, type Listener } from "./stage";
import { StatisticsPane, type More } from "./statistics";
import { TablePane } from "./table";
import { headsOf } from "./tensor";
import { ThemeSwitch } from "./theme";
import { Toast } from "./toast";
import { Toggles } from "./toggles";
import { Travel } from "./travel";
import { TreePane } from "./tree";

export class App implements Listener {
  stage!: Stage;
  readonly place = el("main", { class: "place", tabindex: "0", "aria-label": "Picture: arrows move, + and - zoom, p pins the middle" });
  readonly travel = new Travel(this);
  readonly features: readonly Feature[];
  readonly panel: SidePanel;
  readonly search: SearchBox;
  readonly theme: ThemeSwitch;
  readonly toggles: Toggles;
  readonly cards: Cards;
  readonly room: Room;
  readonly help: () => void;
  private readonly root = el("div", { class: "app" });
  private readonly left = el("div", { class: "half left" });
  private readonly corner = el("div", { class: "corner bottom right" });
  private readonly title = el("div", { class: "corner top left" });
  private readonly scaleBar = el("output", { class: "scale", "aria-label": "Scale" });
  private readonly panelButton = iconButton("panel", "Tensors", "b", () => this.togglePanel());
  private readonly address = new Address(this);
  private readonly legend = new LegendPanel();
  private readonly toast = new Toast();
  private readonly crumbs = new Crumbs((box, label) => this.travel.frame(box, label));
  private readonly tabs: ReturnType<typeof sceneTabs>;
  private readonly scenes = new Map<string, Scene>();
  /** Whether there is more than bytes along curves to see. */
  private readonly planes: boolean;
  /** The view shows everything, and goes on to when panels open and close. */
  private whole = true;

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
    this.tabs = sceneTabs(manifest, (key) => this.showScene(key));
    this.panel = new SidePanel(this.panes(), () => this.arrange());
    this.room = new Room(this.root, this.place, this.title, this.legend, this.panel);
    this.toggles = new Toggles(this.root, () => this.toggled());
    this.theme = new ThemeSwitch(() => {
      if (this.stage) this.refresh();
      this.panel.refresh();
    });
    this.assemble();
    this.cards = new Cards(this.root, (scene, spot, signal) => this.tell(scene, spot, signal), (text) => this.say(text), () => this.pin(null));
    this.search = new SearchBox(this.root, () => this.stage.scene, (target) => this.travel.goTo(target));
    const { name, version } = manifest.generator;
    this.help = helpDialog(this.root, commands, `Made by ${name} ${version}. The viewer contains Leaflet; see viewer/NOTICES.txt.`);
    if (recall("panel") === "open" && isRoomy()) this.panel.open();
    listen(commands);
    this.address.restore();
  }

  moved(frame: Frame): void {
    const { scene } = this.stage;
    this.scaleBar.textContent = scaleText(frame.scale, scene.unit);
    this.legend.update(this.stages);
    this.crumbs.update(scene, frame);
    this.cards.place(this.stage, this.left);
    for (const feature of this.features) feature.moved?.(frame);
  }

  settled(): void {
    this.whole = this.stage.map.isFitted;
    for (const feature of this.features) feature.settled?.();
    this.address.write();
  }

  pointed(spot: Spot | null, point: L.Point | null): void {
    const told = spot !== null && this.isPinned(spot);
    for (const feature of this.features) feature.pointed?.(spot);
    this.cards.point(this.stage.scene, told ? null : spot, point && point.add([this.left.offsetLeft, 0]));
  }

  clicked(spot: Spot | null): void {
    this.pin(spot !== null && this.isPinned(spot) ? null : spot);
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

  /** Mark a placement, or none, whatever is pinned. */
  select(index: number | null): void {
    this.stage.overlay.selected = index;
    this.panel.select(index);
    this.refresh();
  }

  /** Keep a spot marked and its card open; null lets go. */
  pin(spot: Spot | null): void {
    const known = spot !== null && spot.placement !== null ? spot : null;
    this.select(this.stage.scene.curve ? null : (known?.placement ?? null));
    this.stage.pin(known);
    for (const feature of this.features) feature.pinned?.(known);
    this.cards.point(this.stage.scene, null, null);
    this.cards.place(this.stage, this.left);
    this.settled();
    if (!known) return;
    const { title, facts } = describe(this.stage.scene, known);
    this.say([title, ...facts.map(({ term, value }) => `${term} ${value}`)].join(", "), true);
  }

  showScene(key: string): void {
    if (this.stage?.scene.facts.key === key) return;
    const facts = this.manifest.scenes.find((scene) => scene.key === key) ?? this.manifest.scenes[0]!;
    const scene = this.sceneOf(facts.key);
    const before = this.stage && kept(this.stage, scene);
    this.stage?.destroy();
    this.cards.hide();
    this.stage = new Stage(this.left, this.bundle, scene, this, () => this.room.margins(), () => this.room.obstacles(this.left.offsetLeft));
    this.corner.replaceChildren(this.stage.minimap.element);
    this.staged(this.stage);
    this.panelButton.hidden = scene.curve !== null;
    this.toggles.buttons.heads.hidden = !scene.placements.items.some((item) => headsOf(item) !== null);
    this.outline();
    this.panel.show(scene);
    this.arrange();
    this.tabs?.select(facts.key);
    this.legend.open(scene, () => this.bundle.statistics(facts));
    for (const feature of this.features) feature.opened?.(scene);
    if (before) this.resume(before);
    this.refresh();
    this.settled();
  }

  /** Open a pane of the panel and go there, or close it if it is the one that is shown. */
  togglePane(key: string): void {
    if (this.panel.shown === key) return this.panel.close();
    this.panel.open(key);
    this.panel.focus();
  }

  togglePanel(): void {
    if (this.panel.isOpen) this.panel.close();
    else this.panel.open();
  }

  /** The picture has got more or less room. */
  reflow(): void {
    const { map } = this.stage;
    const { whole } = this;
    this.room.measure(this.stage.minimap.element);
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
    this.legend.update(this.stages);
    this.panel.refresh();
    this.refresh();
  }

  /** Let all parts draw over a stage. */
  staged(stage: Stage): void {
    for (const feature of this.features) feature.staged?.(stage);
  }

  /** The views that there are: one, or two in step. */
  get stages(): readonly Stage[] {
    return [this.stage, ...this.features.flatMap(({ stage }) => stage ?? [])];
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

  say(text: string, quietly = false): void {
    this.toast.say(text, quietly);
  }

  private panes(): ConstructorParameters<typeof SidePanel>[0] {
    const visit = (index: number): void => this.travel.visit(index);
    const more = this.features.flatMap((feature): More[] => (feature.statistics ? [feature.statistics.bind(feature)] : []));
    return [
      new TreePane(visit, (box, label) => this.travel.frame(box, label)),
      new TablePane(visit),
      new HeatPane(visit),
      new StatisticsPane(({ facts }) => this.bundle.statistics(facts), more),
      ...this.features.flatMap((feature) => feature.panes ?? []),
    ];
  }

  private assemble(): void {
    this.title.append(header(this.manifest), ...(this.tabs ? [this.tabs.element] : []), ...(this.planes ? [this.panel.element] : []));
    this.root.append(
      this.place,
      this.title,
      el("aside", { class: "corner top right", "aria-label": "Tools" }, toolbar(this, this.planes ? this.panelButton : null), ...this.features.flatMap((feature) => feature.cards ?? []), this.legend.element),
      el("section", { class: "corner bottom left", "aria-label": "Zoom and place" }, zoomButtons(this), this.crumbs.element, el("div", { class: "card status" }, this.scaleBar)),
      this.corner,
      this.toast.element,
    );
  }

  private isPinned(spot: Spot): boolean {
    const { pinned } = this.stage.overlay;
    return pinned !== null && spot.x === pinned.x && spot.y === pinned.y;
  }

  /** Look at what was looked at in another picture. */
  private resume({ view, pinned, selected }: Kept): void {
    this.stage.overlay.pinned = pinned;
    this.select(this.stage.scene.curve ? null : (pinned?.placement ?? selected));
    this.stage.map.show(view);
  }

  private toggled(): void {
    this.outline();
    this.room.measure(this.stage.minimap.element);
    this.refresh();
  }

  private outline(): void {
    this.stage.overlay.shown = this.toggles.isOn("outlines");
    this.stage.overlay.heads = this.toggles.isOn("heads");
  }

  /** Make room for the panel, or take it back. */
  private arrange(): void {
    this.panelButton.setAttribute("aria-pressed", String(this.panel.isOpen));
    if (this.stage) this.reflow();
  }

  private async tell(scene: Scene, spot: Spot, signal: AbortSignal): Promise<readonly Fact[] | null> {
    const told = await Promise.all(this.features.map((feature) => feature.tell?.(scene, spot, signal) ?? null));
    return told.some((facts) => facts !== null) ? told.flatMap((facts) => facts ?? []) : null;
  }
}

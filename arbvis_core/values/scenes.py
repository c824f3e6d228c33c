"""What is drawn where: canvases, placements and the plan that fixes every pixel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from math import prod
from typing import Any, NamedTuple

from arbvis_core.slotted import dataclass
from arbvis_core.values.constants import TILE
from arbvis_core.values.documents import Document, Part, Region, Source
from arbvis_core.values.tiles import View


class TileKey(NamedTuple):
    """A tile of the pyramid. Zoom 0 is the whole scene in one tile."""

    zoom: int
    x: int
    y: int


class Box(NamedTuple):
    """A rectangle in pixels of the maximum zoom."""

    x: int
    y: int
    width: int
    height: int

    def meets(self, other: Box) -> bool:
        """Tell whether the two share a pixel."""
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )


@dataclass(frozen=True, slots=True)
class Canvas:
    """A plane of pixels; at the maximum zoom one pixel is one element.

    Attributes:
        width, height: pixels of the maximum zoom.
        curve: None, or `hilbert`: pixels follow a curve through squares of the canvas's height,
            side by side, and a placement's `start` and `stop` are positions along it.
    """

    width: int
    height: int
    curve: str | None = None

    @property
    def max_zoom(self) -> int:
        """The zoom at which one pixel is one element."""
        longest = max(self.width, self.height, 1)
        return max(0, ((longest + TILE - 1) // TILE - 1).bit_length())

    def size(self, zoom: int) -> tuple[int, int]:
        """Width and height in pixels at a zoom."""
        shift = self.max_zoom - zoom
        return -(-self.width >> shift), -(-self.height >> shift)

    def tiles(self, zoom: int) -> tuple[int, int]:
        """Columns and rows of tiles at a zoom."""
        width, height = self.size(zoom)
        return -(-width // TILE), -(-height // TILE)


@dataclass(frozen=True, slots=True)
class Volume:
    """A box of voxels, for layouts in three dimensions."""

    width: int
    height: int
    depth: int


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a region lies on the canvas.

    Attributes:
        name: what people call it.
        box: the pixels it occupies, or the smallest box around them on a curve.
        region: what is painted there.
        start, stop: positions along the canvas's curve (both 0 without one).
        label: where its name is written, in pixels; None means the middle of the box.
        hue: 0–359, the same for the same name in every run.
        fold: how a long region is folded into the box (plain data), or None.
        attributes: what hover and search show: role, layer, expert, dtype … (plain data).
    """

    name: str
    box: Box
    region: Region
    start: int = 0
    stop: int = 0
    label: tuple[float, float] | None = None
    hue: int = 0
    fold: Mapping[str, Any] | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Label:
    """A named outline over the picture: part of a file, a layer, a head.

    `start` and `stop` are positions along the canvas's curve, where it has one.
    """

    name: str
    kind: str
    box: Box
    start: int = 0
    stop: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture; several scenes are the tabs of one page.

    Attributes:
        key: the scene's slug, unique within a plan; part of tile paths.
        label: the tab's name.
        extent: the canvas or volume.
        placements: what is painted, in drawing order.
        renderer: the name of the leaf renderer that paints it.
        documents: what the placements' regions belong to.
        labels: outlines over the picture.
        attributes: what the layout tells its renderer (plain data).
        view: how it is looked at, as far as the flags say.
        awaits: it is drawn after the scenes that do not, and from what they measured.
        scale_group: scenes of one group look alike: what the first of them decides from its sample,
            the others take over, so that the same value has the same colour in all of them.
        warnings: sentences for the user.
    """

    key: str
    label: str
    extent: Canvas | Volume
    placements: tuple[Placement, ...]
    renderer: str
    documents: tuple[Document, ...] = ()
    labels: tuple[Label, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    view: View = field(default_factory=View)
    awaits: bool = False
    scale_group: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScenePlan:
    """Everything the tiles of one scene depend on: pure data, picklable, the same everywhere.

    Attributes:
        key, label: as in the scene.
        canvas: where it is drawn.
        placements: what is painted.
        renderer: the name of the leaf renderer.
        sources: what the placements read, by key.
        labels: outlines over the picture.
        attributes: what the layout tells the renderer (plain data).
        view: how it is looked at, as far as the flags say.
        awaits: it is drawn after the scenes that do not, and from what they measured.
        decisions: what was fixed from the sample: scales, windows, shifts (plain data). What
            concerns one placement only stands under `placements`, by the placement's name.
        sample: how much was sampled, and how (plain data).
    """

    key: str
    label: str
    canvas: Canvas
    placements: tuple[Placement, ...]
    renderer: str
    sources: Mapping[str, Source]
    labels: tuple[Label, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    view: View = field(default_factory=View)
    awaits: bool = False
    decisions: Mapping[str, Any] = field(default_factory=dict)
    sample: Mapping[str, Any] = field(default_factory=dict)

    @property
    def elements(self) -> int:
        """How many elements are placed; at the maximum zoom each is one pixel."""
        return sum(prod(one.region.shape) for one in self.placements)

    def crop(self, box: Box) -> ScenePlan:
        """Keep what meets `box`, so that a worker is sent no more than it needs."""
        return self.only(tuple(one for one in self.placements if one.box.meets(box)))

    def only(self, kept: tuple[Placement, ...]) -> ScenePlan:
        """Keep some of the placements, and what they need."""
        keys = dict.fromkeys([part.source for one in kept for part in parts_of(one.region)])
        sources = {key: self.sources[key] for key in keys}
        decisions = self.decisions
        if "placements" in decisions:
            own = decisions["placements"]
            names = [one.name for one in kept if one.name in own]
            decisions = {**decisions, "placements": {name: own[name] for name in names}}
        return replace(self, placements=kept, sources=sources, labels=(), decisions=decisions)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will draw; nothing has been drawn yet.

    Attributes:
        title: the page's title.
        brand: the command that was run.
        inputs: name, size and identity of every source (plain data).
        scenes: one plan per scene, in the order of the tabs.
        warnings: sentences for the user.
    """

    title: str
    brand: str
    inputs: tuple[Mapping[str, Any], ...]
    scenes: tuple[ScenePlan, ...]
    warnings: tuple[str, ...] = ()

    def scene(self, key: str) -> ScenePlan:
        """Return the scene with this key.

        Raises:
            KeyError: there is none.
        """
        for scene in self.scenes:
            if scene.key == key:
                return scene
        raise KeyError(key)


def parts_of(region: Region) -> tuple[Part, ...]:
    """Return every part a region reads, those of its operands included."""
    if not region.operands:  # as it is with most, of tens of thousands
        return region.parts
    return sum(map(parts_of, region.operands), region.parts)

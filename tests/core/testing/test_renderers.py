from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from arbvis_core.formats.raw import RawFormat
from arbvis_core.protocols import Decoder, Group, LeafRenderer
from arbvis_core.testing import MemorySource, RendererContract
from arbvis_core.values import (
    TILE,
    Box,
    Canvas,
    Crop,
    Indexed,
    Leaf,
    Legend,
    LegendEntry,
    Placement,
    Plane,
    Scene,
    ScenePlan,
    Tile,
    TileKey,
    TrueColour,
    View,
)

from .conftest import Run

HALF = TILE // 2


class Grey(LeafRenderer):
    """Rows of bytes, each one pixel high, in greys."""

    name = "grey"

    def planes(self, plan: ScenePlan, view: View) -> tuple[Plane, ...]:
        return Plane("sum", "float32", "sum"), Plane("count", "uint32", "sum")

    def present(self, plan: ScenePlan, key: TileKey) -> bool:
        return bool(self.met(plan, key))

    def reads(
        self, plan: ScenePlan, key: TileKey, decoders: Mapping[str, Decoder]
    ) -> Sequence[Crop]:
        left = key.x * TILE
        return [
            Crop(one.region.parts[0].source, left, min(one.box.width - left, TILE))
            for one in self.met(plan, key)
        ]

    def met(self, plan: ScenePlan, key: TileKey) -> Sequence[Placement]:
        box = Box(key.x * TILE, key.y * TILE, TILE, TILE)
        return [one for one in plan.placements if one.box.meets(box)]

    def paint(
        self,
        plan: ScenePlan,
        key: TileKey,
        parts: Sequence[NDArray[np.uint8]],
        decoders: Mapping[str, Decoder],
        view: View,
    ) -> Leaf:
        values = np.zeros((TILE, TILE), np.uint8)
        count = np.zeros((TILE, TILE), np.uint32)
        for one, part in zip(self.met(plan, key), parts, strict=True):
            row = one.box.y - key.y * TILE
            values[row, : part.size] = part[0]
            count[row, : part.size] = 1
        pixels = np.dstack([values, values, values, (count * 255).astype(np.uint8)])
        total = values.astype(np.float32)
        planes = {"sum": halved(total), "count": halved(count)}
        return Leaf(TrueColour(pixels), planes, self.measure(values))

    def measure(self, values: NDArray[np.uint8]) -> Any:
        return int(values.sum())

    def shade(
        self, plan: ScenePlan, key: TileKey, planes: Mapping[str, NDArray[Any]], view: View
    ) -> Tile:
        alpha = np.where(planes["count"] > 0, 255, 0).astype(np.uint8)
        grey = (planes["sum"] / np.maximum(planes["count"], 1)).astype(np.uint8)
        return TrueColour(np.dstack([grey, grey, grey, alpha]))

    def merge(self, left: Any, right: Any) -> Any:
        return left + right

    def summary(self, plan: ScenePlan, statistics: Any) -> Mapping[str, Any]:
        return {"sum": statistics}

    def legend(self, plan: ScenePlan, view: View, statistics: Any) -> Sequence[Legend]:
        return [Legend("all", "Bytes", (LegendEntry(("#000000", "#ffffff"), "grey"),))]


def halved(plane: NDArray[Any]) -> NDArray[Any]:
    return plane.reshape(HALF, 2, HALF, 2).sum((1, 3)).astype(plane.dtype)


class Suite(RendererContract):
    def __init__(self, renderer: LeafRenderer) -> None:
        self.renderer = renderer

    def scene(self) -> Scene:
        sources = tuple(MemorySource(f"{n}.bin", bytes(range(1, 251)) * n) for n in (1, 3))
        (document,) = RawFormat().parse(Group("memory", sources, ()))
        placements = tuple(
            Placement(region.name, Box(0, row, *region.shape, 1), region)
            for row, region in enumerate(document.regions)
        )
        # Wide enough for a tile in which nothing lies; the edge cuts through the second column.
        extent = Canvas(3 * TILE - 100, 4)
        return Scene("grey", "Grey", extent, placements, "grey", (document,))

    def expected(self, plan: ScenePlan, key: TileKey) -> NDArray[np.uint8]:
        pixels = np.zeros((TILE, TILE, 4), np.uint8)
        for row, source in enumerate(plan.sources.values()):
            data = np.frombuffer(bytes(source.content), np.uint8)  # type: ignore[attr-defined]
            shown = data[key.x * TILE :][:TILE]
            pixels[row, : len(shown), :3] = shown[:, None]
            pixels[row, : len(shown), 3] = 255
        return pixels


class Everywhere(Grey):
    def present(self, plan: ScenePlan, key: TileKey) -> bool:
        return True


class PastTheEnd(Grey):
    def reads(self, *args: Any) -> Sequence[Crop]:
        return [crop._replace(row_bytes=crop.row_bytes + 1) for crop in super().reads(*args)]


class Painted(Grey):
    """Grey, with something done to every leaf."""

    def paint(self, *args: Any) -> Leaf:
        leaf = super().paint(*args)
        return self.change(leaf, args[1])

    def change(self, leaf: Leaf, key: TileKey) -> Leaf:
        raise NotImplementedError


class Random(Painted):
    calls = itertools.count()

    def change(self, leaf: Leaf, key: TileKey) -> Leaf:
        pixels = leaf.tile.pixels + np.uint8(next(self.calls) % 7)  # type: ignore[union-attr]
        return Leaf(TrueColour(pixels), leaf.planes, leaf.statistics)


class Opaque(Painted):
    def change(self, leaf: Leaf, key: TileKey) -> Leaf:
        return Leaf(TrueColour(leaf.tile.pixels[..., :3]), leaf.planes)  # type: ignore[union-attr]


class CountsPadding(Painted):
    def change(self, leaf: Leaf, key: TileKey) -> Leaf:
        return Leaf(leaf.tile, {**leaf.planes, "count": np.full((HALF, HALF), 4, np.uint32)})


class FullPlanes(Painted):
    def change(self, leaf: Leaf, key: TileKey) -> Leaf:
        return Leaf(leaf.tile, {n: np.repeat(p, 2, 0) for n, p in leaf.planes.items()})


class WrongDtype(Painted):
    def change(self, leaf: Leaf, key: TileKey) -> Leaf:
        return Leaf(leaf.tile, {**leaf.planes, "count": leaf.planes["count"].astype("u8")})


class Undeclared(Painted):
    def change(self, leaf: Leaf, key: TileKey) -> Leaf:
        return Leaf(leaf.tile, {**leaf.planes, "more": leaf.planes["sum"]})


class NotFinite(Painted):
    def change(self, leaf: Leaf, key: TileKey) -> Leaf:
        return Leaf(leaf.tile, {**leaf.planes, "sum": leaf.planes["sum"] / np.float32(0)})


class NoColour(Painted):
    def change(self, leaf: Leaf, key: TileKey) -> Leaf:
        codes = leaf.tile.pixels[..., 0].copy()  # type: ignore[union-attr]
        return Leaf(Indexed(codes, np.zeros((100, 4), np.uint8)), leaf.planes)


class Writes(Grey):
    def paint(self, *args: Any) -> Leaf:
        args[2][0][0, 0] = 0
        return super().paint(*args)


class WholePlan(Grey):
    """Depends on placements that do not meet the tile."""

    def paint(self, *args: Any) -> Leaf:
        leaf = super().paint(*args)
        return Leaf(leaf.tile, leaf.planes, (leaf.statistics, len(args[0].placements)))


class Smears(Grey):
    def shade(self, *args: Any) -> Tile:
        args[2]["sum"][:] += 1
        return super().shade(*args)


class Fills(Grey):
    def shade(self, *args: Any) -> Tile:
        return TrueColour(super().shade(*args).pixels[..., :3])  # type: ignore[union-attr]


class Forgets(Grey):
    def merge(self, left: Any, right: Any) -> Any:
        return left


class Mutates(Grey):
    def measure(self, values: NDArray[np.uint8]) -> Any:
        return [int(values.sum())]

    def merge(self, left: Any, right: Any) -> Any:
        left.extend(right)
        return left


class Unplain(Grey):
    def summary(self, plan: ScenePlan, statistics: Any) -> Mapping[str, Any]:
        return {"sum": np.float32(1)}


class Named(Grey):
    """Colours by name, which no legend can show."""

    def legend(self, plan: ScenePlan, view: View, statistics: Any) -> Sequence[Legend]:
        return [Legend("all", "Bytes", (LegendEntry(("red",), "red"),))]


class Drifts(Grey):
    calls = itertools.count()

    def decide(self, *args: Any) -> Mapping[str, Any]:
        return {"call": next(self.calls)}

    def survey(self, plan: ScenePlan, decoders: Mapping[str, Decoder]) -> Sequence[Crop]:
        return [Crop(key, 0, 1) for key in plan.sources]


class Twice(Grey):
    def planes(self, plan: ScenePlan, view: View) -> tuple[Plane, ...]:
        return Plane("sum", "float32", "sum"), Plane("sum", "float32", "max")


def test_a_good_renderer_passes(failures: Run) -> None:
    assert failures(Suite(Grey())) == {}


LEAVES = "test_leaves_are_what_was_declared"
PADDING = "test_padding_is_transparent"
OVERVIEWS = "test_overviews_are_shaded_from_planes_alone"


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
@pytest.mark.parametrize(
    ("bad", "test", "words"),
    [
        (Everywhere(), "test_a_tile_without_elements_is_absent", "nothing lies in it"),
        (PastTheEnd(), "test_reads_lie_inside_their_sources", "of 250 bytes"),
        (Random(), "test_painting_is_pure", "Arrays are not equal"),
        (WholePlan(), "test_painting_is_pure", "statistics of tile"),
        (Writes(), "test_painting_is_pure", "read-only"),
        (Opaque(), PADDING, "paints below the canvas"),
        (CountsPadding(), PADDING, "counts padding"),
        (FullPlanes(), LEAVES, "(512, 256), not (256, 256)"),
        (WrongDtype(), LEAVES, "uint64, not uint32"),
        (Undeclared(), LEAVES, "AssertionError"),
        (NotFinite(), LEAVES, "not finite"),
        (NoColour(), LEAVES, "a code has no colour"),
        (Random(), "test_tiles_look_as_expected", "Arrays are not equal"),
        (Smears(), OVERVIEWS, "changes the planes"),
        (Fills(), OVERVIEWS, "nothing lies"),
        (Forgets(), "test_statistics_add_up", "AssertionError"),
        (Mutates(), "test_statistics_add_up", "changes what it merges"),
        (Unplain(), "test_statistics_add_up", "not plain data"),
        (Named(), "test_the_legend_says_what_the_colours_mean", "['red']"),
        (Drifts(), "test_a_plan_is_the_same_each_time", "AssertionError"),
        (Twice(), "test_planes_are_declared", "one name"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Grey) else None,
)
def test_a_bad_renderer_fails(bad: LeafRenderer, test: str, words: str, failures: Run) -> None:
    assert words in failures(Suite(bad), test).get(test, "it passes")

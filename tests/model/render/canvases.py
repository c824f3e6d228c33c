"""Small models on a canvas, placed by hand, and what every pixel of it is made of by numpy alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arbvis_core.api import (
    TILE,
    Box,
    Canvas,
    Document,
    Group,
    Indexed,
    Placement,
    Scene,
    ScenePlan,
    Tile,
    TileKey,
    View,
)
from arbvis_core.engine.blocks import Subtree
from arbvis_core.pipeline.planning import plan_scene
from arbvis_core.reading import Reader
from arbvis_core.registry import Registry, load
from arbvis_core.testing import MemorySource
from modelweightvis.formats import FORMATS
from modelweightvis.formats.tensors import is_tensor

Folds = Mapping[str, Mapping[str, Any]]
Arrays = Mapping[str, NDArray[Any]]


@cache
def registry() -> Registry:
    return load()


def bfloat16(values: NDArray[Any]) -> NDArray[np.float32]:
    """Drop what bfloat16 cannot hold; its bits are then the upper half."""
    return (values.astype(np.float32).view(np.uint32) & 0xFFFF0000).view(np.float32)


def safetensors(tensors: Mapping[str, tuple[str, NDArray[Any]]]) -> Document:
    """Return the document of a safetensors file in memory; BF16 comes as float32."""
    import json

    header: dict[str, Any] = {}
    data = b""
    for name, (dtype, array) in tensors.items():
        stored = array
        if dtype == "BF16":
            stored = (array.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
        ends = [len(data), len(data) + stored.nbytes]
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": ends}
        data += stored.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return parsed("model.safetensors", len(text).to_bytes(8, "little") + text + data)


def parsed(name: str, content: bytes) -> Document:
    """Return the document of a file in memory."""
    form = next(one for one in FORMATS if name.endswith(one.name))
    (document,) = form.parse(Group("memory", (MemorySource(name, content),), ()))
    return document


def place(document: Document, width: int, folds: Folds | None = None, gap: int = 3) -> Scene:
    """Put tensors side by side, in rows of at most `width` pixels."""
    placements: list[Placement] = []
    x = y = bottom = right = 0
    for region in filter(is_tensor, document.regions):
        fold = (folds or {}).get(region.name)
        down, across = extent(region.shape, fold)
        if x and x + across > width:
            x, y = 0, bottom + gap
        attributes = {"role": region.name.split(".")[-1], "layer": 0}
        box = Box(x, y, across, down)
        placements.append(Placement(region.name, box, region, fold=fold, attributes=attributes))
        x += across + gap
        bottom, right = max(bottom, y + down), max(right, box.x + across)
    canvas = Canvas(right, bottom)
    return Scene("model", "model", canvas, tuple(placements), "elements", (document,))


def extent(shape: tuple[int, ...], fold: Mapping[str, Any] | None) -> tuple[int, int]:
    """Return height and width."""
    if fold is None:
        return (1, 1, *shape)[-2], (1, 1, *shape)[-1]
    down = -(-fold["count"] // fold["across"])
    gap = fold["gap"]
    return (
        down * (fold["rows"] + gap) - gap,
        fold["across"] * (fold["columns"] + gap) - gap,
    )


def pixels(array: NDArray[Any], fold: Mapping[str, Any] | None) -> NDArray[np.float64]:
    """Lay a tensor out by the formula of folds; NaN where nothing lies, pixel by pixel."""
    down, across = extent(array.shape, fold)
    shape = (1, 1, *array.shape)[-2:]
    if fold is None:
        return array.reshape(shape).astype(np.float64)
    y, x = np.indices((down, across))
    tall, wide = fold["rows"] + fold["gap"], fold["columns"] + fold["gap"]
    cell, r, c = (y // tall) * fold["across"] + x // wide, y % tall, x % wide
    there = (r < fold["rows"]) & (c < fold["columns"]) & (cell < fold["count"])
    if fold["kind"] == "grid":
        flat = (cell * fold["rows"] + r) * fold["columns"] + c
    else:
        rows = cell * fold["rows"] + r if fold["kind"] == "rows" else r
        columns = c if fold["kind"] == "rows" else cell * fold["columns"] + c
        there &= (rows < shape[0]) & (columns < shape[1])
        flat = rows * shape[1] + columns
    found = np.full((down, across), np.nan)
    found[there] = array.reshape(-1)[flat[there]]
    return found


@dataclass(frozen=True)
class Painted:
    """A canvas, element by element.

    Attributes:
        values: float64, NaN also where nothing lies.
        there: where an element lies.
    """

    values: NDArray[np.float64]
    there: NDArray[np.bool_]

    @classmethod
    def of(
        cls, scene: ScenePlan, arrays: Arrays, divisors: Mapping[str, float] | None = None
    ) -> Painted:
        shape = scene.canvas.height, scene.canvas.width
        values, there = np.full(shape, np.nan), np.zeros(shape, bool)
        for one in scene.placements:
            box, array = one.box, arrays[one.name]
            area = slice(box.y, box.y + box.height), slice(box.x, box.x + box.width)
            values[area] = pixels(array, one.fold) / (divisors or {}).get(one.name, 1)
            there[area] = pixels(np.ones(array.shape), one.fold) == 1
        return cls(values, there)

    def folded(self, how: str, zooms: int) -> NDArray[np.float64]:
        """Return a statistic of the finite elements under every pixel so many zooms further out."""
        values = _blocks(self.values, zooms, np.nan)
        values[~np.isfinite(values)] = np.nan
        size = np.abs(values)
        with np.errstate(all="ignore"):
            count = np.isfinite(values).sum(-1)
            if how == "max":
                return np.where(count > 0, np.nan_to_num(size).max(-1), np.nan)
            if how == "balance":
                return np.asarray(np.nansum(values, -1) / np.nansum(size, -1))
            if how == "rms":
                return np.asarray(np.sqrt(np.nansum(values**2, -1) / count))
            return np.asarray(np.nansum(size, -1) / count)

    def broken(self, zooms: int) -> NDArray[np.bool_]:
        """Tell under which pixels something is not finite."""
        return np.asarray(_blocks(self.there & ~np.isfinite(self.values), zooms, False).any(-1))


def _blocks(plane: NDArray[Any], zooms: int, beyond: Any) -> NDArray[Any]:
    """Return what lies under every pixel, (height, width, elements)."""
    side = 1 << zooms
    height, width = (-(-length // side) * side for length in plane.shape)
    whole = np.full((height, width), beyond, plane.dtype)
    whole[: plane.shape[0], : plane.shape[1]] = plane
    blocks = whole.reshape(height // side, side, width // side, side).transpose(0, 2, 1, 3)
    return blocks.reshape(height // side, width // side, side * side).copy()


def planned(scene: Scene, **view: Any) -> ScenePlan:
    return plan_scene(replace(scene, view=View(**view)), registry())


@dataclass(frozen=True)
class Drawn:
    """All zooms of a scene: codes, and what was measured."""

    codes: Mapping[int, NDArray[np.uint8]]
    palettes: Mapping[int, NDArray[np.uint8]]
    statistics: Any


def draw(plan: ScenePlan, **view: Any) -> Drawn:
    """Draw every tile of a scene, as a block is drawn."""
    canvas = plan.canvas
    codes = {
        zoom: np.zeros([TILE * one for one in reversed(canvas.tiles(zoom))], np.uint8)
        for zoom in range(canvas.max_zoom + 1)
    }
    palettes: dict[int, NDArray[np.uint8]] = {}

    def keep(key: TileKey, tile: Tile) -> None:
        assert isinstance(tile, Indexed)
        area = [slice(TILE * one, TILE * one + TILE) for one in (key.y, key.x)]
        codes[key.zoom][tuple(area)] = tile.codes
        palettes[key.zoom] = tile.palette

    tree = Subtree(plan, registry(), Reader(plan.sources), View(**view))
    tree.quarter(TileKey(0, 0, 0), keep)
    for zoom, (width, height) in ((zoom, canvas.size(zoom)) for zoom in codes):
        assert not codes[zoom][height:].any()
        assert not codes[zoom][:, width:].any()
        codes[zoom] = codes[zoom][:height, :width]
    return Drawn(codes, palettes, tree.statistics)

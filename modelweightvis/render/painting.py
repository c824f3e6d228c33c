"""Fills a tile of the maximum zoom, its planes and its statistics, piece by piece."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from arbvis_core.api import TILE, Indexed, Leaf
from modelweightvis.kernels.measure import encode, encode_bfloat16, measure
from modelweightvis.kernels.statistics import Statistics, tally
from modelweightvis.render.codes import hatched, stored_table, value_table
from modelweightvis.render.deciding import mean_of, reference, value_window
from modelweightvis.render.heads import added, measured
from modelweightvis.render.measured import Measured, Tally
from modelweightvis.render.palettes import palette
from modelweightvis.render.pieces import decode16
from modelweightvis.render.shading import HATCHED

if TYPE_CHECKING:
    from arbvis_core.api import ScenePlan, TileKey
    from modelweightvis.render.looks import Looks
    from modelweightvis.render.pieces import Spot

#: Elements from which on it is quicker to count codes than to add up what they mean.
MANY = 1 << 15


class Painter:
    """One tile in the making."""

    def __init__(self, plan: ScenePlan, key: TileKey, looks: Looks) -> None:
        self._decisions = plan.decisions
        self._corner = (key.y * TILE, key.x * TILE)
        self._looks = looks
        self._window = value_window(plan.decisions, looks)
        self._codes = np.zeros((TILE, TILE), np.uint8)
        self._planes: dict[str, NDArray[Any]] = {
            plane.name: np.zeros((TILE // 2, TILE // 2), plane.dtype) for plane in looks.planes
        }
        self._figures: dict[str, Statistics] = {}
        self._tallies: dict[str, Tally] = {}
        self._heads: dict[str, NDArray[np.float64]] = {}

    def put(self, spot: Spot, values: NDArray[np.float32]) -> None:
        """Paint and measure the values of a piece, (h, w)."""
        octaves = self._reference(spot)
        table = value_table(self._window.moved(octaves))
        encode(values, table, self._codes, spot.top, spot.left)
        self._measure(spot, values, octaves)
        self._add_heads(spot, values)
        self._add(spot, values)

    def put_codes(self, spot: Spot, stored: NDArray[np.uint16]) -> None:
        """Paint and measure the stored codes of a piece, (h, w)."""
        encoding, octaves = spot.placement.region.encoding, self._reference(spot)
        table = stored_table(encoding, self._window.moved(octaves))
        encode_bfloat16(stored, table, self._codes, spot.top, spot.left)
        values = decode16(encoding, stored)
        self._measure(spot, values, octaves)
        self._add_heads(spot, values)
        if stored.size < MANY:
            self._add(spot, values)
        else:
            self._count(spot, stored)

    def hatch(self, spot: Spot) -> None:
        """Paint a piece whose values nobody knows."""
        box = spot.piece.box
        rows = slice(spot.top, spot.top + box.height)
        columns = slice(spot.left, spot.left + box.width)
        top, left = self._corner[0] + spot.top, self._corner[1] + spot.left
        self._codes[rows, columns] = hatched(top, left, box.height, box.width)
        halves = tuple(slice(one.start // 2, -(-one.stop // 2)) for one in (rows, columns))
        self._planes["flags"][halves] |= HATCHED

    def leaf(self) -> Leaf:
        """Return the tile."""
        tile = Indexed(self._codes, palette(self._looks.colormap))
        return Leaf(tile, self._planes, Measured(self._figures, self._tallies, self._heads))

    def _reference(self, spot: Spot) -> float:
        return reference(self._decisions, spot.placement, self._looks.scale)

    def _measure(self, spot: Spot, values: NDArray[np.float32], octaves: float) -> None:
        if octaves:
            values = values * np.float32(2**-octaves)
        planes = {name.partition("/")[0]: plane for name, plane in self._planes.items()}
        measure(values, planes, spot.top, spot.left)

    def _add_heads(self, spot: Spot, values: NDArray[np.float32]) -> None:
        attributes, name = spot.placement.attributes, spot.placement.name
        heads = attributes.get("heads") or attributes.get("experts")
        if heads:
            found = measured(heads, spot.piece, values)
            self._heads[name] = added(self._heads[name], found) if name in self._heads else found

    def _add(self, spot: Spot, values: NDArray[np.float32]) -> None:
        name = spot.placement.name
        if name not in self._figures:
            self._figures[name] = Statistics(mean_of(self._decisions, spot.placement))
        self._figures[name].add(values)

    def _count(self, spot: Spot, stored: NDArray[np.uint16]) -> None:
        name = spot.placement.name
        counts = np.zeros(1 << 16, np.uint32)
        tally(stored, counts)
        shift = mean_of(self._decisions, spot.placement)
        found = Tally(spot.placement.region.encoding, shift, counts)
        known = self._tallies.get(name)
        self._tallies[name] = known.added(found) if known else found

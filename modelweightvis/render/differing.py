"""Fills a tile of differences, its planes and its sums, pair by pair."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from arbvis_core.api import Box, Indexed, Leaf
from modelweightvis.kernels.compare import FIGURES, LINEAR, RATIO, SIZE, compare, count_pairs
from modelweightvis.render.codes import hatched
from modelweightvis.render.compared import Compared
from modelweightvis.render.covering import Covered
from modelweightvis.render.difference_colours import INFORMATIONAL, ONLY_LEFT, ONLY_RIGHT
from modelweightvis.render.difference_scales import LEAST_RMS, RMS_SHARE, share_table
from modelweightvis.render.differences import (
    LEFT_FLAG,
    PLANES,
    RIGHT_FLAG,
    TOLD_FLAG,
)
from modelweightvis.render.pieces import side_of

if TYPE_CHECKING:
    from arbvis_core.api import ScenePlan, TileKey
    from modelweightvis.options import DiffMetric
    from modelweightvis.render.pieces import Spot

FLAGS = {ONLY_LEFT: LEFT_FLAG, ONLY_RIGHT: RIGHT_FLAG, INFORMATIONAL: TOLD_FLAG}
MODES: dict[DiffMetric, int] = {
    "rms": LINEAR,
    "abs-log": SIZE,
    "exact": SIZE,
    "relative": RATIO,
}


class Comparison:
    """One tile in the making."""

    def __init__(self, plan: ScenePlan, key: TileKey, metric: DiffMetric) -> None:
        self._decisions = plan.decisions
        side = side_of(plan, key)
        self._corner = (key.y * side, key.x * side)
        self._metric = metric
        self._codes = np.zeros((side, side), np.uint8)
        self._planes: dict[str, NDArray[Any]] = {
            plane.name: np.zeros((side // 2, side // 2), plane.dtype)
            for plane in PLANES
            if plane.name != "count"
        }
        self._counts = Covered(side)
        self._sums: dict[str, NDArray[np.float64]] = {}

    def put(self, spot: Spot, left: NDArray[np.float32], right: NDArray[np.float32]) -> None:
        """Paint and measure the part of a piece that both sides have; stripe the rest."""
        whole = tuple(stop - start for start, stop in spot.piece.window)
        if left.shape != whole:
            self.stripe(spot, spot.piece.box, INFORMATIONAL)
            for one, other, box in _parts(spot, left, right):
                self._compare(spot, one, other, box)
            return
        first = np.require(spot.piece.pixels(left), np.float32, ["C", "A"])
        second = np.require(spot.piece.pixels(right), np.float32, ["C", "A"])
        self._compare(spot, first, second, spot.piece.box)

    def _compare(
        self, spot: Spot, left: NDArray[np.float32], right: NDArray[np.float32], box: Box
    ) -> None:
        planes = self._planes
        name = spot.placement.name
        sums = self._sums.setdefault(name, np.zeros(len(FIGURES)))
        own = self._decisions.get("placements", {}).get(name, {})
        rms = max(float(own.get("rms", self._decisions.get("rms", 0.0))), LEAST_RMS)
        tile = (spot.top + box.y - spot.piece.box.y, spot.left + box.x - spot.piece.box.x)
        broken = compare(
            left,
            right,
            scale=(MODES[self._metric], 1 / (RMS_SHARE * rms), share_table(self._metric)),
            tile=tile,
            origin=(box.y, box.x),
            codes=self._codes,
            planes=(planes["total"], planes["magnitude"], planes["flags"]),
            sums=sums,
        )
        if broken:
            count_pairs(left, right, tile, self._counts.plane)
        else:
            self._counts.add(left.shape, *tile)

    def stripe(self, spot: Spot, box: Box, code: int) -> None:
        """Stripe what is not compared."""
        rows = slice(spot.top, spot.top + box.height)
        columns = slice(spot.left, spot.left + box.width)
        top, left = self._corner[0] + spot.top, self._corner[1] + spot.left
        stripes = hatched(top, left, box.height, box.width) > 0
        self._codes[rows, columns] = np.where(stripes, code, 0)
        halves = tuple(slice(one.start // 2, -(-one.stop // 2)) for one in (rows, columns))
        self._planes["flags"][halves] |= FLAGS[code]

    def leaf(self, palette: NDArray[np.uint8]) -> Leaf:
        """Return the tile."""
        planes = {"count": self._counts.done(), **self._planes}
        return Leaf(Indexed(self._codes, palette), planes, Compared(self._sums))


def _parts(spot: Spot, left: NDArray[np.float32], right: NDArray[np.float32]) -> Any:
    """Yield the shared part of a piece of unequal sides, where it lies as one rectangle.

    Yields:
        Both sides, (h, w), and the pixels of the placement that they cover.
    """
    whole = tuple(stop - start for start, stop in spot.piece.window)
    padded = [np.full(whole, np.nan, np.float32) for _ in range(2)]
    inside = tuple(slice(0, size) for size in left.shape)
    for frame, values in zip(padded, (left, right), strict=True):
        frame[inside] = values
    there = np.zeros(whole, np.float32)
    there[inside] = 1
    first, second, shown = (spot.piece.pixels(one) for one in (*padded, there))
    rows, columns = (np.flatnonzero(shown.any(axis=axis)) for axis in (1, 0))
    if not rows.size or not shown[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all():
        return
    cut = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    box = spot.piece.box
    yield (
        np.require(first[cut], np.float32, ["C", "A"]),
        np.require(second[cut], np.float32, ["C", "A"]),
        Box(box.x + int(columns[0]), box.y + int(rows[0]), columns.size, rows.size),
    )

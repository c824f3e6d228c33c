"""Fills a tile of differences, its planes and its sums, pair by pair."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
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
from modelweightvis.render.pieces import laid, side_of

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


def scale_of(
    decisions: Mapping[str, Any], name: str, metric: DiffMetric
) -> tuple[int, float, NDArray[np.float32]]:
    """Return what differences of a placement are measured by, as `compare` takes it."""
    own = decisions.get("placements", {}).get(name, {})
    rms = max(float(own.get("rms", decisions.get("rms", 0.0))), LEAST_RMS)
    return MODES[metric], 1 / (RMS_SHARE * rms), share_table(metric)


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
        if left.shape == whole:
            sides = [laid(spot.piece, values) for values in (left, right)]
            self._compare(spot, sides[0], sides[1], spot.piece.box)
            return
        inside = tuple(slice(0, size) for size in left.shape)
        there = np.zeros(whole, np.float32)
        there[inside] = 1
        sides = []
        for values in (left, right):
            frame = np.zeros(whole, np.float32)
            frame[inside] = values
            sides.append(laid(spot.piece, frame))
        shared = laid(spot.piece, there) > 0
        for box in rectangles(~shared):
            self.stripe(spot, _moved(box, spot), INFORMATIONAL)
        for box in rectangles(shared):
            rows, columns = slice(box.y, box.y + box.height), slice(box.x, box.x + box.width)
            one, other = (np.require(side[rows, columns], None, ["C", "A"]) for side in sides)
            self._compare(spot, one, other, _moved(box, spot))

    def _compare(
        self, spot: Spot, left: NDArray[np.float32], right: NDArray[np.float32], box: Box
    ) -> None:
        planes = self._planes
        name = spot.placement.name
        sums = self._sums.setdefault(name, np.zeros(len(FIGURES)))
        tile = (spot.top + box.y - spot.piece.box.y, spot.left + box.x - spot.piece.box.x)
        broken = compare(
            left,
            right,
            scale=scale_of(self._decisions, name, self._metric),
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
        y, x = spot.top + box.y - spot.piece.box.y, spot.left + box.x - spot.piece.box.x
        rows, columns = slice(y, y + box.height), slice(x, x + box.width)
        top, left = self._corner[0] + y, self._corner[1] + x
        stripes = hatched(top, left, box.height, box.width) > 0
        self._codes[rows, columns] = np.where(stripes, code, 0)
        halves = tuple(slice(one.start // 2, -(-one.stop // 2)) for one in (rows, columns))
        self._planes["flags"][halves] |= FLAGS[code]

    def leaf(self, palette: NDArray[np.uint8]) -> Leaf:
        """Return the tile."""
        planes = {"count": self._counts.done(), **self._planes}
        return Leaf(Indexed(self._codes, palette), planes, Compared(self._sums))


def _moved(box: Box, spot: Spot) -> Box:
    """Return a box of a piece from the corner of its placement."""
    return box._replace(x=box.x + spot.piece.box.x, y=box.y + spot.piece.box.y)


def rectangles(mask: NDArray[np.bool_]) -> Iterator[Box]:
    """Yield rectangles that do not overlap and together are what is true of a mask, (h, w)."""
    changes = (mask[1:] != mask[:-1]).any(axis=1).nonzero()[0] + 1
    for top, bottom in pairwise([0, *changes.tolist(), len(mask)]):
        row = np.concatenate([[False], mask[top], [False]])
        edges = (row[1:] != row[:-1]).nonzero()[0].reshape(-1, 2).tolist()
        for left, right in edges:
            yield Box(left, top, right - left, bottom - top)

"""The planes of a tile of differences from a few lines of the tensors on both sides.

Each line stands for its strip, as in overviews of one model; a pair that was not looked at is drawn as
those of its role that were.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from arbvis_core.api import TILE
from modelweightvis.kernels.compare import FIGURES, compare
from modelweightvis.kernels.rectangles import add_rectangles
from modelweightvis.render.difference_colours import INFORMATIONAL
from modelweightvis.render.differences import PLANES, comparable, halves, stripe_of
from modelweightvis.render.differing import FLAGS, scale_of
from modelweightvis.render.estimating import ends_of, fill, mark, spread
from modelweightvis.render.pieces import laid, region_values
from modelweightvis.render.sampling import role_of

if TYPE_CHECKING:
    from arbvis_core.api import Placement, ScenePlan, Sketch, TileKey
    from modelweightvis.folds import Piece
    from modelweightvis.options import DiffMetric
    from modelweightvis.render.pieces import Decoders
    from modelweightvis.render.sketching import Field, Line

#: Planes that are sums.
SUMS = ("count", "total", "magnitude")


def planes(
    plan: ScenePlan,
    key: TileKey,
    sketched: Sketch,
    parts: Sequence[NDArray[np.uint8]],
    decoders: Decoders,
    metric: DiffMetric,
) -> Mapping[str, NDArray[Any]]:
    """Estimate a tile's planes from what the lines of its fields read."""
    scale = 1 << (plan.canvas.max_zoom - key.zoom)
    found = {one.name: np.zeros((TILE, TILE), one.dtype) for one in PLANES}
    pairs, seen = _Pairs(plan.decisions, metric, decoders, iter(parts)), sketched.notes
    looked: dict[str, NDArray[np.float64]] = {}
    for field in seen.looked:
        ends = ends_of(field, key, scale)
        strips = [pairs.measured(field, line, ends.along) for line in field.lines]
        spread(field, strips, ends, key, scale, found)
        sums = [[float(one[name].sum()) for name in SUMS] for one in strips]
        role = role_of(field.placement)
        looked[role] = looked.get(role, np.zeros(len(SUMS))) + np.sum(sums, axis=0)
    others = [plan.placements[number] for number in seen.others.tolist()]
    known = np.array([comparable(one, decoders) for one in others], np.bool_)
    for one, box in zip(others, seen.boxes, strict=True):
        if not comparable(one, decoders):
            mark(box, scale, found["flags"], FLAGS[stripe_of(one)])
    alike = [one for one, there in zip(others, known, strict=True) if there]
    _assume(seen.boxes[known], alike, looked, scale, found)
    return found


def _assume(
    boxes: NDArray[np.int64],
    placements: Sequence[Placement],
    looked: Mapping[str, NDArray[np.float64]],
    scale: int,
    found: Mapping[str, NDArray[Any]],
) -> None:
    """Add pairs that were not looked at: they are as those of their role, or as all, that were.

    Args:
        boxes: of the pairs, in pixels of the maximum zoom from the tile's corner.
        placements: the pairs.
        looked: the sums of those that were looked at, by role.
        scale: pixels of the maximum zoom along a pixel.
        found: the planes of the tile, added to.
    """
    if not placements or not looked:
        return
    whole = sum(looked.values(), np.zeros(len(SUMS)))
    sums = np.stack([looked.get(role_of(one), whole) for one in placements])
    rates = (sums / np.maximum(sums[:, :1], 1)).astype(np.float32)
    for at, name in enumerate(SUMS):
        add_rectangles(boxes, np.ascontiguousarray(rates[:, at]), scale, found[name])


class _Pairs:
    """Compares what was read of lines, one after the other."""

    def __init__(
        self,
        decisions: Mapping[str, Any],
        metric: DiffMetric,
        decoders: Decoders,
        buffers: Iterator[NDArray[np.uint8]],
    ) -> None:
        self._decisions, self._metric = decisions, metric
        self._decoders, self._buffers = decoders, buffers

    def measured(
        self, field: Field, line: Line, edges: NDArray[np.int64]
    ) -> dict[str, NDArray[Any]]:
        """Return what one element's breadth of a line adds to the pixels along it.

        Args:
            field: what is seen of a pair.
            line: of it.
            edges: where pixels begin and end along it.
        """
        found = {one.name: np.zeros(edges.size - 1, one.dtype) for one in PLANES}
        for piece in line.pieces:
            start = piece.box.y - field.box.y if field.down else piece.box.x - field.box.x
            left, right, there = self._sides(field.placement, piece)
            cuts = np.searchsorted(edges, (start, start + there.size), "right") - 1
            first, last = int(cuts[0]), int(min(cuts[1], edges.size - 2))
            at = np.maximum(edges[first : last + 1] - start, 0)
            at, places = at[at < there.size], np.arange(first, last + 1)[at < there.size]
            both = np.isfinite(left) & np.isfinite(right) & there
            found["count"][places] += np.add.reduceat(both, at, dtype=np.float32)
            # Pixels begin at every other element, counted from the tile's corner.
            odd = int(at[1] & 1) if at.size > 1 else 0
            self._compare(field.placement, (left, right), odd, (at + odd) >> 1, places, found)
            if not there.all():
                flags = np.where(there, 0, FLAGS[INFORMATIONAL]).astype(np.uint8)
                found["flags"][places] |= np.bitwise_or.reduceat(flags, at)
        if not line.whole:
            fill(found, np.diff(edges))
        return found

    def _compare(
        self,
        placement: Placement,
        sides: tuple[NDArray[np.float32], NDArray[np.float32]],
        odd: int,
        at: NDArray[np.int64],
        places: NDArray[np.int64],
        found: Mapping[str, NDArray[Any]],
    ) -> None:
        """Add the changes along a line to its pixels; `at` are the pairs of elements they begin with."""
        size = sides[0].size + odd
        half = (1, (size + 1) // 2)
        total, magnitude = np.zeros(half, np.float32), np.zeros(half, np.float32)
        flags = np.zeros(half, np.uint8)
        compare(
            sides[0].reshape(1, -1),
            sides[1].reshape(1, -1),
            scale=scale_of(self._decisions, placement.name, self._metric),
            tile=(0, odd),
            origin=(0, 0),
            codes=np.empty((1, size), np.uint8),
            planes=(total, magnitude, flags),
            sums=np.zeros(len(FIGURES)),
        )
        found["total"][places] += np.add.reduceat(total[0], at)
        found["magnitude"][places] += np.add.reduceat(magnitude[0], at)
        found["flags"][places] |= np.bitwise_or.reduceat(flags[0], at)

    def _sides(
        self, placement: Placement, piece: Piece
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
        """Return both sides of a piece as they lie along a line, and where both have an element."""
        whole = tuple(stop - start for start, stop in piece.window)
        frames = np.zeros((3, *whole), np.float32)
        for frame, (region, window) in zip(frames, halves(placement, piece.window), strict=False):
            inside = tuple(slice(0, stop - start) for start, stop in window)
            frame[inside] = region_values(region, window, self._buffers, self._decoders)
            frames[2][inside] = 1
        left, right, there = (laid(piece, frame).reshape(-1) for frame in frames)
        return left, right, there > 0

"""Overviews of bytes from a few of them: the curve under a tile is cut into equal stretches.

Of each stretch one run of bytes is read, from its middle, and stands for the whole. A stretch is an
aligned square of the curve, so a sketch is a mosaic of squares.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from arbvis_core.values import TILE, Budget, Crop, Sketch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.values import Placement, ScenePlan, TileKey


class Square(NamedTuple):
    """A square of the curve under a tile.

    Attributes:
        left: its first column in the tile; its first row is 0.
        side: in pixels of the tile.
        start: its first position on the curve.
        state: in which the curve enters it.
        area: positions under one pixel.
        depth: it is cut into 4^depth stretches.
    """

    left: int
    side: int
    start: int
    state: int
    area: int
    depth: int

    @property
    def stretch(self) -> int:
        """Positions of a stretch."""
        return self.side * self.side * self.area >> 2 * self.depth


def squares(plan: ScenePlan, key: TileKey, budget: Budget) -> list[Square]:
    """Return the squares of the curve under a tile: one, or two where a canvas is that of two."""
    from arbvis_core.kernels.hilbert import locate

    canvas = plan.canvas
    scale = 1 << (canvas.max_zoom - key.zoom)
    whole = min(TILE * scale, canvas.height)
    corners = range(key.x * TILE * scale, min((key.x + 1) * TILE * scale, canvas.width), whole)
    side = whole // scale
    affordable = max(1, budget.reads // len(corners))
    depth = min((affordable.bit_length() - 1) // 2, side.bit_length() - 1)
    found = []
    for number, x in enumerate(corners):
        order = (canvas.height // whole).bit_length() - 1
        position, state = locate(x // whole, key.y * TILE * scale // whole, order)
        start = position * whole * whole
        found.append(Square(number * side, side, start, state, scale * scale, depth))
    return found


def sketch(plan: ScenePlan, key: TileKey, budget: Budget) -> Sketch:
    """Return what is read of each stretch that holds data; notes are squares and known stretches."""
    found = squares(plan, key, budget)
    crops = list(_crops(plan, found, budget))
    known = [number for number, crop in enumerate(crops) if crop is not None]
    return Sketch(tuple(crop for crop in crops if crop is not None), (found, known))


def _crops(plan: ScenePlan, found: Sequence[Square], budget: Budget) -> Iterator[Crop | None]:
    """Yield a crop, or None, for every stretch."""
    most = max(1, budget.bytes // sum(4**one.depth for one in found))
    for chosen in runs(plan, found, most):
        if chosen is None:
            yield None
        else:
            one, first, last = chosen
            yield Crop(one.region.parts[0].source, first, last - first)


def runs(
    plan: ScenePlan, found: Sequence[Square], most: int
) -> Iterator[tuple[Placement, int, int] | None]:
    """Yield what is looked at of every stretch: the middle of it, as far as one placement has it.

    Args:
        plan: the scene.
        found: the squares of a tile.
        most: positions of a run.

    Yields:
        The placement, the first position in it and the one after the last; None where nothing lies.
    """
    from bisect import bisect_right

    starts = [one.start for one in plan.placements]
    stop = max((one.stop for one in plan.placements), default=0)
    for square in found:
        for number in range(4**square.depth):
            first = square.start + number * square.stretch
            size = min(first + square.stretch, stop) - first
            chosen = first + max(0, size - min(size, most)) // 2
            at = bisect_right(starts, chosen) - 1
            if size <= 0 or at < 0 or plan.placements[at].stop <= chosen:
                yield None
                continue
            one = plan.placements[at]
            end = min(chosen + min(size, most), one.stop)
            yield one, chosen - one.start, end - one.start


def planes(
    plan: ScenePlan, sketch: Sketch, parts: Sequence[NDArray[np.uint8]]
) -> Mapping[str, NDArray[Any]]:
    """Estimate sums of light and the count of bytes under every pixel."""
    import numpy as np

    found, known = sketch.notes
    means = np.zeros((sum(4**one.depth for one in found), 3))
    for number, part in zip(known, parts, strict=True):
        histogram = np.bincount(part.reshape(-1), minlength=256)
        means[number] = histogram @ _light() / part.size
    stop = max((one.stop for one in plan.placements), default=0)
    sums, count = mosaic(found, means, stop)
    return {"red": sums[0], "green": sums[1], "blue": sums[2], "count": count}


def mosaic(
    found: Sequence[Square], means: NDArray[np.float64], stop: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Put what is known of stretches where they lie.

    Args:
        found: the squares of a tile.
        means: of each stretch of theirs, one after the other, (stretches, figures).
        stop: the position after the last.

    Returns:
        The sums under every pixel, (figures, TILE, TILE), and how many positions these are of.
    """
    import numpy as np

    sums = np.zeros((means.shape[1], TILE, TILE), np.float32)
    count = np.zeros((TILE, TILE), np.float32)
    done = 0
    for square in found:
        columns = slice(square.left, square.left + square.side)
        under = _under(square, stop)
        count[: square.side, columns] = under
        x, y = _places(1 << square.depth, square.state)
        small = np.empty((means.shape[1], 1 << square.depth, 1 << square.depth), np.float32)
        small[:, y, x] = means[done : done + x.size].T
        wide = small.repeat(square.side >> square.depth, 2).repeat(square.side >> square.depth, 1)
        sums[:, : square.side, columns] = wide * under
        done += x.size
    return sums, count


def _under(square: Square, stop: int) -> NDArray[np.float32]:
    """Return how many bytes lie under each pixel of a square, (side, side), or (1, 1) if as many."""
    import numpy as np

    positions = square.side * square.side
    if square.start + positions * square.area <= stop:
        return np.full((1, 1), square.area, np.float32)
    x, y = _places(square.side, square.state)
    under = np.empty((square.side, square.side), np.float32)
    under[y, x] = (stop - square.start - np.arange(positions) * square.area).clip(0, square.area)
    return under


@lru_cache(maxsize=8)
def _places(side: int, state: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the column and row of every pixel of a square, in the order of the curve."""
    from arbvis_core.kernels.hilbert import walk

    x, y, _ = walk(side.bit_length() - 1)
    return x[state].copy(), y[state].copy()


@lru_cache(maxsize=1)
def _light() -> NDArray[np.float64]:
    """Return the linear light of every byte value, (256, 3)."""
    from arbvis_core.kernels.byte_tile import COLOURS
    from arbvis_core.kernels.srgb import to_linear

    light: NDArray[np.float64] = to_linear(COLOURS / 255)
    return light

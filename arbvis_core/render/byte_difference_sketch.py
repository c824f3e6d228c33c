"""Overviews of what differs between files, from a few of their bytes.

The curve under a tile is cut into equal stretches, as for overviews of bytes. Of each the same run is
read of both sides, and stands for the whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from arbvis_core.render.byte_differences import BOTH_SIDES, PLANES, join, read
from arbvis_core.render.byte_sketch import mosaic, runs, squares
from arbvis_core.values import Budget, Crop, Sketch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.values import Placement, ScenePlan, TileKey

#: Reads of a stretch, at most: of one side, and of the other.
SIDES = 2


def sketch(plan: ScenePlan, key: TileKey, budget: Budget) -> Sketch:
    """Return what is read of each stretch that holds data; notes are squares and the runs."""
    found = squares(plan, key, Budget(budget.bytes, max(1, budget.reads // SIDES)))
    most = max(1, budget.bytes // (SIDES * sum(4**one.depth for one in found)))
    crops: list[Crop] = []
    chosen: list[tuple[int, Placement, int, int]] = []
    for number, run in enumerate(runs(plan, found, most)):
        if run is None:
            continue
        placement, first, last = run
        asked = [*read(placement, first, last)]
        while len(asked) > SIDES or sum(size for _, _, size in asked) > SIDES * most:
            last = first + max(1, (last - first) // 2)  # it lies in pieces that are far apart
            asked = [*read(placement, first, last)]
        crops += [Crop(source, start, size) for source, start, size in asked]
        chosen.append((number, placement, first, last))
    return Sketch(tuple(crops), (found, chosen))


def planes(
    plan: ScenePlan, sketched: Sketch, parts: Sequence[NDArray[np.uint8]]
) -> Mapping[str, NDArray[Any]]:
    """Estimate who has the bytes under every pixel, and how much grew and shrank."""
    import numpy as np

    from arbvis_core.kernels.byte_difference import changes

    found, chosen = sketched.notes
    means = np.zeros((sum(4**one.depth for one in found), len(PLANES)))
    buffers = iter(parts)
    for number, placement, first, last in chosen:
        data = np.zeros((2, last - first), np.uint8)
        sides = np.zeros(last - first, np.uint8)
        join(placement, (first, last), buffers, data, sides)
        change = changes(data[0], data[1], sides).astype(np.int64)
        counts = np.bincount(sides, minlength=BOTH_SIDES + 1)
        grew, shrank = change[change > 0].sum(), -change[change < 0].sum()
        means[number] = np.array([counts[BOTH_SIDES], counts[1], counts[2], grew, shrank])
        means[number] /= last - first
    stop = max((one.stop for one in plan.placements), default=0)
    sums, _ = mosaic(found, means, stop)
    return dict(zip(PLANES, sums, strict=True))

"""Which tiles there are, known before any is drawn: those that something is placed on.

A bundle lists the tiles that were written; a tile of which only a gap of a fold is left is not among
them. Here it is, and it is empty.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

from arbvis_core.values import TILE, Box, parts_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.values import Placement, Region, ScenePlan, TileKey

#: The pixels under a tile, and who is placed on them.
Levels = list["NDArray[np.bool_]"]


class Places:
    """Finds what is placed in a box, among tens of thousands of placements."""

    def __init__(self, plan: ScenePlan) -> None:
        import numpy as np

        self._plan = plan
        self._named: dict[str, Placement] = {}
        placed = chain.from_iterable([one.box for one in plan.placements])
        self._boxes = np.fromiter(placed, np.int64, 4 * len(plan.placements)).reshape(-1, 4)
        self._sizes = np.array([_stored(one.region) for one in plan.placements], np.float64)

    def named(self, name: str) -> Placement | None:
        """Return the placement of a name, or None."""
        if not self._named:
            self._named = {one.name: one for one in self._plan.placements}
        return self._named.get(name)

    @property
    def bytes(self) -> int:
        """How many bytes are placed."""
        return int(self._sizes.sum())

    def bytes_under(self, box: Box) -> int:
        """Return about how many bytes lie in a box: a placement's share is that of its pixels."""
        import numpy as np

        if self._plan.canvas.curve is not None:  # boxes around what lies on a curve say little
            return min(self.bytes, box.width * box.height)
        x, y, width, height = self._boxes.T
        across = np.minimum(x + width, box.x + box.width) - np.maximum(x, box.x)
        down = np.minimum(y + height, box.y + box.height) - np.maximum(y, box.y)
        area = np.clip(across, 0, None) * np.clip(down, 0, None)
        return int((self._sizes * area / np.maximum(width * height, 1)).sum())

    def crop(self, box: Box) -> ScenePlan:
        """Do what the plan's own `crop` does, sooner."""
        return self._plan.only(self.within(box))

    def around(self, keys: Sequence[TileKey]) -> tuple[Placement, ...]:
        """Return the placements that meet the smallest box around tiles of the maximum zoom."""
        across, down = ({getattr(one, axis) for one in keys} for axis in "xy")
        left, top = min(across) * TILE, min(down) * TILE
        size = (max(across) + 1) * TILE - left, (max(down) + 1) * TILE - top
        return self.within(Box(left, top, *size))

    def within(self, box: Box) -> tuple[Placement, ...]:
        """Return the placements that meet a box, in their order."""
        x, y, width, height = self._boxes.T
        met = (x < box.x + box.width) & (box.x < x + width)
        met &= (y < box.y + box.height) & (box.y < y + height)
        return tuple(self._plan.placements[at] for at in met.nonzero()[0])

    def levels(self) -> Levels:
        """Return which tiles of every zoom, from 0, something is placed on: (rows, columns)."""
        import numpy as np

        canvas = self._plan.canvas
        columns, rows = canvas.tiles(canvas.max_zoom)
        filled = self._boxes[(self._boxes[:, 2] > 0) & (self._boxes[:, 3] > 0)]
        left, top = (filled[:, :2] // TILE).T
        right, bottom = ((filled[:, :2] + filled[:, 2:] - 1) // TILE + 1).T
        edges = np.zeros(
            (rows + 1, columns + 1), np.int64
        )  # how many begin here, less those that end
        for y, x, begun in (
            (top, left, 1),
            (top, right, -1),
            (bottom, left, -1),
            (bottom, right, 1),
        ):
            np.add.at(edges, (y, x), begun)
        found: Levels = [edges.cumsum(axis=0).cumsum(axis=1)[:-1, :-1] > 0]
        for zoom in range(canvas.max_zoom - 1, -1, -1):
            columns, rows = canvas.tiles(zoom)
            padded = np.zeros((2 * rows, 2 * columns), np.bool_)
            below = found[-1]
            padded[: below.shape[0], : below.shape[1]] = below
            found.append(np.any(padded.reshape(rows, 2, columns, 2), axis=(1, 3), keepdims=False))
        return found[::-1]


def _stored(region: Region) -> int:
    """Return how many bytes are stored for a region."""
    return sum([part.stop - part.start for part in parts_of(region)])


def bitmap(level: NDArray[np.bool_]) -> str:
    """Say which tiles of a level there are, as manifests do."""
    import numpy as np

    if level.all():
        return "all"
    return base64.b64encode(np.packbits(level.reshape(-1)).tobytes()).decode("ascii")

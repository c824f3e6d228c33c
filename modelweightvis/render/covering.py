"""How many elements lie under the pixels of a plane, as long as nobody has to count them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arbvis_core.api import TILE
from modelweightvis.kernels.measure import cover

_HALF = (TILE // 2, TILE // 2)


class Covered:
    """The plane `count` of a tile: rectangles of elements that all count, and others.

    Where all of a tile counts, and in most tiles it does, the plane stays one number.
    """

    def __init__(self) -> None:
        self._rectangles: list[tuple[tuple[int, int], int, int]] = []
        self._plane: NDArray[np.float32] | None = None

    @property
    def plane(self) -> NDArray[np.float32]:
        """Where elements that do not all count are counted one by one."""
        if self._plane is None:
            self._plane = np.zeros(_HALF, np.float32)
        return self._plane

    def add(self, shape: tuple[int, int], top: int, left: int) -> None:
        """Count all elements of a rectangle, (h, w), whose corner lies there."""
        self._rectangles.append((shape, top, left))

    def done(self) -> NDArray[np.float32]:
        """Return the plane."""
        if sum(height * width for (height, width), _, _ in self._rectangles) == TILE * TILE:
            return constant(4, "float32")
        for shape, top, left in self._rectangles:
            cover(shape, self.plane, top, left)
        return self.plane


@lru_cache(maxsize=8)
def constant(number: int, dtype: str) -> NDArray[Any]:
    """Return a plane of a leaf that is one number."""
    return np.broadcast_to(np.asarray(number, dtype), _HALF)

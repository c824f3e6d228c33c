"""How many elements lie under the pixels of a plane, as long as nobody has to count them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelweightvis.kernels.measure import cover


class Covered:
    """The plane `count` of pixels: rectangles of elements that all count, and others.

    Where all of them count the plane stays one number.

    Args:
        side: of the square of pixels; of the plane it is half of that.
    """

    def __init__(self, side: int) -> None:
        self._side = side
        self._rectangles: list[tuple[int, int, int, int]] = []
        self._plane: NDArray[np.float32] | None = None

    @property
    def plane(self) -> NDArray[np.float32]:
        """Where elements that do not all count are counted one by one."""
        if self._plane is None:
            self._plane = np.zeros((self._side // 2, self._side // 2), np.float32)
        return self._plane

    def add(self, shape: tuple[int, int], top: int, left: int) -> None:
        """Count all elements of a rectangle, (h, w), whose corner lies there."""
        self._rectangles.append((top, left, *shape))

    def done(self) -> NDArray[Any]:
        """Return the plane: bytes, where nothing was counted one by one."""
        if sum(height * width for _, _, height, width in self._rectangles) == self._side**2:
            return constant(4, "float32", self._side // 2)
        plane = self._plane
        if plane is None:
            plane = np.zeros((self._side // 2, self._side // 2), np.uint8)
        cover(np.array(self._rectangles, np.int64).reshape(-1, 4), plane)
        return plane


@lru_cache(maxsize=8)
def constant(number: int, dtype: str, side: int) -> NDArray[Any]:
    """Return a plane that is one number, (side, side)."""
    return np.broadcast_to(np.asarray(number, dtype), (side, side))

"""Rectangles of elements that are all alike, added to a tile above the maximum zoom."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.jit import kernel


@kernel
def add_rectangles(
    boxes: NDArray[np.int64], values: NDArray[np.float32], scale: int, plane: NDArray[np.float32]
) -> None:
    """Add to every pixel the value of each element under it.

    Args:
        boxes: x, y, width, height in elements from the corner of the tile, (n, 4); all of it in it.
        values: of an element of each, (n,).
        scale: elements along the side of a pixel.
        plane: added to, (h, w).
    """
    for number in range(boxes.shape[0]):
        left, top, width, height = boxes[number]
        for y in range(top // scale, (top + height - 1) // scale + 1):
            tall = min(top + height, (y + 1) * scale) - max(top, y * scale)
            for x in range(left // scale, (left + width - 1) // scale + 1):
                wide = min(left + width, (x + 1) * scale) - max(left, x * scale)
                plane[y, x] += values[number] * np.float32(tall * wide)


@kernel
def raise_rectangles(
    boxes: NDArray[np.int64], values: NDArray[np.float32], scale: int, plane: NDArray[np.float32]
) -> None:
    """Let no pixel be less than any element under it; arguments as those of `add_rectangles`."""
    for number in range(boxes.shape[0]):
        left, top, width, height = boxes[number]
        for y in range(top // scale, (top + height - 1) // scale + 1):
            for x in range(left // scale, (left + width - 1) // scale + 1):
                plane[y, x] = max(plane[y, x], values[number])

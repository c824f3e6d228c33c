"""Zeros where nothing else will be written: most of a plane is, and to clear all of it takes time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.jit import kernel

#: A rectangle of pixels: top, left, height, width.
Rectangle = tuple[int, int, int, int]

#: Among more rectangles than that, what is free is no faster found than cleared.
MANY = 64


def inner(rectangle: Rectangle) -> Rectangle:
    """Return the pixels of half the resolution that lie in a rectangle with all that is under them."""
    top, left, height, width = rectangle
    first = (top + 1) // 2, (left + 1) // 2
    rows, columns = (top + height) // 2 - first[0], (left + width) // 2 - first[1]
    return (*first, max(0, rows), max(0, columns))


def cleared(shape: tuple[int, int], dtype: str, covered: Sequence[Rectangle]) -> NDArray[Any]:
    """Return a plane, (height, width), that is 0 wherever no rectangle covers it.

    What they cover is not to be read before it is written.
    """
    if not covered or len(covered) > MANY:
        return np.zeros(shape, dtype)
    plane = np.empty(shape, dtype)
    clear_around(covered, plane)
    return plane


def clear_around(covered: Sequence[Rectangle], plane: NDArray[Any]) -> None:
    """Set a plane, (height, width), to 0 wherever no rectangle covers it."""
    gaps = np.empty((len(covered) + 1, 2), np.int64)
    _clear_around(np.array(covered, np.int64).reshape(-1, 4), gaps, plane)


@kernel
def _clear_around(covered: NDArray[np.int64], gaps: NDArray[np.int64], plane: NDArray[Any]) -> None:
    """Clear what lies between rectangles, which is the same in many rows one after the other."""
    number, same = 0, 0
    for y in range(plane.shape[0]):
        if y == same:
            number = _find_gaps(covered, y, plane.shape[1], gaps)
            same = plane.shape[0]
            for i in range(covered.shape[0]):
                for edge in (covered[i, 0], covered[i, 0] + covered[i, 2]):
                    same = edge if y < edge < same else same
        row = plane[y]
        for i in range(number):
            for x in range(np.uint64(gaps[i, 0]), np.uint64(gaps[i, 1])):
                row[x] = 0


@kernel
def _find_gaps(covered: NDArray[np.int64], y: int, width: int, gaps: NDArray[np.int64]) -> int:
    """Note down where a row is not covered, and return in how many places."""
    number, at = 0, 0
    while at < width:
        reach, begin = at, width
        for i in range(covered.shape[0]):
            top, left, tall, wide = covered[i]
            if top <= y < top + tall and wide:
                if left <= at:
                    reach = max(reach, left + wide)
                else:
                    begin = min(begin, left)
        if reach == at:
            gaps[number, 0], gaps[number, 1] = at, begin
            number, reach = number + 1, begin
        at = reach
    return number

"""The Hilbert curve of the byte picture: position ↔ pixel, and what an interval covers.

x points right, y down. A curve of order k fills a square of 2^k × 2^k pixels from (0, 0) to
(2^k - 1, 0). A position is read as k base-4 digits, most significant first; each digit and the
current state give one bit of x, one bit of y and the next state (`STEPS`); the first state is 0.
A canvas is one square or more of the same order side by side: square n holds the positions from
n·4^k. `docs/reference/hilbert.md` has the same in prose, with test vectors.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.jit import kernel

#: STEPS[state, digit] = (bit of x, bit of y, next state).
STEPS = np.array(
    [
        [(0, 0, 1), (0, 1, 0), (1, 1, 0), (1, 0, 2)],
        [(0, 0, 0), (1, 0, 1), (1, 1, 1), (0, 1, 3)],
        [(1, 1, 3), (0, 1, 2), (0, 0, 2), (1, 0, 0)],
        [(1, 1, 2), (1, 0, 3), (0, 0, 3), (0, 1, 1)],
    ],
    dtype=np.int64,
)


def _inverse() -> NDArray[np.int64]:
    inverse = np.empty((4, 2, 2, 2), dtype=np.int64)
    for state in range(4):
        for digit in range(4):
            x, y, following = STEPS[state, digit]
            inverse[state, y, x] = digit, following
    return inverse


#: DIGITS[state, bit of y, bit of x] = (digit, next state).
DIGITS = _inverse()


def walk(order: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return x, y and the state after the last digit, of every position of a square.

    Each is (4, 4^order): one row per state in which the square is entered.
    """
    x = np.zeros((4, 1), dtype=np.int64)
    y = np.zeros((4, 1), dtype=np.int64)
    state = np.arange(4).reshape(4, 1)
    for _ in range(order):
        step = STEPS[state]
        x = (2 * x[:, :, None] + step[..., 0]).reshape(4, -1)
        y = (2 * y[:, :, None] + step[..., 1]).reshape(4, -1)
        state = step[..., 2].reshape(4, -1)
    return x, y, state


@kernel
def point(position: int, order: int) -> tuple[int, int]:
    """Return the pixel (x, y) of a position, on squares of 2^order pixels."""
    x = position >> (2 * order)
    y = 0
    state = 0
    for level in range(order - 1, -1, -1):
        digit = (position >> (2 * level)) & 3
        x = 2 * x + STEPS[state, digit, 0]
        y = 2 * y + STEPS[state, digit, 1]
        state = STEPS[state, digit, 2]
    return x, y


@kernel
def locate(x: int, y: int, order: int) -> tuple[int, int]:
    """Return the position of a pixel and the state after its last digit.

    With tiles for pixels (an order less by log2 of their side), it is the position of the tile in
    tiles and the state in which the curve enters it.
    """
    position = x >> order
    state = 0
    for level in range(order - 1, -1, -1):
        digit = DIGITS[state, (y >> level) & 1, (x >> level) & 1, 0]
        state = DIGITS[state, (y >> level) & 1, (x >> level) & 1, 1]
        position = 4 * position + digit
    return position, state


@kernel
def bounds(
    intervals: NDArray[np.int64],
    order: int,
    boxes: NDArray[np.int64],
    centroids: NDArray[np.float64],
) -> None:
    """Measure the intervals [start, stop) of the curve, none of them empty.

    Each is a run of aligned squares; from these come its smallest box and its centre of area.

    Args:
        intervals: first position and the one after the last, (n, 2).
        order: of the canvas's squares.
        boxes: written: x, y, width, height in pixels, (n, 4).
        centroids: written: x, y in pixels, where a pixel is the square from (x, y) to
            (x + 1, y + 1), (n, 2).
    """
    for i in range(intervals.shape[0]):
        left, top, right, bottom = 1 << 62, 1 << 62, 0, 0
        moment_x, moment_y = 0.0, 0.0
        position, stop = intervals[i, 0], intervals[i, 1]
        while position < stop:
            level = 0
            while level < order and position & ((4 << (2 * level)) - 1) == 0:
                if position + (4 << (2 * level)) > stop:
                    break
                level += 1
            side = 1 << level
            x, y = point(position, order)
            x, y = x & -side, y & -side
            left, top = min(left, x), min(top, y)
            right, bottom = max(right, x + side), max(bottom, y + side)
            area = float(side * side)
            moment_x += area * (x + 0.5 * side)
            moment_y += area * (y + 0.5 * side)
            position += side * side
        boxes[i, 0], boxes[i, 1] = left, top
        boxes[i, 2], boxes[i, 3] = right - left, bottom - top
        centroids[i, 0] = moment_x / (stop - intervals[i, 0])
        centroids[i, 1] = moment_y / (stop - intervals[i, 0])

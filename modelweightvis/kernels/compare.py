"""Two tensors element by element: codes, planes and sums of their difference, in one pass."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.jit import kernel

#: How a difference is put on a scale: times a unit; by a table of its size, or of its size
#: relative to the first value.
LINEAR, SIZE, RATIO = range(3)

#: Bits of the plane `flags`.
NOT_FINITE, CHANGED = 1, 2

#: Figures of `sums`, in order. Those from COUNT to DELTA_SQUARED are of the pairs that are finite.
FIGURES = (
    "count",
    "changed",
    "squares",
    "other_squares",
    "products",
    "delta",
    "delta_squared",
    "max_abs",
    "max_y",
    "max_x",
    "only_left_broken",
    "only_right_broken",
    "both_broken",
)

#: Codes: 130 is no change, 131 to 255 grew, 129 down to 5 shrank.
MIDDLE, SPAN = 130, 125
_BROKEN = 2


@kernel
def _share(
    delta: np.float32, base: np.float32, mode: int, unit: np.float32, table: NDArray[np.float32]
) -> np.float32:
    """Return how far a difference reaches on the scale, from 0 to 1."""
    size = abs(delta)
    if mode == LINEAR:
        return min(np.float32(1), size * unit)
    if mode == RATIO:
        if base == 0:
            return np.float32(1)
        size /= abs(base)
    return np.float32(table[np.float32(size).view(np.uint32) >> np.uint32(16)])


@kernel
def paint(  # noqa: PLR0913, PLR0917 - kernels take no keywords and no records
    left: NDArray[np.float32],
    right: NDArray[np.float32],
    top: int,
    side: int,
    mode: int,
    unit: np.float32,
    table: NDArray[np.float32],
    codes: NDArray[np.uint8],
    count: NDArray[np.float32],
    total: NDArray[np.float32],
    magnitude: NDArray[np.float32],
    flags: NDArray[np.uint8],
) -> None:
    """Paint a rectangle of two tensors, and measure it for the zooms above.

    Args:
        left: the values of the first, (h, w).
        right: those of the second, (h, w).
        top: the first row in the tile.
        side: the first column in the tile.
        mode: LINEAR, SIZE or RATIO.
        unit: what LINEAR multiplies a difference by.
        table: the share of the scale by the upper half of a positive float32, (32768,).
        codes: written: the tile.
        count: added to, at half the resolution: finite pairs.
        total: the same: the sum of differences between -1 and 1.
        magnitude: the same: the sum of their magnitudes.
        flags: or-ed, at half the resolution.
    """
    for y in range(left.shape[0]):
        row = (top + y) >> 1
        for x in range(left.shape[1]):
            a, b = left[y, x], right[y, x]
            at = (side + x) >> 1
            if not (abs(a) < np.inf and abs(b) < np.inf):
                codes[top + y, side + x] = _BROKEN
                flags[row, at] |= NOT_FINITE
                continue
            count[row, at] += np.float32(1)
            delta = b - a
            if delta == 0:
                codes[top + y, side + x] = MIDDLE
                continue
            share = _share(delta, a, mode, unit, table)
            step = max(1, int(share * np.float32(SPAN) + np.float32(0.5)))
            codes[top + y, side + x] = MIDDLE + step if delta > 0 else MIDDLE - step
            total[row, at] += share if delta > 0 else -share
            magnitude[row, at] += share
            flags[row, at] |= CHANGED


@kernel
def measure(
    left: NDArray[np.float32],
    right: NDArray[np.float32],
    origin_y: int,
    origin_x: int,
    sums: NDArray[np.float64],
) -> None:
    """Add up how far two tensors are apart.

    Args:
        left: the values of the first, (h, w).
        right: those of the second, (h, w).
        origin_y: the first row in the placement, for the place of the greatest change.
        origin_x: the first column in the placement.
        sums: added to, see FIGURES.
    """
    for y in range(left.shape[0]):
        for x in range(left.shape[1]):
            a, b = np.float64(left[y, x]), np.float64(right[y, x])
            if not (abs(a) < np.inf and abs(b) < np.inf):
                sums[10 if abs(b) < np.inf else 11 if abs(a) < np.inf else 12] += 1
                continue
            delta = b - a
            sums[0] += 1
            sums[1] += delta != 0
            sums[2] += a * a
            sums[3] += b * b
            sums[4] += a * b
            sums[5] += delta
            sums[6] += delta * delta
            if abs(delta) > sums[7]:
                sums[7] = abs(delta)
                sums[8] = origin_y + y
                sums[9] = origin_x + x


@kernel
def _group(total: np.float32, magnitude: np.float32, count: np.float32) -> int:
    """Return 0 where nearly all shrank, 4 where nearly all grew, 2 where signs are as by chance.

    The balance of n signs that are drawn by lot is about 1 / √n: a tint takes twice that.
    """
    if magnitude == 0:
        return 2
    balance = abs(total) / magnitude
    chances = balance * balance * count
    if chances < 4:
        return 2
    step = 1 if chances < 9 or balance < np.float32(0.6) else 2
    return 2 + step if total > 0 else 2 - step


@kernel
def overview(
    count: NDArray[np.float32],
    total: NDArray[np.float32],
    magnitude: NDArray[np.float32],
    flags: NDArray[np.uint8],
    table: NDArray[np.uint8],
    codes: NDArray[np.uint8],
) -> None:
    """Write the code of every pixel above the maximum zoom under which finite pairs lie.

    Codes come in groups of 50 by `_group`, within a group by the mean magnitude. 255 is no change at
    all.

    Args:
        count: of finite pairs, (h, w).
        total: the sum of the shares of the scale, with their signs.
        magnitude: the same, without.
        flags: of the pairs.
        table: the step, 0 to 49, by the upper half of a mean magnitude, (32768,).
        codes: written.
    """
    for y in range(count.shape[0]):
        for x in range(count.shape[1]):
            if flags[y, x] & NOT_FINITE:
                codes[y, x] = _BROKEN
            elif count[y, x] > 0:
                if not flags[y, x] & CHANGED:
                    codes[y, x] = 255
                    continue
                mean = magnitude[y, x] / count[y, x]
                step = table[np.float32(mean).view(np.uint32) >> np.uint32(16)]
                group = _group(total[y, x], magnitude[y, x], count[y, x])
                codes[y, x] = 5 + 50 * group + step

"""Counts of values and of what overviews show of patches, by bins that a table of 32,768 says.

The table has the bin of every upper half of a positive float32.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.jit import kernel


@kernel
def count_values(
    values: NDArray[np.float32], bins: NDArray[np.uint16], counts: NDArray[np.float64]
) -> None:
    """Count every |x|, (h, w), into the bins of `counts`."""
    bits = values.view(np.uint32)
    for y in range(np.uint64(bits.shape[0])):
        for x in range(np.uint64(bits.shape[1])):
            counts[bins[(bits[y, x] >> np.uint32(16)) & np.uint32(0x7FFF)]] += 1


@kernel
def count_zooms(
    count: NDArray[np.float32],
    sums: NDArray[np.float32],
    sums_abs: NDArray[np.float32],
    sums_squares: NDArray[np.float32],
    max_abs: NDArray[np.float32],
    zooms: int,
    bins: NDArray[np.uint16],
    shown: NDArray[np.float64],
    balances: NDArray[np.float64],
) -> None:
    """Count patches by what overviews show of them, each as often as it has elements.

    Args:
        count: of finite elements in the smallest patches, (h, w); folded 2 × 2 from zoom to zoom, in
            place, as all that follow.
        sums: of x.
        sums_abs: of |x|.
        sums_squares: of x².
        max_abs: the greatest |x|.
        zooms: how many, the first as it is.
        bins: of a magnitude, and of a mean square, (2, 32768).
        shown: added to, (3, bins): by mean |x|, by the mean square, by the greatest |x|.
        balances: added to: by |sum of x| / sum of |x|, in bins of equal width from 0 to 1. Nothing is
            counted where a sum is 0 or infinite.
    """
    height, width = count.shape
    for zoom in range(zooms):
        if zoom:
            height, width = height // 2, width // 2
            _fold_sums(count, height, width)
            _fold_sums(sums, height, width)
            _fold_sums(sums_abs, height, width)
            _fold_sums(sums_squares, height, width)
            _fold_most(max_abs, height, width)
        for y in range(np.uint64(height)):
            for x in range(np.uint64(width)):
                elements = count[y, x]
                if elements > 0:
                    size = sums_abs[y, x]
                    shown[0, bins[0, _upper(size / elements)]] += elements
                    shown[1, bins[1, _upper(sums_squares[y, x] / elements)]] += elements
                    shown[2, bins[0, _upper(max_abs[y, x])]] += elements
                    if np.float32(0) < size < np.float32(np.inf):
                        share = min(abs(sums[y, x]) / size, np.float32(1))
                        balances[np.uint64(share * np.float32(balances.size - 1))] += elements


@kernel
def _upper(value: np.float32) -> np.uint64:
    return np.uint64(np.float32(value).view(np.uint32) >> np.uint32(16))


@kernel
def _fold_sums(plane: NDArray[np.float32], height: int, width: int) -> None:
    two, one = np.uint64(2), np.uint64(1)
    for y in range(np.uint64(height)):
        for x in range(np.uint64(width)):  # what is overwritten has been read
            upper = plane[two * y, two * x] + plane[two * y, two * x + one]
            plane[y, x] = upper + (
                plane[two * y + one, two * x] + plane[two * y + one, two * x + one]
            )


@kernel
def _fold_most(plane: NDArray[np.float32], height: int, width: int) -> None:
    two, one = np.uint64(2), np.uint64(1)
    for y in range(np.uint64(height)):
        for x in range(np.uint64(width)):
            upper = max(plane[two * y, two * x], plane[two * y, two * x + one])
            lower = max(plane[two * y + one, two * x], plane[two * y + one, two * x + one])
            plane[y, x] = max(upper, lower)

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
    planes: NDArray[np.float32],
    zooms: int,
    bins: NDArray[np.uint16],
    squares: NDArray[np.uint16],
    shown: NDArray[np.float64],
    balances: NDArray[np.float64],
) -> None:
    """Count patches by what overviews show of them, each as often as it has elements.

    Args:
        planes: of the smallest patches, as from `patches`, (5, h, w); folded 2 × 2 from zoom to zoom,
            in place.
        zooms: how many, the first as it is.
        bins: of a magnitude, (32768,).
        squares: of a mean square, (32768,).
        shown: added to, (3, bins): by mean |x|, by the mean square, by the greatest |x|.
        balances: added to: by |sum of x| / sum of |x|, in bins of equal width from 0 to 1. Nothing is
            counted where a sum is 0 or infinite.
    """
    height, width, most = planes.shape[1], planes.shape[2], planes[4]
    for zoom in range(zooms):
        if zoom:
            height, width = height // 2, width // 2
            for plane in range(4):
                _fold_sums(planes[plane], height, width)
            _fold_most(most, height, width)
        for y in range(np.uint64(height)):
            for x in range(np.uint64(width)):
                count = planes[0, y, x]
                if count > 0:
                    size = planes[2, y, x]
                    shown[0, bins[_upper(size / count)]] += count
                    shown[1, squares[_upper(planes[3, y, x] / count)]] += count
                    shown[2, bins[_upper(most[y, x])]] += count
                    if np.float32(0) < size < np.float32(np.inf):
                        share = min(abs(planes[1, y, x]) / size, np.float32(1))
                        balances[np.uint64(share * np.float32(balances.size - 1))] += count


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

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
def count_patches(
    total: NDArray[np.float32],
    count: NDArray[np.float32],
    mean: bool,  # noqa: FBT001 - kernels take no keywords
    bins: NDArray[np.uint16],
    counts: NDArray[np.float64],
) -> None:
    """Count patches by their magnitude, each as often as it has elements.

    Args:
        total: a sum or a maximum, never negative, (h, w).
        count: of the patch's elements, (h, w).
        mean: divide by that count.
        bins: (32768,).
        counts: added to.
    """
    for y in range(np.uint64(total.shape[0])):
        for x in range(np.uint64(total.shape[1])):
            if count[y, x] > 0:
                value = total[y, x] / count[y, x] if mean else total[y, x]
                counts[bins[np.float32(value).view(np.uint32) >> np.uint32(16)]] += count[y, x]


@kernel
def count_balances(
    total: NDArray[np.float32],
    magnitude: NDArray[np.float32],
    count: NDArray[np.float32],
    counts: NDArray[np.float64],
) -> None:
    """Count patches by |total| / magnitude, from 0 to 1, each as often as it has elements.

    Args:
        total: sum of the patch's elements, (h, w).
        magnitude: sum of their magnitudes, (h, w); nothing is counted where it is 0 or infinite.
        count: of the elements, (h, w).
        counts: added to; its bins are equally wide.
    """
    top = np.float32(counts.size - 1)
    for y in range(np.uint64(total.shape[0])):
        for x in range(np.uint64(total.shape[1])):
            if np.float32(0) < magnitude[y, x] < np.float32(np.inf):
                share = min(abs(total[y, x]) / magnitude[y, x], np.float32(1))
                counts[np.uint64(share * top)] += count[y, x]

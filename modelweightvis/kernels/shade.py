"""Folded planes to the codes of a tile above the maximum zoom."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.jit import kernel


@kernel
def magnitudes(
    total: NDArray[np.float32],
    count: NDArray[Any],
    mean: bool,  # noqa: FBT001 - kernels take no keywords
    table: NDArray[np.uint8],
    upper: NDArray[np.uint16],
    codes: NDArray[np.uint8],
) -> None:
    """Look up the magnitude of every pixel under which finite elements lie; the others become 0.

    Args:
        total: a sum or a maximum, never negative, (h, w).
        count: of finite elements, of any dtype, (h, w).
        mean: divide by the count.
        table: the code of every upper half of a float32, (65536,).
        upper: to work in, (w,).
        codes: written, (h, w).
    """
    for y in range(np.uint64(total.shape[0])):
        for x in range(np.uint64(total.shape[1])):
            value = total[y, x] / (np.float32(count[y, x]) if mean else np.float32(1))
            upper[x] = np.float32(value).view(np.uint32) >> np.uint32(16)
        for x in range(np.uint64(total.shape[1])):
            codes[y, x] = table[upper[x]] if count[y, x] > 0 else np.uint8(0)


@kernel
def scaled_magnitudes(
    total: NDArray[np.float32],
    factor: np.float32,
    table: NDArray[np.uint8],
    codes: NDArray[np.uint8],
) -> None:
    """Do what `magnitudes` does where the count is the same everywhere: multiply by one over it."""
    for y in range(np.uint64(total.shape[0])):
        for x in range(np.uint64(total.shape[1])):
            value = total[y, x] * factor
            codes[y, x] = table[np.float32(value).view(np.uint32) >> np.uint32(16)]


@kernel
def balances(
    total: NDArray[np.float32],
    magnitude: NDArray[np.float32],
    factor: np.float32,
    zero: np.uint8,
    codes: NDArray[np.uint8],
) -> None:
    """Write 130 + 125 × factor × total / magnitude, from 5 to 255, where the magnitude is not zero.

    Args:
        total: sum of the elements, (h, w).
        magnitude: sum of their magnitudes, (h, w).
        factor: what a balance is multiplied by.
        zero: the code of elements that are all zero.
        codes: written where it is not 0, (h, w).
    """
    for y in range(np.uint64(total.shape[0])):
        for x in range(np.uint64(total.shape[1])):
            if codes[y, x] == 0:
                continue
            if magnitude[y, x] == 0:
                codes[y, x] = zero
                continue
            share = factor * (total[y, x] / magnitude[y, x])
            if not abs(share) <= 1:  # a sum that is too large for a float32 may be no number
                share = np.float32(1 if share > 1 else -1 if share < -1 else 0)
            codes[y, x] = np.uint8(np.float32(130.5) + np.float32(125) * share)

"""Folded planes to the codes of a tile above the maximum zoom."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.jit import kernel
from modelweightvis.kernels.lookup import look_up


@kernel
def magnitudes(
    total: NDArray[np.float32],
    count: NDArray[Any],
    mean: bool,  # noqa: FBT001 - kernels take no keywords
    table: NDArray[np.uint8],
    bits: NDArray[np.uint32],
    codes: NDArray[np.uint8],
) -> None:
    """Look up the magnitude of every pixel; under which no finite element lies, it is a NaN.

    Args:
        total: a sum or a maximum, never negative, and 0 where nothing is counted, (h, w).
        count: of finite elements, of any dtype, (h, w).
        mean: divide by the count.
        table: the code of every upper half of a float32, (65536,).
        bits: to work in, (w,).
        codes: written, (h, w).
    """
    for y in range(total.shape[0]):
        if mean:
            _divide(total[y], count[y], bits)
        else:
            _choose(total[y], count[y], bits)
        look_up(bits, table, codes[y], np.uint64(0))


@kernel
def scaled_magnitudes(
    total: NDArray[np.float32],
    factor: np.float32,
    table: NDArray[np.uint8],
    bits: NDArray[np.uint32],
    codes: NDArray[np.uint8],
) -> None:
    """Do what `magnitudes` does where the count is the same everywhere: multiply by one over it."""
    for y in range(total.shape[0]):
        for x in range(np.uint64(bits.size)):
            value = total[y, x] * factor
            bits[x] = np.float32(value).view(np.uint32)
        look_up(bits, table, codes[y], np.uint64(0))


@kernel
def two_overviews(
    total: NDArray[np.float32],
    count: NDArray[Any],
    table: NDArray[np.uint8],
    bits: NDArray[np.uint32],
    below: NDArray[np.float32],
    codes: NDArray[np.uint8],
    above: NDArray[np.uint8],
    totals: NDArray[np.float32],
    counts: NDArray[np.float32],
) -> None:
    """Shade sums by their means and fold them, twice, while a few rows are at hand.

    Args:
        total: a sum, never negative, and 0 where nothing is counted, (4h, 4w).
        count: of finite elements, of any dtype, (4h, 4w).
        table: the code of every upper half of a float32, (65536,).
        bits: to work in, (4w,).
        below: the same, (4, 2w).
        codes: written: of the sums, (4h, 4w).
        above: written: of the sums folded once, (2h, 2w).
        totals: written: the sums folded twice, (h, w).
        counts: written: the counts folded twice, (h, w).
    """
    half = bits[: below.shape[1]]
    for y in range(totals.shape[0]):
        for part in range(2):
            first = 4 * y + 2 * part
            for row in range(first, first + 2):
                _divide(total[row], count[row], bits)
                look_up(bits, table, codes[row], np.uint64(0))
            _fold(total[first], total[first + 1], below[part])
            _fold(count[first], count[first + 1], below[2 + part])
            _divide(below[part], below[2 + part], half)
            look_up(half, table, above[2 * y + part], np.uint64(0))
        _fold(below[0], below[1], totals[y])
        _fold(below[2], below[3], counts[y])


@kernel
def _divide(total: NDArray[np.float32], count: NDArray[Any], bits: NDArray[np.uint32]) -> None:
    """Write the bits of means: 0 divided by 0 is no number."""
    for x in range(np.uint64(bits.size)):
        mean = total[x] / np.float32(count[x])
        bits[x] = np.float32(mean).view(np.uint32)


@kernel
def _choose(total: NDArray[np.float32], count: NDArray[Any], bits: NDArray[np.uint32]) -> None:
    for x in range(np.uint64(bits.size)):
        value = total[x] if count[x] > 0 else np.float32(np.nan)
        bits[x] = np.float32(value).view(np.uint32)


@kernel
def _fold(above: NDArray[Any], below: NDArray[Any], out: NDArray[np.float32]) -> None:
    """Add up four pixels of two rows, as every sum is folded."""
    two, one = np.uint64(2), np.uint64(1)
    for x in range(np.uint64(out.size)):
        upper = np.float32(above[two * x]) + np.float32(above[two * x + one])
        out[x] = upper + (np.float32(below[two * x]) + np.float32(below[two * x + one]))


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

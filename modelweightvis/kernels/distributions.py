"""Counts of values and of what overviews show of patches, by bins that a table of 32,768 says.

The table has the bin of every upper half of a positive float32.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.jit import kernel
from modelweightvis.kernels.measure import finite, ready

#: What is measured of patches, in this order: how many elements are finite; sums of x, of |x|, of x²;
#: the greatest |x|.
COUNT, SUM, SUM_ABS, SUM_SQUARES, MAX_ABS = range(5)

#: The bits of a float32 that is no number.
_NAN = 0x7FC00000


def count_sample(
    values: NDArray[Any],
    zooms: int,
    bins: NDArray[np.uint16],
    shown: NDArray[np.float64],
    balances: NDArray[np.float64],
) -> tuple[int, float]:
    """Count values, and patches of 2 × 2, 4 × 4 … of them, each as often as it has finite elements.

    Args:
        values: float32, or uint16 for bfloat16 as it is stored, (h, w); patches begin in its corner,
            those at its ends have fewer.
        zooms: how many sizes of patches; 0 for none.
        bins: of a magnitude, and of a mean square, (2, 32768).
        shown: added to, (4, bins): by |x|, by mean |x|, by the mean square, by the greatest |x|.
        balances: added to: by |sum of x| / sum of |x|, in bins of equal width, the last for 1
            alone. Nothing is counted where a sum is 0 or infinite.

    Returns:
        How many values are finite, and their sum: infinite or no number if that of a patch is.
    """
    side = 1 << max(zooms, 1)
    height, width = (-(-length // side) * side // 2 for length in values.shape)
    planes = np.empty((5, height, width), np.float32)
    stored = values.dtype == np.uint16
    codes = ready(values, np.uint16) if stored else ready(values, np.float32).view(np.uint32)
    shift = np.uint32(16 if stored else 0)
    number, total = _count_sample(
        codes,
        _even(codes, _NAN >> 16 if stored else _NAN),
        shift,
        zooms,
        ready(bins, np.uint16),
        shown,
        balances,
        planes,
    )
    return int(number), total


def _even(codes: NDArray[Any], nan: int) -> NDArray[Any]:
    """Return codes, (h, w), with a row and a column more where that makes them even.

    These are no numbers: patches are measured with them, but they are not to be counted as values.
    """
    height, width = codes.shape
    if not (height | width) & 1:
        return codes
    padded = np.full((height + (height & 1), width + (width & 1)), nan, codes.dtype)
    padded[:height, :width] = codes
    return ready(padded, codes.dtype.type)


@kernel
def _count_sample(
    codes: NDArray[Any],
    even: NDArray[Any],
    shift: np.uint32,
    zooms: int,
    bins: NDArray[np.uint16],
    shown: NDArray[np.float64],
    balances: NDArray[np.float64],
    planes: NDArray[np.float32],
) -> tuple[float, float]:
    number, total = 0.0, 0.0
    for row in range(codes.shape[0]):
        _count_row(codes[row], shift, bins[0], shown[0])
    planes[:, even.shape[0] >> 1 :] = 0
    planes[:, :, even.shape[1] >> 1 :] = 0
    for y in range(even.shape[0] >> 1):
        _measure_rows(even[2 * y], even[2 * y + 1], shift, planes, np.uint64(y))
        number += _sum(planes[COUNT, y])
        total += _sum(planes[SUM, y])
    for zoom in range(zooms):
        height, width = planes.shape[1] >> zoom, planes.shape[2] >> zoom
        if zoom:
            for plane in range(MAX_ABS):
                _fold_sums(planes[plane], height, width)
            _fold_most(planes[MAX_ABS], height, width)
        for y in range(height):
            _count_patches(planes, y, width, bins, shown, balances)
    return number, total


@kernel
def _sum(row: NDArray[np.float32]) -> float:
    """Add up a row in four sums: in a single one a number would wait for that before it."""
    one, two, three, four = 0.0, 0.0, 0.0, 0.0
    whole = np.uint64(row.size) & ~np.uint64(3)
    for x in range(np.uint64(0), whole, np.uint64(4)):
        one += np.float64(row[x])
        two += np.float64(row[x + np.uint64(1)])
        three += np.float64(row[x + np.uint64(2)])
        four += np.float64(row[x + np.uint64(3)])
    for x in range(whole, np.uint64(row.size)):
        one += np.float64(row[x])
    return (one + two) + (three + four)


@kernel
def _count_row(
    codes: NDArray[Any],
    shift: np.uint32,
    bins: NDArray[np.uint16],
    counts: NDArray[np.float64],
) -> None:
    upper = np.uint32(16) - shift
    for x in range(np.uint64(codes.size)):
        counts[bins[(np.uint32(codes[x]) >> upper) & np.uint32(0x7FFF)]] += 1


@kernel
def _measure_rows(
    upper: NDArray[Any],
    lower: NDArray[Any],
    shift: np.uint32,
    planes: NDArray[np.float32],
    y: np.uint64,
) -> None:
    """Measure patches of 2 × 2 elements, in the order in which the planes of a tile are added up."""
    one, two = np.uint64(1), np.uint64(2)
    for x in range(np.uint64(upper.size >> 1)):
        a, b = _value(upper[two * x], shift), _value(upper[two * x + one], shift)
        c, d = _value(lower[two * x], shift), _value(lower[two * x + one], shift)
        planes[COUNT, y, x] = (_there(a) + _there(b)) + (_there(c) + _there(d))
        a, b, c, d = finite(a), finite(b), finite(c), finite(d)
        planes[SUM, y, x] = (a + b) + (c + d)
        planes[SUM_ABS, y, x] = (abs(a) + abs(b)) + (abs(c) + abs(d))
        planes[SUM_SQUARES, y, x] = (a * a + b * b) + (c * c + d * d)
        planes[MAX_ABS, y, x] = max(abs(a), abs(b), abs(c), abs(d))


@kernel
def _value(code: Any, shift: np.uint32) -> np.float32:
    """Return the float32 whose bits, or the upper ones of them, are these."""
    return np.uint32(np.uint32(code) << shift).view(np.float32)


@kernel
def _there(value: np.float32) -> np.float32:
    return np.float32(abs(value) < np.float32(np.inf))


@kernel
def _count_patches(
    planes: NDArray[np.float32],
    y: int,
    width: int,
    bins: NDArray[np.uint16],
    shown: NDArray[np.float64],
    balances: NDArray[np.float64],
) -> None:
    row = np.uint64(y)
    for x in range(np.uint64(width)):
        elements = planes[COUNT, row, x]
        if elements > 0:
            size = planes[SUM_ABS, row, x]
            shown[1, bins[0, _upper(size / elements)]] += elements
            shown[2, bins[1, _upper(planes[SUM_SQUARES, row, x] / elements)]] += elements
            shown[3, bins[0, _upper(planes[MAX_ABS, row, x])]] += elements
            if np.float32(0) < size < np.float32(np.inf):
                share = min(abs(planes[SUM, row, x]) / size, np.float32(1))
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


@kernel
def settle(
    own: NDArray[np.float64],
    whole: NDArray[np.float64],
    relative: NDArray[np.float64],
    one: int,
) -> int:
    """Add counts to others, as they are and as if their median were 1, and clear them.

    Args:
        own: by bins, of which the last is for what is left out, (n, bins + 1); 0 afterwards.
        whole: added to, of the same shape, but for the last bin.
        relative: the same; what falls out at one end comes in at the other.
        one: the bin of 1.

    Returns:
        The bin with the median of the first row; that of 1 if nothing is counted there.
    """
    bins = own.shape[1] - 1
    total = 0.0
    for at in range(bins):
        total += own[0, at]
    median, below = one, 0.0
    for at in range(bins):
        below += own[0, at]
        if total > 0 and below >= total / 2:
            median = at
            break
    for row in range(own.shape[0]):
        for at in range(bins):
            if own[row, at] != 0:  # a tensor has few of all the magnitudes there are
                whole[row, at] += own[row, at]
                relative[row, (at - median + one) % bins] += own[row, at]
        own[row] = 0.0
    return median

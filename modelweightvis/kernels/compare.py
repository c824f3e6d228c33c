"""Two tensors element by element: codes, planes and sums of their difference, row by row.

Results do not depend on the processor: the order of every addition is written down.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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

#: Where some of these stand.
COUNT, ALTERED, SQUARES, LARGEST, BROKEN = 0, 1, 2, 7, 10

#: Codes: 130 is no change, 131 to 255 grew, 129 down to 5 shrank.
MIDDLE, SPAN = 130, 125
_BROKEN = 2
#: The code of an overview where nothing changed.
_SAME = 255

#: How many figures from SQUARES on are sums, and how many of each run side by side, so that none
#: waits for the one before.
_SUMS, _LANES = 5, 32
#: Rows of scratch: both values, their difference, its share of the scale with and without its sign.
_FIRST, _SECOND, _DELTA, _SIGNED, _SHARE = range(5)


def compare(
    left: NDArray[np.float32],
    right: NDArray[np.float32],
    *,
    scale: tuple[int, float, NDArray[np.float32]],
    tile: tuple[int, int],
    origin: tuple[int, int],
    codes: NDArray[np.uint8],
    planes: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.uint8]],
    sums: NDArray[np.float64],
) -> int:
    """Paint a rectangle of two tensors, measure it for the zooms above, and add it up.

    Args:
        left: the values of the first, (h, w).
        right: those of the second, (h, w).
        scale: LINEAR, SIZE or RATIO; what LINEAR multiplies a difference by; the share of the scale
            by the upper half of a positive float32, (32768,).
        tile: the first row and column in the tile.
        origin: the same in the placement, for the place of the greatest change.
        codes: written: a C-contiguous tile.
        planes: at half the tile's size: added to, the sum of differences between -1 and 1 and that
            of their magnitudes; or-ed, flags.
        sums: added to, see FIGURES.

    Returns:
        How many pairs are not finite; they are flagged, and otherwise left out.
    """
    (height, width), (top, side) = left.shape, tile
    if min(tile) < 0 or top + height > codes.shape[0] or side + width > codes.shape[1]:
        raise ValueError(f"{left.shape} at {tile} leaves a tile of {codes.shape}")
    mode, unit, table = scale
    scratch = np.zeros((5, (side & 1) + width + 1), np.float32)
    lanes = np.zeros((_SUMS, _LANES))
    first, second, shares = (_ready(one) for one in (left, right, table))
    where = (*tile, *origin, mode, np.float32(unit))
    broken = int(_compare(first, second, *where, shares, codes, *planes, scratch, lanes, sums))
    for lane in lanes.T:  # in this order
        sums[SQUARES : SQUARES + _SUMS] += lane
    sums[COUNT] += left.size - broken
    return broken


def measure(
    left: NDArray[np.float32], right: NDArray[np.float32], sums: NDArray[np.float64]
) -> None:
    """Add up how far two tensors are apart, and nothing else: (h, w) each; `sums` as in `compare`."""
    height, width = left.shape
    half = ((height + 1) // 2, (width + 1) // 2)
    compare(
        left,
        right,
        scale=(LINEAR, 1.0, np.zeros(1, np.float32)),
        tile=(0, 0),
        origin=(0, 0),
        codes=np.empty(left.shape, np.uint8),
        planes=(np.zeros(half, np.float32), np.zeros(half, np.float32), np.zeros(half, np.uint8)),
        sums=sums,
    )


def count_pairs(
    left: NDArray[np.float32], right: NDArray[np.float32], tile: tuple[int, int], plane: Any
) -> None:
    """Count the finite pairs of a rectangle, at half the tile's size."""
    _count_pairs(_ready(left), _ready(right), *tile, plane)


def _ready(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array contiguous and read-only, so that each kernel is compiled once."""
    ready = np.ascontiguousarray(array).view()
    ready.flags.writeable = False
    return ready


@kernel
def _compare(  # noqa: PLR0913, PLR0917 - kernels take no keywords and no records
    left: NDArray[np.float32],
    right: NDArray[np.float32],
    top: int,
    side: int,
    origin_y: int,
    origin_x: int,
    mode: int,
    unit: np.float32,
    table: NDArray[np.float32],
    codes: NDArray[np.uint8],
    total: NDArray[np.float32],
    magnitude: NDArray[np.float32],
    flags: NDArray[np.uint8],
    scratch: NDArray[np.float32],
    lanes: NDArray[np.float64],
    sums: NDArray[np.float64],
) -> int:
    """Go through both row by row, in loops that run on wide registers."""
    infinite, head, width = 0, side & 1, left.shape[1]
    for y in range(left.shape[0]):
        row = codes[top + y][side : side + width]
        broken, changed = _subtract(left[y], right[y], head, scratch)
        for x in range(np.uint64(width)):
            row[x] = MIDDLE
        if changed:
            most = _largest(scratch[_DELTA])
            if np.float64(most) * 1.000001 > sums[LARGEST]:  # it is a float32, so it was rounded
                _keep_largest(scratch, head, origin_y + y, origin_x, sums)
            sums[ALTERED] += changed
            _put_on_scale(mode, unit, table, scratch)
            _paint(scratch, np.uint64(head), row)
            _add_planes(scratch, side >> 1, total[(top + y) >> 1], magnitude[(top + y) >> 1])
            _flag_changed(scratch[_DELTA], side >> 1, flags[(top + y) >> 1])
        _add_squares(scratch, np.uint64(head), np.uint64(width), lanes)
        if broken:
            _flag_broken(left[y], right[y], side, row, flags[(top + y) >> 1], sums)
            infinite += broken
    return infinite


@kernel
def _subtract(
    left: NDArray[np.float32],
    right: NDArray[np.float32],
    head: int,
    scratch: NDArray[np.float32],
) -> tuple[int, int]:
    """Note down a row and its differences; pairs that are not finite become zeros.

    Returns how many are not finite, and how many differ.
    """
    first, second, deltas = scratch[_FIRST], scratch[_SECOND], scratch[_DELTA]
    broken, changed, at = np.int32(0), np.int32(0), np.uint64(head)
    for x in range(np.uint64(left.size)):
        a, b = left[x], right[x]
        finite = (abs(a) < np.float32(np.inf)) & (abs(b) < np.float32(np.inf))
        a, b = a if finite else np.float32(0), b if finite else np.float32(0)
        first[at + x], second[at + x], deltas[at + x] = a, b, b - a
        broken += np.int32(not finite)
        changed += np.int32(a != b)
    return int(broken), int(changed)


@kernel
def _largest(deltas: NDArray[np.float32]) -> np.float32:
    """Return the greatest magnitude, by integers that are in the order of the floats."""
    bits, most = deltas.view(np.int32), np.int32(0)
    for x in range(np.uint64(bits.size)):
        most = max(most, np.int32(bits[x] & np.int32(0x7FFFFFFF)))
    return np.int32(most).view(np.float32)


@kernel
def _keep_largest(
    scratch: NDArray[np.float32], head: int, y: int, left: int, sums: NDArray[np.float64]
) -> None:
    first, second = scratch[_FIRST], scratch[_SECOND]
    for x in range(head, first.size):
        size = abs(np.float64(second[x]) - np.float64(first[x]))
        if size > sums[LARGEST]:
            sums[LARGEST], sums[LARGEST + 1], sums[LARGEST + 2] = size, y, left + x - head


@kernel
def _put_on_scale(
    mode: int, unit: np.float32, table: NDArray[np.float32], scratch: NDArray[np.float32]
) -> None:
    """Note down how far the differences of a row reach on the scale, from 0 to 1."""
    first, deltas, shares = scratch[_FIRST], scratch[_DELTA], scratch[_SHARE]
    if mode == LINEAR:
        for x in range(np.uint64(deltas.size)):
            size = abs(deltas[x]) * unit
            shares[x] = min(np.float32(1), size)
        return
    for x in range(np.uint64(deltas.size)):
        size = abs(deltas[x])
        if mode == RATIO:
            size = size / abs(first[x]) if first[x] != 0 else np.float32(1)
        share = table[np.float32(size).view(np.uint32) >> np.uint32(16)]
        shares[x] = share if deltas[x] != 0 else np.float32(0)


@kernel
def _paint(scratch: NDArray[np.float32], head: np.uint64, row: NDArray[np.uint8]) -> None:
    deltas, shares, signed = scratch[_DELTA], scratch[_SHARE], scratch[_SIGNED]
    for x in range(np.uint64(row.size)):
        delta, share = deltas[head + x], shares[head + x]
        step = np.int32(share * np.float32(SPAN) + np.float32(0.5))
        step = max(np.int32(1), step)
        sign = np.int32(delta > 0) - np.int32(delta < 0)
        row[x] = np.uint8(np.int32(MIDDLE) + sign * step)
        signed[head + x] = share * np.float32(sign)


@kernel
def _add_planes(
    scratch: NDArray[np.float32],
    start: int,
    total: NDArray[np.float32],
    magnitude: NDArray[np.float32],
) -> None:
    shares, signed = scratch[_SHARE], scratch[_SIGNED]
    one, two, at = np.uint64(1), np.uint64(2), np.uint64(start)
    for pair in range(np.uint64(shares.size >> 1)):
        total[at + pair] += signed[two * pair] + signed[two * pair + one]
        magnitude[at + pair] += shares[two * pair] + shares[two * pair + one]


@kernel
def _flag_changed(deltas: NDArray[np.float32], start: int, flags: NDArray[np.uint8]) -> None:
    one, two, at = np.uint64(1), np.uint64(2), np.uint64(start)
    for pair in range(np.uint64(deltas.size >> 1)):
        changed = (deltas[two * pair] != 0) | (deltas[two * pair + one] != 0)
        flags[at + pair] |= np.uint8(CHANGED) if changed else np.uint8(0)


@kernel
def _add_squares(
    scratch: NDArray[np.float32], head: np.uint64, width: np.uint64, lanes: NDArray[np.float64]
) -> None:
    """Add up both squares, the products, the differences and their squares."""
    first, second, most = scratch[_FIRST], scratch[_SECOND], np.uint64(_LANES)
    for start in range(np.uint64(0), width, most):
        for lane in range(min(most, width - start)):
            a = np.float64(first[head + start + lane])
            b = np.float64(second[head + start + lane])
            delta = b - a
            lanes[0, lane] += a * a
            lanes[1, lane] += b * b
            lanes[2, lane] += a * b
            lanes[3, lane] += delta
            lanes[4, lane] += delta * delta


@kernel
def _flag_broken(
    left: NDArray[np.float32],
    right: NDArray[np.float32],
    side: int,
    row: NDArray[np.uint8],
    flags: NDArray[np.uint8],
    sums: NDArray[np.float64],
) -> None:
    for x in range(left.size):
        one, other = abs(left[x]) < np.inf, abs(right[x]) < np.inf
        if not (one and other):
            row[x] = _BROKEN
            flags[(side + x) >> 1] |= NOT_FINITE
            sums[BROKEN if other else BROKEN + 1 if one else BROKEN + 2] += 1


@kernel
def _count_pairs(
    left: NDArray[np.float32],
    right: NDArray[np.float32],
    top: int,
    side: int,
    plane: NDArray[np.float32],
) -> None:
    for y in range(left.shape[0]):
        for x in range(left.shape[1]):
            if abs(left[y, x]) < np.inf and abs(right[y, x]) < np.inf:
                plane[(top + y) >> 1, (side + x) >> 1] += np.float32(1)


@kernel
def _group(total: np.float32, magnitude: np.float32, count: np.float32) -> np.int32:
    """Return 0 where nearly all shrank, 4 where nearly all grew, 2 where signs are as by chance.

    The balance of n signs that are drawn by lot is about 1 / √n: a tint takes twice that.
    """
    size, unsigned = magnitude if magnitude > 0 else np.float32(1), abs(total)
    chances = unsigned * unsigned * count  # times the square of the magnitude
    tinted = chances >= np.float32(4) * size * size
    strong = (chances >= np.float32(9) * size * size) & (unsigned >= np.float32(0.6) * size)
    step = np.int32(tinted) + np.int32(strong)
    return np.int32(2) + (step if total > 0 else -step)


def overview(
    planes: Mapping[str, NDArray[Any]], table: NDArray[np.uint8], codes: NDArray[np.uint8]
) -> None:
    """Write the code of every pixel above the maximum zoom under which finite pairs lie.

    Codes come in groups of 50 by which sign prevails, within a group by the mean magnitude. 255 is
    no change at all.

    Args:
        planes: (h, w) each: `count` of finite pairs, the `total` of the shares of the scale with
            their signs, their `magnitude` without, `flags`.
        table: the step, 0 to 49, by the upper half of a mean magnitude, (32768,).
        codes: written, (h, w).
    """
    count, total, magnitude, flags = (
        _ready(planes[name]) for name in ("count", "total", "magnitude", "flags")
    )
    means, groups = np.empty(codes.shape[1], np.uint16), np.empty(codes.shape[1], np.uint8)
    _overview(count, total, magnitude, flags, _ready(table), means, groups, codes)


@kernel
def _overview(
    count: NDArray[np.float32],
    total: NDArray[np.float32],
    magnitude: NDArray[np.float32],
    flags: NDArray[np.uint8],
    table: NDArray[np.uint8],
    means: NDArray[np.uint16],
    groups: NDArray[np.uint8],
    codes: NDArray[np.uint8],
) -> None:
    """Write codes row by row; `means` and `groups` are room for a row."""
    for y in range(codes.shape[0]):
        for x in range(np.uint64(codes.shape[1])):
            number = max(count[y, x], np.float32(1))
            size = magnitude[y, x]
            means[x] = np.float32(size / number).view(np.uint32) >> np.uint32(16)
            group = np.uint8(5 + 50 * _group(total[y, x], size, number))
            groups[x] = group if flags[y, x] & np.uint8(CHANGED) else np.uint8(_SAME)
        for x in range(np.uint64(codes.shape[1])):
            if flags[y, x] & NOT_FINITE:
                codes[y, x] = _BROKEN
            elif count[y, x] > 0:
                step = table[means[x]]
                codes[y, x] = groups[x] if groups[x] == _SAME else groups[x] + step

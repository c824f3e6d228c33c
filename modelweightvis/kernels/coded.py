"""Stored codes of 16 bits to codes of pixels, to counts, and to sums at half the resolution.

They are drawn without being decoded: a table says what a code looks like, and how often each occurs is
all that statistics ask for. Of bfloat16 the magnitude is a matter of shifting.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.bits import store
from arbvis_core.kernels.jit import kernel
from modelweightvis.kernels.measure import LARGEST, check_place, ready
from modelweightvis.kernels.rows import flat_rows

#: All but the sign of a bfloat16, and an infinity.
_SIZE, _INFINITY = 0x7FFF, 0x7F80


def encode_stored(
    stored: NDArray[np.uint16],
    table: NDArray[np.uint8],
    codes: NDArray[np.uint8],
    counts: NDArray[np.uint32],
    top: int = 0,
    left: int = 0,
) -> None:
    """Write the code of every stored value into a tile, and count the stored values.

    Args:
        stored: (h, w), of which rows may lie apart.
        table: the code of every stored value, (65536,).
        codes: written: a C-contiguous tile, (height, width).
        counts: added to: how often each stored value occurs, (65536,).
        top: the first row in the tile.
        left: the first column in the tile.
    """
    check_place(stored, codes, top, left, 1)
    flat, pitch = flat_rows(stored)
    area = np.array([*stored.shape, pitch, top, left])
    _encode(flat, area, ready(table, np.uint8), codes, counts)


def measure_bfloat16(
    stored: NDArray[np.uint16],
    table: NDArray[np.uint8],
    factor: float,
    codes: NDArray[np.uint8],
    sum_abs: NDArray[np.float32],
    counts: NDArray[np.uint32],
    top: int = 0,
    left: int = 0,
) -> int:
    """Do what `encode_stored` does to bfloat16, and add up magnitudes, in one pass.

    Of the sums, those of pixels that have four of the values are written, whatever they were before;
    what only touches the rectangle is added to.

    Args:
        stored: (h, w), of which rows may lie apart.
        table: the code of every stored value, (65536,).
        factor: what magnitudes are multiplied by; none becomes more than LARGEST.
        codes: written: a C-contiguous tile, (height, width).
        sum_abs: written and added to: the plane of that name, half the tile's size.
        counts: added to: how often each stored value occurs, (65536,).
        top: the first row in the tile.
        left: the first column in the tile.

    Returns:
        How many magnitudes are not finite; they are not added up.
    """
    check_place(stored, codes, top, left, 1)
    check_place(stored, sum_abs, top, left, 2)
    flat, pitch = flat_rows(stored)
    area = np.array([*stored.shape, pitch, top, left])
    table, scale = ready(table, np.uint8), np.float32(factor)
    return int(_measure(flat, area, table, scale, codes, sum_abs, counts))


@kernel
def _encode(
    flat: NDArray[np.uint16],
    area: NDArray[np.int64],
    table: NDArray[np.uint8],
    codes: NDArray[np.uint8],
    counts: NDArray[np.uint32],
) -> None:
    height, width, pitch, top, left = area
    for y in range(height):
        line = flat[y * pitch : y * pitch + width]
        _encode_row(line, table, codes[top + y], counts, np.uint64(left))


@kernel
def _measure(
    flat: NDArray[np.uint16],
    area: NDArray[np.int64],
    table: NDArray[np.uint8],
    scale: np.float32,
    codes: NDArray[np.uint8],
    sums: NDArray[np.float32],
    counts: NDArray[np.uint32],
) -> int:
    height, width, pitch, top, left = area
    infinite, y, first = 0, 0, np.uint64(left)
    while y < height:
        row, line = top + y, flat[y * pitch : y * pitch + width]
        into = sums[row >> 1]
        _encode_row(line, table, codes[row], counts, first)
        if row & 1 or y + 1 == height:
            infinite += _add_row(line, scale, into, first)
            y += 1
            continue
        below = flat[(y + 1) * pitch : (y + 1) * pitch + width]
        _encode_row(below, table, codes[row + 1], counts, first)
        infinite += _put_rows(line, below, scale, into, first)
        y += 2
    return infinite


@kernel
def _encode_row(
    line: NDArray[np.uint16],
    table: NDArray[np.uint8],
    row: NDArray[np.uint8],
    counts: NDArray[np.uint32],
    left: np.uint64,
) -> None:
    """Write eight codes at a time: to store them one by one takes a third longer."""
    width, eight = np.uint64(line.size), np.uint64(8)
    whole = width & ~np.uint64(7)
    for start in range(np.uint64(0), whole, eight):
        word = np.uint64(0)
        for i in range(eight):
            code = line[start + i]
            word |= np.uint64(table[code]) << (eight * i)
            counts[code] += np.uint32(1)
        store(word, row, left + start)
    for x in range(whole, width):
        row[left + x] = table[line[x]]
        counts[line[x]] += np.uint32(1)


@kernel
def _put_rows(
    line: NDArray[np.uint16],
    below: NDArray[np.uint16],
    scale: np.float32,
    row: NDArray[np.float32],
    left: np.uint64,
) -> int:
    """Write the sums of four magnitudes each; return how many magnitudes are not finite."""
    one, two, size = np.uint64(1), np.uint64(2), np.uint64(line.size)
    head, at = left & one, (left + one) >> one
    pairs = (size - min(head, size)) >> one
    most = max(_largest(line), _largest(below))
    if not _magnitude(most, scale) < np.float32(np.inf):
        for pair in range(pairs):
            row[at + pair] = 0
        return _add_finite(line, scale, row, left) + _add_finite(below, scale, row, left)
    for pair in range(pairs):
        first = head + two * pair
        upper = _magnitude(line[first], scale) + _magnitude(line[first + one], scale)
        lower = _magnitude(below[first], scale) + _magnitude(below[first + one], scale)
        row[at + pair] = upper + lower
    _add_ends(line, scale, row, left)
    _add_ends(below, scale, row, left)
    return 0


@kernel
def _add_row(
    line: NDArray[np.uint16], scale: np.float32, row: NDArray[np.float32], left: np.uint64
) -> int:
    """Add the magnitudes of pairs of columns; return how many are not finite."""
    one, two, size = np.uint64(1), np.uint64(2), np.uint64(line.size)
    if not _magnitude(_largest(line), scale) < np.float32(np.inf):
        return _add_finite(line, scale, row, left)
    head, at = left & one, (left + one) >> one
    for pair in range((size - min(head, size)) >> one):
        first = head + two * pair
        row[at + pair] += _magnitude(line[first], scale) + _magnitude(line[first + one], scale)
    _add_ends(line, scale, row, left)
    return 0


@kernel
def _add_ends(
    line: NDArray[np.uint16], scale: np.float32, row: NDArray[np.float32], left: np.uint64
) -> None:
    """Add the magnitudes of columns at either end whose neighbour lies outside."""
    one, size = np.uint64(1), np.uint64(line.size)
    if size and left & one:
        row[left >> one] += _magnitude(line[0], scale)
    if size > (left & one) and (left + size) & one:
        row[(left + size) >> one] += _magnitude(line[size - one], scale)


@kernel
def _largest(line: NDArray[np.uint16]) -> np.uint16:
    """Return the largest of the codes without their signs."""
    most = np.uint16(0)
    for x in range(np.uint64(line.size)):
        most = max(most, np.uint16(line[x] & np.uint16(_SIZE)))
    return most


@kernel
def _add_finite(
    line: NDArray[np.uint16], scale: np.float32, row: NDArray[np.float32], left: np.uint64
) -> int:
    """Do the same, but leave out what is not finite: rare, and so it may take its time."""
    infinite, pending = 0, np.float32(0)
    for x in range(np.uint64(line.size)):
        size = _magnitude(line[x], scale)
        if (line[x] & np.uint16(_SIZE)) >= np.uint16(_INFINITY):
            infinite += 1
            size = np.float32(0)
        elif not size < np.float32(np.inf):
            size = np.float32(LARGEST)
        pending += size
        if (left + x) & np.uint64(1) or x + np.uint64(1) == np.uint64(line.size):
            row[(left + x) >> np.uint64(1)] += pending
            pending = np.float32(0)
    return infinite


@kernel
def _magnitude(code: np.uint16, scale: np.float32) -> np.float32:
    bits = np.uint32(np.uint32(code & np.uint16(_SIZE)) << np.uint32(16))
    return bits.view(np.float32) * scale

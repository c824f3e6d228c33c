"""Stored codes of 16 bits to codes of pixels, to counts, and to sums at half the resolution.

They are drawn without being decoded: a table says what a code looks like, and how often each occurs is
all that statistics ask for. Of bfloat16 the magnitude is a matter of shifting.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.bits import store
from arbvis_core.kernels.jit import kernel
from modelweightvis.kernels.magnitudes import add_row, put_rows
from modelweightvis.kernels.measure import check_place, ready
from modelweightvis.kernels.rows import flat_rows


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
            infinite += add_row(line, scale, into, first)
            y += 1
            continue
        below = flat[(y + 1) * pitch : (y + 1) * pitch + width]
        _encode_row(below, table, codes[row + 1], counts, first)
        infinite += put_rows(line, below, scale, into, first)
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

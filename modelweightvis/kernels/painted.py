"""Values to codes of pixels and to sums at half the resolution, in one pass."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.bits import store
from arbvis_core.kernels.jit import kernel
from modelweightvis.kernels.magnitudes import add_row, put_rows
from modelweightvis.kernels.measure import check_place, ready


def paint_values(
    values: NDArray[np.float32],
    table: NDArray[np.uint8],
    factor: float,
    codes: NDArray[np.uint8],
    sum_abs: NDArray[np.float32],
    top: int = 0,
    left: int = 0,
) -> int:
    """Write the code of every value into a tile, and add up magnitudes.

    Of the sums, those of pixels that have four of the values are written, whatever they were before;
    what only touches the rectangle is added to.

    Args:
        values: (h, w).
        table: the code of every upper half of a float32, (65536,).
        factor: what magnitudes are multiplied by; none becomes more than LARGEST.
        codes: written: a C-contiguous tile, (height, width).
        sum_abs: written and added to: the plane of that name, half the tile's size.
        top: the first row in the tile.
        left: the first column in the tile.

    Returns:
        How many magnitudes are not finite; they are not added up.
    """
    check_place(values, codes, top, left, 1)
    check_place(values, sum_abs, top, left, 2)
    bits = ready(values, np.float32).view(np.uint32)
    scale = np.float32(factor)
    return int(_paint(bits, ready(table, np.uint8), scale, codes, sum_abs, top, left))


@kernel
def _paint(
    bits: NDArray[np.uint32],
    table: NDArray[np.uint8],
    scale: np.float32,
    codes: NDArray[np.uint8],
    sums: NDArray[np.float32],
    top: int,
    left: int,
) -> int:
    infinite, y, first = 0, 0, np.uint64(left)
    height = bits.shape[0]
    while y < height:
        row, line = top + y, bits[y]
        into = sums[row >> 1]
        _encode_row(line, table, codes[row], first)
        if row & 1 or y + 1 == height:
            infinite += add_row(line, scale, into, first)
            y += 1
            continue
        _encode_row(bits[y + 1], table, codes[row + 1], first)
        infinite += put_rows(line, bits[y + 1], scale, into, first)
        y += 2
    return infinite


@kernel
def _encode_row(
    line: NDArray[np.uint32], table: NDArray[np.uint8], row: NDArray[np.uint8], left: np.uint64
) -> None:
    """Write eight codes at a time: to store them one by one takes longer."""
    width, eight, upper = np.uint64(line.size), np.uint64(8), np.uint32(16)
    whole = width & ~np.uint64(7)
    for start in range(np.uint64(0), whole, eight):
        word = np.uint64(0)
        for i in range(eight):
            word |= np.uint64(table[line[start + i] >> upper]) << (eight * i)
        store(word, row, left + start)
    for x in range(whole, width):
        row[left + x] = table[line[x] >> upper]

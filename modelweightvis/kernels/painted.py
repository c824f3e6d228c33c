"""Values to codes of pixels and to sums at half the resolution, in one pass."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.jit import kernel
from modelweightvis.kernels.lookup import look_up
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
        look_up(line, table, codes[row], first)
        if row & 1 or y + 1 == height:
            infinite += add_row(line, scale, into, first)
            y += 1
            continue
        look_up(bits[y + 1], table, codes[row + 1], first)
        infinite += put_rows(line, bits[y + 1], scale, into, first)
        y += 2
    return infinite

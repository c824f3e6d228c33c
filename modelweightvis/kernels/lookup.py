"""Values to codes, by a table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.bits import store
from arbvis_core.kernels.jit import kernel


@kernel
def look_up(
    bits: NDArray[np.uint32], table: NDArray[np.uint8], row: NDArray[np.uint8], left: np.uint64
) -> None:
    """Write the code of every value into a row, eight at a time: one by one takes a third longer.

    Args:
        bits: of float32, (w,).
        table: the code of every upper half of a float32, (65536,).
        row: written.
        left: where the first goes.
    """
    width, eight, upper = np.uint64(bits.size), np.uint64(8), np.uint32(16)
    whole = width & ~np.uint64(7)
    for start in range(np.uint64(0), whole, eight):
        word = np.uint64(0)
        for i in range(eight):
            word |= np.uint64(table[bits[start + i] >> upper]) << (eight * i)
        store(word, row, left + start)
    for x in range(whole, width):
        row[left + x] = table[bits[x] >> upper]

"""Statistics of attention heads, added up rectangle by rectangle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.jit import kernel

#: What is kept of a head: how many elements, how many of them are not finite or zero, the sums of
#: |x| and x² of the others, and the greatest |x|.
COUNT, NON_FINITE, ZEROS, SUM_ABS, SUM_SQUARES, MAX_ABS = range(6)
FIGURES = 6


@kernel
def add_heads(
    values: NDArray[np.float32],
    rows: NDArray[np.int32],
    columns: NDArray[np.int32],
    heads: NDArray[np.float64],
) -> None:
    """Add every value to its head.

    Args:
        values: (h, w).
        rows: (h,); the head of a value is the number of its row plus that of its column.
        columns: (w,), in runs.
        heads: added to, (heads, FIGURES).
    """
    width = np.uint64(values.shape[1])
    for y in range(np.uint64(values.shape[0])):
        x = np.uint64(0)
        while x < width:
            column, start = columns[x], x
            broken, zeros, total, squares, most = 0, 0, 0.0, 0.0, np.float32(0)
            while x < width and columns[x] == column:
                size = abs(values[y, x])
                if size < np.float32(np.inf):
                    zeros += size == 0
                    total += size
                    squares += np.float64(size) * np.float64(size)
                    most = max(most, size)
                else:
                    broken += 1
                x += np.uint64(1)
            head = heads[np.uint64(rows[y] + column)]
            head[COUNT] += x - start
            head[NON_FINITE] += broken
            head[ZEROS] += zeros
            head[SUM_ABS] += total
            head[SUM_SQUARES] += squares
            head[MAX_ABS] = max(head[MAX_ABS], most)

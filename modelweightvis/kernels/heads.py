"""Statistics of attention heads, added up rectangle by rectangle."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.jit import kernel
from modelweightvis.kernels.measure import INFINITY
from modelweightvis.kernels.rows import flat_rows

#: What is kept of a head: how many elements, how many of them are not finite or zero, the sums of
#: |x| and x² of the others, and the greatest |x|.
COUNT, NON_FINITE, ZEROS, SUM_ABS, SUM_SQUARES, MAX_ABS = range(6)
FIGURES = 6

#: So many columns are added up side by side: one after the other, each addition would wait for the one
#: before, and the figures of more would not stay in the first-level cache.
_STRIP = 256


def add_heads(
    values: NDArray[Any],
    rows: NDArray[np.int32],
    columns: NDArray[np.int32],
    heads: NDArray[np.float64],
) -> None:
    """Add every value to its head.

    Args:
        values: float32, or uint16 for bfloat16 as it is stored, (h, w), of which rows may lie apart.
        rows: (h,), in runs; the head of a value is the number of its row plus that of its column.
        columns: (w,).
        heads: added to, (heads, FIGURES).
    """
    bits = np.empty(_STRIP, np.uint32)
    counts, sums = np.zeros((3, _STRIP), np.uint32), np.zeros((2, _STRIP))
    flat, pitch = flat_rows(values)
    if values.dtype == np.uint16:
        shift = np.uint32(16)
    else:
        flat, shift = flat.view(np.uint32), np.uint32(0)
    _add_heads(flat, pitch, shift, rows, columns, bits, counts, sums, heads)


@kernel
def _add_heads(
    flat: NDArray[Any],
    pitch: int,
    shift: np.uint32,
    rows: NDArray[np.int32],
    columns: NDArray[np.int32],
    bits: NDArray[np.uint32],
    counts: NDArray[np.uint32],
    sums: NDArray[np.float64],
    heads: NDArray[np.float64],
) -> None:
    """Add the upper bits of float32, which become such when they are shifted."""
    for start in range(np.uint64(0), np.uint64(columns.size), np.uint64(_STRIP)):
        width, height = min(np.uint64(columns.size) - start, np.uint64(_STRIP)), 0
        for y in range(rows.size):
            height += 1
            begin = np.uint64(y * pitch) + start
            if _take(flat[begin : begin + width], shift, bits):
                _set_aside(bits[:width], counts)
            _add_row(bits[:width], counts[2], sums)
            if y + 1 == rows.size or rows[y + 1] != rows[y]:
                own = columns[start : start + width]
                _collect(rows[y], own, height, counts, sums, heads)
                height = 0


@kernel
def _take(line: NDArray[Any], shift: np.uint32, bits: NDArray[np.uint32]) -> bool:
    """Take the signs off a line; tell whether any magnitude is zero or not finite."""
    most = np.uint32(0)
    for x in range(np.uint64(line.size)):
        bits[x] = (np.uint32(line[x]) << shift) & np.uint32(0x7FFFFFFF)
        most = max(most, np.uint32(bits[x] - np.uint32(1)))  # less than zero is more than infinite
    return bool(most >= np.uint32(INFINITY - 1))


@kernel
def _set_aside(bits: NDArray[np.uint32], counts: NDArray[np.uint32]) -> None:
    """Count what is not finite, which becomes zero, and what is zero."""
    for x in range(np.uint64(bits.size)):
        finite = bits[x] < np.uint32(INFINITY)
        counts[0, x] += np.uint32(not finite)
        counts[1, x] += np.uint32(bits[x] == np.uint32(0))
        bits[x] = bits[x] if finite else np.uint32(0)


@kernel
def _add_row(bits: NDArray[np.uint32], most: NDArray[np.uint32], sums: NDArray[np.float64]) -> None:
    """Add finite magnitudes to the figures of their columns."""
    for x in range(np.uint64(bits.size)):
        most[x] = max(most[x], bits[x])
    sizes, totals, squares = bits.view(np.float32), sums[0], sums[1]
    for x in range(np.uint64(bits.size)):
        size = np.float64(sizes[x])
        totals[x] += size
        squares[x] += size * size


@kernel
def _collect(
    first: int,
    columns: NDArray[np.int32],
    height: int,
    counts: NDArray[np.uint32],
    sums: NDArray[np.float64],
    heads: NDArray[np.float64],
) -> None:
    """Add the figures of columns to their heads, and begin anew."""
    most = counts[2].view(np.float32)
    for x in range(np.uint64(columns.size)):
        head = heads[np.uint64(first + columns[x])]
        head[COUNT] += height
        head[NON_FINITE] += counts[0, x]
        head[ZEROS] += counts[1, x]
        head[SUM_ABS] += sums[0, x]
        head[SUM_SQUARES] += sums[1, x]
        head[MAX_ABS] = max(head[MAX_ABS], np.float64(most[x]))
    counts[:], sums[:] = np.uint32(0), 0.0

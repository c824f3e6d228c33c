"""Sums of magnitudes, at half the resolution, row by row.

A row is float32 as integers, or the upper bits of such, which are shifted to their place: bfloat16. A
magnitude is multiplied by a scale, and none becomes more than LARGEST.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.jit import kernel
from modelweightvis.kernels.measure import INFINITY, LARGEST

#: All but the sign of a float32.
_SIZE = 0x7FFFFFFF


@kernel
def put_rows(
    line: NDArray[Any],
    below: NDArray[Any],
    scale: np.float32,
    row: NDArray[np.float32],
    left: np.uint64,
) -> int:
    """Write the sums of four magnitudes each, and add to those at either end that have two.

    Args:
        line: a row that is the upper one of two, (w,).
        below: the next, (w,).
        scale: what magnitudes are multiplied by.
        row: of the plane.
        left: the first column of both in the tile.

    Returns:
        How many magnitudes are not finite; they are not added up.
    """
    one, two, size, shift = np.uint64(1), np.uint64(2), np.uint64(line.size), _shift(line)
    head, at = left & one, (left + one) >> one
    pairs = (size - min(head, size)) >> one
    most = np.uint32(max(_largest_end(line, left), _largest_end(below, left)))
    most = np.float32(most.view(np.float32) * scale).view(np.uint32)
    for pair in range(pairs):
        i = head + two * pair
        upper = _magnitude(line[i], shift, scale) + _magnitude(line[i + one], shift, scale)
        lower = _magnitude(below[i], shift, scale) + _magnitude(below[i + one], shift, scale)
        row[at + pair] = upper + lower
        most = max(most, np.float32(upper + lower).view(np.uint32))
    if most >= np.uint32(INFINITY):  # rare, and so it may be done again
        for pair in range(pairs):
            row[at + pair] = 0
        broken = _add_finite(line, scale, row, left)
        return broken + _add_finite(below, scale, row, left)
    _add_ends(line, scale, row, left)
    _add_ends(below, scale, row, left)
    return 0


@kernel
def add_row(
    line: NDArray[Any],
    scale: np.float32,
    row: NDArray[np.float32],
    left: np.uint64,
) -> int:
    """Do what `put_rows` does to a single row, and add to all sums."""
    one, two, size, shift = np.uint64(1), np.uint64(2), np.uint64(line.size), _shift(line)
    if not np.uint32(_largest(line)).view(np.float32) * scale < np.float32(np.inf):
        return _add_finite(line, scale, row, left)
    head, at = left & one, (left + one) >> one
    for pair in range((size - min(head, size)) >> one):
        i = head + two * pair
        both = _magnitude(line[i], shift, scale) + _magnitude(line[i + one], shift, scale)
        row[at + pair] += both
    _add_ends(line, scale, row, left)
    return 0


@kernel
def _add_ends(
    line: NDArray[Any],
    scale: np.float32,
    row: NDArray[np.float32],
    left: np.uint64,
) -> None:
    """Add the magnitudes of columns at either end whose neighbour lies outside."""
    one, size, shift = np.uint64(1), np.uint64(line.size), _shift(line)
    if size and left & one:
        row[left >> one] += _magnitude(line[0], shift, scale)
    if size > (left & one) and (left + size) & one:
        row[(left + size) >> one] += _magnitude(line[size - one], shift, scale)


@kernel
def _largest_end(line: NDArray[Any], left: np.uint64) -> np.uint32:
    """Return the larger magnitude of the same columns, as the bits of a float32."""
    one, size, most = np.uint64(1), np.uint64(line.size), np.uint32(0)
    if size and left & one:
        most = max(most, _bits(line[0], _shift(line)))
    if size > (left & one) and (left + size) & one:
        most = max(most, _bits(line[size - one], _shift(line)))
    return most


@kernel
def _add_finite(
    line: NDArray[Any],
    scale: np.float32,
    row: NDArray[np.float32],
    left: np.uint64,
) -> int:
    """Add what is finite: rare, and so it may take its time."""
    infinite, pending, shift = 0, np.float32(0), _shift(line)
    for x in range(np.uint64(line.size)):
        size = _magnitude(line[x], shift, scale)
        if _bits(line[x], shift) >= np.uint32(INFINITY):
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
def _largest(line: NDArray[Any]) -> np.uint32:
    """Return the largest magnitude of a row, as the bits of a float32."""
    number = line.dtype.type
    most, size = number(0), number(_SIZE >> np.int64(_shift(line)))
    for x in range(np.uint64(line.size)):
        most = max(most, number(line[x] & size))
    return _bits(most, _shift(line))


@kernel
def _magnitude(code: Any, shift: np.uint32, scale: np.float32) -> np.float32:
    return np.uint32(_bits(code, shift)).view(np.float32) * scale


@kernel
def _bits(code: Any, shift: np.uint32) -> np.uint32:
    return np.uint32((np.uint32(code) << shift) & np.uint32(_SIZE))


@kernel
def _shift(line: NDArray[Any]) -> np.uint32:
    """Return how far the bits of a row are from their place; the compiler knows."""
    return np.uint32(16) if line.itemsize == 2 else np.uint32(0)

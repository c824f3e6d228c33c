"""Values to codes, and to planes at half the resolution: what a tile of the maximum zoom needs.

A tile is filled rectangle by rectangle: each function takes the values of one, float32 (h, w), and
where its corner lies. Elements outside are not there, so that edges, gaps and folds stay exact.
Non-finite values are flagged and otherwise left out. Results do not depend on the processor: the
order of every addition is written down.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.jit import kernel
from modelweightvis.kernels.lookup import look_up

#: Bits of the plane `flags`.
NAN, POSITIVEINFINITY, NEGATIVEINFINITY = 1, 2, 4

#: The largest float32: what is finite stays so, whatever it is multiplied by.
LARGEST = float(np.finfo(np.float32).max)

#: A float32 from here on, its sign taken off, is an infinity or a NaN.
INFINITY = 0x7F800000


def encode(
    values: NDArray[np.float32],
    table: NDArray[np.uint8],
    codes: NDArray[np.uint8],
    top: int = 0,
    left: int = 0,
) -> None:
    """Write the code of every value into a tile.

    Args:
        values: (h, w).
        table: the code of every upper half of a float32, (65536,).
        codes: written: a C-contiguous tile, (height, width).
        top: its first row in the tile.
        left: its first column in the tile.
    """
    check_place(values, codes, top, left, 1)
    _encode(ready(values, np.float32), ready(table, np.uint8), codes, top, left)


def all_finite(values: NDArray[np.float32]) -> bool:
    """Tell whether no value, (h, w), is a NaN or an infinity."""
    return bool(_all_finite(ready(values, np.float32).reshape(-1)))


def cover(rectangles: NDArray[np.int64], plane: NDArray[Any]) -> None:
    """Count elements that are all finite: what `measure` does to the plane `count`.

    Args:
        rectangles: top, left, height and width of each in the tile, (n, 4).
        plane: added to: of any dtype that can hold 4, C-contiguous and half the tile's size.
    """
    if rectangles.size and (
        rectangles.min() < 0
        or (rectangles[:, :2] + rectangles[:, 2:] > 2 * np.array(plane.shape)).any()
    ):
        raise ValueError(f"{rectangles.tolist()} leave a tile of {plane.shape} × 2")
    _cover(ready(rectangles, np.int64), plane)


def measure(
    values: NDArray[np.float32], planes: Mapping[str, NDArray[Any]], top: int = 0, left: int = 0
) -> None:
    """Add a rectangle of a tile to the tile's planes.

    Args:
        values: (h, w).
        planes: what to measure, each C-contiguous and half the tile's size: `count` of finite
            elements, `sum_abs`, `sum`, `sum_squares`, `max_abs` (float32) and `flags` (uint8).
            Sums that exceed a float32 are infinite.
        top: its first row in the tile.
        left: its first column in the tile.
    """
    own, terms = ready(values, np.float32), _terms(values, left)
    for name, plane in planes.items():
        check_place(values, plane, top, left, 2)
        _PLANES[name](own, top, left, terms, plane)


def _terms(values: NDArray[Any], left: int) -> NDArray[np.float32]:
    """Return room for what a row adds, from the even column at or before its first one."""
    return np.zeros((left & 1) + values.shape[1] + 1, np.float32)


def check_place(values: NDArray[Any], into: NDArray[Any], top: int, left: int, scale: int) -> None:
    """Refuse a rectangle that leaves a tile, or a plane of it: `scale` pixels are one of these."""
    height, width = values.shape
    if (
        min(top, left) < 0
        or top + height > scale * into.shape[0]
        or (left + width > scale * into.shape[1])
    ):
        raise ValueError(f"{values.shape} at {top, left} leaves a tile of {into.shape} × {scale}")


def ready(array: NDArray[Any], dtype: type[np.generic]) -> NDArray[Any]:
    """Return the array contiguous and read-only, so that each kernel is compiled once."""
    flags = array.flags
    if flags.c_contiguous and not flags.writeable and array.dtype == dtype:
        return array
    view = np.ascontiguousarray(array, dtype).view()
    view.flags.writeable = False
    return view


@kernel
def _encode(
    values: NDArray[np.float32],
    table: NDArray[np.uint8],
    codes: NDArray[np.uint8],
    top: int,
    left: int,
) -> None:
    for y in range(values.shape[0]):
        look_up(values[y].view(np.uint32), table, codes[top + y], np.uint64(left))


@kernel
def _all_finite(values: NDArray[np.float32]) -> bool:
    bits, largest = values.view(np.uint32), np.uint32(0)
    for i in range(np.uint64(bits.size)):
        largest = max(largest, np.uint32(bits[i] & np.uint32(0x7FFFFFFF)))
    return bool(largest < np.uint32(INFINITY))


@kernel
def finite(value: np.float32) -> np.float32:
    """Return the value, or 0 in place of a NaN or an infinity."""
    return value if abs(value) < np.float32(np.inf) else np.float32(0)


@kernel
def _add_pairs(terms: NDArray[np.float32], left: int, row: NDArray[np.float32]) -> None:
    two, one, at = np.uint64(2), np.uint64(1), np.uint64(left >> 1)
    for pair in range(np.uint64(terms.size >> 1)):
        row[at + pair] += terms[two * pair] + terms[two * pair + one]


@kernel
def _count(
    values: NDArray[np.float32],
    top: int,
    left: int,
    terms: NDArray[np.float32],
    plane: NDArray[np.float32],
) -> None:
    head = np.uint64(left & 1)
    for y in range(values.shape[0]):
        for x in range(np.uint64(values.shape[1])):
            terms[head + x] = abs(values[y, x]) < np.float32(np.inf)
        _add_pairs(terms, left, plane[(top + y) >> 1])


@kernel
def _cover(rectangles: NDArray[np.int64], plane: NDArray[Any]) -> None:
    number = plane.dtype.type
    for i in range(rectangles.shape[0]):
        top, left, height, width = rectangles[i]
        first, last = np.uint64(left >> 1), np.uint64((left + width + 1) >> 1)
        for y in range(top, top + height if width else top):
            row = plane[np.uint64(y >> 1)]
            for x in range(first, last):
                row[x] += number(2)
            row[first] -= number(left & 1)
            row[last - np.uint64(1)] -= number((left + width) & 1)


@kernel
def _sum_abs(
    values: NDArray[np.float32],
    top: int,
    left: int,
    terms: NDArray[np.float32],
    plane: NDArray[np.float32],
) -> None:
    head = np.uint64(left & 1)
    for y in range(values.shape[0]):
        for x in range(np.uint64(values.shape[1])):
            terms[head + x] = abs(finite(values[y, x]))
        _add_pairs(terms, left, plane[(top + y) >> 1])


@kernel
def _sum(
    values: NDArray[np.float32],
    top: int,
    left: int,
    terms: NDArray[np.float32],
    plane: NDArray[np.float32],
) -> None:
    head = np.uint64(left & 1)
    for y in range(values.shape[0]):
        for x in range(np.uint64(values.shape[1])):
            terms[head + x] = finite(values[y, x])
        _add_pairs(terms, left, plane[(top + y) >> 1])


@kernel
def _sum_squares(
    values: NDArray[np.float32],
    top: int,
    left: int,
    terms: NDArray[np.float32],
    plane: NDArray[np.float32],
) -> None:
    head = np.uint64(left & 1)
    for y in range(values.shape[0]):
        for x in range(np.uint64(values.shape[1])):
            value = finite(values[y, x])
            terms[head + x] = value * value
        _add_pairs(terms, left, plane[(top + y) >> 1])


@kernel
def _max_abs(
    values: NDArray[np.float32],
    top: int,
    left: int,
    terms: NDArray[np.float32],
    plane: NDArray[np.float32],
) -> None:
    head = np.uint64(left & 1)
    two, one, at = np.uint64(2), np.uint64(1), np.uint64(left >> 1)
    for y in range(values.shape[0]):
        for x in range(np.uint64(values.shape[1])):
            terms[head + x] = abs(finite(values[y, x]))
        row = plane[(top + y) >> 1]
        for pair in range(np.uint64(terms.size >> 1)):
            first, second = terms[two * pair], terms[two * pair + one]
            row[at + pair] = max(row[at + pair], first, second)


@kernel
def _flags(
    values: NDArray[np.float32],
    top: int,
    left: int,
    _terms: NDArray[np.float32],
    plane: NDArray[np.uint8],
) -> None:
    bits = values.view(np.uint32)
    for y in range(values.shape[0]):
        largest = np.uint32(0)
        for x in range(np.uint64(values.shape[1])):
            largest = max(largest, np.uint32(bits[y, x] & np.uint32(0x7FFFFFFF)))
        if largest >= np.uint32(INFINITY):  # rare, so that looking twice is cheaper
            _flag_row(values[y], left, plane[(top + y) >> 1])


@kernel
def _flag_row(values: NDArray[np.float32], left: int, row: NDArray[np.uint8]) -> None:
    for x in range(values.size):
        if np.isnan(values[x]):
            row[(left + x) >> 1] |= NAN
        elif np.isinf(values[x]):
            row[(left + x) >> 1] |= POSITIVEINFINITY if values[x] > 0 else NEGATIVEINFINITY


_PLANES: Mapping[str, Callable[..., None]] = {
    "count": _count,
    "sum_abs": _sum_abs,
    "sum": _sum,
    "sum_squares": _sum_squares,
    "max_abs": _max_abs,
    "flags": _flags,
}

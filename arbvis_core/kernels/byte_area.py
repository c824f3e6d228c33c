"""Byte areas: 4 × 4 full tiles at once, with the two zooms above them.

An area is an aligned square of the curve, so its bytes are contiguous. It is painted in units of 256 ×
256 pixels: whatever is measured and shaded of one stays in the second-level cache meanwhile. What comes
out is what `byte_tile` makes of the same bytes tile by tile, to the last bit.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.byte_tile import FIELD, FULL, LIGHT, PADDING, PIXELS, QUADS, SQUARE
from arbvis_core.kernels.fold import fold_sum
from arbvis_core.kernels.hilbert import walk
from arbvis_core.kernels.jit import kernel
from arbvis_core.kernels.srgb import LEVELS, NEXT, STEPS, THRESHOLDS, to_srgb

#: Pixels along the side of an area, and of a unit.
SIDE = 2048
UNIT = 256
UNITS = (SIDE // UNIT) ** 2
SQUARES = (UNIT // SQUARE) ** 2
HALF, FOURTH, EIGHTH = UNIT // 2, UNIT // 4, UNIT // 8

#: Bits of a sum of four in fixed point that are not looked up.
STEP = (4 * FULL // STEPS).bit_length()

#: Rows of codes lie so many bytes apart: were it a power of two, they would crowd each other out of
#: the first-level cache.
PITCH = SIDE + 64


class Area(NamedTuple):
    """What is drawn of an area.

    Attributes:
        codes: (SIDE, SIDE).
        near: colours of the zoom above, (SIDE / 2, SIDE / 2, 3).
        far: colours of the next, (SIDE / 4, SIDE / 4, 3).
        sums: linear red, green and blue under the pixels of the one after it, (3, SIDE / 8, SIDE / 8).
        histogram: how often each byte value occurs, (256,).
    """

    codes: NDArray[np.uint8]
    near: NDArray[np.uint8]
    far: NDArray[np.uint8]
    sums: NDArray[np.float32]
    histogram: NDArray[np.int64]


def paint(data: NDArray[np.uint8], state: int) -> Area:
    """Paint an area.

    Args:
        data: its bytes in the order of the curve, (SIDE²,), read-only.
        state: in which the curve enters the area.
    """
    codes = np.empty((SIDE, PITCH), np.uint8)
    near, far = (np.empty((side, side, 3), np.uint8) for side in (SIDE // 2, SIDE // 4))
    sums, lanes = np.empty((3, SIDE // 8, SIDE // 8), np.float32), np.zeros(4 * 256, np.uint32)
    coded, light = np.empty(UNIT * UNIT, np.uint8), np.empty(HALF * HALF, np.uint64)
    work = np.empty((3, FOURTH, FOURTH), np.float32)
    paint_units(
        data,
        state,
        codes.reshape(-1),
        near,
        far,
        sums,
        lanes,
        coded,
        light,
        work,
        level_entries(),
        LEVELS,
        NEXT,
    )
    histogram = lanes.reshape(4, 256).sum(axis=0, dtype=np.int64)
    return Area(codes[:, :SIDE], near, far, sums, histogram)


def _curve() -> tuple[
    NDArray[np.uint64], NDArray[np.uint64], NDArray[np.uint64], NDArray[np.uint8]
]:
    """Return x, y and state of units and of squares, where quads lie, and the order of a square."""
    units, squares = (np.stack(walk(order)).astype(np.uint64) for order in (3, 4))
    x, y, _ = walk((QUADS.bit_length() - 1) // 2)
    quads = (y * HALF + x).astype(np.uint64)
    x, y, _ = walk(SQUARE.bit_length() - 1)
    order = np.empty((4, PIXELS), np.uint8)
    np.put_along_axis(order, y * SQUARE + x, np.arange(PIXELS, dtype=np.uint8)[None], axis=1)
    return units, squares, quads, order


_UNITS, _SQUARES, _QUADS, _ORDER = _curve()


@cache
def level_entries() -> NDArray[np.uint32]:
    """Return the level of sRGB of sums of four in fixed point, by their upper bits, (STEPS,).

    Added to such a sum, and shifted by as many bits as the upper ones were, each gives the level: it is
    the one at the beginning of a step, and carries over where the step holds the next.
    """
    guess = (THRESHOLDS.astype(np.float64) * (4 * FULL / STEPS)).astype(np.int64) - 4
    tried = (guess[:, None] + np.arange(9)).astype(np.float32)
    steps = tried * np.float32(1 / FULL) * np.float32(STEPS // 4)  # as `shade` finds them
    first = guess + (steps < THRESHOLDS[:, None]).sum(axis=1)
    begins = np.arange(STEPS) << STEP
    levels = np.searchsorted(first, begins, side="right")
    missing = np.append(first, 1 << 30)[levels] - begins
    carry = (1 << STEP) - np.minimum(missing, 1 << STEP)
    entries: NDArray[np.uint32] = ((levels << STEP) + carry - begins).astype(np.uint32)
    return entries


@kernel
def paint_units(  # noqa: PLR0913, PLR0917 - kernels take no keywords and no records
    data: NDArray[np.uint8],
    state: int,
    codes: NDArray[np.uint8],
    near: NDArray[np.uint8],
    far: NDArray[np.uint8],
    sums: NDArray[np.float32],
    lanes: NDArray[np.uint32],
    coded: NDArray[np.uint8],
    light: NDArray[np.uint64],
    work: NDArray[np.float32],
    entries: NDArray[np.uint32],
    levels: NDArray[np.uint8],
    following: NDArray[np.float32],
) -> None:
    """Paint unit after unit.

    Args:
        data: as `paint` takes it.
        state: the same.
        codes: written: (SIDE × PITCH,).
        near: written, see `Area`.
        far: the same.
        sums: the same.
        lanes: added to, (4 × 256,): four histograms, since a byte would wait for one like it before it.
        coded: to work in: codes of a unit in the order of the curve, (UNIT²,).
        light: the same: packed sums of its quads, (HALF²,).
        work: the same: sums of 16, (3, FOURTH, FOURTH).
        entries: of `level_entries`; as an argument, as is said of `to_srgb`.
        levels: LEVELS.
        following: NEXT.
    """
    for unit in range(np.uint64(UNITS)):
        x, y, inner = _UNITS[0, state, unit], _UNITS[1, state, unit], _UNITS[2, state, unit]
        start = unit * np.uint64(UNIT * UNIT)
        corner = (y * np.uint64(PITCH) + x) * np.uint64(UNIT)
        for i in range(np.uint64(UNIT * UNIT)):
            byte = data[start + i]
            coded[i] = byte - np.uint8(byte == np.uint8(PADDING))
        for square in range(np.uint64(SQUARES)):
            first = square * np.uint64(PIXELS)
            right, down = _SQUARES[0, inner, square], _SQUARES[1, inner, square]
            entered = _SQUARES[2, inner, square]
            place = (down * np.uint64(HALF) + right) * np.uint64(SQUARE // 2)
            _add_light(data, start + first, entered, place, light, lanes)
            target = corner + (down * np.uint64(PITCH) + right) * np.uint64(SQUARE)
            _place(coded, first, entered, codes, target)
        _shade_near(light, entries, near, y * np.uint64(HALF), x * np.uint64(HALF))
        _fold_light(light, work)
        _shade_far(work, levels, following, far, y * np.uint64(FOURTH), x * np.uint64(FOURTH))
        for channel in range(np.uint64(3)):
            fold_sum(work[channel], sums[channel], y * np.uint64(EIGHTH), x * np.uint64(EIGHTH))


@kernel
def _add_light(
    data: NDArray[np.uint8],
    start: np.uint64,
    entered: np.uint64,
    place: np.uint64,
    light: NDArray[np.uint64],
    lanes: NDArray[np.uint32],
) -> None:
    """Sum the linear light of the quads of a square, and count its bytes."""
    one, two, three = np.uint64(1), np.uint64(2), np.uint64(3)
    for quad in range(np.uint64(QUADS)):
        at = start + quad * np.uint64(4)
        a, b, c, d = data[at], data[at + one], data[at + two], data[at + three]
        lanes[a] += np.uint32(1)
        lanes[np.uint64(256) + b] += np.uint32(1)
        lanes[np.uint64(512) + c] += np.uint32(1)
        lanes[np.uint64(768) + d] += np.uint32(1)
        light[place + _QUADS[entered, quad]] = (LIGHT[a] + LIGHT[b]) + (LIGHT[c] + LIGHT[d])


@kernel
def _place(
    coded: NDArray[np.uint8],
    first: np.uint64,
    entered: np.uint64,
    codes: NDArray[np.uint8],
    target: np.uint64,
) -> None:
    """Put the codes of a square into their places, eight at a time."""
    for y in range(np.uint64(SQUARE)):
        for half in range(np.uint64(0), np.uint64(SQUARE), np.uint64(8)):
            word, at = np.uint64(0), y * np.uint64(SQUARE) + half
            for x in range(np.uint64(8)):
                word |= np.uint64(coded[first + _ORDER[entered, at + x]]) << (np.uint64(8) * x)
            place = target + y * np.uint64(PITCH) + half
            for x in range(np.uint64(8)):  # compiled to a single store
                codes[place + x] = word >> (np.uint64(8) * x)


@kernel
def _shade_near(
    light: NDArray[np.uint64],
    entries: NDArray[np.uint32],
    pixels: NDArray[np.uint8],
    top: np.uint64,
    left: np.uint64,
) -> None:
    """Colour the means of four bytes, by sums in fixed point."""
    field, mask = np.uint64(FIELD), np.uint64((1 << FIELD) - 1)
    for y in range(np.uint64(HALF)):
        row = pixels[top + y]
        for x in range(np.uint64(HALF)):
            packed = light[y * np.uint64(HALF) + x]
            row[left + x, 0] = _level(packed & mask, entries)
            row[left + x, 1] = _level(packed >> field & mask, entries)
            row[left + x, 2] = _level(packed >> field >> field, entries)


@kernel
def _level(total: np.uint64, entries: NDArray[np.uint32]) -> np.uint8:
    step = np.uint64(STEP)
    return np.uint8(np.uint32(entries[total >> step] + np.uint32(total)) >> np.uint32(STEP))


@kernel
def _fold_light(light: NDArray[np.uint64], work: NDArray[np.float32]) -> None:
    """Unpack sums of four, and add four of them up."""
    two, one = np.uint64(2), np.uint64(1)
    mask, unit = np.uint64((1 << FIELD) - 1), np.float32(1 / FULL)
    for channel in range(np.uint64(3)):
        shift = channel * np.uint64(FIELD)
        for y in range(np.uint64(FOURTH)):
            above = light[two * y * np.uint64(HALF) :]
            below = above[np.uint64(HALF) :]
            row = work[channel, y]
            for x in range(np.uint64(FOURTH)):
                a = np.float32(np.int32(above[two * x] >> shift & mask)) * unit
                b = np.float32(np.int32(above[two * x + one] >> shift & mask)) * unit
                c = np.float32(np.int32(below[two * x] >> shift & mask)) * unit
                d = np.float32(np.int32(below[two * x + one] >> shift & mask)) * unit
                row[x] = (a + b) + (c + d)


@kernel
def _shade_far(
    work: NDArray[np.float32],
    levels: NDArray[np.uint8],
    following: NDArray[np.float32],
    pixels: NDArray[np.uint8],
    top: np.uint64,
    left: np.uint64,
) -> None:
    """Colour the means of 16 bytes."""
    scale = np.float32(STEPS // 16)
    for y in range(np.uint64(FOURTH)):
        row = pixels[top + y]
        for x in range(np.uint64(FOURTH)):
            for channel in range(np.uint64(3)):
                row[left + x, channel] = to_srgb(work[channel, y, x] * scale, levels, following)

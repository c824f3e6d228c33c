"""Byte tiles: bytes in the order of the curve to codes, planes and a histogram; planes to colours.

A tile is an aligned square of the curve, so its bytes are contiguous. It is painted in squares of
16 × 16 pixels, small enough for tables and pixels to stay in the first-level cache.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.hilbert import STEPS as CURVE
from arbvis_core.kernels.hilbert import walk
from arbvis_core.kernels.jit import kernel
from arbvis_core.kernels.srgb import LEVELS, NEXT, STEPS, to_linear, to_srgb

#: Pixels along the side of a tile, and of a square.
SIDE = 512
SQUARE = 16
SQUARES = (SIDE // SQUARE) ** 2
PIXELS = SQUARE * SQUARE
QUADS = PIXELS // 4

#: The code of a pixel past the end of the data. Byte 1 is black like byte 0 and shares its code.
PADDING = 1


def _colours() -> NDArray[np.uint8]:
    byte = np.arange(256)
    colours = np.zeros((256, 3), dtype=np.uint8)
    colours[1:32, 1] = (byte[1:32] - 1) * 255 // 30
    colours[32:127, 2] = (byte[32:127] - 32) * 255 // 94
    colours[127:255, 0] = (byte[127:255] - 127) * 255 // 127
    colours[255] = 255
    return colours


#: Red, green, blue of each byte value, uint8, (256, 3).
COLOURS = _colours()


def _palette() -> NDArray[np.uint8]:
    colours = np.full((256, 4), 255, dtype=np.uint8)
    colours[:, :3] = COLOURS
    colours[PADDING] = 0
    colours.flags.writeable = False
    return colours


#: The colours of the codes, uint8, (256, 4): all opaque but the padding.
PALETTE = _palette()


def _squares() -> tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.uint64]]:
    """Return where each square begins in a tile and in its planes, and the state it is entered in."""
    x, y, state = walk((SQUARES.bit_length() - 1) // 2)
    pixels = (y * SIDE + x) * SQUARE
    quads = (y * SIDE // 2 + x) * (SQUARE // 2)
    return pixels.astype(np.uint64), quads.astype(np.uint64), state.astype(np.uint64)


def _order(side: int) -> NDArray[np.uint8]:
    """Return the position of every pixel of a square, row by row: one row per state."""
    x, y, _ = walk(side.bit_length() - 1)
    order = np.empty((4, side * side), dtype=np.uint8)
    np.put_along_axis(order, y * side + x, np.arange(side * side, dtype=np.uint8)[None], axis=1)
    return order


def _quads() -> NDArray[np.uint64]:
    """Return where the quads of a square lie in the planes, in the order of the curve."""
    x, y, _ = walk((QUADS.bit_length() - 1) // 2)
    return (y * SIDE // 2 + x).astype(np.uint64)


_PIXEL_AT, _QUAD_AT, _STATE_AT = _squares()
_PIXEL_ORDER = _order(SQUARE)
_QUAD_AT_POSITION = _quads()

#: Linear light in the fixed point of a packed colour. A field holds the sum of four: 21 bits.
FULL = (1 << 19) - 1
FIELD = 21


def _light() -> NDArray[np.uint64]:
    """Return the linear light of each byte value, red, green and blue packed into one word."""
    red, green, blue = np.rint(to_linear(COLOURS / 255) * FULL).astype(np.uint64).T
    light: NDArray[np.uint64] = red | green << np.uint64(FIELD) | blue << np.uint64(2 * FIELD)
    return light


LIGHT = _light()

#: How many bytes lie under 2 × 2 pixels of a full tile.
_FOUR = np.broadcast_to(np.float32(4), (SIDE // 2, SIDE // 2))


def paint(
    data: NDArray[np.uint8], size: int, state: int
) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    """Paint a tile.

    Args:
        data: its bytes in the order of the curve, zeros after the last, (SIDE²,), read-only.
        size: how many of them are data.
        state: in which the curve enters the tile.

    Returns:
        The codes, (SIDE, SIDE); of every 2 × 2 pixels the sums of linear red, green and blue,
        (3, SIDE / 2, SIDE / 2), and the count of bytes, (SIDE / 2, SIDE / 2), one number where
        the tile is full; and how often each byte value occurs, (256,).
    """
    codes = np.empty((SIDE, SIDE), dtype=np.uint8)
    sums = np.empty((3, SIDE // 2, SIDE // 2), dtype=np.float32)
    histogram = np.empty(256, dtype=np.int64)
    lanes = np.zeros(4 * 256, dtype=np.uint32)
    paint_squares(data, state, codes.reshape(-1), sums.reshape(-1), lanes, histogram)
    if size == data.size:
        return codes, sums, _FOUR, histogram
    count = np.full((SIDE // 2, SIDE // 2), 4, dtype=np.float32)
    clear_rest(size, state, codes, count)
    histogram[0] -= data.size - size
    return codes, sums, count, histogram


@kernel
def paint_squares(
    data: NDArray[np.uint8],
    state: int,
    codes: NDArray[np.uint8],
    sums: NDArray[np.float32],
    lanes: NDArray[np.uint32],
    histogram: NDArray[np.int64],
) -> None:
    """Paint square after square.

    Args:
        data: the bytes of a tile, (SIDE²,).
        state: in which the curve enters it.
        codes: written: the code of every byte in its place, (SIDE²,).
        sums: written: the linear light of every quad, (3 × SIDE² / 4,).
        lanes: zeros, to work in, (4 × 256,): four histograms, since a byte would wait for one like
            it before it.
        histogram: written: how often each byte value occurs, (256,).
    """
    for square in range(np.uint64(SQUARES)):  # an unsigned index cannot count from the end
        start, inner = square * np.uint64(PIXELS), _STATE_AT[state, square]
        _add_light(data, start, inner, _QUAD_AT[state, square], sums, lanes)
        for y in range(np.uint64(SQUARE)):
            row = y * np.uint64(SQUARE)
            target = _PIXEL_AT[state, square] + y * np.uint64(SIDE)
            for x in range(np.uint64(SQUARE)):
                byte = data[start + _PIXEL_ORDER[inner, row + x]]
                codes[target + x] = byte - (byte == PADDING)
    for byte in range(np.uint64(256)):
        histogram[byte] = np.int64(0)
        for lane in range(np.uint64(4)):
            histogram[byte] += np.int64(lanes[lane * np.uint64(256) + byte])


@kernel
def _add_light(
    data: NDArray[np.uint8],
    start: np.uint64,
    inner: np.uint64,
    corner: np.uint64,
    sums: NDArray[np.float32],
    lanes: NDArray[np.uint32],
) -> None:
    """Sum the linear light of the quads of a square, and count its bytes."""
    quads = SQUARES * QUADS
    red, green, blue = sums[:quads], sums[quads : 2 * quads], sums[2 * quads :]
    one, two, three = np.uint64(1), np.uint64(2), np.uint64(3)
    field, mask, unit = np.uint64(FIELD), np.uint64((1 << FIELD) - 1), np.float32(1 / FULL)
    for quad in range(np.uint64(QUADS)):
        first = start + quad * np.uint64(4)
        a, b, c, d = data[first], data[first + one], data[first + two], data[first + three]
        lanes[a] += np.uint32(1)
        lanes[np.uint64(256) + b] += np.uint32(1)
        lanes[np.uint64(512) + c] += np.uint32(1)
        lanes[np.uint64(768) + d] += np.uint32(1)
        target = corner + _QUAD_AT_POSITION[inner, quad]
        light = (LIGHT[a] + LIGHT[b]) + (LIGHT[c] + LIGHT[d])
        red[target] = np.float32(np.int32(light & mask)) * unit
        green[target] = np.float32(np.int32(light >> field & mask)) * unit
        blue[target] = np.float32(np.int32(light >> field >> field)) * unit


@kernel
def clear_rest(size: int, state: int, codes: NDArray[np.uint8], count: NDArray[np.float32]) -> None:
    """Clear what lies past the end of the data, by aligned squares of the curve.

    Args:
        size: how many bytes of the tile are data.
        state: in which the curve enters the tile.
        codes: written, (SIDE, SIDE).
        count: of the bytes of every quad, (SIDE / 2, SIDE / 2).
    """
    position = size
    while position < SIDE * SIDE:
        side = 1
        while side < SIDE and position % (4 * side * side) == 0:
            side *= 2
        x, y, within = 0, 0, state
        at = SIDE * SIDE // 4
        while at >= side * side:
            digit = (position // at) % 4
            x = 2 * x + CURVE[within, digit, 0]
            y = 2 * y + CURVE[within, digit, 1]
            within = CURVE[within, digit, 2]
            at //= 4
        for row in range(y * side, (y + 1) * side):
            for column in range(x * side, (x + 1) * side):
                codes[row, column] = PADDING
                count[row // 2, column // 2] -= np.float32(1)
        position += side * side


def shade(
    red: NDArray[np.float32],
    green: NDArray[np.float32],
    blue: NDArray[np.float32],
    count: NDArray[np.float32],
) -> NDArray[np.uint8]:
    """Colour the mean of every pixel.

    Args:
        red: sums of linear light, (h, w), C-contiguous.
        green: the same.
        blue: the same.
        count: how many bytes were added up, (h, w); where it is 0, so are the sums.

    Returns:
        Colours, (h, w, 3), or (h, w, 4) with an alpha of 0 where the count is 0.
    """
    one_number = not any(count.strides)
    counts = (count[:1, :1] if one_number else count).reshape(-1)
    channels = 3 if counts.min() > 0 else 4
    pixels = np.empty((*red.shape, channels), dtype=np.uint8)
    shade_pixels(
        red.reshape(-1),
        green.reshape(-1),
        blue.reshape(-1),
        counts,
        LEVELS,
        NEXT,
        pixels.reshape(-1, channels),
    )
    return pixels


@kernel
def shade_pixels(
    red: NDArray[np.float32],
    green: NDArray[np.float32],
    blue: NDArray[np.float32],
    count: NDArray[np.float32],
    levels: NDArray[np.uint8],
    following: NDArray[np.float32],
    pixels: NDArray[np.uint8],
) -> None:
    """Do what `shade` does: (n,) to (n, 3) or (n, 4), with one count or with as many."""
    alpha, single = pixels.shape[1] == 4, count.size == 1
    scale = np.float32(STEPS) / max(count[0], np.float32(1))
    for i in range(np.uint64(red.size)):
        if not single:
            scale = np.float32(STEPS) / max(count[i], np.float32(1))
        pixels[i, 0] = to_srgb(red[i] * scale, levels, following)
        pixels[i, 1] = to_srgb(green[i] * scale, levels, following)
        pixels[i, 2] = to_srgb(blue[i] * scale, levels, following)
        if alpha:
            pixels[i, 3] = 0 if (count[0] if single else count[i]) == 0 else 255

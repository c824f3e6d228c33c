"""Byte tiles: bytes in the order of the curve to codes, planes and a histogram; planes to colours.

A tile is an aligned square of the curve, so its bytes are contiguous. It is painted in squares of
16 × 16 pixels, small enough for tables and pixels to stay in the first-level cache.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.hilbert import walk
from arbvis_core.kernels.jit import kernel
from arbvis_core.kernels.srgb import to_linear, to_srgb

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


def palette() -> NDArray[np.uint8]:
    """Return the colours of the codes, (256, 4): all opaque but the padding."""
    colours = np.full((256, 4), 255, dtype=np.uint8)
    colours[:, :3] = COLOURS
    colours[PADDING] = 0
    return colours


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
_LINEAR = to_linear(COLOURS / 255).astype(np.float32)
_RED, _GREEN, _BLUE = (np.ascontiguousarray(_LINEAR[:, channel]) for channel in range(3))


@kernel
def paint(
    data: NDArray[np.uint8],
    size: int,
    state: int,
    codes: NDArray[np.uint8],
    planes: NDArray[np.float32],
    histogram: NDArray[np.int64],
) -> None:
    """Paint a tile.

    Args:
        data: its bytes in the order of the curve, zeros after the last: (SIDE²,).
        size: how many of them are data.
        state: in which the curve enters the tile.
        codes: written: (SIDE²,).
        planes: written: sums of linear red, green and blue, and the count of bytes, of every
            2 × 2 pixels: (4, SIDE² / 4).
        histogram: written: how often each byte value occurs, (256,).
    """
    raw, shown = np.empty(PIXELS, dtype=np.uint8), np.empty(PIXELS, dtype=np.uint8)
    counts = np.zeros(4 * 256, dtype=np.uint32)  # four, as a byte would wait for one like it
    for square in range(np.uint64(SQUARES)):  # an unsigned index cannot count from the end
        start = square * np.uint64(PIXELS)
        inner = _STATE_AT[state, square]
        for i in range(np.uint64(PIXELS)):
            byte = data[start + i]
            raw[i] = byte
            shown[i] = byte - (byte == PADDING)
        _paint_pixels(shown, inner, _PIXEL_AT[state, square], codes)
        _paint_quads(raw.view(np.uint32), inner, _QUAD_AT[state, square], planes, counts)
    for value in range(256):
        histogram[value] = np.int64(counts[value]) + counts[256 + value]
        histogram[value] += np.int64(counts[512 + value]) + counts[768 + value]
    planes[3] = 4
    if size < data.size:
        _mark_padding(size, state, codes, planes[3])
        histogram[0] -= data.size - size


@kernel
def _paint_pixels(
    shown: NDArray[np.uint8], inner: int, corner: int, codes: NDArray[np.uint8]
) -> None:
    for y in range(np.uint64(SQUARE)):
        source, target = y * np.uint64(SQUARE), corner + y * np.uint64(SIDE)
        for x in range(np.uint64(SQUARE)):
            codes[target + x] = shown[_PIXEL_ORDER[inner, source + x]]


@kernel
def _paint_quads(
    words: NDArray[np.uint32],
    inner: int,
    corner: int,
    planes: NDArray[np.float32],
    counts: NDArray[np.uint32],
) -> None:
    red, green, blue = planes[0], planes[1], planes[2]
    low, one = np.uint64(255), np.uint32(1)
    for quad in range(np.uint64(QUADS)):
        word = np.uint64(words[quad])
        a, b = word & low, (word >> np.uint64(8)) & low
        c, d = (word >> np.uint64(16)) & low, word >> np.uint64(24)
        counts[a] += one
        counts[np.uint64(256) + b] += one
        counts[np.uint64(512) + c] += one
        counts[np.uint64(768) + d] += one
        target = corner + _QUAD_AT_POSITION[inner, quad]
        red[target] = (_RED[a] + _RED[b]) + (_RED[c] + _RED[d])
        green[target] = (_GREEN[a] + _GREEN[b]) + (_GREEN[c] + _GREEN[d])
        blue[target] = (_BLUE[a] + _BLUE[b]) + (_BLUE[c] + _BLUE[d])


@kernel
def _mark_padding(
    size: int, state: int, codes: NDArray[np.uint8], count: NDArray[np.float32]
) -> None:
    for square in range(size // PIXELS, SQUARES):
        inner = _STATE_AT[state, square]
        for pixel in range(PIXELS):
            if square * PIXELS + _PIXEL_ORDER[inner, pixel] >= size:
                at = np.int64(_PIXEL_AT[state, square]) + (pixel // SQUARE) * SIDE + pixel % SQUARE
                codes[at] = PADDING
        for quad in range(QUADS):
            left = size - (square * PIXELS + 4 * quad)
            at = np.int64(_QUAD_AT[state, square] + _QUAD_AT_POSITION[inner, quad])
            count[at] = min(max(left, 0), 4)


@kernel
def shade(
    red: NDArray[np.float32],
    green: NDArray[np.float32],
    blue: NDArray[np.float32],
    count: NDArray[np.float32],
    pixels: NDArray[np.uint8],
) -> None:
    """Colour the mean of every pixel.

    Args:
        red: sums of linear light, (n,).
        green: the same.
        blue: the same.
        count: how many bytes were added up, (n,).
        pixels: written: (n, 3), or (n, 4) with an alpha of 0 where the count is 0.
    """
    alpha = pixels.shape[1] == 4
    for i in range(np.uint64(count.size)):
        if count[i] > 0:
            share = np.float32(1.0) / count[i]
            pixels[i, 0] = to_srgb(red[i] * share)
            pixels[i, 1] = to_srgb(green[i] * share)
            pixels[i, 2] = to_srgb(blue[i] * share)
        else:
            pixels[i, 0], pixels[i, 1], pixels[i, 2] = 0, 0, 0
        if alpha:
            pixels[i, 3] = 255 if count[i] > 0 else 0

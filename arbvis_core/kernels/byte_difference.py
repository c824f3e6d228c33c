"""Differences of bytes: two runs in the order of the curve to codes, planes and colours.

A tile is an aligned square of the curve, so its bytes are contiguous and four that follow each
other are 2 × 2 pixels.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.byte_tile import COLOURS, SIDE
from arbvis_core.kernels.hilbert import walk

#: Who has a byte.
NEITHER, LEFT, RIGHT, BOTH = 0, 1, 2, 3
#: The code of what is identical, and of what lies past the end of the data.
IDENTICAL, PADDING = 127, 255
#: How bright the smallest change is, of 255, so that it is seen.
LEAST = 90
#: The colours that mark what only one side has.
SIDES = np.array([[220, 40, 40], [40, 220, 40]], dtype=np.uint8)
#: The smallest and the largest share that one kind has of the colour of a pixel of an overview
#: under which something is changed and something else has one side only.
SHARES = 0.35, 0.65


def _codes() -> NDArray[np.uint8]:
    """Return the code of a change of -255 to 255: no change but 0 looks identical."""
    change = np.arange(-255, 256)
    steps = np.maximum(np.rint(np.abs(change) * 127 / 255), change != 0)
    codes: NDArray[np.uint8] = (IDENTICAL + np.sign(change) * steps).astype(np.uint8)
    return codes


def _palette() -> NDArray[np.uint8]:
    colours = np.zeros((256, 4), dtype=np.uint8)
    colours[:PADDING, 3] = 255
    ramp = np.rint(LEAST + (255 - LEAST) * np.arange(1, 128) / 127)
    colours[IDENTICAL + 1 : PADDING, 1] = ramp
    colours[:IDENTICAL, 0] = ramp[::-1]
    colours.flags.writeable = False
    return colours


#: The code of a change, from that of -255 on, uint8, (511,).
CODES = _codes()
#: The colours of the codes, uint8, (256, 4): red shrank, green grew, black is identical.
PALETTE = _palette()
#: The colours of bytes that one side has, half their own: left and right, uint8, (2, 256, 3).
TINTED = ((COLOURS[None].astype(np.uint16) + SIDES[:, None]) // 2).astype(np.uint8)


@lru_cache(maxsize=8)
def _order(side: int, state: int) -> NDArray[np.intp]:
    """Return the position of every pixel of a square, row by row."""
    x, y, _ = (values[state] for values in walk(side.bit_length() - 1))
    order = np.empty(side * side, dtype=np.intp)
    order[y * side + x] = np.arange(side * side)
    return order


def changes(
    left: NDArray[np.uint8], right: NDArray[np.uint8], sides: NDArray[np.uint8]
) -> NDArray[np.int16]:
    """Return right minus left, 0 where not both have a byte; all are (n,)."""
    change: NDArray[np.int16] = right.astype(np.int16) - left
    change[sides != BOTH] = 0
    return change


def paint(
    change: NDArray[np.int16],
    left: NDArray[np.uint8],
    right: NDArray[np.uint8],
    sides: NDArray[np.uint8],
    state: int,
) -> NDArray[np.uint8]:
    """Paint a tile.

    Args:
        change: as `changes` returns it, in the order of the curve, (SIDE²,).
        left: the bytes, anything where there are none.
        right: the same of the other side.
        sides: who has the byte.
        state: in which the curve enters the tile.

    Returns:
        Codes of `PALETTE`, (SIDE, SIDE); or, where one side only has bytes, (SIDE, SIDE, 4) colours.
    """
    codes = CODES[change + 255]
    codes[sides == NEITHER] = PADDING
    order = _order(SIDE, state)
    alone = (sides == LEFT) | (sides == RIGHT)
    if not alone.any():
        return codes[order].reshape(SIDE, SIDE)
    pixels = PALETTE[codes]
    for side, data in enumerate((left, right)):
        only = sides == (LEFT, RIGHT)[side]
        pixels[only, :3] = TINTED[side, data[only]]
    return pixels[order].reshape(SIDE, SIDE, 4)


def measure(
    change: NDArray[np.int16], sides: NDArray[np.uint8], state: int
) -> dict[str, NDArray[np.float32]]:
    """Return the planes of a tile, (SIDE / 2, SIDE / 2), one number where it is one everywhere.

    They are how many bytes both sides have (`both`), the `left` and the `right` alone, and the sums
    of what `grew` and of what `shrank`.
    """
    layers = {
        "both": sides == BOTH,
        "left": sides == LEFT,
        "right": sides == RIGHT,
        "grew": np.maximum(change, 0),
        "shrank": np.maximum(-change, 0),
    }
    return {name: _folded(layer, state) for name, layer in layers.items()}


def _folded(layer: NDArray[np.generic], state: int) -> NDArray[np.float32]:
    half = SIDE // 2
    if (layer == layer[0]).all():
        return np.broadcast_to(np.float32(4) * np.float32(layer[0]), (half, half))
    sums = layer.reshape(-1, 4).sum(axis=1, dtype=np.float32)
    planes: NDArray[np.float32] = sums[_order(half, state)].reshape(half, half)
    return planes


def shade(
    both: NDArray[np.float32],
    left: NDArray[np.float32],
    right: NDArray[np.float32],
    grew: NDArray[np.float32],
    shrank: NDArray[np.float32],
) -> NDArray[np.uint8]:
    """Colour a tile of an overview from planes, (h, w) each; returns (h, w, 4).

    The mean of the changes decides how bright a pixel is; the least change is seen. What grew and
    what shrank share the colour: both alike are yellow.
    """
    moved = grew + shrank
    level = LEAST + (255 - LEAST) * np.sqrt(moved / np.maximum(both, 1) / 255)
    peak = np.maximum(np.maximum(grew, shrank), np.float32(1e-30))
    changed = np.zeros((*both.shape, 3), dtype=np.float32)
    changed[..., 0], changed[..., 1] = level * shrank / peak, level * grew / peak

    alone = left + right
    counts = np.stack([left, right], axis=-1)
    tint = counts @ SIDES.astype(np.float32) / np.maximum(alone, 1)[..., None] / 2
    share = alone / np.maximum(alone + both, 1)
    share = np.where(alone > 0, np.maximum(share, SHARES[0]), 0)
    share = np.where(moved > 0, np.minimum(share, SHARES[1]), share)[..., None]

    pixels = np.zeros((*both.shape, 4), dtype=np.uint8)
    pixels[..., :3] = np.rint(changed * (1 - share) + tint * share).clip(0, 255)
    pixels[..., 3] = np.where(alone + both > 0, 255, 0)
    return pixels

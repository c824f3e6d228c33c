"""Areas of bytes, against tiles painted one by one."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from arbvis_core.kernels import byte_area, byte_tile
from arbvis_core.kernels.byte_area import SIDE, Area
from arbvis_core.kernels.hilbert import walk

TILE = byte_tile.SIDE

pytestmark = pytest.mark.skipif(
    numba.config.DISABLE_JIT, reason="four million bytes take minutes where nothing is compiled"
)


def pieces(data: np.ndarray, state: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Codes, sums of light and histogram of an area, tile by tile."""
    codes = np.empty((SIDE, SIDE), np.uint8)
    sums = np.empty((3, SIDE // 2, SIDE // 2), np.float32)
    histogram = np.zeros(256, np.int64)
    for x, y, entered, part in zip(
        *(one[state] for one in walk(2)), data.reshape(16, -1), strict=True
    ):
        part.flags.writeable = False
        own, light, _, often = byte_tile.paint(part, part.size, int(entered))
        codes[y * TILE : (y + 1) * TILE, x * TILE : (x + 1) * TILE] = own
        half = TILE // 2
        sums[:, y * half : (y + 1) * half, x * half : (x + 1) * half] = light
        histogram += often
    return codes, sums, histogram


def folded(sums: np.ndarray) -> np.ndarray:
    upper = sums[:, ::2, ::2] + sums[:, ::2, 1::2]
    return upper + (sums[:, 1::2, ::2] + sums[:, 1::2, 1::2])


def shaded(sums: np.ndarray, count: int) -> np.ndarray:
    counts = np.broadcast_to(np.float32(count), sums.shape[1:])
    return byte_tile.shade(*sums, counts)


def content(kind: str) -> np.ndarray:
    random = np.random.default_rng(5)
    if kind == "noise":
        return random.integers(0, 256, SIDE * SIDE, np.uint8)
    if kind == "one value":
        return np.full(SIDE * SIDE, 1, np.uint8)
    dark = random.choice(np.array([0, 1, 2, 32, 33, 127, 255], np.uint8), SIDE * SIDE)
    return np.where(random.random(SIDE * SIDE) < 0.02, dark, dark & 1).astype(np.uint8)


@pytest.mark.parametrize("state", range(4))
@pytest.mark.parametrize("kind", ["noise", "one value", "dark"])
def test_an_area_is_what_its_tiles_are(kind: str, state: int) -> None:
    data = content(kind)
    data.flags.writeable = False
    area: Area = byte_area.paint(data, state)
    codes, sums, histogram = pieces(data.copy(), state)
    np.testing.assert_array_equal(area.codes, codes)
    np.testing.assert_array_equal(area.histogram, histogram)
    np.testing.assert_array_equal(area.near, shaded(sums, 4))
    twice = folded(sums)
    np.testing.assert_array_equal(area.far, shaded(twice, 16))
    np.testing.assert_array_equal(area.sums, folded(twice))


def test_every_sum_has_the_level_that_shading_gives_it() -> None:
    """All sums of four in fixed point, through the table and through the formula."""
    sums = np.arange(4 * byte_tile.FULL + 1)
    plane = (sums.astype(np.float32) * np.float32(1 / byte_tile.FULL)).reshape(1, -1)
    wanted = byte_tile.shade(plane, plane, plane, np.full(plane.shape, 4, np.float32))[0, :, 0]
    entries = byte_area.level_entries()
    found = (entries[sums >> byte_area.STEP] + sums.astype(np.uint32)) >> byte_area.STEP
    np.testing.assert_array_equal(found, wanted)

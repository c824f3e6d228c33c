"""Tiles put together from quarters, against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from arbvis_core.engine.mosaic import Mosaic
from arbvis_core.values import Indexed, TileKey, TrueColour


@pytest.mark.parametrize("channels", [(3, 3, 3, 3), (3, 4, 3, 3), (4, 4, 4, 4), (3, 0, 0, 3)])
def test_quarters_come_together(channels: tuple[int, ...]) -> None:
    rng = np.random.default_rng(4)
    mosaic = Mosaic()
    wanted = np.zeros((512, 512, 4), np.uint8)
    for place, count in enumerate(channels):
        if count == 0:
            continue
        y, x = divmod(place, 2)
        piece = rng.integers(0, 256, (256, 256, count), dtype=np.uint8)
        mosaic.put(TileKey(3, 4 + x, 6 + y), TrueColour(piece))
        room = wanted[256 * y : 256 * y + 256, 256 * x : 256 * x + 256]
        room[..., 3] = 255
        room[..., :count] = piece
    pixels = mosaic.tile().pixels
    opaque = channels == (3, 3, 3, 3)
    assert np.array_equal(pixels, wanted[..., :3] if opaque else wanted)


def test_codes_are_refused() -> None:
    codes = Indexed(np.zeros((256, 256), np.uint8), np.zeros((1, 4), np.uint8))
    with pytest.raises(TypeError, match="pixel by pixel"):
        Mosaic().put(TileKey(1, 0, 0), codes)

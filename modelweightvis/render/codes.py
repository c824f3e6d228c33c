"""Codes of pixels, and the tables that turn values into them.

0 padding, 1 missing, 2 not finite, 3 hatch, 4 exactly zero; then, at the maximum zoom, 5 is the
most negative value, 129 and 131 are the smallest of either sign, 255 is the greatest. Above it 5 is
the least magnitude and 255 the greatest; of a balance 130 is the middle.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PADDING, MISSING, NOT_FINITE, HATCH, ZERO = range(5)
FIRST, MIDDLE, LAST = 5, 130, 255

#: A window is at least so many octaves wide: a code is not finer than what the upper half of a
#: float32 can tell.
NARROWEST = 3.0


class Window(NamedTuple):
    """The magnitudes between the darkest colour and the brightest, as powers of two."""

    low: float
    high: float

    def moved(self, octaves: float) -> Window:
        """Return the window of values that are so many octaves greater."""
        return Window(self.low + octaves, self.high + octaves)


@cache
def octaves_of_upper() -> NDArray[np.float64]:
    """Return log2 of the middle of what each upper half of a positive float32 stands for."""
    import numpy as np

    upper = np.arange(1 << 15, dtype=np.uint32)
    low = np.full(1 << 15, np.inf)
    low[:0x7F80] = (upper[:0x7F80] << 16).view(np.float32)
    high = np.append(low[1:], np.inf)
    high[0x7F7F] = 2.0**128
    octaves: NDArray[np.float64] = np.log2((low + high) / 2)
    return octaves


@lru_cache(maxsize=256)
def value_table(window: Window) -> NDArray[np.uint8]:
    """Return the code of every upper half of a float32 at the maximum zoom, uint8, (65536,)."""
    import numpy as np

    span = MIDDLE - FIRST - 1
    steps = _steps(octaves_of_upper()[:0x7F80], window, span)
    table = np.full(1 << 16, NOT_FINITE, np.uint8)
    table[:0x7F80] = MIDDLE + 1 + steps
    table[0x8000:0xFF80] = MIDDLE - 1 - steps
    table[[0, 0x8000]] = ZERO
    return _frozen(table)


@lru_cache(maxsize=64)
def magnitude_table(window: Window, power: int) -> NDArray[np.uint8]:
    """Return the code of every upper half of a magnitude above the maximum zoom, uint8, (65536,).

    What is no number is a mean of nothing, and padding.

    Args:
        window: what the colours span.
        power: of the magnitude that is looked up: 2 for a mean of squares.
    """
    import numpy as np

    steps = _steps(octaves_of_upper() / power, window, LAST - FIRST)
    table = np.full(1 << 16, LAST, np.uint8)  # a sum may be too large for a float32
    table[: 1 << 15] = FIRST + steps
    table[0] = ZERO
    table[[*range(0x7F81, 0x8000), *range(0xFF81, 0x10000)]] = PADDING
    return _frozen(table)


@lru_cache(maxsize=64)
def stored_table(encoding: str, window: Window) -> NDArray[np.uint8]:
    """Return the code of every stored value of a type of 16 bits, uint8, (65536,)."""
    import numpy as np

    from modelweightvis.encodings.units import code_values

    upper = code_values(encoding).view(np.uint32) >> 16
    return _frozen(value_table(window)[upper])


def hatched(top: int, left: int, height: int, width: int) -> NDArray[np.uint8]:
    """Return stripes that run on from one tile to the next: codes, (height, width).

    Args:
        top: the first row on the canvas.
        left: the first column on the canvas.
        height: in pixels.
        width: in pixels.
    """
    import numpy as np

    diagonal = np.arange(top, top + height)[:, None] + np.arange(left, left + width)
    return np.where(diagonal & 7 < 3, HATCH, PADDING).astype(np.uint8)


def _steps(octaves: NDArray[np.float64], window: Window, span: int) -> NDArray[np.uint8]:
    import numpy as np

    share = np.clip((octaves - window.low) / (window.high - window.low), 0, 1)
    return np.rint(share * span).astype(np.uint8)


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array.flags.writeable = False
    return array

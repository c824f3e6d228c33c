"""sRGB (IEC 61966-2-1) to linear light and back, by tables made from the exact formula."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.jit import kernel

#: Linear light is looked up in so many steps. The thresholds between the darkest levels lie 1/3294
#: apart, so that no step holds two.
STEPS = 4096


def to_linear(encoded: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the linear light of sRGB values, both 0–1."""
    power = ((np.maximum(encoded, 0.0) + 0.055) / 1.055) ** 2.4
    return np.where(encoded <= 0.04045, encoded / 12.92, power)


#: Where, in steps, the rounding goes from each level to the next, (255,).
THRESHOLDS = (STEPS * to_linear((np.arange(255) + 0.5) / 255)).astype(np.float32)


def _tables() -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    holders = THRESHOLDS.astype(np.int64)
    levels = np.searchsorted(holders, np.arange(STEPS + 1)).astype(np.uint8)
    thresholds = np.full(STEPS + 1, np.inf, dtype=np.float32)
    thresholds[holders] = THRESHOLDS
    return levels, thresholds


#: The level at the beginning of each step, and the threshold that it holds, or infinity.
LEVELS, NEXT = _tables()


@kernel
def to_srgb(
    steps: np.float32, levels: NDArray[np.uint8], following: NDArray[np.float32]
) -> np.uint8:
    """Return linear light as a level of sRGB, 0–255, correctly rounded.

    The tables are arguments because constant ones would be read with the processor's gather
    instructions, which take five times as long as single loads on many machines: since 2023 they
    wait, so that nothing can be spied out.

    Args:
        steps: STEPS times the linear value, which may exceed 1 by no more than a rounding error.
        levels: LEVELS.
        following: NEXT.
    """
    step = np.uint32(np.int32(steps))
    return np.uint8(levels[step] + (steps >= following[step]))

"""sRGB (IEC 61966-2-1) to linear light and back, by tables made from the exact formula."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.jit import kernel

#: Steps of the first guess. The darkest two thresholds lie 1/3294 apart, so that a step holds at
#: most one.
STEPS = 4096


def to_linear(encoded: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the linear light of sRGB values, both 0–1."""
    power = ((np.maximum(encoded, 0.0) + 0.055) / 1.055) ** 2.4
    return np.where(encoded <= 0.04045, encoded / 12.92, power)


def _thresholds() -> NDArray[np.float32]:
    middles = to_linear((np.arange(255) + 0.5) / 255)
    return np.append(middles, np.inf).astype(np.float32)


#: THRESHOLDS[v]: from here on, a linear value is rounded to more than v.
THRESHOLDS = _thresholds()

#: GUESS[s]: what the linear value s / STEPS is rounded to.
GUESS = np.searchsorted(THRESHOLDS, np.arange(STEPS + 1) / STEPS, side="right").astype(np.uint8)


@kernel
def to_srgb(linear: np.float32) -> np.uint8:
    """Return a linear value of 0–1 as sRGB, 0–255, correctly rounded."""
    bounded = min(max(linear, np.float32(0.0)), np.float32(1.0))
    guess = GUESS[np.uint64(bounded * np.float32(STEPS))]
    return np.uint8(guess + (bounded >= THRESHOLDS[guess]))

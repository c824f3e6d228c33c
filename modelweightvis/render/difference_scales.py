"""Tables that put differences on a scale."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from modelweightvis.render.codes import octaves_of_upper

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from modelweightvis.options import DiffMetric

#: The scale of `rms` ends at so many rms of the first tensor, of which none is taken to be smaller
#: than the second.
RMS_SHARE, LEAST_RMS = 0.5, 1e-6
#: Decades of `abs-log`, from 1e-6 up; octaves of `relative`, up to 1.
DECADES, OCTAVES = 5, 20
#: Steps of brightness of an overview.
STEPS = 50


@cache
def share_table(metric: DiffMetric) -> NDArray[np.float32]:
    """Return the share of the scale, 0 to 1, by the upper half of a size or ratio, (32768,)."""
    import numpy as np

    octaves = octaves_of_upper()
    if metric == "abs-log":
        shares = (octaves * np.log10(2) + 6) / DECADES
    elif metric == "relative":
        shares = octaves / OCTAVES + 1
    else:
        shares = np.ones(octaves.shape)
    return _frozen(np.clip(shares, 0, 1).astype(np.float32))


@lru_cache(maxsize=64)
def step_table(low: float, high: float) -> NDArray[np.uint8]:
    """Return the brightness, 0 to 49, by the upper half of a mean share, (32768,).

    Args:
        low: the power of two from which on it is brighter than the least.
        high: the power of two at which it is brightest.
    """
    import numpy as np

    shares = np.clip((octaves_of_upper() - low) / (high - low), 0, 1)
    return _frozen(np.rint(shares * (STEPS - 1)).astype(np.uint8))


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array.flags.writeable = False
    return array

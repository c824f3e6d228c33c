"""Tables that put differences on a scale."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from modelweightvis.render.codes import octaves_of_upper

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from modelweightvis.options import DiffMetric

#: Decades of `abs-log`, from 1e-6 up; octaves of `relative`, up to 1; octaves of overviews, up to 1.
DECADES, OCTAVES, OVERVIEW_OCTAVES = 5, 20, 12
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


@cache
def step_table() -> NDArray[np.uint8]:
    """Return the brightness, 0 to 49, by the upper half of a mean share, (32768,)."""
    import numpy as np

    shares = np.clip(octaves_of_upper() / OVERVIEW_OCTAVES + 1, 0, 1)
    return _frozen(np.rint(shares * (STEPS - 1)).astype(np.uint8))


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array.flags.writeable = False
    return array

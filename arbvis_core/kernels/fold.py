"""Four pixels become one."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.jit import kernel


def fold(plane: NDArray[Any], how: Literal["sum", "max", "or"], out: NDArray[Any]) -> None:
    """Fold every 2 × 2 pixels of `plane` (2h, 2w) into one of `out` (h, w).

    Both have the same dtype; either may be a view of a larger array. A NaN stays a NaN.
    """
    if plane.shape != (2 * out.shape[0], 2 * out.shape[1]):
        raise ValueError(f"a plane of {plane.shape} does not fold into one of {out.shape}")
    _FOLDS[how](plane, out)


@kernel
def _fold_sum(plane: NDArray[Any], out: NDArray[Any]) -> None:
    two, one = np.uint64(2), np.uint64(1)  # an unsigned index cannot count from the end
    for y in range(np.uint64(out.shape[0])):
        for x in range(np.uint64(out.shape[1])):
            upper = plane[two * y, two * x] + plane[two * y, two * x + one]
            lower = plane[two * y + one, two * x] + plane[two * y + one, two * x + one]
            out[y, x] = upper + lower


@kernel
def _fold_max(plane: NDArray[Any], out: NDArray[Any]) -> None:
    two = np.uint64(2)
    for y in range(np.uint64(out.shape[0])):
        for x in range(np.uint64(out.shape[1])):
            most = plane[two * y, two * x]
            for i in range(np.uint64(1), np.uint64(4)):
                value = plane[two * y + i // two, two * x + i % two]
                if value > most or value != value:  # noqa: PLR0124 - true of NaN alone
                    most = value
            out[y, x] = most


@kernel
def _fold_or(plane: NDArray[Any], out: NDArray[Any]) -> None:
    two, one = np.uint64(2), np.uint64(1)
    for y in range(np.uint64(out.shape[0])):
        for x in range(np.uint64(out.shape[1])):
            upper = plane[two * y, two * x] | plane[two * y, two * x + one]
            lower = plane[two * y + one, two * x] | plane[two * y + one, two * x + one]
            out[y, x] = upper | lower


_FOLDS = {"sum": _fold_sum, "max": _fold_max, "or": _fold_or}

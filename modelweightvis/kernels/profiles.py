"""Sums of squares of the rows and the columns of a matrix."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.jit import kernel


@kernel
def add_profile(
    values: NDArray[np.float32],
    rows: NDArray[np.float64],
    columns: NDArray[np.float64],
) -> None:
    """Add the squares of a rectangle to its rows and columns; one that is not finite adds infinity.

    Args:
        values: (h, w).
        rows: added to, (h,).
        columns: added to, (w,).
    """
    for y in range(np.uint64(values.shape[0])):
        total = 0.0
        for x in range(np.uint64(values.shape[1])):
            size = np.float64(abs(values[y, x]))
            square = size * size if size < np.inf else np.inf
            total += square
            columns[x] += square
        rows[y] += total

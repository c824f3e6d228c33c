"""Four pixels become one."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.jit import kernel


def fold(
    plane: NDArray[Any],
    how: Literal["sum", "max", "or"],
    out: NDArray[Any],
    corner: tuple[int, int] = (0, 0),
) -> None:
    """Fold every 2 × 2 pixels of `plane` (2h, 2w) into one of `out`: h × w of its pixels.

    Both are C-contiguous; what is summed up may be of a smaller dtype than the sum. A NaN stays a NaN.

    Args:
        plane: what is folded.
        how: what becomes of four pixels.
        out: written, and nowhere else than there.
        corner: the first row and column that are written.
    """
    (height, width), (top, left) = plane.shape, corner
    rows, columns = out.shape[0] - top, out.shape[1] - left
    if height % 2 or width % 2 or 2 * rows < height or 2 * columns < width:
        raise ValueError(f"a plane of {plane.shape} does not fold into one of {out.shape}")
    _FOLDS[how](plane, out, top, left)


@kernel
def fold_sum(plane: NDArray[Any], out: NDArray[Any], top: int, left: int) -> None:
    """Do what `fold` does to sums, for other kernels."""
    two, one = np.uint64(2), np.uint64(1)  # an unsigned index cannot count from the end
    number = out.dtype.type
    for y in range(np.uint64(plane.shape[0] // 2)):
        for x in range(np.uint64(plane.shape[1] // 2)):
            upper = number(plane[two * y, two * x]) + number(plane[two * y, two * x + one])
            lower = number(plane[two * y + one, two * x])
            lower += number(plane[two * y + one, two * x + one])
            out[y + np.uint64(top), x + np.uint64(left)] = upper + lower


@kernel
def _fold_max(plane: NDArray[Any], out: NDArray[Any], top: int, left: int) -> None:
    two = np.uint64(2)
    for y in range(np.uint64(plane.shape[0] // 2)):
        for x in range(np.uint64(plane.shape[1] // 2)):
            most = plane[two * y, two * x]
            for i in range(np.uint64(1), np.uint64(4)):
                value = plane[two * y + i // two, two * x + i % two]
                if value > most or value != value:  # noqa: PLR0124 - true of NaN alone
                    most = value
            out[y + np.uint64(top), x + np.uint64(left)] = most


@kernel
def _fold_or(plane: NDArray[Any], out: NDArray[Any], top: int, left: int) -> None:
    two, one = np.uint64(2), np.uint64(1)
    for y in range(np.uint64(plane.shape[0] // 2)):
        for x in range(np.uint64(plane.shape[1] // 2)):
            upper = plane[two * y, two * x] | plane[two * y, two * x + one]
            lower = plane[two * y + one, two * x] | plane[two * y + one, two * x + one]
            out[y + np.uint64(top), x + np.uint64(left)] = upper | lower


_FOLDS = {"sum": fold_sum, "max": _fold_max, "or": _fold_or}

"""How large the rows and columns of a tensor are: what stands out of them, and what is zero."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from arbvis_core.slotted import dataclass
from modelweightvis.kernels.profiles import add_profile

if TYPE_CHECKING:
    from arbvis_core.api import Region
    from modelweightvis.folds import Piece

#: A channel stands out if its rms is so many times the median of its tensor.
OUTLIER = 6.0
#: Channels that are named; the others are only counted.
NAMED = 8


@dataclass(frozen=True, slots=True)
class Profile:
    """Sums of squares of a tensor's rows (leading axes counted through) and columns.

    Attributes:
        seen: how many elements were added up.
        shape: (rows, columns).
        rows: float64, (rows,); empty once everything was seen.
        columns: float64, (columns,).
        facts: what is known once everything was seen.
    """

    seen: int
    shape: tuple[int, int]
    rows: NDArray[np.float64]
    columns: NDArray[np.float64]
    facts: Mapping[str, Any] | None = None

    def merged(self, other: Profile) -> Profile:
        """Return what both saw; a tensor that was seen whole is boiled down to facts."""
        seen = self.seen + other.seen
        both = Profile(seen, self.shape, self.rows + other.rows, self.columns + other.columns)
        return both.settled()

    def settled(self) -> Profile:
        """Return the same, or only the facts if everything was seen."""
        if self.seen < prod(self.shape):
            return self
        none = np.zeros(0)
        return Profile(self.seen, self.shape, none, none, self.described())

    def described(self) -> dict[str, Any]:
        """Return plain figures of rows and columns."""
        if self.facts is not None:
            return dict(self.facts)
        return {
            "rows": _facts(self.rows, self.shape[1]),
            "columns": _facts(self.columns, self.shape[0]),
        }


def profile_of(region: Region, piece: Piece, values: NDArray[np.float32]) -> Profile | None:
    """Return the profile of a piece; None of a tensor that has no rows.

    Args:
        region: the tensor.
        piece: of it.
        values: of the piece, as they lie on the canvas, (h, w).
    """
    if len(region.shape) < 2 or min(region.shape) < 2:
        return None
    shape = (prod(region.shape[:-1]), region.shape[-1])
    rows, columns = np.zeros(shape[0]), np.zeros(shape[1])
    if piece.cells == (1, 1):
        leading = [start for start, _ in piece.window[:-2]]
        (top, bottom), (left, right) = piece.window[-2:]
        first = _ravel(leading, region.shape) * region.shape[-2]
        add_profile(values, rows[first + top : first + bottom], columns[left:right])
    else:  # small cells that are laid out anew
        squares = np.square(values, dtype=np.float64).reshape(-1)
        squares[~np.isfinite(squares)] = np.inf
        for sums, numbers in zip((rows, columns), _numbers(region, piece), strict=True):
            laid = np.ascontiguousarray(piece.pixels(numbers)).reshape(-1)
            np.add.at(sums, laid, squares)
    return Profile(values.size, shape, rows, columns).settled()


def _numbers(region: Region, piece: Piece) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the row and the column of every element of a window."""
    spans = [np.arange(start, stop) for start, stop in piece.window]
    grids = np.meshgrid(*spans, indexing="ij")
    row = np.zeros_like(grids[0])
    for axis, grid in enumerate(grids[:-1]):
        row = row * region.shape[axis] + grid
    return row, np.ascontiguousarray(grids[-1])


def _ravel(leading: list[int], shape: tuple[int, ...]) -> int:
    flat = 0
    for at, length in zip(leading, shape, strict=False):
        flat = flat * length + at
    return flat


def _facts(squares: NDArray[np.float64], length: int) -> dict[str, Any]:
    sizes = np.sqrt(squares / length)
    usual = sizes[np.isfinite(sizes) & (sizes > 0)]
    median = float(np.median(usual)) if usual.size else 0.0
    ratios = np.where(np.isfinite(sizes), sizes, 0) / median if median else np.zeros(sizes.size)
    beyond = np.flatnonzero(ratios > OUTLIER)
    named = beyond[np.argsort(-ratios[beyond], kind="stable")][:NAMED]
    return {
        "zero": int((squares == 0).sum()),
        "outliers": int(beyond.size),
        "largest": [[int(at), float(ratios[at])] for at in named],
    }

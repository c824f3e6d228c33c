"""What was measured of pairs of tensors, by the names of their placements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from math import sqrt
from typing import TYPE_CHECKING, Any

from arbvis_core.slotted import dataclass

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.api import Placement, ScenePlan


@dataclass(frozen=True, slots=True)
class Compared:
    """Sums of some tiles, see `kernels.compare.FIGURES`, by placement."""

    sums: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)

    def merged(self, other: Compared) -> Compared:
        """Return what both measured; of two equal greatest changes the first is kept."""
        sums = {**self.sums}
        for name, one in other.sums.items():
            sums[name] = _merged(sums[name], one) if name in sums else one
        return Compared(sums)

    def summary(self, plan: ScenePlan) -> dict[str, Any]:
        """Return plain figures, by placement."""
        placements = {one.name: one for one in plan.placements}
        return {
            name: {"stats": figures_of(sums, placements.get(name))}
            for name, sums in self.sums.items()
        }


def figures_of(sums: NDArray[np.float64], placement: Placement | None = None) -> dict[str, Any]:
    """Return what people compare models by.

    `relative_frobenius` is ‖Δ‖ ÷ ‖A‖, `sqnr_db` is 10 log10 of ‖A‖² ÷ ‖Δ‖², both None where they
    have no value; `std` is that of Δ.
    """
    from modelweightvis.folds import element_at

    count, changed, squares, others, products, delta, delta_squared, largest = sums[:8].tolist()
    at = None
    if placement is not None and largest > 0:
        y, x = int(sums[8]), int(sums[9])
        at = element_at(placement.region.shape, placement.fold, x, y)
    mean = delta / count if count else 0.0
    norms = sqrt(squares) * sqrt(others)
    return {
        "count": int(count),
        "changed": changed / count if count else 0.0,
        "relative_frobenius": sqrt(delta_squared / squares) if squares else None,
        "sqnr_db": _decibels(squares, delta_squared),
        "cosine": min(1.0, max(-1.0, products / norms)) if norms else None,
        "max_abs": largest,
        "max_abs_index": list(at) if at is not None else None,
        "mean": mean,
        "std": sqrt(max(0.0, delta_squared / count - mean * mean)) if count else 0.0,
        "rms": sqrt(delta_squared / count) if count else 0.0,
        "base_rms": sqrt(squares / count) if count else 0.0,
        "other_rms": sqrt(others / count) if count else 0.0,
        "non_finite_left": int(sums[10]),
        "non_finite_right": int(sums[11]),
        "non_finite_both": int(sums[12]),
    }


def _decibels(signal: float, noise: float) -> float | None:
    from math import log10

    return 10 * log10(signal / noise) if signal > 0 and noise > 0 else None


def _merged(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    merged = left + right
    merged[7:10] = right[7:10] if right[7] > left[7] else left[7:10]
    return merged

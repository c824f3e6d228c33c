"""Statistics of tensors, by the names of their placements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any

from arbvis_core.slotted import dataclass

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from modelweightvis.kernels.statistics import Statistics
    from modelweightvis.render.profiles import Profile


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of the tensors of some tiles.

    Attributes:
        figures: by placement.
        heads: of the tensors that are cut into heads.
        profiles: of rows and columns, where they are asked for.
    """

    figures: Mapping[str, Statistics] = field(default_factory=dict)
    heads: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    profiles: Mapping[str, Profile] = field(default_factory=dict)

    def merged(self, other: Measured) -> Measured:
        """Return what both measured."""
        figures = {**self.figures}
        for name, one in other.figures.items():
            figures[name] = figures[name].merged(one) if name in figures else one
        profiles = {**self.profiles}
        for name, profile in other.profiles.items():
            profiles[name] = profiles[name].merged(profile) if name in profiles else profile
        return Measured(figures, _heads(self.heads, other.heads), profiles)

    def summary(self, names: Sequence[str]) -> dict[str, Any]:
        """Return plain figures and histograms of these placements, as far as they were measured."""
        return {
            name: _described(self.figures[name], self.heads.get(name), self.profiles.get(name))
            for name in names
            if name in self.figures
        }

    def totals(self) -> tuple[int, int, int]:
        """Return how many elements there are, how many are not finite, and how many are zero."""
        from modelweightvis.kernels.statistics import ELEMENTS, NON_FINITE, ZEROS

        counts = [one.counts for one in self.figures.values()]
        elements, broken, zeros = (
            sum(int(one[at]) for one in counts) for at in (ELEMENTS, NON_FINITE, ZEROS)
        )
        return elements, broken, zeros


def _heads(
    left: Mapping[str, NDArray[np.float64]], right: Mapping[str, NDArray[np.float64]]
) -> Mapping[str, NDArray[np.float64]]:
    if not (left and right):
        return left or right
    from modelweightvis.render.heads import added

    shared = {name: added(left[name], one) for name, one in right.items() if name in left}
    return {**left, **right, **shared}


def _described(
    statistics: Statistics, heads: NDArray[np.float64] | None, profile: Profile | None
) -> dict[str, Any]:
    found: dict[str, Any] = {"stats": statistics.summary(), "histogram": _histogram(statistics)}
    if profile is not None:
        found["profile"] = profile.described()
    if heads is None:
        return found
    from modelweightvis.render.heads import described

    return {**found, "heads": described(heads)}


def _histogram(statistics: Statistics) -> dict[str, Any]:
    """Return counts by log2 |x|, from the first bin that is not empty, of either sign.

    Bin i of those that are returned begins at log2 |x| = start + i * step; what is smaller than
    every bin lies in the very first, what is larger in the very last.
    """
    from modelweightvis.kernels.statistics import BINS, LEAST, PER_OCTAVE

    counts = statistics.histogram
    signs = {"positive": counts[1 : BINS + 1], "negative": counts[BINS + 1 : 2 * BINS + 1]}
    used = (signs["positive"] + signs["negative"]).nonzero()[0]
    first, last = (int(used[0]), int(used[-1])) if used.size else (0, -1)
    return {
        "first": first,
        "start": LEAST + (first - 1) / PER_OCTAVE,
        "step": 1 / PER_OCTAVE,
        **{sign: some[first : last + 1].tolist() for sign, some in signs.items()},
    }

"""What all tiles of a scene share: windows of magnitude, fixed from the sample.

Magnitudes are counted in bins of a sixteenth of an octave. Zeros and what is not finite are left
out. Every role is weighed by the elements it has, not by those that were sampled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import groupby
from math import isfinite, prod
from typing import TYPE_CHECKING, Any

from arbvis_core.slotted import dataclass
from modelweightvis.options import Scale
from modelweightvis.render.codes import NARROWEST, Window, octaves_of_upper
from modelweightvis.render.looks import SCALES, Looks
from modelweightvis.render.pieces import decode16, is_coded, stored, values
from modelweightvis.render.sampling import BAND, Sampled, role_of, sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.api import Placement, ScenePlan
    from modelweightvis.render.pieces import Decoders

#: Where a distribution is noted down.
PROBABILITIES = (0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
PROBABILITIES += tuple(round(1 - one, 3) for one in reversed(PROBABILITIES[:-1]))

#: Bins of an octave, and all of them: from 2^-150 up to 2^129.
PER_OCTAVE, LOWEST, OCTAVES = 16, -150, 279
BINS = PER_OCTAVE * OCTAVES
#: The bin of 1.
_ONE = -LOWEST * PER_OCTAVE
#: Log2 of the least that values are divided by: one over what is smaller is no float32.
LEAST = -126.0
#: Bins of a balance, from 0 to 1.
SHARES = 1000

#: The statistics whose windows are magnitudes, and the plane each is made of.
MAGNITUDES = {"mean": "sum_abs", "rms": "sum_squares", "max": "max_abs"}

#: What is counted by its magnitude: elements at the maximum zoom, then patches by each statistic.
SHOWN = ("values", *MAGNITUDES)

#: Shares of the values beyond the lower and the upper end of the window, unless `clip` says.
VALUE_CLIP = (0.05, 0.002)
OVERVIEW_CLIP = (0.01, 0.01)
#: The same of balances: those of small patches are wide by chance and would hide all others.
BALANCE_CLIP = 0.2


@dataclass(slots=True)
class _Counts:
    """Distributions of what was sampled of a tensor, a role, a model.

    Attributes:
        shown: by what is shown, see SHOWN, float64, (4, BINS + 1); the last bin is for what is left
            out.
        balance: of |mean x| / mean |x|, float64, (SHARES,).
        finite: finite elements that were sampled.
        total: their sum.
    """

    shown: NDArray[np.float64]
    balance: NDArray[np.float64]
    finite: int = 0
    total: float = 0.0

    @classmethod
    def none(cls) -> _Counts:
        import numpy as np

        return cls(np.zeros((len(SHOWN), BINS + 1)), np.zeros(SHARES))

    def add(self, other: _Counts, weight: float, bins: int = 0) -> None:
        """Take in another, its magnitudes divided by so many bins."""
        counts, bins = weight * other.shown[:, :BINS], bins % BINS
        self.shown[:, : BINS - bins] += counts[:, bins:]
        self.shown[:, BINS - bins : BINS] += counts[:, :bins]
        self.add_rest(other, weight)

    def settle(self, role: _Counts, relative: _Counts) -> dict[str, float]:
        """Hand a tensor's counts over to its role, as they are and divided by their median.

        Nothing is left, so that the next tensor can be counted.
        """
        from modelweightvis.kernels.distributions import settle

        median = settle(self.shown, role.shown, relative.shown, _ONE)
        for one in (role, relative):
            one.add_rest(self)
        facts = self._facts(median)
        self.balance[:] = 0
        self.finite, self.total = 0, 0.0
        return facts

    def add_rest(self, other: _Counts, weight: float = 1.0) -> None:
        """Take in another's balances, and how many finite elements it has with their sum."""
        self.balance += weight * other.balance
        self.finite += other.finite
        self.total += other.total

    @property
    def facts(self) -> dict[str, float]:
        """What is kept of a role."""
        counts = self.shown[0, :BINS].cumsum()
        return self._facts(int(counts.searchsorted(counts[-1] / 2)) if counts[-1] else _ONE)

    def _facts(self, median: int) -> dict[str, float]:
        """Return what is kept, given the bin of the median |x|; that of 1 if nothing was found."""
        mean = self.total / self.finite if self.finite else 0.0
        return {"log2_median": LOWEST + median / PER_OCTAVE, "mean": mean}


def decide(
    plan: ScenePlan, parts: Sequence[NDArray[np.uint8]], decoders: Decoders
) -> dict[str, Any]:
    """Return the distributions that windows are made of, and what is typical of tensors and roles."""
    buffers = iter(parts)
    roles: dict[str, _Counts] = {}
    own: dict[str, dict[str, float]] = {}
    relative: dict[str, _Counts] = {}
    counts = _Counts.none()
    for placement, pieces in groupby(sample(plan, decoders), lambda one: one.placement):
        role = role_of(placement)
        if role not in roles:
            roles[role], relative[role] = _Counts.none(), _Counts.none()
        _count(pieces, buffers, decoders, counts)
        own[placement.name] = counts.settle(roles[role], relative[role])
    weights = _weights(plan.placements, roles)
    typical = {role: counts.facts for role, counts in roles.items()}
    pooled = {scale: _Counts.none() for scale in SCALES}
    for role, counts in roles.items():
        pooled["model"].add(counts, weights[role])
        pooled["tensor"].add(relative[role], weights[role])
        pooled["role"].add(counts, weights[role], _bins_of(typical[role]))
    return {
        "probabilities": list(PROBABILITIES),
        **{
            name: {scale: _quantiles(one.shown[row]) for scale, one in pooled.items()}
            for row, name in enumerate(SHOWN)
        },
        "balance": [one / SHARES for one in _positions(pooled["model"].balance)],
        "roles": typical,
        "placements": own,
    }


def value_window(decisions: Mapping[str, Any], looks: Looks) -> Window:
    """Return what the colours of the maximum zoom span."""
    clip = VALUE_CLIP if looks.clip is None else (looks.clip, looks.clip)
    return _window(decisions, _shown(decisions, "values", looks), clip).moved(-looks.shift)


def overview_window(decisions: Mapping[str, Any], looks: Looks) -> Window:
    """Return what the colours above it span; the statistic is a magnitude."""
    clip = OVERVIEW_CLIP if looks.clip is None else (looks.clip, looks.clip)
    return _window(decisions, _shown(decisions, looks.overview, looks), clip).moved(-looks.shift)


def balance_limit(decisions: Mapping[str, Any], looks: Looks) -> float:
    """Return the balance that has the brightest colour."""
    clip = BALANCE_CLIP if looks.clip is None else looks.clip
    limit = _quantile(decisions, decisions.get("balance", ()), 1 - clip)
    return max(limit, 1 / SHARES) / 2**looks.shift


def beyond(
    decisions: Mapping[str, Any], shown: str, looks: Looks, window: Window
) -> tuple[float, float] | None:
    """Return the shares of the sample that lie below and above a window; None if it holds nothing.

    Args:
        decisions: of the plan.
        shown: `values`, or the statistic of overviews.
        looks: how the plan is looked at.
        window: of what is shown.
    """
    import numpy as np

    quantiles = _shown(decisions, shown, looks)
    if not quantiles:
        return None
    ends = [end + looks.shift for end in window]
    below, above = np.interp(ends, quantiles, decisions["probabilities"])
    return float(below), float(1 - above)


def reference(decisions: Mapping[str, Any], placement: Placement, scale: Scale) -> float:
    """Return log2 of what the values of a placement are divided by."""
    if scale == "model":
        return 0.0
    role, own = _typical(decisions, placement)
    chosen = own if scale == "tensor" else role
    return max(float(chosen.get("log2_median", 0.0)), LEAST)


def mean_of(decisions: Mapping[str, Any], placement: Placement) -> float:
    """Return about what mean the moments of a placement are taken."""
    return float(_typical(decisions, placement)[1].get("mean", 0.0))


def _typical(
    decisions: Mapping[str, Any], placement: Placement
) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Return what is typical of its role, and of the placement itself if it was sampled."""
    role = decisions.get("roles", {}).get(role_of(placement), {})
    return role, decisions.get("placements", {}).get(placement.name, role)


def _shown(decisions: Mapping[str, Any], shown: str, looks: Looks) -> Sequence[float]:
    """Return the quantiles of what is shown; none where no type could be decoded, so none sampled."""
    quantiles: Sequence[float] = decisions.get(shown, {}).get(looks.scale, ())
    return quantiles


def _bins_of(facts: Mapping[str, float]) -> int:
    """Return the bins from 1 to the median."""
    return round(facts["log2_median"] * PER_OCTAVE)


def _weights(placements: Sequence[Placement], roles: Mapping[str, _Counts]) -> dict[str, float]:
    elements = dict.fromkeys(roles, 0)
    for one in placements:
        role = role_of(one)
        if role in elements:
            elements[role] += prod(one.region.shape)
    return {role: elements[role] / max(1, counts.finite) for role, counts in roles.items()}


def _count(
    pieces: Iterator[Sampled],
    buffers: Iterator[NDArray[np.uint8]],
    decoders: Decoders,
    counts: _Counts,
) -> None:
    """Count what is shown of the pieces of a tensor at every zoom."""
    from modelweightvis.kernels.distributions import count_sample

    for placement, piece in pieces:
        elements: NDArray[Any] = (
            stored(placement, piece, buffers)  # need not be decoded
            if placement.region.encoding == "BF16" and is_coded(placement.region)
            else values(placement, piece, buffers, decoders)
        )
        patched = len(elements) > 1 or placement.box.height == 1  # one row of many shows no patch
        zooms = BAND.bit_length() - 1 if patched else 0  # patches of 2 × 2 to 32 × 32 elements
        found, total = count_sample(elements, zooms, _bins(), counts.shown, counts.balance)
        counts.finite += found
        counts.total += total if isfinite(total) else _total(elements)


def _total(elements: NDArray[Any]) -> float:
    """Return the sum of what is finite, where that of a patch exceeds a float32."""
    import numpy as np

    if elements.dtype == np.uint16:
        elements = decode16("BF16", elements)
    with np.errstate(invalid="ignore"):  # NaNs that signal
        return float(elements.sum(dtype=np.float64, where=np.isfinite(elements)))


@cache
def _bins() -> NDArray[np.uint16]:
    """Return the bin of every upper half of a positive float32, (2, 32768).

    The first row is for magnitudes, the second for means of squares. What is 0 or not finite has a
    bin of its own, the last.
    """
    import numpy as np

    octaves = octaves_of_upper()
    bins = np.floor((np.stack([octaves, octaves / 2]) - LOWEST) * PER_OCTAVE)
    bins[:, 0] = bins[:, 0x7F80:] = BINS
    return bins.astype(np.uint16)


def _positions(counts: NDArray[np.float64]) -> list[float]:
    """Return the middle of the bin at each of the probabilities."""
    summed = counts.cumsum()
    if not summed[-1]:
        return []
    first, last = counts.nonzero()[0][[0, -1]]
    found = summed.searchsorted([one * summed[-1] for one in PROBABILITIES])
    return [float(one) + 0.5 for one in found.clip(first, last)]


def _quantiles(counts: NDArray[np.float64]) -> list[float]:
    return [LOWEST + one / PER_OCTAVE for one in _positions(counts[:BINS])]


def _quantile(
    decisions: Mapping[str, Any], quantiles: Sequence[float], probability: float
) -> float:
    import numpy as np

    if not quantiles:
        return 0.0
    return float(np.interp(probability, decisions["probabilities"], quantiles))


def _window(
    decisions: Mapping[str, Any], quantiles: Sequence[float], clip: tuple[float, float]
) -> Window:
    low = _quantile(decisions, quantiles, clip[0])
    high = _quantile(decisions, quantiles, 1 - clip[1])
    missing = max(0.0, NARROWEST - (high - low)) / 2
    return Window(low - missing, high + missing)

"""Statistics of values, added up rectangle by rectangle.

Moments are taken about a shift that is fixed beforehand and near the mean: raw fourth powers would
cancel. Results do not depend on the processor: the order of every addition is written down.
"""

from __future__ import annotations

from dataclasses import field
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.jit import kernel
from arbvis_core.slotted import dataclass
from modelweightvis.kernels.measure import ready

#: What each entry of `counts` counts: all elements, NaNs and infinities, zeros of either sign.
ELEMENTS, NON_FINITE, ZEROS = 0, 1, 2
#: What each entry of `sums` adds up: |x|, then the first four powers of x less the shift.
SUM_ABS, FIRST, SECOND, THIRD, FOURTH = 0, 1, 2, 3, 4

#: Sums that run side by side, so that none waits for the one before.
_LANES = 32

#: Bins of one sign: the first is for what is below every edge, the last for what is above.
BINS = 127
#: Bins per factor of two, and log2 of the |x| at which the second bin begins.
PER_OCTAVE, LEAST = 4, -24


def _edges() -> NDArray[np.float32]:
    quarter = np.arange(BINS - 1) + PER_OCTAVE * LEAST
    fraction = np.round(128 * 2.0 ** ((quarter % 4) / 4)) / 128
    return (fraction * 2.0 ** (quarter // 4)).astype(np.float32)


def _bins() -> NDArray[np.uint8]:
    upper = np.arange(1 << 16)
    magnitude = upper & 0x7FFF
    bins = 1 + np.searchsorted(EDGES.view(np.uint32) >> 16, magnitude, side="right")
    bins += BINS * (upper >> 15)
    bins[magnitude == 0] = 0
    bins[magnitude >= 0x7F80] = 255
    return bins.astype(np.uint8)


#: The |x| at which a bin begins and the one before ends: four per factor of two, from 2^-24 on,
#: rounded to what the upper half of a float32 can tell; float32, (BINS - 1,).
EDGES = _edges()

#: The bin of every upper half of a float32: 0 for zero (and what is below 2^-133), then BINS for
#: positive and BINS for negative values, then one for what is not finite; uint8, (65536,).
_BIN_OF = _bins()


@dataclass(slots=True)
class Statistics:
    """What is added up of the values of one tensor.

    Attributes:
        shift: what moments are taken about; fixed beforehand, finite.
        counts: int64, (3,), see ELEMENTS, NON_FINITE, ZEROS.
        sums: of the finite elements, float64, (5,), see SUM_ABS, FIRST … FOURTH.
        extremes: the least and the greatest finite element, float32, (2,); inf, -inf if there is none.
        histogram: of log |x| by sign, int64, (256,): zero, BINS positive, BINS negative, not finite.
    """

    shift: float
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(3, np.int64))
    sums: NDArray[np.float64] = field(default_factory=lambda: np.zeros(5))
    extremes: NDArray[np.float32] = field(
        default_factory=lambda: np.array([np.inf, -np.inf], np.float32)
    )
    histogram: NDArray[np.int64] = field(default_factory=lambda: np.zeros(256, np.int64))

    def add(self, values: NDArray[np.float32]) -> None:
        """Take in a rectangle of values, (h, w)."""
        lanes, bins = np.empty((5, _LANES)), np.empty(4 * 256, np.uint32)
        found = (self.counts, self.sums, self.extremes, self.histogram)
        _add(ready(values, np.float32), self.shift, _BIN_OF, *found, lanes, bins)

    def add_counts(self, counts: NDArray[np.uint32], values: NDArray[np.float32]) -> None:
        """Take in values of a type of 16 bits, by how often each of its codes occurs.

        Args:
            counts: as `tally` makes them, (65536,); afterwards they are zero.
            values: what the codes mean, (65536,).
        """
        found = (self.counts, self.sums, self.extremes, self.histogram)
        _add_counts(counts, values, _BIN_OF, self.shift, *found)

    def merged(self, other: Statistics) -> Statistics:
        """Return what both took in; they must have the same shift."""
        if self.shift != other.shift:
            raise ValueError(f"moments about {self.shift} and about {other.shift}")
        low, high = zip(self.extremes, other.extremes, strict=True)
        return Statistics(
            self.shift,
            self.counts + other.counts,
            self.sums + other.sums,
            np.array([min(low), max(high)], np.float32),
            self.histogram + other.histogram,
        )

    def summary(self) -> dict[str, Any]:
        """Return plain numbers; None where there is nothing finite, or nothing that varies."""
        elements, non_finite, zeros = (int(count) for count in self.counts)
        summary: dict[str, Any] = {"count": elements, "non_finite": non_finite}
        summary["zeros"] = zeros / elements if elements else None
        names = ("min", "max", "mean", "std", "rms", "mean_abs", "max_abs", "kurtosis")
        finite = elements - non_finite
        if not finite:
            return summary | dict.fromkeys(names)
        low, high = (float(extreme) for extreme in self.extremes)
        mean_abs, first, second, third, fourth = (float(one) / finite for one in self.sums)
        variance = max(0.0, second - first**2)
        mean = self.shift + first
        central = fourth - 4 * first * third + 6 * first**2 * second - 3 * first**4
        kurtosis = central / variance**2 if variance > 0 and variance**2 > 0 else None
        figures = (low, high, mean, sqrt(variance), sqrt(variance + mean**2), mean_abs)
        return summary | dict(zip(names, (*figures, max(-low, high, 0.0), kurtosis), strict=True))


def tally(stored: NDArray[np.uint16], counts: NDArray[np.uint32]) -> None:
    """Count how often each code of 16 bits occurs: (h, w), added to (65536,).

    Where there are many elements of few codes this is faster than adding up their values, and exact.
    """
    _tally(ready(stored, np.uint16), counts)


@kernel
def _tally(stored: NDArray[np.uint16], counts: NDArray[np.uint32]) -> None:
    for y in range(stored.shape[0]):
        for x in range(np.uint64(stored.shape[1])):
            counts[stored[y, x]] += np.uint32(1)


@kernel
def _add(
    values: NDArray[np.float32],
    shift: float,
    bin_of: NDArray[np.uint8],
    counts: NDArray[np.int64],
    sums: NDArray[np.float64],
    extremes: NDArray[np.float32],
    histogram: NDArray[np.int64],
    lanes: NDArray[np.float64],
    bins: NDArray[np.uint32],
) -> None:
    """Add row by row; then what ran side by side, in the order of the lanes."""
    lanes[:], bins[:] = 0.0, np.uint32(0)
    before = counts[NON_FINITE]
    for y in range(values.shape[0]):
        _count(values[y].view(np.uint32), counts, extremes)
        _add_bins(values[y].view(np.uint32), bin_of, bins)
        if counts[NON_FINITE] == before:
            _add_moments(values[y], shift, lanes)
        else:
            _add_finite_moments(values[y], shift, lanes)
            before = counts[NON_FINITE]
    for lane in range(lanes.shape[1]):
        for moment in range(lanes.shape[0]):
            sums[moment] += lanes[moment, lane]
    for at in range(histogram.size):
        for lane in range(4):
            histogram[at] += np.int64(bins[256 * lane + at])


@kernel
def _count(
    bits: NDArray[np.uint32], counts: NDArray[np.int64], extremes: NDArray[np.float32]
) -> None:
    """Count, and find the extremes by integers that are in the order of the floats."""
    least, greatest = np.int32(0x7FFFFFFF), np.int32(-0x80000000)
    zeros, infinite = np.int32(0), np.int32(0)
    for x in range(np.uint64(bits.size)):
        magnitude = np.int32(bits[x] & np.uint32(0x7FFFFFFF))
        ordered = np.int32(~magnitude) if np.int32(bits[x]) < 0 else magnitude
        zeros += np.int32(magnitude == 0)
        finite = magnitude < np.int32(0x7F800000)
        infinite += np.int32(not finite)
        least = min(least, ordered if finite else np.int32(0x7FFFFFFF))
        greatest = max(greatest, ordered if finite else np.int32(-0x80000000))
    counts[ELEMENTS] += bits.size
    counts[ZEROS] += zeros
    counts[NON_FINITE] += infinite
    if least <= greatest:
        extremes[0] = min(extremes[0], _float(least))
        extremes[1] = max(extremes[1], _float(greatest))


@kernel
def _float(ordered: np.int32) -> np.float32:
    """Return the float that `_count` turned into an integer."""
    magnitude = np.int32(~ordered) if ordered < 0 else ordered
    value = np.int32(magnitude).view(np.float32)
    return -value if ordered < 0 else value


@kernel
def _add_moments(values: NDArray[np.float32], shift: float, lanes: NDArray[np.float64]) -> None:
    """Add finite values, of every lane four at a time."""
    one, size = np.uint64(_LANES), np.uint64(values.size)
    two, three, four = np.uint64(2) * one, np.uint64(3) * one, np.uint64(4) * one
    for start in range(np.uint64(0), size // four * four, four):
        for lane in range(one):
            at = start + lane
            a, b = np.float64(values[at]), np.float64(values[at + one])
            c, d = np.float64(values[at + two]), np.float64(values[at + three])
            lanes[SUM_ABS, lane] += (abs(a) + abs(b)) + (abs(c) + abs(d))
            a, b, c, d = a - shift, b - shift, c - shift, d - shift
            lanes[FIRST, lane] += (a + b) + (c + d)
            e, f, g, h = a * a, b * b, c * c, d * d
            lanes[SECOND, lane] += (e + f) + (g + h)
            lanes[THIRD, lane] += (a * e + b * f) + (c * g + d * h)
            lanes[FOURTH, lane] += (e * e + f * f) + (g * g + h * h)
    _add_finite_moments(values[size // four * four :], shift, lanes)


@kernel
def _add_finite_moments(
    values: NDArray[np.float32], shift: float, lanes: NDArray[np.float64]
) -> None:
    """Add what is finite, one after the other."""
    for start in range(0, values.size, _LANES):
        for lane in range(min(_LANES, values.size - start)):
            value = values[np.uint64(start + lane)]
            finite = abs(value) < np.float32(np.inf)
            first = np.float64(value) - shift if finite else 0.0
            second = first * first
            lanes[SUM_ABS, lane] += np.float64(abs(value)) if finite else 0.0
            lanes[FIRST, lane] += first
            lanes[SECOND, lane] += second
            lanes[THIRD, lane] += first * second
            lanes[FOURTH, lane] += second * second


@kernel
def _add_bins(
    bits: NDArray[np.uint32], bin_of: NDArray[np.uint8], bins: NDArray[np.uint32]
) -> None:
    """Count into four histograms, (4 × 256,): in a single one a bin would wait for one like it."""
    for x in range(np.uint64(bits.size)):
        at = np.uint64(bin_of[bits[x] >> np.uint32(16)])
        bins[((x & np.uint64(3)) << np.uint64(8)) + at] += np.uint32(1)


@kernel
def _add_counts(
    often: NDArray[np.uint32],
    values: NDArray[np.float32],
    bin_of: NDArray[np.uint8],
    shift: float,
    counts: NDArray[np.int64],
    sums: NDArray[np.float64],
    extremes: NDArray[np.float32],
    histogram: NDArray[np.int64],
) -> None:
    """Add values of which there are so many each, and have none left."""
    bits = values.view(np.uint32)
    for start in range(0, often.size, _LANES):
        some = np.uint32(0)
        for lane in range(np.uint64(_LANES)):
            some |= often[np.uint64(start) + lane]
        if some == 0:  # most codes of a tile never occur
            continue
        for at in range(np.uint64(start), np.uint64(start + _LANES)):
            if often[at] == 0:
                continue
            number, value = np.int64(often[at]), values[at]
            often[at] = 0
            counts[ELEMENTS] += number
            histogram[bin_of[bits[at] >> np.uint32(16)]] += number
            if not abs(value) < np.float32(np.inf):
                counts[NON_FINITE] += number
                continue
            if value == 0:
                counts[ZEROS] += number
            extremes[0], extremes[1] = min(extremes[0], value), max(extremes[1], value)
            sums[SUM_ABS] += np.float64(abs(value)) * number
            first = np.float64(value) - shift
            power = np.float64(number)
            for exponent in range(FIRST, FOURTH + 1):
                power *= first
                sums[exponent] += power

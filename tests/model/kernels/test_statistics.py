"""Statistics against numpy."""

from __future__ import annotations

import pickle
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from modelweightvis.kernels.statistics import BINS, EDGES, Statistics, tally

SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-40, -1e-45, 3e38], np.float32)


def _values(seed: int, shape: Sequence[int], share: float) -> NDArray[np.float32]:
    generator = np.random.default_rng(seed)
    spread = np.exp(generator.normal(-4, 2, shape))
    values = (0.01 + generator.standard_normal(shape) * spread).astype(np.float32)
    chosen = generator.random(shape) < share
    values[chosen] = generator.choice(SPECIAL, shape)[chosen]
    return values


def _check(statistics: Statistics, values: NDArray[np.float32]) -> None:
    finite = values[np.isfinite(values)].astype(np.float64)
    summary = statistics.summary()
    assert summary["count"] == values.size
    assert summary["non_finite"] == values.size - finite.size
    assert summary["zeros"] == (values == 0).mean()
    assert summary["min"] == finite.min()
    assert summary["max"] == finite.max()
    assert summary["max_abs"] == abs(finite).max()
    scale = abs(finite).max()
    assert summary["mean"] == pytest.approx(finite.mean(), rel=1e-12, abs=1e-14 * scale)
    assert summary["mean_abs"] == pytest.approx(abs(finite).mean(), rel=1e-12)
    assert summary["std"] == pytest.approx(finite.std(), rel=1e-9)
    assert summary["rms"] == pytest.approx(np.sqrt((finite**2).mean()), rel=1e-9)
    fourth = ((finite - finite.mean()) ** 4).mean()
    assert summary["kurtosis"] == pytest.approx(fourth / finite.var() ** 2, rel=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 70),
    st.integers(2, 70),
    st.integers(0, 1000),
    st.sampled_from([0.0, 0.1]),
    st.sampled_from([0.0, 0.01]),
)
def test_a_rectangle(height: int, width: int, seed: int, share: float, shift: float) -> None:
    values = _values(seed, (height, width), share)
    values[0, :2] = 0.5, -0.25  # there is something finite that varies
    statistics = Statistics(shift)
    statistics.add(values)
    _check(statistics, values)


def test_rectangles_add_up_and_merge() -> None:
    values = _values(5, (90, 77), 0.05)
    left, right = Statistics(0.01), Statistics(0.01)
    left.add(values[:40])
    left.add(values[40:, :30])
    right.add(values[40:, 30:])
    merged = pickle.loads(pickle.dumps(left)).merged(right)
    _check(merged, values)
    assert merged.histogram.sum() == values.size
    assert left.counts[0] == 40 * 77 + 50 * 30  # merging changes neither


@pytest.mark.parametrize("kind", ["F16", "BF16"])
def test_counts_of_codes_are_as_good_as_their_values(kind: str) -> None:
    values = _values(9, (80, 300), 0.05)
    with np.errstate(over="ignore"):
        halves = values.astype(np.float16)
    stored = halves.view(np.uint16) if kind == "F16" else values.view(np.uint32) >> 16
    stored = stored.astype(np.uint16)
    every = np.arange(1 << 16, dtype=np.uint16)
    meant = every.view(np.float16) if kind == "F16" else (every.astype(np.uint32) << 16).view("f4")
    with np.errstate(invalid="ignore"):
        table = meant.astype(np.float32)
    counts = np.zeros(1 << 16, np.uint32)
    tally(stored[:40], counts)
    tally(stored[40:, ::2], counts)
    tally(stored[40:, 1::2], counts)
    np.testing.assert_array_equal(counts, np.bincount(stored.ravel(), minlength=1 << 16))
    counted, direct = Statistics(0.01), Statistics(0.01)
    counted.add_counts(counts, table)
    assert not counts.any()
    direct.add(table[stored])
    _check(counted, table[stored])
    np.testing.assert_array_equal(counted.counts, direct.counts)
    np.testing.assert_array_equal(counted.extremes, direct.extremes)
    np.testing.assert_array_equal(counted.histogram, direct.histogram)


def test_moments_do_not_cancel_about_a_shift() -> None:
    values = (1000 + np.random.default_rng(0).standard_normal((64, 64))).astype(np.float32)
    statistics = Statistics(1000.0)
    statistics.add(values)
    _check(statistics, values)


def test_moments_about_different_shifts_do_not_merge() -> None:
    with pytest.raises(ValueError, match="moments about"):
        Statistics(0.0).merged(Statistics(1.0))


def test_the_histogram_is_of_log_magnitude_by_sign() -> None:
    values = _values(7, (200, 200), 0.1)
    statistics = Statistics(0.0)
    statistics.add(values)
    edges = np.concatenate([[0], EDGES, [np.inf]])
    histogram = statistics.histogram
    seen = values[np.isfinite(values) & (abs(values) >= 2.0**-133)]
    positive, _ = np.histogram(seen[seen > 0], edges)
    negative, _ = np.histogram(-seen[seen < 0], edges)
    np.testing.assert_array_equal(histogram[1 : 1 + BINS], positive)
    np.testing.assert_array_equal(histogram[1 + BINS : 1 + 2 * BINS], negative)
    assert histogram[0] == (abs(values) < 2.0**-133).sum()
    assert histogram[255] == (~np.isfinite(values)).sum()
    assert histogram.sum() == values.size


def test_edges_are_a_quarter_of_an_octave_apart() -> None:
    np.testing.assert_allclose(np.diff(np.log2(EDGES)), 0.25, atol=0.01)
    assert (EDGES[0], EDGES[-1]) == (2.0**-24, 152 / 128 * 2.0**7)


@pytest.mark.parametrize("values", [[], [[np.nan, np.inf]]], ids=["empty", "not finite"])
def test_nothing_finite(values: list[list[float]]) -> None:
    statistics = Statistics(0.0)
    statistics.add(np.array(values, np.float32).reshape(-1, 2))
    summary = statistics.summary()
    assert summary["mean"] is summary["min"] is summary["kurtosis"] is None
    assert summary["non_finite"] == 2 * len(values)


def test_a_constant_has_no_kurtosis() -> None:
    statistics = Statistics(0.5)
    statistics.add(np.full((3, 50), 0.5, np.float32))
    summary = statistics.summary()
    assert (summary["std"], summary["kurtosis"]) == (0.0, None)
    assert (summary["mean"], summary["rms"], summary["min"]) == (0.5, 0.5, 0.5)

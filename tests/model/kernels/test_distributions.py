"""Counts of values and of patches at every zoom, against numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from modelweightvis.kernels.distributions import count_sample, settle

#: Bins of the tables that the tests make up: any table will do.
BINS, SHARES = 50, 11
ZOOMS = 3
#: Elements along a side of the largest patch.
SIDE = 2**ZOOMS


def table(seed: int) -> NDArray[np.uint16]:
    return np.random.default_rng(seed).integers(0, BINS, (2, 1 << 15)).astype(np.uint16)


def elements(seed: int, shape: tuple[int, int], odd: float) -> NDArray[np.float32]:
    """Return multiples of 1/8, of which any sum is exact, and zeros and some that are not finite."""
    random = np.random.default_rng(seed)
    found = random.integers(-40, 41, shape).astype(np.float32) / 8
    found[random.random(shape) < odd] = 0
    places = random.random(shape) < odd / 2
    found[places] = random.choice([np.nan, np.inf, -np.inf], places.sum())
    return found


def upper(values: NDArray[Any]) -> NDArray[np.uint32]:
    """Return the upper half of each as a float32, its sign taken off."""
    return np.abs(values).astype(np.float32).view(np.uint32) >> 16


def patched(values: NDArray[np.float32], side: int) -> list[NDArray[np.float64]]:
    """Return the finite elements of each patch of side × side, as far as the values reach."""
    height, width = values.shape
    blocks = (
        values[y : y + side, x : x + side].astype(np.float64)
        for y in range(0, height, side)
        for x in range(0, width, side)
    )
    return [one[np.isfinite(one)] for one in blocks]


def counted(
    values: NDArray[np.float32], bins: NDArray[np.uint16], zooms: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Count as the kernel is said to, patch by patch."""
    shown, balances = np.zeros((4, BINS)), np.zeros(SHARES)
    shown[0] = np.bincount(bins[0, upper(values)].ravel(), minlength=BINS)
    sides = [2 ** (zoom + 1) for zoom in range(zooms)]
    for patch in (patch for side in sides for patch in patched(values, side) if patch.size):
        size = np.abs(patch)
        figures = np.array([size.sum(), (patch**2).sum()], np.float32) / np.float32(patch.size)
        shown[1, bins[0, upper(figures[:1])]] += patch.size
        shown[2, bins[1, upper(figures[1:])]] += patch.size
        shown[3, bins[0, upper(size.max(keepdims=True))]] += patch.size
        if size.any():
            share = np.abs(np.float32(patch.sum())) / np.float32(size.sum())
            balances[int(share * np.float32(SHARES - 1))] += patch.size
    return shown, balances


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 3 * SIDE),
    st.integers(0, 3 * SIDE),
    st.integers(0, ZOOMS),
    st.integers(0, 1000),
    st.sampled_from([0, 0.3, 0.95]),
)
def test_every_zoom_counts_what_numpy_finds(
    height: int, width: int, zooms: int, seed: int, odd: float
) -> None:
    values, bins = elements(seed, (height, width), odd), table(seed)
    shown, balances = np.zeros((4, BINS)), np.zeros(SHARES)
    finite, total = count_sample(values, zooms, bins, shown, balances)
    expected = counted(values, bins, zooms)
    np.testing.assert_array_equal(shown, expected[0])
    np.testing.assert_array_equal(balances, expected[1])
    there = np.isfinite(values)
    assert finite == there.sum()
    assert total == values[there].sum(dtype=np.float64)
    assert shown[1:].sum() == 3 * zooms * finite


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, ZOOMS), st.integers(0, 1000))
def test_bfloat16_is_counted_as_it_is_stored(
    height: int, width: int, zooms: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    stored = random.integers(0, 1 << 16, (height, width)).astype(np.uint16)
    stored[random.random(stored.shape) < 0.5] &= 0x3FFF  # most sums are finite
    values, bins = (stored.astype(np.uint32) << 16).view(np.float32), table(seed)
    found = [(np.zeros((4, BINS)), np.zeros(SHARES)) for _ in range(2)]
    totals = [
        count_sample(one, zooms, bins, *into)
        for one, into in zip((stored, values), found, strict=True)
    ]
    np.testing.assert_array_equal(totals[0], totals[1])
    for own, other in zip(*found, strict=True):
        np.testing.assert_array_equal(own, other)


def test_what_was_counted_stays() -> None:
    shown, balances = np.full((4, BINS), 7.0), np.full(SHARES, 7.0)
    assert count_sample(np.ones((4, 4), np.float32), 1, table(0), shown, balances) == (16, 16)
    assert shown.sum() == 7 * 4 * BINS + 4 * 16
    assert balances.sum() == 7 * SHARES + 16
    assert balances[-1] == 7 + 16


def test_a_sum_that_is_infinite_has_no_balance() -> None:
    values = np.full((2, 2), np.finfo(np.float32).max)
    shown, balances = np.zeros((4, BINS)), np.zeros(SHARES)
    assert count_sample(values, 1, table(0), shown, balances) == (4, np.inf)
    assert shown.sum() == 16
    assert not balances.any()


@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=60), st.integers(0, 59), st.integers(0, 999)
)
def test_counts_are_handed_over_as_they_are_and_by_their_median(
    counts: list[int], one: int, seed: int
) -> None:
    bins, random = len(counts), np.random.default_rng(seed)
    whole, relative, own = random.integers(0, 3, (3, 4, bins + 1)).astype(np.float64)
    own[0, :bins] = counts
    expected = own[:, :bins].copy()
    values = np.repeat(np.arange(bins), counts)
    median = int(values[(values.size - 1) // 2]) if values.size else one
    before = whole.copy(), relative.copy()
    assert settle(own, whole, relative, one) == median
    assert not own.any()
    for found, start, shift in zip((whole, relative), before, (0, one - median), strict=True):
        np.testing.assert_array_equal(
            found[:, :bins], start[:, :bins] + np.roll(expected, shift, axis=1)
        )
        np.testing.assert_array_equal(found[:, bins], start[:, bins])

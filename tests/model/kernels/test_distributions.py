"""Counts of values and of patches at every zoom, against numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from modelweightvis.kernels.distributions import count_values, count_zooms
from modelweightvis.kernels.measure import PATCHES, patches

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
    """Return the finite elements of each patch of side × side."""
    height, width = values.shape
    blocks = values.astype(np.float64).reshape(height // side, side, width // side, side)
    return [one[np.isfinite(one)] for one in blocks.swapaxes(1, 2).reshape(-1, side * side)]


def counted(
    values: NDArray[np.float32], bins: NDArray[np.uint16], zooms: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Count as the kernel is said to, patch by patch."""
    shown, balances = np.zeros((3, BINS)), np.zeros(SHARES)
    sides = [2 ** (zoom + 1) for zoom in range(zooms)]
    for patch in (patch for side in sides for patch in patched(values, side) if patch.size):
        size = np.abs(patch)
        figures = np.array([size.sum(), (patch**2).sum()], np.float32) / np.float32(patch.size)
        shown[0, bins[0, upper(figures[:1])]] += patch.size
        shown[1, bins[1, upper(figures[1:])]] += patch.size
        shown[2, bins[0, upper(size.max(keepdims=True))]] += patch.size
        if size.any():
            share = np.abs(np.float32(patch.sum())) / np.float32(size.sum())
            balances[int(share * np.float32(SHARES - 1))] += patch.size
    return shown, balances


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 3),
    st.integers(0, 3),
    st.integers(1, ZOOMS),
    st.integers(0, 1000),
    st.sampled_from([0, 0.3, 0.95]),
)
def test_every_zoom_counts_what_numpy_finds(
    rows: int, columns: int, zooms: int, seed: int, odd: float
) -> None:
    values, bins = elements(seed, (rows * SIDE, columns * SIDE), odd), table(seed)
    found = dict(
        zip(PATCHES, patches(values, (rows * SIDE // 2, columns * SIDE // 2)), strict=True)
    )
    planes = [found[name] for name in ("count", "sum", "sum_abs", "sum_squares", "max_abs")]
    shown, balances = np.zeros((3, BINS)), np.zeros(SHARES)
    count_zooms(*planes, zooms, bins, shown, balances)
    expected = counted(values, bins, zooms)
    np.testing.assert_array_equal(shown, expected[0])
    np.testing.assert_array_equal(balances, expected[1])
    assert shown.sum() == 3 * zooms * np.isfinite(values).sum()


def test_what_was_counted_stays() -> None:
    planes = np.ones((5, 2, 2), np.float32)
    shown, balances = np.full((3, BINS), 7.0), np.full(SHARES, 7.0)
    count_zooms(*planes, 1, table(0), shown, balances)
    assert shown.sum() == 7 * 3 * BINS + 3 * 4
    assert balances.sum() == 7 * SHARES + 4
    assert balances[-1] == 11


def test_a_sum_that_is_infinite_has_no_balance() -> None:
    planes = np.ones((5, 1, 1), np.float32)
    planes[2] = np.inf
    shown, balances = np.zeros((3, BINS)), np.zeros(SHARES)
    count_zooms(*planes, 1, table(0), shown, balances)
    assert shown.sum() == 3
    assert not balances.any()


@pytest.mark.parametrize("odd", [0, 0.5])
def test_values_are_counted_by_their_upper_half(odd: float) -> None:
    values, bins = elements(3, (17, 31), odd), table(3)[0]
    counts = np.ones(BINS)
    count_values(values, bins, counts)
    expected = 1 + np.bincount(bins[upper(values)].ravel(), minlength=BINS)
    np.testing.assert_array_equal(counts, expected)

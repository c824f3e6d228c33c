"""Stored codes of 16 bits to codes of pixels, counts and sums, against numpy."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from modelweightvis.kernels.clearing import inner
from modelweightvis.kernels.coded import encode_stored, measure_bfloat16
from modelweightvis.kernels.measure import all_finite, measure

from .test_measure import SIDE, rectangles, special_values

Rectangle = tuple[int, int, int, int]


def _stored(seed: int, shape: tuple[int, int], share: float) -> NDArray[np.uint16]:
    bits = special_values(seed, shape, share).view(np.uint32)
    return np.right_shift(bits, 16).astype(np.uint16)


def _table(seed: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, 1 << 16, np.uint8)


@settings(max_examples=40, deadline=None)
@given(rectangles(), st.integers(0, 1000))
def test_codes_are_looked_up_and_counted(area: Rectangle, seed: int) -> None:
    top, left, height, width = area
    stored, table = _stored(seed, (height, width), 0.2), _table(seed)
    expected = np.full((SIDE, SIDE), 77, np.uint8)
    expected[top : top + height, left : left + width] = table[stored]
    codes, counts = np.full((SIDE, SIDE), 77, np.uint8), np.zeros(1 << 16, np.uint32)
    encode_stored(stored, table, codes, counts, top, left)
    np.testing.assert_array_equal(codes, expected)
    np.testing.assert_array_equal(counts, np.bincount(stored.ravel(), minlength=1 << 16))


@settings(max_examples=80, deadline=None)
@given(
    rectangles(),
    st.integers(0, 1000),
    st.sampled_from([0.0, 0.02, 0.2]),
    st.sampled_from([1.0, 0.5, 8.0]),
)
def test_bfloat16_is_measured_in_one_pass(
    area: Rectangle, seed: int, share: float, factor: float
) -> None:
    top, left, height, width = area
    stored, table = _stored(seed, (height, width), share), _table(seed)
    bits = np.left_shift(stored.astype(np.uint32), 16)
    stored_values = bits.view(np.float32)
    with np.errstate(over="ignore"):
        values = stored_values * np.float32(factor)
    most = np.copysign(np.finfo(np.float32).max, stored_values)
    values = np.where(np.isinf(values) & np.isfinite(stored_values), most, values)
    wanted = {"sum_abs": np.zeros((SIDE // 2, SIDE // 2), np.float32)}
    measure(values, wanted, top, left)
    codes, counts = np.full((SIDE, SIDE), 77, np.uint8), np.zeros(1 << 16, np.uint32)
    sums = np.zeros_like(wanted["sum_abs"])
    first, start, rows, columns = inner(area)
    sums[first : first + rows, start : start + columns] = np.nan  # is written
    broken = measure_bfloat16(stored, table, factor, codes, sums, counts, top, left)
    assert broken == (~np.isfinite(values)).sum()
    assert all_finite(values) == (broken == 0)
    np.testing.assert_array_equal(sums, wanted["sum_abs"])
    expected = np.full((SIDE, SIDE), 77, np.uint8)
    expected[top : top + height, left : left + width] = table[stored]
    np.testing.assert_array_equal(codes, expected)
    np.testing.assert_array_equal(counts, np.bincount(stored.ravel(), minlength=1 << 16))

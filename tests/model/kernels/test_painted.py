"""Values to codes and sums in one pass, against what is done step by step."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from modelweightvis.kernels.clearing import inner
from modelweightvis.kernels.measure import encode, measure
from modelweightvis.kernels.painted import paint_values

from .test_measure import SIDE, rectangles, special_values


@settings(max_examples=80, deadline=None)
@given(
    rectangles(),
    st.integers(0, 1000),
    st.sampled_from([0.0, 0.02, 0.2]),
    st.sampled_from([1.0, 0.5, 8.0]),
)
def test_values_are_painted_and_added_up(
    area: tuple[int, int, int, int], seed: int, share: float, factor: float
) -> None:
    top, left, height, width = area
    values = special_values(seed, (height, width), share)
    table = np.random.default_rng(seed).integers(0, 256, 1 << 16, np.uint8)
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = values * np.float32(factor)
    most = np.copysign(np.finfo(np.float32).max, values)
    scaled = np.where(np.isinf(scaled) & np.isfinite(values), most, scaled)
    shape, expected = (SIDE // 2, SIDE // 2), np.full((SIDE, SIDE), 77, np.uint8)
    wanted = np.zeros(shape, np.float32)
    encode(values, table, expected, top, left)
    measure(scaled, {"sum_abs": wanted}, top, left)
    codes, sums = np.full((SIDE, SIDE), 77, np.uint8), np.zeros(shape, np.float32)
    first, start, rows, columns = inner(area)
    sums[first : first + rows, start : start + columns] = np.nan  # is written
    broken = paint_values(values, table, factor, codes, sums, top, left)
    assert broken == (~np.isfinite(values)).sum()
    np.testing.assert_array_equal(codes, expected)
    np.testing.assert_array_equal(sums, wanted)

"""Planes of which most is written anyway."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelweightvis.kernels.clearing import MANY, Rectangle, cleared, inner

HEIGHT, WIDTH = 30, 40
RECTANGLES = st.tuples(
    st.integers(0, HEIGHT), st.integers(0, WIDTH), st.integers(0, HEIGHT), st.integers(0, WIDTH)
).map(lambda one: (one[0], one[1], min(one[2], HEIGHT - one[0]), min(one[3], WIDTH - one[1])))


@settings(max_examples=100, deadline=None)
@given(st.lists(RECTANGLES, max_size=8), st.sampled_from(["uint8", "float32"]))
def test_what_is_not_covered_is_zero(covered: list[Rectangle], dtype: str) -> None:
    dirty = [np.full((HEIGHT, WIDTH), 7, dtype) for _ in range(4)]
    del dirty  # so that fresh memory is likely not to be zero
    found = cleared((HEIGHT, WIDTH), dtype, covered)
    free = np.ones((HEIGHT, WIDTH), bool)
    for top, left, height, width in covered:
        free[top : top + height, left : left + width] = False
    assert found.dtype == dtype
    assert not found[free].any()


def test_among_very_many_all_is_zero() -> None:
    assert not cleared((HEIGHT, WIDTH), "uint8", [(0, 0, 1, 1)] * (MANY + 1)).any()


@pytest.mark.parametrize(
    ("rectangle", "expected"),
    [
        ((0, 0, 4, 6), (0, 0, 2, 3)),
        ((1, 1, 4, 6), (1, 1, 1, 2)),
        ((1, 2, 3, 3), (1, 1, 1, 1)),
        ((2, 3, 1, 1), (1, 2, 0, 0)),
        ((3, 3, 0, 0), (2, 2, 0, 0)),
    ],
)
def test_inner_pixels_have_all_that_is_under_them(rectangle: Rectangle, expected: object) -> None:
    assert inner(rectangle) == expected

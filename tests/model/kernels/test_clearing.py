"""Planes of which most is written anyway."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelweightvis.kernels import clearing
from modelweightvis.kernels.clearing import MANY, Rectangle, clear_around, cleared, inner

HEIGHT, WIDTH = 30, 40
RECTANGLES = st.tuples(
    st.integers(0, HEIGHT), st.integers(0, WIDTH), st.integers(0, HEIGHT), st.integers(0, WIDTH)
).map(lambda one: (one[0], one[1], min(one[2], HEIGHT - one[0]), min(one[3], WIDTH - one[1])))


@settings(max_examples=100, deadline=None)
@given(st.lists(RECTANGLES, max_size=8), st.sampled_from(["uint8", "float32"]))
def test_what_is_not_covered_becomes_zero_and_nothing_else(
    covered: list[Rectangle], dtype: str
) -> None:
    plane, expected = np.full((HEIGHT, WIDTH), 7, dtype), np.zeros((HEIGHT, WIDTH), dtype)
    for top, left, height, width in covered:
        expected[top : top + height, left : left + width] = 7
    clear_around(covered, plane)
    np.testing.assert_array_equal(plane, expected)


@pytest.mark.parametrize("number", [0, MANY + 1])
def test_where_little_or_very_much_is_covered_all_is_zero(number: int) -> None:
    assert not cleared((HEIGHT, WIDTH), "uint8", [(0, 0, 1, 1)] * number).any()


def test_a_new_plane_is_cleared_around_what_covers_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clearing.np, "empty", lambda shape, dtype: np.full(shape, 7, dtype))
    plane = cleared((HEIGHT, WIDTH), "float32", [(1, 2, 3, 4)])
    assert plane.dtype == np.float32
    assert plane.sum() == 7 * 3 * 4


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

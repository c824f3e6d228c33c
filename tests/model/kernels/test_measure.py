"""Codes and planes against numpy, rectangle by rectangle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from modelweightvis.kernels.measure import (
    cover,
    encode,
    measure,
)

SIDE = 32
PLANES = {
    "count": np.float32,
    "sum_abs": np.float32,
    "sum": np.float32,
    "sum_squares": np.float32,
    "max_abs": np.float32,
    "flags": np.uint8,
}
SPECIAL = np.array([np.nan, -np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-45, 3.4e38], np.float32)


def special_values(seed: int, shape: tuple[int, int], share: float) -> NDArray[np.float32]:
    generator = np.random.default_rng(seed)
    values = generator.standard_normal(shape).astype(np.float32)
    chosen = generator.random(shape) < share
    values[chosen] = generator.choice(SPECIAL, shape)[chosen]
    return values


@st.composite
def rectangles(draw: st.DrawFn) -> tuple[int, int, int, int]:
    top, left = draw(st.integers(0, SIDE - 1)), draw(st.integers(0, SIDE - 1))
    return top, left, draw(st.integers(0, SIDE - top)), draw(st.integers(0, SIDE - left))


def _quads(tile: NDArray[Any]) -> NDArray[Any]:
    """The four elements under each pixel of a plane: (h, w, 4)."""
    half = SIDE // 2
    return tile.reshape(half, 2, half, 2).transpose(0, 2, 1, 3).reshape(half, half, 4)


def _expected(tile: NDArray[np.float32], there: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
    finite = there & np.isfinite(tile)
    values = np.where(finite, tile, 0).astype(np.float64)
    flags = np.zeros(tile.shape, np.uint8)
    flags[there & np.isnan(tile)] = 1
    flags[there & (tile == np.inf)] = 2
    flags[there & (tile == -np.inf)] = 4
    return {
        "count": _quads(finite).sum(2),
        "sum_abs": _quads(abs(values)).sum(2),
        "sum": _quads(values).sum(2),
        "sum_squares": _quads(values**2).sum(2),
        "max_abs": _quads(abs(values)).max(2),
        "flags": np.bitwise_or.reduce(_quads(flags), axis=2),
    }


@settings(max_examples=40, deadline=None)
@given(
    st.lists(rectangles(), min_size=1, max_size=4),
    st.integers(0, 1000),
    st.sampled_from([0.0, 0.05, 0.9]),
)
def test_planes_hold_what_lies_in_the_rectangles(
    areas: list[tuple[int, int, int, int]], seed: int, share: float
) -> None:
    tile, there = special_values(seed, (SIDE, SIDE), share), np.zeros((SIDE, SIDE), np.bool_)
    planes = {name: np.zeros((SIDE // 2, SIDE // 2), dtype) for name, dtype in PLANES.items()}
    for top, left, height, width in areas:
        inside = np.s_[top : top + height, left : left + width]
        if there[inside].any():
            continue  # rectangles of a layout do not overlap
        there[inside] = True
        measure(tile[inside], planes, top, left)
    with np.errstate(over="ignore"):
        expected = {name: one.astype(np.float32) for name, one in _expected(tile, there).items()}
    for name, plane in planes.items():
        assert plane.dtype == PLANES[name]
        if name in {"count", "max_abs", "flags"}:
            np.testing.assert_array_equal(plane, expected[name], name)
        else:
            np.testing.assert_allclose(plane, expected[name], 1e-6, 2e-6, err_msg=name)


@settings(max_examples=40, deadline=None)
@given(rectangles(), st.integers(0, 1000))
def test_codes_are_those_of_the_upper_half(area: tuple[int, int, int, int], seed: int) -> None:
    top, left, height, width = area
    values = special_values(seed, (height, width), 0.2)
    upper = np.right_shift(values.view(np.uint32), 16).astype(np.uint16)
    table = np.random.default_rng(seed).integers(0, 256, 1 << 16, np.uint8)
    expected = np.full((SIDE, SIDE), 77, np.uint8)
    expected[top : top + height, left : left + width] = table[upper]
    codes = np.full((SIDE, SIDE), 77, np.uint8)
    encode(values, table, codes, top, left)
    np.testing.assert_array_equal(codes, expected)


@settings(max_examples=40, deadline=None)
@given(rectangles())
def test_finite_elements_are_counted_by_their_number(area: tuple[int, int, int, int]) -> None:
    top, left, height, width = area
    wanted = np.zeros((SIDE // 2, SIDE // 2), np.float32)
    if height * width:
        measure(np.ones((height, width), np.float32), {"count": wanted}, top, left)
    for dtype in (np.float32, np.uint8):
        found = np.zeros(wanted.shape, dtype)
        cover(np.array([area, (0, 0, 0, 0)]), found)
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("area", [(-1, 0, 1, 1), (0, SIDE, 1, 1), (SIDE - 1, 0, 2, 1)])
def test_what_is_counted_must_lie_in_the_tile(area: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="leave a tile"):
        cover(np.array([area]), np.zeros((SIDE // 2, SIDE // 2), np.uint8))


def test_columns_of_a_matrix_are_taken_as_they_are() -> None:
    values = special_values(1, (8, 16), 0.0).T[::2]
    table = np.arange(1 << 16).astype(np.uint8)
    codes, plane = np.zeros((8, 8), np.uint8), np.zeros((4, 4), np.float32)
    encode(values, table, codes)
    measure(values, {"sum": plane})
    np.testing.assert_array_equal(codes, table[values.copy().view(np.uint32) >> 16])
    np.testing.assert_allclose(plane.sum(), values.sum(), 1e-5)


@pytest.mark.parametrize(("top", "left"), [(-1, 0), (0, -1), (7, 0), (0, 7)])
def test_a_rectangle_must_lie_in_the_tile(top: int, left: int) -> None:
    values, table = np.zeros((2, 2), np.float32), np.zeros(1 << 16, np.uint8)
    with pytest.raises(ValueError, match="leaves a tile"):
        encode(values, table, np.zeros((8, 8), np.uint8), top, left)
    with pytest.raises(ValueError, match="leaves a tile"):
        measure(values, {"sum": np.zeros((4, 4), np.float32)}, top, left)

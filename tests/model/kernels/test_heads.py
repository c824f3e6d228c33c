"""Figures of heads, against numpy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelweightvis.kernels.heads import FIGURES, add_heads

SPECIAL = np.array([np.nan, -np.inf, np.inf, 0.0, -0.0, 1e-40], np.float32)


def _expected(values: np.ndarray, numbers: np.ndarray, heads: int) -> np.ndarray:
    found = np.zeros((heads, FIGURES))
    for head in range(heads):
        own = np.abs(values[numbers == head].astype(np.float64))
        finite = own[np.isfinite(own)]
        most = finite.max(initial=0)
        sums = (finite.sum(), np.square(finite).sum())
        found[head] = (own.size, own.size - finite.size, (own == 0).sum(), *sums, most)
    return found


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 20),
    st.sampled_from([1, 7, 255, 256, 257, 600]),
    st.integers(1, 70),
    st.sampled_from([0.0, 0.01, 0.3]),
    st.booleans(),
    st.booleans(),
)
def test_every_value_counts_for_its_head(
    height: int, width: int, size: int, share: float, by_row: bool, stored: bool
) -> None:
    generator = np.random.default_rng(height * width + size)
    values = generator.standard_normal((height, width)).astype(np.float32)
    chosen = generator.random(values.shape) < share
    values[chosen] = generator.choice(SPECIAL, values.shape)[chosen]
    upper = np.right_shift(values.view(np.uint32), 16).astype(np.uint16)
    if stored:
        values = np.left_shift(upper.astype(np.uint32), 16).view(np.float32)
    rows, columns = (np.arange(one, dtype=np.int32) // size for one in values.shape)
    rows, columns = (rows, 0 * columns) if by_row else (0 * rows, columns)
    numbers = rows[:, None] + columns
    heads = int(numbers.max(initial=0)) + 1
    found = np.zeros((heads, FIGURES))
    add_heads(upper if stored else values, rows, columns, found)
    np.testing.assert_allclose(found, _expected(values, numbers, heads), 1e-12)


@pytest.mark.parametrize("times", [1, 3])
def test_figures_add_up(times: int) -> None:
    values = np.arange(1, 7, dtype=np.float32).reshape(2, 3)
    rows, columns = np.array([0, 1], np.int32), np.zeros(3, np.int32)
    found = np.zeros((2, FIGURES))
    for _ in range(times):
        add_heads(values, rows, columns, found)
    expected = np.array([[3, 0, 0, 6, 14, 3], [3, 0, 0, 15, 77, 6]]) * [times] * np.ones(FIGURES)
    expected[:, 5] = 3, 6
    np.testing.assert_array_equal(found, expected)

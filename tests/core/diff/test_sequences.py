"""Common subsequences, against the textbook's table."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from arbvis_core.diff.sequences import Budget, common

FEW = st.lists(st.integers(0, 4), max_size=14)


def longest(left: list[int], right: list[int]) -> int:
    table = np.zeros((len(left) + 1, len(right) + 1), int)
    for row, one in enumerate(left):
        for column, other in enumerate(right):
            best = max(table[row, column + 1], table[row + 1, column])
            table[row + 1, column + 1] = table[row, column] + 1 if one == other else best
    return int(table[-1, -1])


@given(FEW, FEW)
def test_it_is_a_longest_one(left: list[int], right: list[int]) -> None:
    found = common(left, right, Budget())
    assert found is not None
    assert len(found) == longest(left, right)
    assert all(left[one] == right[other] for one, other in found)
    for side in zip(*found, strict=True):
        assert list(side) == sorted(set(side))


def test_what_would_cost_too_much_is_not_tried() -> None:
    left, right = [1, *[2] * 50, 3], [3, *[2] * 60, 1]
    assert common(left, right, Budget(50 * 60 + 2)) is not None
    assert common(left, right, Budget(50 * 60 + 1)) is None


def test_equal_ends_cost_nothing() -> None:
    left = [0] * 5000
    assert common(left, [*left, 0], Budget(0)) == [(index, index) for index in range(5000)]


def test_what_was_looked_at_is_spent() -> None:
    budget = Budget(10)
    assert common([1, 2, 3], [3, 2, 1], budget) is not None
    assert common([1, 1, 2], [2, 1, 1], budget) is not None
    assert common([1, 1, 2], [2, 1, 1], budget) is None

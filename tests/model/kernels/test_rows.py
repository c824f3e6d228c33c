"""Rows that lie apart."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from modelweightvis.kernels.rows import flat_rows, in_rows

WHOLE = np.arange(60, dtype=np.uint16).reshape(6, 10)
RAW = bytes(range(200))


@pytest.mark.parametrize("array", [WHOLE, WHOLE[:, 2:7], WHOLE[1:4], WHOLE[::2], WHOLE[:0]])
def test_rows_that_lie_in_one_piece_are_not_copied(array: NDArray[np.uint16]) -> None:
    assert in_rows(array) is array
    flat, pitch = flat_rows(array)
    assert not flat.flags.writeable
    assert array.size == 0 or np.shares_memory(flat, WHOLE)
    for number, row in enumerate(array):
        np.testing.assert_array_equal(flat[number * pitch :][: len(row)], row)


@pytest.mark.parametrize(
    "array",
    [
        WHOLE[:, ::2],
        WHOLE.T,
        WHOLE[::-1],
        np.broadcast_to(WHOLE[0], (3, 10)),
        np.ndarray((4, 5), "<u2", RAW, 1, (12, 2)),
        np.ndarray((4, 5), "<u2", RAW, 0, (13, 2)),
        np.ndarray((4, 5), "<u2", RAW, 0, (4, 2)),
    ],
    ids=[
        "columns apart",
        "turned",
        "backwards",
        "one row",
        "odd start",
        "odd pitch",
        "overlapping",
    ],
)
def test_other_rows_are_copied(array: NDArray[np.uint16]) -> None:
    flat, pitch = flat_rows(array)
    assert pitch == array.shape[1]
    assert flat.flags.aligned
    np.testing.assert_array_equal(flat.reshape(array.shape), array)

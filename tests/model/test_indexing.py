from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from modelweightvis.indexing import GAP, bands, pieces, place_of, select, window_of

SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=6)


@given(st.data(), SHAPES, st.integers(1, 20))
def test_what_is_selected_is_what_numpy_selects(data: Any, shape: Any, limit: int) -> None:
    array = np.arange(int(np.prod(shape))).reshape(shape)
    key = data.draw(hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True))
    selection = select(key, shape)
    out = np.full(selection.shape, -1)
    for piece in pieces(selection.spans, limit):
        window = tuple(slice(*span) for span in window_of(piece))
        steps = tuple(slice(None, None, span.step) for span in piece)
        out[place_of(piece, selection.spans)] = array[window][steps]
    ours, theirs = out[selection.finish], array[key]
    assert np.shape(ours) == np.shape(theirs)
    assert np.array_equal(ours, theirs)


@pytest.mark.parametrize(
    "key", [3, -4, (0, 0, 0), (..., ...), True, [0, 1], "x", 1.0, np.array([0, 1]), np.bool_(1)]
)
def test_what_numpy_refuses_or_reads_another_way_is_refused(key: Any) -> None:
    with pytest.raises(IndexError):
        select(key, (3, 5))


def test_an_index_that_is_refused_says_what_will_do() -> None:
    with pytest.raises(IndexError, match=r"numpy\.asarray"):
        select([0, 1], (3, 5))
    with pytest.raises(IndexError, match="index 7 is out of bounds for axis 1 with size 5"):
        select((0, 7), (3, 5))


@given(hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=9), st.integers(1, 40))
def test_bands_cover_every_element_once_and_in_order(shape: tuple[int, ...], limit: int) -> None:
    array = np.arange(int(np.prod(shape))).reshape(shape)
    cut = [array[tuple(slice(*span) for span in window)] for window in bands(shape, limit)]
    assert all(1 <= one.size <= limit for one in cut)
    flat = np.concatenate([one.reshape(-1) for one in cut]) if cut else np.empty(0)
    assert np.array_equal(flat, array.reshape(-1))


def test_wide_gaps_are_skipped_and_narrow_ones_are_not() -> None:
    far = [*pieces([range(0, 100, 10), range(GAP)])]
    assert [piece[0] for piece in far] == [range(at, at + 10, 10) for at in range(0, 100, 10)]
    assert len([*pieces([range(0, 100, 10), range(4)])]) == 1

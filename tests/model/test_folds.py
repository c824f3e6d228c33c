"""Folds: every element is one pixel, and what is decoded for a box is what lies in it."""

from __future__ import annotations

import json
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from arbvis_core.api import Box
from modelweightvis import folds

VECTORS = Path(__file__).parents[1] / "data" / "folds.json"
Folded = tuple[tuple[int, ...], folds.Fold]


@st.composite
def folded(draw: st.DrawFn) -> Folded:
    """Draw a shape and a fold of it, of every kind, with and without gaps."""
    kind = draw(st.sampled_from(["none", "rows", "columns", "grid"]))
    gap = draw(st.integers(0, 2))
    across = draw(st.integers(1, 9))
    if kind == "grid":
        shape = tuple(draw(st.lists(st.integers(1, 5), min_size=3, max_size=5)))
        aligned = [prod(shape[axis:-2]) for axis in range(len(shape) - 1)]
        return shape, folds.grid_fold(shape, draw(st.sampled_from([*aligned, across])), gap)
    shape = tuple(draw(st.lists(st.integers(1, 40), max_size=2)))
    tall, wide = folds.plane_of(shape)
    if kind == "rows":
        return shape, folds.rows_fold(shape, draw(st.integers(1, tall)), across, gap)
    if kind == "columns":
        return shape, folds.columns_fold(shape, draw(st.integers(1, wide)), across, gap)
    return shape, None


def reference(shape: tuple[int, ...], fold: folds.Fold) -> NDArray[np.int64]:
    """Return the flat index of the element at every pixel, -1 for padding, by the formula."""
    width, height = folds.size_of(shape, fold)
    y, x = np.mgrid[:height, :width]
    flat = np.arange(prod(shape)).reshape(shape)
    if fold is None:
        return flat.reshape(height, width)
    rows, columns, gap = fold["rows"], fold["columns"], fold["gap"]
    cell = (y // (rows + gap)) * fold["across"] + x // (columns + gap)
    r, c = y % (rows + gap), x % (columns + gap)
    inside = (r < rows) & (c < columns) & (cell < fold["count"])
    if fold["kind"] == "grid":
        cells = flat.reshape(-1, *shape[-2:])
    else:
        tall, wide = folds.plane_of(shape)
        cells = flat.reshape(1, tall, wide)
        if fold["kind"] == "rows":
            r, cell = cell * rows + r, np.zeros_like(cell)
        else:
            c, cell = cell * columns + c, np.zeros_like(cell)
        inside &= (r < tall) & (c < wide)
    return np.where(inside, cells[tuple(np.where(inside, at, 0) for at in (cell, r, c))], -1)


@given(folded())
def test_every_element_is_exactly_one_pixel(case: Folded) -> None:
    shape, fold = case
    shown = reference(shape, fold)
    assert sorted(shown[shown >= 0]) == list(range(prod(shape)))


@given(folded())
def test_pixels_and_elements_find_each_other(case: Folded) -> None:
    shape, fold = case
    for (y, x), flat in np.ndenumerate(reference(shape, fold)):
        index = folds.element_at(shape, fold, x, y)
        if flat < 0:
            assert index is None
        else:
            assert index is not None
            assert (np.ravel_multi_index(index, shape) if shape else 0) == flat
            assert folds.pixel_of(shape, fold, index) == (x, y)


@given(folded(), st.data())
def test_pieces_hold_what_lies_in_a_box_and_nothing_else(case: Folded, data: st.DataObject) -> None:
    shape, fold = case
    width, height = folds.size_of(shape, fold)
    x, y = data.draw(st.integers(-2, width)), data.draw(st.integers(-2, height))
    box = Box(x, y, data.draw(st.integers(1, width + 2)), data.draw(st.integers(1, height + 2)))
    wanted = np.full((height, width), -1)
    inside = np.s_[max(y, 0) : max(y + box.height, 0), max(x, 0) : max(x + box.width, 0)]
    wanted[inside] = reference(shape, fold)[inside]
    painted = np.full((height, width), -1)
    values = np.arange(prod(shape)).reshape(shape)
    for piece in folds.windows(shape, fold, box):
        stored = values[tuple(slice(*span) for span in piece.window)]
        assert stored.shape == tuple(stop - start for start, stop in piece.window)
        left, top, wide, tall = piece.box
        target = painted[top : top + tall, left : left + wide]
        assert (target == -1).all()
        target[:] = piece.pixels(stored)
    np.testing.assert_array_equal(painted, wanted)


@pytest.mark.parametrize(
    ("shape", "fold", "most"),
    [
        ((4096, 14336), None, 1),
        ((128, 2048, 768), folds.grid_fold((128, 2048, 768), 12, 4), 8),
        ((512, 512, 3, 3), folds.grid_fold((512, 512, 3, 3), 512), 1),
        ((6144, 1, 4), folds.grid_fold((6144, 1, 4), 64), 2),
        ((151_936,), folds.columns_fold((151_936,), 256), 2),
        ((128_256, 2048), folds.rows_fold((128_256, 2048), 8192), 2),
    ],
    ids=str,
)
def test_pieces_are_few(shape: tuple[int, ...], fold: folds.Fold, most: int) -> None:
    assert len(folds.windows(shape, fold, Box(700, 900, 2048, 2048))) <= most


@pytest.mark.parametrize("case", json.loads(VECTORS.read_text(encoding="utf-8"))["cases"])
def test_the_published_vectors_hold(case: dict[str, Any]) -> None:
    shape, fold = tuple(case["shape"]), case["fold"]
    assert folds.size_of(shape, fold) == (case["width"], case["height"])
    for x, y, index in case["pixels"]:
        found = folds.element_at(shape, fold, x, y)
        assert found == (None if index is None else tuple(index))

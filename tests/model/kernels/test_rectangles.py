"""Rectangles of like elements, against planes of single elements."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelweightvis.kernels.rectangles import add_rectangles, raise_rectangles

SCALE, SIDE = 4, 6
EDGE = st.integers(0, SCALE * SIDE - 1)


@given(st.lists(st.tuples(EDGE, EDGE, EDGE, EDGE, st.floats(0, 9, width=32)), max_size=6))
def test_pixels_are_made_of_the_elements_under_them(some: list[tuple[int, ...]]) -> None:
    elements = np.zeros((SCALE * SIDE, SCALE * SIDE))
    peaks = np.zeros_like(elements)
    boxes = np.zeros((len(some), 4), np.int64)
    values = np.array([one[4] for one in some], np.float32)
    for number, (x0, y0, x1, y1, value) in enumerate(some):
        (left, right), (top, bottom) = sorted((x0, x1)), sorted((y0, y1))
        boxes[number] = left, top, right + 1 - left, bottom + 1 - top
        part = (slice(top, bottom + 1), slice(left, right + 1))
        elements[part] += value
        peaks[part] = np.maximum(peaks[part], value)
    cells = (SIDE, SCALE, SIDE, SCALE)
    plane = np.zeros((SIDE, SIDE), np.float32)
    add_rectangles(boxes, values, SCALE, plane)
    assert plane == pytest.approx(elements.reshape(cells).sum((1, 3)), rel=1e-5, abs=1e-5)
    plane = np.zeros((SIDE, SIDE), np.float32)
    raise_rectangles(boxes, values, SCALE, plane)
    assert np.array_equal(plane, peaks.reshape(cells).max((1, 3)).astype(np.float32))

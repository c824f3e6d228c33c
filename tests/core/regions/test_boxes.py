"""Scattered elements: few reads, and gaps that are read change no value."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from regions_oracle import DECODERS, apply, cut, shapes, steps, stored, values_of, windows

from arbvis_core.regions import window_crops
from arbvis_core.values import Part, Permute, Region


def test_elements_scattered_along_both_axes_take_few_reads() -> None:
    rng = np.random.default_rng(2)
    array = rng.integers(0, 200, (700, 900), np.uint8)
    rows, columns = (tuple(rng.permutation(n).tolist()) for n in array.shape)
    part = Part("codes", "blob", 0, array.size, array.shape, array.strides)
    view = (Permute(0, rows), Permute(1, columns))
    region = Region("r", array.shape, "uint8", (part,), view)
    window = ((100, 400), (200, 500))
    assert len(window_crops(region, window, DECODERS)) <= 300
    values = values_of(region, window, {"blob": array.ravel()})
    np.testing.assert_array_equal(values, array[np.ix_(rows, columns)][cut(window)])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_reading_the_gaps_of_scattered_elements_changes_no_value(data: st.DataObject) -> None:
    shape = data.draw(shapes())
    part, blob, array = data.draw(stored(shape, "uint8"))
    view = []
    for _ in range(data.draw(st.integers(1, 6))):
        view.append(data.draw(steps(array.shape)))
        array = apply(view[-1], array)
    region = Region("r", array.shape, "uint8", (part,), tuple(view), stored=shape)
    window = data.draw(windows(array.shape))
    with patch("arbvis_core.regions.views.MOST_PIECES", data.draw(st.integers(1, 4))):
        values = values_of(region, window, {"blob": blob})
    np.testing.assert_array_equal(values, array[cut(window)])

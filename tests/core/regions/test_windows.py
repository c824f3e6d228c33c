"""Windows of regions that are made of others, and of regions that are malformed."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from regions_oracle import DECODERS, PLAIN, cut, fetch, stored, values_of, windows

from arbvis_core.errors import FormatError
from arbvis_core.protocols import Window
from arbvis_core.regions import window_crops, window_values
from arbvis_core.values import Add, Concat, Part, Permute, Region, Reshape, Slice, Transpose


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_differences_of_permuted_and_joined_operands(data: st.DataObject) -> None:
    rows, columns = data.draw(st.tuples(*[st.integers(1, 9)] * 2))
    cuts = sorted({0, rows, *data.draw(st.lists(st.integers(0, rows), max_size=3))})
    blobs, pieces, arrays = {}, [], []
    for number, (lo, hi) in enumerate(pairwise(cuts)):
        part, blobs[f"{number}"], array = data.draw(
            stored((hi - lo, columns), "uint8", f"{number}")
        )
        pieces.append(Region(f"{number}", array.shape, "uint8", (part,)))
        arrays.append(array)
    left = Region("left", (rows, columns), "", view=(Concat(0),), operands=tuple(pieces))
    part, blobs["b"], other = data.draw(stored((rows, columns), "uint8", "b"))
    order = tuple(data.draw(st.permutations(range(rows))))
    right = Region("right", (rows, columns), "uint8", (part,), (Permute(0, order),))
    region = Region(
        "d", (columns, rows), "difference", (), (Transpose((1, 0)),), (rows, columns), (left, right)
    )
    expected = (other[list(order)] - np.concatenate(arrays)).T
    window = data.draw(windows(region.shape))
    np.testing.assert_array_equal(values_of(region, window, blobs), expected[cut(window)])


def test_one_run_of_buffers_serves_several_windows() -> None:
    array = np.arange(60, dtype=np.uint8).reshape(6, 10)
    part = Part("codes", "blob", 0, 60, (6, 10), (10, 1))
    region = Region("r", (6, 10), "uint8", (part,), (Permute(0, (5, 0, 3, 1, 2, 4)),))
    asked = [((0, 3), (0, 4)), ((2, 2), (0, 4)), ((2, 6), (4, 10))]
    crops = [crop for window in asked for crop in window_crops(region, window, DECODERS)]
    buffers = iter(fetch(crops, {"blob": array.ravel()}))
    for window in asked:
        values = window_values(region, window, buffers, DECODERS)
        np.testing.assert_array_equal(values, array[[5, 0, 3, 1, 2, 4]][cut(window)])
    assert next(buffers, None) is None


@pytest.mark.parametrize(
    ("region", "says"),
    [
        (Region("bad", (6, 10), "uint8", (replace(PLAIN, stop=59),)), "past its end"),
        (Region("bad", (6, 10), "uint8", (replace(PLAIN, strides=(1,)),)), "axes"),
        (Region("bad", (6, 10), "uint8", (replace(PLAIN, strides=(10, -1)),)), "negative"),
        (Region("bad", (10,), "uint8", (PLAIN,)), "axes"),
        (Region("bad", (6, 9), "uint8", (PLAIN,)), "10 units for 9"),
        (Region("bad", (6, 99), "uint8", (replace(PLAIN, shape=(6, 4)),)), "several ways"),
        (Region("bad", (6, 99), "uint8", (replace(PLAIN, block=(1, 32)),)), "do not make 99"),
        (Region("bad", (6, 10), "uint8", (replace(PLAIN, shape=(0, 10)),)), "0 units for 6"),
        (Region("bad", (6, 10), "mystery", (PLAIN,)), "nothing decodes 'mystery'"),
        (Region("bad", (6, 9), "uint8", (PLAIN,), stored=(6, 10)), "not (6, 9)"),
        (Region("bad", (6, 10), "uint8", (PLAIN,), (Slice(0, 2, 9),)), "Slice, does not fit"),
        (Region("bad", (6, 10), "uint8", (PLAIN,), (Slice(2, 0, 1),)), "Slice, does not fit"),
        (Region("bad", (6, 10), "uint8", (PLAIN,), (Transpose((0, 0)),)), "Transpose, does"),
        (Region("bad", (7, 10), "uint8", (PLAIN,), (Reshape((7, 10)),), (6, 10)), "Reshape, does"),
        (Region("bad", (6, 10), "uint8", (PLAIN,), (Permute(0, (0, 1, 2, 3, 4, 6)),)), "axis of 6"),
        (Region("bad", (6, 10), "uint8", (PLAIN,), (Permute(0, (0, 1, 2, 3, 4, -1)),)), "index -1"),
        (Region("bad", (6, 10), "uint8", (PLAIN,), (Add(1), Concat(0))), "Concat, does not fit"),
        (Region("bad", (6, 10), "uint8", (PLAIN,), (Concat(0),)), "cannot be joined"),
    ],
)
def test_a_malformed_region_is_named(region: Region, says: str) -> None:
    window = tuple((0, length) for length in region.shape)
    with pytest.raises(FormatError, match="'bad'") as caught:
        window_crops(region, window, DECODERS)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "window", [((0, 6),), ((0, 7), (0, 1)), ((3, 2), (0, 1)), ((-1, 1), (0, 1))]
)
def test_a_window_outside_is_a_defect_of_the_caller(window: Window) -> None:
    with pytest.raises(ValueError, match="window"):
        window_crops(Region("r", (6, 10), "uint8", (PLAIN,)), window, DECODERS)


def test_importing_regions_does_not_import_numpy() -> None:
    code = "import arbvis_core.regions, sys; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

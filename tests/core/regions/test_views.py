"""Views against numpy: read the whole array, apply the view, cut the window out."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from regions_oracle import DECODERS, apply, cut, shapes, steps, stored, touched, values_of, windows

from arbvis_core.regions import window_crops
from arbvis_core.values import Add, Crop, Part, Permute, Region, Reshape, Step, Transpose


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_any_view(data: st.DataObject) -> None:
    shape = data.draw(shapes())
    part, blob, array = data.draw(stored(shape, "uint8"))
    view = []
    for _ in range(data.draw(st.integers(0, 6))):
        view.append(data.draw(steps(array.shape)))
        array = apply(view[-1], array)
    region = Region("r", array.shape, "uint8", (part,), tuple(view), stored=shape)
    window = data.draw(windows(array.shape))
    values = values_of(region, window, {"blob": blob})
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, array[cut(window)])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_contiguous_array_is_asked_for_exactly_what_the_window_shows(data: st.DataObject) -> None:
    shape = data.draw(shapes())
    elements = prod(shape)
    numbers = np.arange(elements).reshape(shape)
    view: list[Step] = []
    for _ in range(data.draw(st.integers(0, 6))):
        view.append(data.draw(steps(numbers.shape)))
        numbers = apply(
            replace(view[-1], constant=0) if isinstance(view[-1], Add) else view[-1], numbers
        )
    strides = tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))
    part = Part("codes", "blob", 0, elements, shape, strides)
    region = Region("r", numbers.shape, "uint8", (part,), tuple(view), stored=shape)
    window = data.draw(windows(numbers.shape))
    crops = window_crops(region, window, DECODERS)
    wanted = {("blob", int(number)) for number in numbers[cut(window)].ravel()}
    assert touched(crops) == wanted
    assert sum(crop.size for crop in crops) == len(wanted)


def test_the_heads_of_rotary_rows_are_put_back_in_one_read() -> None:
    heads, half, columns = 8, 32, 96
    rows = heads * 2 * half
    array = np.random.default_rng(0).integers(0, 200, (rows, columns), np.uint8)
    view = (
        Reshape((heads, half, 2, columns)),
        Transpose((0, 2, 1, 3)),
        Reshape((rows, columns)),
    )
    part = Part("codes", "blob", 0, array.size, array.shape, array.strides)
    region = Region("q", array.shape, "uint8", (part,), view)
    straight = array.reshape(heads, half, 2, columns).transpose(0, 2, 1, 3).reshape(rows, columns)
    whole_heads = ((128, 384), (32, 64))
    crops = window_crops(region, whole_heads, DECODERS)
    assert crops == (Crop("blob", 128 * columns + 32, 32, columns, 256, (0, array.size)),)
    half_a_head = ((128, 160), (0, 96))
    crops = window_crops(region, half_a_head, DECODERS)
    assert crops == (Crop("blob", 128 * columns, 96, 2 * columns, 32, (0, array.size)),)
    for window in (whole_heads, half_a_head, ((7, 300), (1, 95))):
        values = values_of(region, window, {"blob": array.ravel()})
        np.testing.assert_array_equal(values, straight[cut(window)])


def test_a_long_order_of_rows_reads_only_the_rows_it_shows() -> None:
    rng = np.random.default_rng(1)
    array = rng.integers(0, 200, (40_000, 16), np.uint8)
    order = tuple(rng.permutation(40_000).tolist())
    part = Part("codes", "blob", 0, array.size, array.shape, array.strides)
    region = Region("r", array.shape, "uint8", (part,), (Permute(0, order),))
    window = ((20_000, 20_512), (0, 16))
    assert sum(crop.size for crop in window_crops(region, window, DECODERS)) == 512 * 16
    values = values_of(region, window, {"blob": array.ravel()})
    np.testing.assert_array_equal(values, array[list(order[20_000:20_512])])

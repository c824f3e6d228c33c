"""The bytes of stored units against numpy: any strides, any blocks, any window."""

from __future__ import annotations

from math import prod

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from regions_oracle import DECODERS, apply, as_part, cut, shapes, steps, stored, values_of, windows

from arbvis_core.regions import part_crops, window_crops
from arbvis_core.values import Crop, Part, Region


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_any_strides_and_any_window(data: st.DataObject) -> None:
    shape = data.draw(shapes())
    part, blob, array = data.draw(stored(shape, data.draw(st.sampled_from(["float16", "uint8"]))))
    size = (
        part.stop
        - part.start
        - sum((n - 1) * step for n, step in zip(shape, part.strides, strict=True))
    )
    region = Region("r", shape, "float16" if size == 2 else "uint8", (part,))
    window = data.draw(windows(shape))
    np.testing.assert_array_equal(values_of(region, window, {"blob": blob}), array[cut(window)])
    crops = part_crops(region, window)
    elements = prod(stop - start for start, stop in window)
    assert sum(crop.size for crop in crops) <= elements * size


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_quantisation_blocks(data: st.DataObject) -> None:
    lead, rows, columns = data.draw(st.tuples(*[st.integers(1, 9)] * 3))
    block = data.draw(st.integers(1, 5))
    shape = (lead, rows, columns) if data.draw(st.booleans()) else (rows, columns)
    blocks = -(-columns // block)
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    codes = rng.integers(0, 255, (*shape[:-1], blocks * block), np.uint8)
    scales = rng.integers(1, 9, (*shape[:-1], blocks)).astype("<f2")
    zeros = rng.integers(0, 9, (rows, 1), np.uint8)
    factor = np.array(0.5, "<f4")
    blobs: dict[str, np.ndarray] = {}
    array = codes[..., :columns].astype(np.float32) - zeros
    array = array * np.repeat(scales, block, -1)[..., :columns].astype(np.float32) * factor

    ones = (1,) * (len(shape) - 1)
    parts = (
        as_part("codes", codes.reshape(*shape[:-1], blocks, block), blobs, (*ones, block), unit=1),
        as_part("scales", scales, blobs, (*ones, block)),
        as_part("zeros", zeros, blobs),
        as_part("factor", factor, blobs),
    )
    view = []
    for _ in range(data.draw(st.integers(0, 4))):
        view.append(data.draw(steps(array.shape)))
        array = apply(view[-1], array)
    region = Region("q", array.shape, "blocks", parts, tuple(view), stored=shape)
    window = data.draw(windows(array.shape))
    np.testing.assert_array_equal(values_of(region, window, blobs), array[cut(window)])


def test_quantised_windows_read_whole_blocks_and_no_more() -> None:
    blobs: dict[str, np.ndarray] = {}
    codes = np.zeros((64, 8, 32), np.uint8)
    parts = (
        as_part("codes", codes, blobs, unit=1),
        as_part("scales", np.zeros((64, 8), "<f2"), blobs),
        as_part("zeros", np.zeros((64, 1), np.uint8), blobs),
        as_part("factor", np.zeros((), "<f4"), blobs),
    )
    region = Region("q", (64, 256), "blocks", parts)
    assert part_crops(region, ((3, 9), (40, 100))) == (
        Crop("codes", 3 * 256 + 32, 96, 256, 6, (0, codes.nbytes)),
        Crop("scales", 3 * 16 + 2, 6, 16, 6, (0, 64 * 16)),
        Crop("zeros", 3, 6, 0, 1, (0, 64)),
        Crop("factor", 0, 4, 0, 1, (0, 4)),
    )


def test_a_scalar_and_an_empty_array() -> None:
    scalar = Region("s", (), "uint8", (Part("codes", "blob", 2, 3, (), ()),))
    assert values_of(scalar, (), {"blob": np.arange(5, dtype=np.uint8)}) == 2
    empty = Region("e", (0, 5), "uint8", (Part("codes", "blob", 0, 0, (0, 5), (5, 1)),))
    assert window_crops(empty, ((0, 0), (0, 5)), DECODERS) == ()
    assert values_of(empty, ((0, 0), (0, 5)), {}).shape == (0, 5)

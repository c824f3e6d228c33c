"""`arbvis_core.regions` against numpy: read the whole array, apply the view, cut the window out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from math import prod
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arbvis_core.errors import FormatError
from arbvis_core.protocols import Decoder, Window
from arbvis_core.regions import (
    part_arrays,
    part_crops,
    spread,
    unpack,
    window_crops,
    window_values,
)
from arbvis_core.values import (
    Add,
    Concat,
    Crop,
    Part,
    Permute,
    Region,
    Reshape,
    Slice,
    Step,
    Transpose,
)

Blobs = Mapping[str, np.ndarray]


class Plain(Decoder):
    """One element, one unit."""

    encodings = ("float16", "uint8")

    def decode(self, region: Region, window: Window, buffers: Any, operands: Any) -> Any:
        (units,) = part_arrays(region, window, buffers)
        return units.data.view(region.encoding)[..., 0].astype(np.float32)


class Blocks(Decoder):
    """Codes in blocks along the last axis, a scale per block, a zero per row, a factor for all."""

    encodings = ("blocks",)

    def decode(self, region: Region, window: Window, buffers: Any, operands: Any) -> Any:
        codes, scales, zeros, factor = part_arrays(region, window, buffers)
        values = unpack(codes, codes.data, window).astype(np.float32)
        zero = spread(zeros, zeros.data[..., 0], window).astype(np.float32)
        scale = spread(scales, scales.data.view("<f2")[..., 0], window).astype(np.float32)
        return (values - zero) * scale * factor.data.view("<f4")[..., 0]


class Difference(Decoder):
    """The second operand minus the first."""

    encodings = ("difference",)

    def decode(self, region: Region, window: Window, buffers: Any, operands: Any) -> Any:
        assert not buffers
        return operands[1] - operands[0]


DECODERS: dict[str, Decoder] = {
    name: decoder for decoder in (Plain(), Blocks(), Difference()) for name in decoder.encodings
}


def fetch(crops: Sequence[Crop], blobs: Blobs) -> list[np.ndarray]:
    """Read crops by the definition."""
    buffers = []
    for crop in crops:
        data = blobs[crop.source]
        rows = [
            data[crop.start + row * crop.stride :][: crop.row_bytes] for row in range(crop.rows)
        ]
        assert 0 <= crop.start <= crop.stop <= data.size
        buffers.append(np.stack(rows))
        buffers[-1].flags.writeable = False
    return buffers


def values_of(region: Region, window: Window, blobs: Blobs) -> np.ndarray:
    crops = window_crops(region, window, DECODERS)
    return window_values(region, window, fetch(crops, blobs), DECODERS)


def cut(window: Window) -> tuple[slice, ...]:
    return tuple(slice(start, stop) for start, stop in window)


def apply(step: Step, array: np.ndarray) -> np.ndarray:
    """What a step means, in numpy."""
    match step:
        case Transpose(axes):
            return array.transpose(axes)
        case Slice(axis, start, stop):
            return array.take(range(start, stop), axis)
        case Permute(axis, order):
            return array.take(order, axis)
        case Reshape(shape):
            return array.reshape(shape)
        case Add(constant):
            return array + np.float32(constant)
    raise AssertionError(step)


@st.composite
def shapes(draw: st.DrawFn, most: int = 4) -> tuple[int, ...]:
    return tuple(draw(st.lists(st.integers(1, 7), min_size=1, max_size=most)))


@st.composite
def windows(draw: st.DrawFn, shape: tuple[int, ...]) -> Window:
    window = []
    for length in shape:
        start = draw(st.integers(0, length))
        window.append((start, draw(st.integers(start, length))))
    return tuple(window)


@st.composite
def stored(
    draw: st.DrawFn, shape: tuple[int, ...], dtype: str, source: str = "blob"
) -> tuple[Part, np.ndarray, np.ndarray]:
    """An array stored in any order of axes, with gaps or repeats: part, bytes, values."""
    size = np.dtype(dtype).itemsize
    order = draw(st.permutations(range(len(shape))))
    strides, pitch = [0] * len(shape), size
    for axis in order:
        pitch *= draw(st.sampled_from([1, 1, 1, 2, 5]))
        if shape[axis] == 1 or draw(st.integers(0, 9)) > 0:
            strides[axis] = pitch
            pitch *= shape[axis]
    extent = size + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
    start = draw(st.integers(0, 9))
    blob = np.random.default_rng(draw(st.integers(0, 99))).integers(0, 120, start + extent + 3)
    data = blob.astype(np.uint8)
    array = np.ndarray(shape, dtype, data[start : start + extent].tobytes(), 0, strides)
    part = Part("codes", source, start, start + extent, shape, tuple(strides))
    return part, data, array.astype(np.float32)


@st.composite
def steps(draw: st.DrawFn, shape: tuple[int, ...]) -> Step:
    axis = draw(st.integers(0, len(shape) - 1)) if shape else 0
    kinds = ["add", "reshape", "transpose", *(["slice", "permute"] * bool(shape))]
    match draw(st.sampled_from(kinds)):
        case "transpose":
            return Transpose(tuple(draw(st.permutations(range(len(shape))))))
        case "slice":
            start = draw(st.integers(0, shape[axis]))
            return Slice(axis, start, draw(st.integers(start, shape[axis])))
        case "permute":
            if not shape[axis] or draw(st.booleans()):
                return Permute(axis, tuple(draw(st.permutations(range(shape[axis])))))
            indices = st.integers(0, shape[axis] - 1)
            return Permute(axis, tuple(draw(st.lists(indices, max_size=40))))
        case "reshape":
            return Reshape(draw(reshaped(shape)))
    return Add(draw(st.floats(-3, 3, width=32)))


@st.composite
def reshaped(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Split, merge and pad with ones at will."""
    factors: list[int] = []
    for length in shape:
        divisors = [n for n in range(1, length + 1) if length % n == 0] or [1]
        first = draw(st.sampled_from(divisors))
        factors += [first, length // first]
    target: list[int] = []
    for factor in factors:
        if target and draw(st.booleans()):
            target[-1] *= factor
        else:
            target.append(factor)
    return tuple(target)


def touched(parts: Sequence[Crop]) -> set[tuple[str, int]]:
    return {
        (crop.source, crop.start + row * crop.stride + byte)
        for crop in parts
        for row in range(crop.rows)
        for byte in range(crop.row_bytes)
    }


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


def as_part(
    role: str,
    array: np.ndarray,
    blobs: dict[str, np.ndarray],
    block: tuple[int, ...] = (),
    unit: int = 0,
) -> Part:
    """Store an array alone in a source; its last `unit` axes are inside of units."""
    shape = array.shape[: array.ndim - unit]
    blobs[role] = np.frombuffer(array.tobytes(), np.uint8)
    strides = array.strides[: array.ndim - unit]
    return Part(role, role, 0, array.nbytes, shape, strides, block)


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
        Crop("codes", 3 * 256 + 32, 96, 256, 6),
        Crop("scales", 3 * 16 + 2, 6, 16, 6),
        Crop("zeros", 3, 6, 0, 1),
        Crop("factor", 0, 4, 0, 1),
    )


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
    assert crops == (Crop("blob", 128 * columns + 32, 32, columns, 256),)
    half_a_head = ((128, 160), (0, 96))
    crops = window_crops(region, half_a_head, DECODERS)
    assert crops == (Crop("blob", 128 * columns, 96, 2 * columns, 32),)
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


def test_a_scalar_and_an_empty_array() -> None:
    scalar = Region("s", (), "uint8", (Part("codes", "blob", 2, 3, (), ()),))
    assert values_of(scalar, (), {"blob": np.arange(5, dtype=np.uint8)}) == 2
    empty = Region("e", (0, 5), "uint8", (Part("codes", "blob", 0, 0, (0, 5), (5, 1)),))
    assert window_crops(empty, ((0, 0), (0, 5)), DECODERS) == ()
    assert values_of(empty, ((0, 0), (0, 5)), {}).shape == (0, 5)


PLAIN = Part("codes", "blob", 0, 60, (6, 10), (10, 1))


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

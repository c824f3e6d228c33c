"""Regions in memory, what they mean in numpy, and hypothesis strategies that make them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from arbvis_core.protocols import Decoder, Window
from arbvis_core.regions import part_arrays, spread, unpack, window_crops, window_values
from arbvis_core.values import Add, Crop, Part, Permute, Region, Reshape, Slice, Step, Transpose

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


PLAIN = Part("codes", "blob", 0, 60, (6, 10), (10, 1))

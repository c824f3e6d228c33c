"""Tensors as a file keeps them, the regions that a format makes of them, and what is read of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from arbvis_core.protocols import Decoder, Window
from arbvis_core.regions import window_crops, window_values
from arbvis_core.values import Crop, Region
from modelweightvis.encodings.decoders import DECODERS
from modelweightvis.encodings.parts import element_part
from modelweightvis.encodings.table import element_type

SCALES: dict[str, Any] = {"F32": np.float32, "F16": np.float16, "BF16": ml_dtypes.bfloat16}
BY_NAME: dict[str, Decoder] = {name: one for one in DECODERS for name in one.encodings}


class File:
    """Bytes, grown tensor by tensor."""

    def __init__(self) -> None:
        self.data = bytearray(b"header")

    def add(
        self, name: str, kind: str, stored: NDArray[Any], shape: Sequence[int] | None = None
    ) -> Region:
        """Append a tensor; `shape` is that of its elements where the array's is another."""
        start = len(self.data)
        self.data += stored.tobytes()
        whole = stored.shape if shape is None else tuple(shape)
        part = element_part("codes", element_type(kind), "file", start, whole)
        assert part.stop == len(self.data)
        return Region(name, whole, kind, (part,))

    def read(self, crop: Crop) -> NDArray[np.uint8]:
        """Return what a reader would: rows that are not to be written to."""
        assert 6 <= crop.start <= crop.stop <= len(self.data)
        starts = [crop.start + row * crop.stride for row in range(crop.rows)]
        rows = b"".join(bytes(self.data[start : start + crop.row_bytes]) for start in starts)
        return np.frombuffer(rows, np.uint8).reshape(crop.rows, crop.row_bytes)

    def values(self, region: Region, window: Window | None = None) -> NDArray[np.float32]:
        """Read and decode a window of a region, or all of it."""
        window = window or tuple((0, length) for length in region.shape)
        crops = window_crops(region, window, BY_NAME)
        return window_values(region, window, [self.read(crop) for crop in crops], BY_NAME)

    def asked(self, region: Region, window: Window) -> int:
        """Return how many bytes a window of a region reads."""
        return sum(crop.size for crop in window_crops(region, window, BY_NAME))

    def check(self, region: Region, expected: NDArray[np.float32]) -> None:
        """Hold all of a region, and windows of it, to what is expected, to the last bit."""
        assert region.shape == expected.shape
        _same(self.values(region), expected)
        generator = np.random.default_rng(0)
        for _ in range(12):
            starts = [int(generator.integers(0, length)) for length in region.shape]
            stops = [
                int(generator.integers(start, length)) + 1
                for start, length in zip(starts, region.shape, strict=True)
            ]
            window = tuple(zip(starts, stops, strict=True))
            _same(self.values(region, window), expected[tuple(slice(*span) for span in window)])


def _same(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> None:
    assert ours.dtype == theirs.dtype == np.float32
    assert ours.shape == theirs.shape
    numbers = ~np.isnan(theirs)
    np.testing.assert_array_equal(np.isnan(ours), ~numbers)
    np.testing.assert_array_equal(ours[numbers].view(np.uint32), theirs[numbers].view(np.uint32))


def some_scales(random: np.random.Generator, *shape: int, kind: str = "F32") -> NDArray[Any]:
    """Return scales such as models have."""
    return np.exp(random.normal(-4, 1, shape)).astype(SCALES[kind])


def floats(array: NDArray[Any]) -> NDArray[np.float32]:
    """Return an array as float32."""
    return np.asarray(array, np.float32)


def words_of(codes: NDArray[np.int64], bits: int, axis: int) -> NDArray[np.uint32]:
    """Pack codes along an axis into words, the first one lowest."""
    moved = np.moveaxis(codes, axis, -1).astype(np.uint64)
    apart = moved.reshape(*moved.shape[:-1], -1, 32 // bits)
    shifts = np.arange(0, 32, bits, dtype=np.uint64)
    words = np.bitwise_or.reduce(apart << shifts, axis=-1).astype(np.uint32)
    return np.ascontiguousarray(np.moveaxis(words, -1, axis))

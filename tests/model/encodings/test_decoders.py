"""Regions of one part, whole and in windows."""

from __future__ import annotations

import gguf
import numpy as np
import pytest
from stored_files import File

from arbvis_core.values import Transpose
from modelweightvis.encodings.decoders import DECODERS, ElementDecoder
from modelweightvis.encodings.parts import element_part
from modelweightvis.encodings.table import TYPES, UNKNOWN, element_type
from modelweightvis.encodings.units import decode_units


@pytest.mark.parametrize("shape", [(), (7,), (3, 5), (2, 3, 4)])
@pytest.mark.parametrize("name", ["F32", "BF16", "I64", "BOOL", "F8_E5M2"])
def test_elements(name: str, shape: tuple[int, ...]) -> None:
    size = TYPES[name].bytes
    stored = np.random.default_rng(1).integers(0, 256, (*shape, size), np.uint8)
    file = File()
    region = file.add("tensor", name, stored, shape)
    expected = decode_units(name, stored.reshape(-1, size)).reshape(region.shape)
    file.check(region, expected)


@pytest.mark.parametrize("name", ["Q4_0", "Q8_0", "Q5_K", "IQ4_XS", "IQ2_S", "F4"])
def test_windows_that_begin_and_end_within_blocks(name: str) -> None:
    stored = TYPES[name]
    columns = 3 * stored.elements * (32 // min(stored.elements, 32))
    size = columns // stored.elements * stored.bytes
    packed = np.random.default_rng(2).integers(0, 100, (5, size), np.uint8)
    if name == "F4":
        expected = decode_units(name, packed.reshape(-1, 1)).reshape(5, columns)
    else:
        expected = gguf.quants.dequantize(packed, gguf.GGMLQuantizationType[name])
    file = File()
    file.check(file.add("tensor", name, packed, (5, columns)), expected.astype(np.float32))


def test_only_the_blocks_under_a_window_are_read() -> None:
    file = File()
    region = file.add("tensor", "Q4_K", np.zeros((64, 8 * 144), np.uint8), (64, 2048))
    assert file.asked(region, ((3, 5), (200, 300))) == 2 * 2 * 144


def test_a_view_of_blocks() -> None:
    packed = gguf.quants.quantize(
        np.random.default_rng(3).standard_normal((6, 64)).astype(np.float32),
        gguf.GGMLQuantizationType.Q8_0,
    )
    expected = gguf.quants.dequantize(packed, gguf.GGMLQuantizationType.Q8_0).T
    file = File()
    stored = file.add("tensor", "Q8_0", packed, (6, 64))
    seen = type(stored)(
        "seen", (64, 6), "Q8_0", stored.parts, (Transpose((1, 0)),), stored=stored.shape
    )
    file.check(seen, expected)


def test_every_decoded_type_has_a_decoder_and_no_name_is_taken_twice() -> None:
    names = [name for one in DECODERS for name in one.encodings]
    assert len(names) == len(set(names))
    assert set(ElementDecoder.encodings) == {one.name for one in TYPES.values() if one.decoded}


def test_rows_have_to_fill_blocks() -> None:
    with pytest.raises(ValueError, match="rows of 33 elements do not fill units of 32"):
        element_part("codes", element_type("Q4_0"), "file", 0, (4, 33))
    with pytest.raises(ValueError, match="rows of 1 elements"):
        element_part("codes", element_type("Q4_0"), "file", 0, ())


def test_a_type_of_unknown_size_has_no_part() -> None:
    with pytest.raises(ValueError, match="no known size"):
        element_part("codes", UNKNOWN, "file", 0, (4,))

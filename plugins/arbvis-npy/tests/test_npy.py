"""The contract of formats, and numpy as the judge of every value."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pytest
from arbvis_npy.format import NpyFormat
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.lib import format as npy
from numpy.typing import NDArray

from arbvis_core.api import Document, FormatError, Group
from arbvis_core.testing import (
    FormatContract,
    MemorySource,
    PluginContract,
    load_plugin,
    region_values,
)

DECODERS = load_plugin("arbvis_npy").decoders
NUMBERS = st.one_of(
    arrays.boolean_dtypes(),
    arrays.integer_dtypes(endianness="?"),
    arrays.unsigned_integer_dtypes(endianness="?"),
    arrays.floating_dtypes(endianness="?", sizes=(16, 32, 64)),
    arrays.complex_number_dtypes(endianness="?", sizes=(64, 128)),
)
SHAPES = arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)


def saved(array: NDArray[Any], version: tuple[int, int] | None = None) -> bytes:
    file = io.BytesIO()
    npy.write_array(file, array, version=version)
    return file.getvalue()


def handmade(header: str, data: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    length = struct.pack("<H" if version[0] == 1 else "<I", len(header))
    return npy.MAGIC_PREFIX + version + length + header.encode("latin-1") + data


def parsed(content: bytes, name: str = "a.npy") -> Document:
    (document,) = NpyFormat().parse(Group("memory", (MemorySource(name, content),), ()))
    return document


def values(document: Document) -> NDArray[np.float32]:
    return region_values(document.regions[1], document.sources, DECODERS)


def shown(array: NDArray[Any]) -> NDArray[np.float32]:
    """Return what is shown of an array: float32, complex numbers on a last axis of two."""
    if array.dtype.kind == "c":
        array = np.stack([array.real, array.imag], axis=-1)
    with np.errstate(over="ignore"):
        return array.astype(np.float32)


class TestPlugin(PluginContract):
    module = "arbvis_npy"


class TestRowMajor(FormatContract):
    array = np.linspace(-1, 1, 105).reshape(7, 3, 5)
    format = NpyFormat()
    sample_name = "sample.npy"
    sample = saved(array)

    def expected(self) -> Mapping[str, NDArray[Any]]:
        return {"array": self.array, "header": np.frombuffer(self.sample[:128], np.uint8)}


class TestColumnMajor(TestRowMajor):
    array = np.asfortranarray(np.arange(60, dtype=">i2").reshape(5, 4, 3))
    sample = saved(array)


@given(st.data(), st.sampled_from([(1, 0), (2, 0), (3, 0)]), st.sampled_from("CF"))
def test_values_are_those_that_numpy_loads(
    data: st.DataObject, version: tuple[int, int], order: Literal["C", "F"]
) -> None:
    array = data.draw(arrays.arrays(data.draw(NUMBERS), data.draw(SHAPES)))
    array = np.asarray(array, order=order)
    content = saved(array, version)
    document = parsed(content)
    loaded = np.load(io.BytesIO(content))
    np.testing.assert_array_equal(values(document), shown(loaded))
    assert document.regions[1].attributes == {"dtype": loaded.dtype.name, "shape": loaded.shape}
    assert document.metadata["dtype"] == npy.dtype_to_descr(loaded.dtype)
    assert [part.stop for region in document.regions for part in region.parts][-1] == len(content)


@pytest.mark.parametrize("array", [np.array([1e300, -1e300, np.nan]), np.array([2**63 - 1])])
def test_what_float32_cannot_hold_is_rounded_without_a_warning(array: NDArray[Any]) -> None:
    np.testing.assert_array_equal(values(parsed(saved(array))), shown(array))


@pytest.mark.skipif(np.dtype("g").itemsize != 16, reason="long doubles are no longer here")
def test_long_doubles_are_read_where_numpy_has_them() -> None:
    array = np.array([1.5, -2.25], "g")
    assert values(parsed(saved(array))).tolist() == [1.5, -2.25]


@pytest.mark.filterwarnings("ignore:Reading .* created on Python 2")
@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }",
        '{"shape":(2,3),"fortran_order":False,"descr":"<f4"}   \n',
        "{'shape': (2L, 3L), 'descr': '<f4', 'fortran_order': False}\n",
    ],
)
def test_headers_are_read_by_numpy_s_rules(header: str) -> None:
    content = handmade(header, np.arange(6, dtype="<f4").tobytes())
    np.testing.assert_array_equal(values(parsed(content)), np.load(io.BytesIO(content)))


GOOD = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (saved(np.array([None], object), (1, 0)), "pickled Python objects, which are never loaded"),
        (saved(np.array(["text"])), "holds text, not numbers"),
        (saved(np.array([b"text"])), "holds text, not numbers"),
        (saved(np.array(["2024-01-01"], "M8[D]")), "holds dates"),
        (saved(np.array([1], "m8[s]")), "holds spans of time"),
        (saved(np.zeros(1, "V3")), "holds bytes that have no type"),
        (saved(np.zeros(1, [("x", "f4"), ("y", "i2")])), "records of a structured dtype"),
        (handmade(GOOD, bytes(8), b"\x04\x00"), r"version 4\.0, which is not known"),
        (handmade(GOOD, bytes(8), b"\x01\x07"), r"version 1\.7, which is not known"),
        (handmade(GOOD.ljust(10_001), bytes(8)), "header of 10001 bytes at byte 10"),
        (handmade(GOOD, bytes(7)), "holds 7 of its array's 8 bytes from byte 67 on"),
        (handmade(GOOD.replace("<f4", "<f7")), "dtype '<f7', which numpy does not know"),
        (handmade(GOOD.replace("<f4", "f4,f4")), "dtype 'f4,f4', which numpy does not know"),
        (handmade(GOOD.replace("(2,)", "(2)")), "damaged header"),
        (handmade(GOOD.replace("(2,)", "(,)")), "damaged header"),
        (handmade(GOOD.replace("(2,)", "(-2,)")), "damaged header"),
        (handmade(GOOD.replace("(2,)", "(2, 3 4)")), "damaged header"),
        (handmade(GOOD.replace("(2,)", f"({'1,' * 65})")), "damaged header"),
        (handmade(GOOD.replace("(2,)", f"({'9' * 19},)")), "cut short"),
        (handmade(GOOD.replace("False", "0")), "damaged header"),
        (handmade(GOOD.replace("descr", "dtype")), "damaged header"),
        (handmade(GOOD.replace("}", "'more': True}")), "damaged header"),
        (handmade(GOOD.replace("}", "} + exit()")), "damaged header"),
        (handmade("{" + "[" * 9_000), "damaged header"),
        (handmade("{'descr': " + "(" * 9_000), "structured"),
    ],
)
def test_what_cannot_be_shown_is_one_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(FormatError, match=rf"^a\.npy .*{sentence}") as raised:
        parsed(content)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 200


def test_what_follows_the_array_is_said() -> None:
    document = parsed(saved(np.arange(3)) + bytes(5))
    assert document.warnings == ("a.npy: 5 bytes follow the array",)
    assert values(document).tolist() == [0, 1, 2]


def test_every_file_of_a_folder_is_a_document() -> None:
    sources = [MemorySource(f"{n}.npy", saved(np.arange(n))) for n in range(3)]
    documents = NpyFormat().parse(Group("memory", tuple(sources), ()))
    assert [document.regions[1].shape for document in documents] == [(0,), (1,), (2,)]

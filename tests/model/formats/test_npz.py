"""Numpy as the judge of every value."""

from __future__ import annotations

import io
import zipfile
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from arbvis_core.api import Document, FormatError, Group
from arbvis_core.testing import MemorySource, region_values
from arbvis_core.testing.documents import decoders_with
from modelweightvis.formats import NpzFormatPlugin
from modelweightvis.formats.tensors import is_tensor

FORMAT = NpzFormatPlugin()
DECODERS = decoders_with(FORMAT)
ARRAYS: dict[str, NDArray[Any]] = {
    "a": np.linspace(-1, 1, 24, dtype=np.float32).reshape(4, 6),
    "layer.0.weight": np.asfortranarray(np.arange(12, dtype=np.int16).reshape(3, 4)),
    "scalar": np.array(2.5),
    "half": np.arange(5, dtype=np.float16),
}


def saved(**named: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.savez(file, **named)  # type: ignore[arg-type]
    return file.getvalue()


def parsed(content: bytes) -> Document:
    (document,) = FORMAT.parse(Group("memory", (MemorySource("a.npz", content),), ()))
    return document


NUMBERS = st.one_of(
    arrays.boolean_dtypes(),
    arrays.integer_dtypes(endianness="<"),
    arrays.unsigned_integer_dtypes(endianness="<"),
    arrays.floating_dtypes(endianness="<", sizes=(16, 32, 64)),
)


@settings(max_examples=50, deadline=None)
@given(st.data(), st.sampled_from("CF"))
def test_values_are_those_that_numpy_loads(data: st.DataObject, order: Literal["C", "F"]) -> None:
    shapes = arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
    array = np.asarray(data.draw(arrays.arrays(data.draw(NUMBERS), data.draw(shapes))), order=order)
    content = saved(x=array)
    document = parsed(content)
    (region,) = (one for one in document.regions if is_tensor(one))
    found = region_values(region, document.sources, DECODERS)
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(found, np.load(io.BytesIO(content))["x"].astype(np.float32))


@pytest.mark.parametrize(
    ("array", "dtype"), [(np.zeros(3, ">f4"), ">f4"), (np.zeros(2, "<c8"), "<c8")]
)
def test_numbers_that_cannot_be_decoded_degrade_their_array_only(
    array: NDArray[Any], dtype: str
) -> None:
    document = parsed(saved(odd=array, good=np.ones(2)))
    odd, good = (one for one in document.regions if is_tensor(one))
    assert (odd.encoding, odd.attributes["dtype"], odd.shape) == ("unknown", dtype, array.shape)
    assert region_values(good, document.sources, DECODERS).tolist() == [1, 1]


def test_what_are_no_numbers_is_left_out_with_a_note() -> None:
    records = np.zeros(2, [("a", "<f4"), ("b", "<i2")])
    document = parsed(saved(t=np.array("x"), r=records, o=np.array([None]), good=np.ones(1)))
    assert [one.name for one in document.regions if is_tensor(one)] == ["good"]
    (warning,) = document.warnings
    assert warning == "a.npz: 't.npy', 'r.npy', 'o.npy' left out: of no plain numbers"


def test_compressed_arrays_are_told() -> None:
    file = io.BytesIO()
    np.savez_compressed(file, x=np.zeros(10_000_000))
    with pytest.raises(FormatError, match=r"is compressed \('x\.npy'\)"):
        parsed(file.getvalue())
    with zipfile.ZipFile(file, "a") as made:
        member = io.BytesIO()
        np.save(member, np.ones(2))
        made.writestr("y.npy", member.getvalue())
    document = parsed(file.getvalue())
    assert [one.name for one in document.regions if is_tensor(one)] == ["y"]
    assert document.warnings == ("a.npz: 'x.npy' left out: compressed",)


GOOD = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"


def handmade(header: str, data: bytes = bytes(8), version: bytes = b"\1\0") -> bytes:
    length = len(header).to_bytes(2 if version[0] == 1 else 4, "little")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("x.npy", b"\x93NUMPY" + version + length + header.encode("latin-1") + data)
    return file.getvalue()


@pytest.mark.parametrize(
    "header",
    [GOOD, GOOD.replace("'", '"'), GOOD.replace("(2,)", "(2L,)"), " " + GOOD + "  \n"],
)
def test_headers_are_read_by_numpy_s_rules(header: str) -> None:
    assert parsed(handmade(header)).regions[1].shape == (2,)
    assert parsed(handmade(header, version=b"\2\0")).regions[1].shape == (2,)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (handmade(""), "'x.npy' at byte 35 is an array with a damaged header"),
        (handmade(GOOD, b"1234567"), "holds 7 of its array's 8 bytes"),
        (handmade(GOOD.replace("2", "9999999999999999999")), "of its array's"),
        (handmade(GOOD.replace("2,", "0, 9999999999999999999")), "an impossible shape"),
        (handmade(GOOD.replace("2,", "2")), "whose shape is a number"),
        (handmade(GOOD.replace("2,", "1," * 65)), "whose shape is damaged"),
        (handmade(GOOD.replace("(2,)", "__import__('os')")), "damaged header"),
        (handmade(GOOD.replace("}", "'x': 1}")), "damaged header"),
        (handmade(GOOD + GOOD), "damaged header"),
        (handmade(GOOD.replace("<f4", "\\x3cf4")), "damaged header"),
        (handmade(GOOD, version=b"\4\0"), r"\.npy version 4\.0"),
        (handmade(" " * 10_001), "takes 10001 bytes"),
        (handmade("(" * 9000), "damaged header"),
        (handmade(GOOD).replace(b"NUMPY", b"NUMPI"), "not an array that numpy has saved"),
    ],
)
def test_damage_is_told_with_its_place(content: bytes, sentence: str) -> None:
    with pytest.raises(FormatError, match=sentence) as raised:
        parsed(content)
    assert str(raised.value).startswith("a.npz")
    assert raised.value.source == "memory/a.npz"

from __future__ import annotations

import types

import numpy as np
import pytest

from arbvis_core.formats.raw import RawFormat
from arbvis_core.testing import MemorySource, check_documents, region_values
from arbvis_core.testing.documents import check_plain, decoders_with
from arbvis_core.values import Document, Part, Region, Transpose

SOURCE = MemorySource("a.bin", bytes(range(24)))


def matrix(stop: int = 24, rows: int = 4, stride: int = 6) -> Region:
    part = Part("bytes", SOURCE.key, 0, stop, (rows, 6), (stride, 1))
    view = (Transpose((1, 0)),)
    return Region("m", (6, rows), "bytes", (part,), view, stored=(rows, 6))


def checked(region: Region) -> None:
    check_documents([Document("d", "toy", (SOURCE,), (region,))], "toy", decoders_with())


def test_values_follow_the_view() -> None:
    checked(matrix())
    whole = np.arange(24, dtype=np.float32).reshape(4, 6).T
    decoders = decoders_with(RawFormat())
    np.testing.assert_array_equal(region_values(matrix(), [SOURCE], decoders), whole)
    part = region_values(matrix(), [SOURCE], decoders, ((2, 5), (1, 3)))
    np.testing.assert_array_equal(part, whole[2:5, 1:3])


@pytest.mark.parametrize(
    ("region", "words"),
    [
        (matrix(stop=25), "bytes 0 to 25 of 24"),
        (Region("", (), "bytes"), "has no name"),
        (Region("r", (-1,), "bytes"), r"\(-1,\)"),
        (Region("r", (1.0,), "bytes"), r"\(1.0,\)"),  # type: ignore[arg-type]
        (Region("r", (), "bytes", attributes={"x": {1}}), "not plain data"),
        (Region("r", (), "x", operands=(matrix(stop=25),)), "bytes 0 to 25 of 24"),
    ],
)
def test_a_bad_region_is_named(region: Region, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        checked(region)


def test_plain_data_is_what_json_knows() -> None:
    check_plain(types.MappingProxyType({"a": (1, 2.5, None, "x", [True])}), "this")
    for value in (b"bytes", {1}, np.float32(1), object(), {(1, 2): 3}):
        with pytest.raises(AssertionError, match="this is not plain data"):
            check_plain({"a": [value]}, "this")

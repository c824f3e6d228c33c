from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from arbvis_core.formats.raw import RawFormat
from arbvis_core.protocols import Group
from arbvis_core.testing import MemorySource
from arbvis_core.values import Document, Part, Region


def parsed(*sources: MemorySource, folder: str = "some/folder") -> Document:
    (document,) = RawFormat().parse(Group(folder, sources, ()))
    return document


def test_a_region_is_a_whole_source() -> None:
    source = MemorySource("a.bin", b"abc")
    document = parsed(source)
    part = Part("bytes", source.key, 0, 3, (3,), (1,))
    assert document.regions == (Region("a.bin", (3,), "bytes", (part,)),)
    assert (document.name, document.format, document.sources) == ("a.bin", "raw", (source,))


def test_a_folder_is_one_document() -> None:
    sources = [MemorySource(f"{number}.bin", bytes(number)) for number in range(3)]
    document = parsed(*sources, folder="C:\\some\\folder\\")
    assert document.name == "folder"
    assert [region.shape for region in document.regions] == [(0,), (1,), (2,)]


def test_a_folder_without_a_name_is_called_after_its_first_file() -> None:
    assert parsed(MemorySource("a", b""), MemorySource("b", b""), folder="/").name == "a"


def test_nothing_is_read() -> None:
    class Unreadable(MemorySource):
        def read(self, ranges: object) -> list[bytes]:
            raise AssertionError(ranges)

    assert parsed(Unreadable("a", b"x"), Unreadable("b", b"y")).regions


@given(st.binary(min_size=1, max_size=50), st.data())
def test_values_are_the_bytes(content: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(content) - 1))
    stop = data.draw(st.integers(start + 1, len(content)))
    region = parsed(MemorySource("a", content)).regions[0]
    (decoder,) = RawFormat.decoders
    window = ((start, stop),)
    (crop,) = decoder.crops(region, window)
    assert (crop.start, crop.stop) == (start, stop)
    buffer = np.frombuffer(content, np.uint8, stop - start, start).reshape(1, -1)
    values = decoder.decode(region, window, [buffer], [])
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, list(content[start:stop]))

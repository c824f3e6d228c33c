from __future__ import annotations

import pickle

import pytest

from arbvis_core.errors import SourceError
from arbvis_core.testing import CountingSource, MemorySource
from arbvis_core.values import Range, Source


def test_a_source_of_bytes() -> None:
    source = MemorySource("a.bin", b"0123456789", "folder")
    assert isinstance(source, Source)
    assert (source.key, source.name, source.size) == ("folder/a.bin", "a.bin", 10)
    assert source.read([Range(0, 3), Range(10, 10), Range(2, 9)]) == [b"012", b"", b"2345678"]
    assert pickle.loads(pickle.dumps(source)) == source
    assert source.identity != MemorySource("a.bin", b"0123456780", "folder").identity
    source.verify()


@pytest.mark.parametrize("wrong", [Range(0, 11), Range(-1, 3), Range(5, 4), Range(11, 11)])
def test_what_is_not_there_is_an_error(wrong: Range) -> None:
    with pytest.raises(SourceError, match=r"a\.bin has 10 bytes"):
        MemorySource("a.bin", bytes(10)).read([wrong])


def test_reads_are_counted() -> None:
    inner = MemorySource("a.bin", b"0123456789")
    source = CountingSource(inner)
    assert isinstance(source, Source)
    assert source.bytes_read == 0
    assert source.read([Range(0, 3)]) == [b"012"]
    source.read([Range(0, 3), Range(5, 6)])
    assert source.reads == [Range(0, 3), Range(0, 3), Range(5, 6)]
    assert source.bytes_read == 7
    seen = (source.key, source.name, source.folder, source.size, source.identity)
    assert seen == (inner.key, inner.name, inner.folder, inner.size, inner.identity)

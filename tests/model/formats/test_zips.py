"""Directories of archives, with `zipfile` as the judge."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arbvis_core.api import FormatError
from arbvis_core.testing import CountingSource, MemorySource
from modelweightvis.formats.zips import MAGIC, Member, extents, first_name, members


def written(contents: dict[str, bytes], comment: bytes = b"", *, large: bool = False) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name, content in contents.items():
            with made.open(name, "w", force_zip64=large) as member:
                member.write(content)
        made.comment = comment
    return file.getvalue()


def listed(content: bytes) -> dict[str, Member]:
    return members(MemorySource("a.zip", content))


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0\\"), min_size=1, max_size=5)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(NAMES, st.binary(max_size=20)), st.binary(max_size=30), st.booleans())
def test_members_lie_where_zipfile_reads_them(
    contents: dict[str, bytes], comment: bytes, large: bool
) -> None:
    archive = written(contents, comment.replace(b"PK", b""), large=large)
    source = MemorySource("a.zip", archive)
    found = members(source)
    assert list(found) == zipfile.ZipFile(io.BytesIO(archive)).namelist()
    places = extents(source, list(found.values()))
    assert {name: archive[start:stop] for name, (start, stop) in places.items()} == contents
    if contents:
        assert first_name(archive[:512]) == next(iter(contents))


def zip64(content: bytes) -> bytes:
    """Say everything of an archive's end in 64 bits, as for more than 65,535 members."""
    place = content.rfind(b"PK\5\6")
    *_, count, size, start, _ = struct.unpack("<4s4H2LH", content[place : place + 22])
    end = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, start)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, place, 1)
    full = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 2**16 - 1, 2**16 - 1, 2**32 - 1, 2**32 - 1, 0)
    return content[:place] + end + locator + full


def test_archives_of_64_bits_are_read() -> None:
    plain = written({"a": b"1", "b": b"22"})
    assert listed(zip64(plain)) == listed(plain)
    assert zipfile.ZipFile(io.BytesIO(zip64(plain))).namelist() == ["a", "b"]


def test_only_the_directory_is_read() -> None:
    source = CountingSource(MemorySource("a.zip", written({"big": bytes(1 << 20), "x": b"1"})))
    extents(source, list(members(source).values()))
    assert source.bytes_read < 70_000


def test_archives_that_contradict_themselves_are_refused() -> None:
    content = written({"a": b"1" * 50, "b": b"2" * 50})
    place = content.rfind(b"PK\5\6")
    first, second = (content.find(b"PK\1\2"), content.rfind(b"PK\1\2"))
    damages = {
        "no directory at its end": content[:place],
        "a directory of 2 members in 4294967295 bytes": patch(content, place + 12, 2**32 - 1),
        "a directory of 65535 members": patch(content, place + 10, 65535, "<H"),
        "with something else in it": patch(content, first, 0),
        "two members that are called 'a'": patch(content, second + 46, ord("a"), "<B"),
        "members that overlap": patch(content, second + 42, 0),
        "no member at byte 4294967294": patch(content, second + 42, 2**32 - 2),
        "no member 'b' at byte 10": patch(content, second + 42, 10),
        "no member 'b' at byte 81": patch(content, second + 20, 2**31),
        "'b' is compressed": patch(content, second + 10, 8, "<H"),
        "'b' is encrypted": patch(content, second + 8, 1, "<H"),
    }
    for sentence, damaged in damages.items():
        source = MemorySource("a.zip", damaged)
        with pytest.raises(FormatError, match=sentence):
            extents(source, list(members(source).values()))


def patch(content: bytes, place: int, value: int, layout: str = "<L") -> bytes:
    return content[:place] + struct.pack(layout, value) + content[place + struct.calcsize(layout) :]


@pytest.mark.parametrize("head", [b"", MAGIC, MAGIC + bytes(20), b"PK\5\6" + bytes(30)])
def test_what_is_no_archive_has_no_first_member(head: bytes) -> None:
    assert first_name(head) == ""

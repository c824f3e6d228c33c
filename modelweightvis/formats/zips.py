"""The directory of a zip archive: where its members lie, read without trusting any of it.

Python's own reader takes the directory's word for how much there is to read; this one does not.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from arbvis_core.api import FormatError, Range, Source
from modelweightvis.formats.reading import MOST, read, shown

MAGIC = b"PK\3\4"
STORED = 0
#: The largest directory that is read.
LARGEST = 64 << 20
#: The most members of an archive.
MEMBERS = 2 * MOST

_END = struct.Struct("<4s4H2LH")
_END_MAGIC = b"PK\5\6"
_LOCATOR = struct.Struct("<4sLQL")
_LOCATOR_MAGIC = b"PK\6\7"
_END64 = struct.Struct("<4sQ2H2L4Q")
_END64_MAGIC = b"PK\6\6"
_MEMBER = struct.Struct("<4s6H3L5H2L")
_MEMBER_MAGIC = b"PK\1\2"
_LOCAL = struct.Struct("<4s5H3L2H")
_UNKNOWN = 2**32 - 1
_ENCRYPTED = 1
_COMMENT = 1 << 16


class Member(NamedTuple):
    """A member of an archive, as the directory has it.

    Attributes:
        name: as it is called.
        method: of compression; 0 is none.
        size: as it is stored.
        header: where its own header begins.
        encrypted: it is.
    """

    name: str
    method: int
    size: int
    header: int
    encrypted: bool


def members(source: Source) -> dict[str, Member]:
    """Return the members of an archive by name; only its directory is read.

    Raises:
        FormatError: the directory is damaged or missing.
    """
    count, size, start = _directory(source)
    if size > LARGEST or count > min(size // _MEMBER.size, MEMBERS) or start + size > source.size:
        raise _damaged(source, f"a directory of {count} members in {size} bytes at byte {start}")
    found: dict[str, Member] = {}
    for member in _listed(source, read(source, start, start + size), count):
        if member.name in found:
            raise _damaged(source, f"two members that are called {shown(member.name)}")
        found[member.name] = member
    return found


def extents(source: Source, wanted: Sequence[Member]) -> Mapping[str, tuple[int, int]]:
    """Return the first byte of members and the first byte after them, by name.

    Raises:
        FormatError: a member is compressed, encrypted, overlaps another, or is not there.
    """
    for member in wanted:
        if member.method != STORED or member.encrypted:
            how = "encrypted" if member.encrypted else "compressed"
            raise FormatError(
                f"{source.name}: its member {shown(member.name)} is {how}, so it cannot be read in "
                f"parts; unpack it and pack it again without (zip -0)"
            )
        if member.header + _LOCAL.size > source.size:
            raise _damaged(source, f"no member at byte {member.header}")
    ranges = [Range(one.header, one.header + _LOCAL.size) for one in wanted]
    found: dict[str, tuple[int, int]] = {}
    for member, head in zip(wanted, source.read(ranges), strict=True):
        magic, *_, name, extra = _LOCAL.unpack(head)
        start = member.header + _LOCAL.size + name + extra
        if magic != MAGIC or start + member.size > source.size:
            raise _damaged(source, f"no member {shown(member.name)} at byte {member.header}")
        found[member.name] = (start, start + member.size)
    position = 0
    for start, stop in sorted(found.values()):
        if start < position:
            raise _damaged(source, f"members that overlap at byte {start}")
        position = max(position, stop)
    return found


def first_name(head: bytes) -> str:
    """Return the name of the first member, or nothing if it is no archive.

    Args:
        head: the beginning of the file.
    """
    if len(head) < _LOCAL.size or not head.startswith(MAGIC):
        return ""
    length = _LOCAL.unpack_from(head)[-2]
    return head[_LOCAL.size : _LOCAL.size + length].decode("utf-8", "replace")


def _directory(source: Source) -> tuple[int, int, int]:
    """Return how many members the directory has, its size, and where it begins."""
    first = max(source.size - _END.size - _COMMENT, 0)
    tail = read(source, first, source.size)
    place = tail.rfind(_END_MAGIC, 0, len(tail) - _END.size + len(_END_MAGIC))
    if place < 0:
        raise FormatError(
            f"{source.name} has no directory at its end, at byte {source.size}; "
            f"it was cut short, fetch it again"
        )
    _, _, _, _, count, size, start, _ = _END.unpack_from(tail, place)
    locator = read(source, max(first + place - _LOCATOR.size, 0), first + place)
    if len(locator) == _LOCATOR.size and locator.startswith(_LOCATOR_MAGIC):
        _, _, where, _ = _LOCATOR.unpack(locator)
        end = read(source, where, where + _END64.size)
        if len(end) < _END64.size or not end.startswith(_END64_MAGIC):
            raise _damaged(source, f"no directory's end at byte {where}")
        *_, count, size, start = _END64.unpack(end)
    return count, size, start


def _listed(source: Source, directory: bytes, count: int) -> Iterator[Member]:
    position = 0
    for _ in range(count):
        if position + _MEMBER.size > len(directory):
            raise _damaged(source, "a directory that ends too early")
        fields = _MEMBER.unpack_from(directory, position)
        magic, flags, method = fields[0], fields[3], fields[4]
        packed, unpacked, lengths, header = fields[8], fields[9], fields[10:13], fields[-1]
        if magic != _MEMBER_MAGIC:
            raise _damaged(source, "a directory with something else in it")
        position += _MEMBER.size
        name = directory[position : position + lengths[0]].decode("utf-8", "replace")
        extra = directory[position + lengths[0] : position + lengths[0] + lengths[1]]
        position += sum(lengths)
        packed, header = _wide(extra, (unpacked, packed, header))
        yield Member(name, method, packed, header, bool(flags & _ENCRYPTED))


def _wide(extra: bytes, told: tuple[int, int, int]) -> tuple[int, int]:
    """Return size and place of a member, which stand elsewhere if they are beyond 32 bits."""
    position = 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, position)
        position += 4
        if kind == 1:
            field = extra[position : position + length]
            values = iter(struct.unpack(f"<{len(field) // 8}Q", field[: len(field) // 8 * 8]))
            _, packed, header = (next(values, one) if one == _UNKNOWN else one for one in told)
            return packed, header
        position += length
    return told[1], told[2]


def _damaged(source: Source, what: str) -> FormatError:
    return FormatError(f"{source.name} has {what}; it is damaged, fetch it again")

"""The header of a `.npy` file, read without evaluating anything.

The format is described in `numpy.lib.format`: a magic string, a version, the length of the header,
and the header itself, a Python dictionary of three entries, padded with spaces.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from arbvis_core.api import FormatError

MAGIC = b"\x93NUMPY"
#: Bytes before the header, at most: magic, version, length.
PRELUDE = 12
#: The longest header that is read, and the most axes; both as in numpy.
LONGEST, AXES = 10_000, 64

_VALUE = r"'[^'\\]*'|\"[^\"\\]*\"|True|False|\([0-9,\sL]*\)"
_ENTRY = re.compile(rf"\s*(['\"])(\w+)\1\s*:\s*({_VALUE}|[\[(])\s*(?:,\s*|(?=\}}))?")
_LENGTH = re.compile(r"\s*([0-9]{1,19})L?\s*")


class Header(NamedTuple):
    """What a header says.

    Attributes:
        descr: the dtype as numpy spells it, byte order first: `<f4`.
        fortran: the first axis is the contiguous one.
        shape: of the array.
    """

    descr: str
    fortran: bool
    shape: tuple[int, ...]


def header_span(name: str, prelude: bytes) -> tuple[int, int]:
    """Return where the header's text begins and ends.

    Args:
        name: the file's name.
        prelude: its first `PRELUDE` bytes.

    Raises:
        FormatError: the file is cut short, or of a version that numpy has not defined.
    """
    if len(prelude) < PRELUDE:
        raise FormatError(f"{name} ends within its first {PRELUDE} bytes; fetch it again")
    version = tuple(prelude[6:8])
    if version not in {(1, 0), (2, 0), (3, 0)}:
        raise FormatError(f"{name} is .npy version {version[0]}.{version[1]}, which is not known")
    start = 10 if version == (1, 0) else 12
    length = int.from_bytes(prelude[8:start], "little")
    if length > LONGEST:
        raise FormatError(
            f"{name} has a header of {length} bytes at byte {start}; {LONGEST} is most"
        )
    return start, start + length


def parse_header(name: str, text: str) -> Header:
    """Parse the dictionary, by the rules of `numpy.lib.format`.

    Args:
        name: the file's name.
        text: of the header.

    Raises:
        FormatError: the header is damaged, or its dtype is structured.
    """
    text = text.strip()
    entries: dict[str, str] = {}
    position = 1
    while match := _ENTRY.match(text, position):
        entries[match[2]] = match[3]
        position = match.end()
        if match[2] == "descr" and match[3] in "[(":
            raise FormatError(
                f"{name} holds records of a structured dtype; save each field as an array of its own"
            )
    descr, fortran = entries.get("descr", ""), entries.get("fortran_order", "")
    shape = _shape(entries.get("shape", ""))
    complete = text[:1] == "{" and text[position:] == "}" and len(entries) == 3
    if (
        not complete
        or descr[:1] not in {"'", '"'}
        or fortran not in {"True", "False"}
        or shape is None
    ):
        raise FormatError(f"{name} has a damaged header: {text[:80]!r}; save the array again")
    return Header(descr[1:-1], fortran == "True", shape)


def _shape(text: str) -> tuple[int, ...] | None:
    """Parse a tuple of lengths; None if it is none."""
    if text[:1] != "(" or text[-1:] != ")":
        return None
    pieces = text[1:-1].split(",")
    if not pieces[-1].strip():
        pieces.pop()
    elif len(pieces) == 1:
        return None  # (3) is a number, (3,) a tuple
    lengths = [_LENGTH.fullmatch(piece) for piece in pieces]
    if None in lengths or len(pieces) > AXES:
        return None
    return tuple(int(match[1]) for match in lengths if match)

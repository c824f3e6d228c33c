"""The header of an array that numpy has saved, read without evaluating anything.

The format is described in `numpy.lib.format`: a magic string, a version, the length of the header,
and the header itself, a Python dictionary of three entries, padded with spaces.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from modelweightvis.formats.reading import AXES

MAGIC = b"\x93NUMPY"
#: The longest header, as in numpy, and what stands before it, at most.
LONGEST, PRELUDE = 10_000, 12

_ENTRY = re.compile(
    r"""(['"])(descr|fortran_order|shape)\1\s*:\s*"""
    r"""(?:(['"])(?P<descr>[^'"\\]*)\3|(?P<order>True|False)|\((?P<shape>[0-9,\sL]*)\))\s*(?:,\s*|(?=}))"""
)


class Header(NamedTuple):
    """What a header says.

    Attributes:
        descr: the dtype as numpy spells it, byte order first: `<f4`; empty if it is structured.
        fortran: the first axis is the contiguous one.
        shape: of the array.
        stop: where the array begins.
    """

    descr: str
    fortran: bool
    shape: tuple[int, ...]
    stop: int


def header_stop(data: bytes) -> int:
    """Return the first byte after a header.

    Args:
        data: its first `PRELUDE` bytes, or more.

    Raises:
        ValueError: this is no array, or one of a version that numpy has not defined.
    """
    if len(data) < PRELUDE or not data.startswith(MAGIC):
        raise ValueError("not an array that numpy has saved")
    if data[6:8] not in {b"\1\0", b"\2\0", b"\3\0"}:
        raise ValueError(f".npy version {data[6]}.{data[7]}, which is not known")
    start = 10 if data[6] == 1 else 12
    length = int.from_bytes(data[8:start], "little")
    if length > LONGEST:
        raise ValueError(f"an array whose header takes {length} bytes, and {LONGEST} is most")
    return start + length


def parse_header(data: bytes) -> Header:
    """Parse a header.

    Args:
        data: all of it, from the magic string on.

    Raises:
        ValueError: it is damaged.
    """
    stop = header_stop(data)
    if len(data) < stop:
        raise ValueError("cut short within its header")
    text = data[10 if data[6] == 1 else 12 : stop].decode("latin-1").strip()
    if re.match(r"\{.{0,99}'descr': \[", text):
        return Header("", fortran=False, shape=(), stop=stop)
    found = {match[2]: match for match in _ENTRY.finditer(text)}
    values = [
        match and match[group]
        for key, group in (("descr", "descr"), ("fortran_order", "order"), ("shape", "shape"))
        for match in [found.get(key)]
    ]
    if None in values or not re.fullmatch(r"\{\s*\}", _ENTRY.sub("", text)):
        raise ValueError(f"an array with a damaged header: {text[:80]!r}")
    descr, order, shape = (value or "" for value in values)
    return Header(descr, order == "True", _shape(shape), stop)


def _shape(text: str) -> tuple[int, ...]:
    pieces = [piece.strip().rstrip("L") for piece in text.split(",")]
    if not pieces[-1]:
        pieces.pop()
    elif len(pieces) == 1:
        raise ValueError("an array whose shape is a number")
    if len(pieces) > AXES or not all(piece.isdecimal() and len(piece) < 20 for piece in pieces):
        raise ValueError(f"an array whose shape is damaged: {text[:80]!r}")
    return tuple(map(int, pieces))

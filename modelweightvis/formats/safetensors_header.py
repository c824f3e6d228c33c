"""The header of a safetensors file, validated before anything is made of it.

Eight bytes say how long the header is; the header is JSON: a table of tensors, each with its dtype,
shape and first and last byte behind the header, and `__metadata__`, a table of strings.

What is refused is what the `safetensors` library refuses, with these differences:

- a dtype that the library does not know is taken, and its tensor drawn hatched: the others can be seen;
- a key that is said twice is refused, where the library takes the last: which was meant is not known;
- a tensor as a list, or a dtype as a table, is refused: its parser allows them, the format does not;
- a tensor without elements whose other axes no array can have is refused: numpy refuses it too;
- more than 64 axes, 262,144 tensors, 4 million containers or 16 million values are refused: no model
  has so many, and a hostile header could fill the memory with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from arbvis_core.api import FormatError
from modelweightvis.encodings.table import UNKNOWN, element_type
from modelweightvis.formats.reading import AXES, MOST, check_count, shown
from modelweightvis.formats.strict import DEEPEST, depth, parse_json
from modelweightvis.formats.tensors import Entry

#: Bytes that say how long the header is.
PRELUDE = 8
#: The longest header, in bytes; as in the library.
LONGEST = 100_000_000

_FIELDS = frozenset({"dtype", "shape", "data_offsets"})
_LIMIT = 2**64


class Header(NamedTuple):
    """What a header says: tensors in the order they are stored, strings, and where it ends."""

    entries: tuple[Entry, ...]
    metadata: Mapping[str, str]
    stop: int


def header_stop(name: str, prelude: bytes, size: int) -> int:
    """Return the first byte after the header.

    Args:
        name: the file's name.
        prelude: its first `PRELUDE` bytes.
        size: of the file.

    Raises:
        FormatError: the header cannot be that long.
    """
    if len(prelude) < PRELUDE:
        raise FormatError(
            f"{name} ends within its first {PRELUDE} bytes, so it is no safetensors file; "
            f"fetch it again"
        )
    length = int.from_bytes(prelude, "little")
    if length > LONGEST:
        raise FormatError(
            f"{name} says that its header takes {length} bytes, and {LONGEST} is most; "
            f"it is damaged or no safetensors file"
        )
    if PRELUDE + length > size:
        raise FormatError(
            f"{name} ends at byte {size}, within its header, which ends at byte "
            f"{PRELUDE + length}; it was cut short, fetch it again"
        )
    return PRELUDE + length


def parse_header(name: str, text: bytes, size: int) -> Header:
    """Parse the JSON, and hold what it says against the size of the file.

    Args:
        name: the file's name.
        text: the header without the bytes that say how long it is.
        size: of the file.

    Raises:
        FormatError: the header is damaged, or speaks of bytes that are not there.
    """
    try:
        table = parse_json(text)
        if not isinstance(table, dict):
            raise ValueError("not a table of tensors")  # noqa: TRY004, TRY301 - one sentence for all
        if len(table) > MOST:
            raise ValueError(f"too large: {len(table)} tensors, {MOST} is most")  # noqa: TRY301
        metadata = _metadata(table.pop("__metadata__", None))
        stop = PRELUDE + len(text)
        entries = [_entry(key, value, stop) for key, value in table.items()]
    except ValueError as error:
        raise FormatError(
            f"{name} has a header at byte {PRELUDE} that is {error}; fetch the file again"
        ) from None
    entries.sort(key=lambda entry: (entry.start, entry.stop))
    _check_extents(name, entries, stop, size)
    return Header(tuple(entries), metadata, stop)


def _metadata(value: Any) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise ValueError("damaged: __metadata__ is not a table of strings")
    return value


def _entry(name: str, value: Any, origin: int) -> Entry:
    if not isinstance(value, dict) or not value.keys() >= _FIELDS:
        raise ValueError(f"damaged: tensor {shown(name)} has no dtype, shape and data_offsets")
    if len(value) > len(_FIELDS) and depth(value) >= DEEPEST:
        raise ValueError("nested too deeply")
    dtype, shape, offsets = value["dtype"], _sizes(value["shape"]), _sizes(value["data_offsets"])
    if not isinstance(dtype, str) or shape is None or offsets is None or len(offsets) != 2:
        raise ValueError(f"damaged: tensor {shown(name)} has an impossible dtype, shape or offset")
    if len(shape) > AXES:
        raise ValueError(f"not usable: tensor {shown(name)} has {len(shape)} axes, {AXES} is most")
    stored = element_type(dtype)
    stored = UNKNOWN if stored.kind == "quantised" else stored  # GGML's names mean nothing here
    return Entry(name, dtype, shape, origin + offsets[0], origin + offsets[1], stored)


def _sizes(value: Any) -> tuple[int, ...] | None:
    """Return sizes of 64 bits, or None if they are something else."""
    if not isinstance(value, list):
        return None
    for one in value:  # a call of `all` for each of tens of thousands would take twice as long
        if type(one) is not int or not 0 <= one < _LIMIT:
            return None
    return tuple(value)


def _check_extents(name: str, entries: list[Entry], origin: int, size: int) -> None:
    """Hold tensors against each other and against the end of the file: no gap, no overlap."""
    position = origin
    for entry in entries:
        if entry.start != position or entry.stop < entry.start:
            raise FormatError(
                f"{_what(name, entry)} does not begin where the one before it ends, at byte {position}; "
                f"the header is damaged, fetch the file again"
            )
        expected = _size(entry)
        if expected is not None and expected != entry.stop - entry.start:
            raise FormatError(
                f"{_what(name, entry)} takes {entry.stop - entry.start} bytes, but {entry.dtype} of shape "
                f"{list(entry.shape)} takes {expected}; the header is damaged, fetch the file again"
            )
        if not expected:
            check_count(_what(name, entry), entry.shape, entry.stop - entry.start)
        position = entry.stop
    if position != size:
        wrong = "it was cut short" if position > size else "something was added to it"
        raise FormatError(
            f"{name} has {size} bytes, but its tensors end at byte {position}; "
            f"{wrong}, fetch it again"
        )


def _what(name: str, entry: Entry) -> str:
    return f"{name}: tensor {shown(entry.name)} at byte {entry.start}"


def _size(entry: Entry) -> int | float | None:
    """Return the bytes an entry has to take; no whole number, or infinity, if it cannot be stored."""
    if not entry.stored.bytes:
        return None
    count = 1
    for length in entry.shape:
        count *= length
        if count >= _LIMIT:
            return float("inf")
    bits = count * 8 * entry.stored.bytes // entry.stored.elements
    return float("inf") if bits >= _LIMIT else bits // 8 if bits % 8 == 0 else bits / 8

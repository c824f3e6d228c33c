"""The header of a GGUF file: facts about the model, and where its tensors lie.

Laid out as ggml's `docs/gguf.md` says. Arrays that are long, vocabularies above all, are passed over
and told by type, length and first elements.

What is read of valid files is what the `gguf` package reads, with these differences:

- a type of elements that nobody knows degrades its tensor, where the package refuses the whole file;
- tensors that overlap, reach out of the file or do not fill whole blocks are refused, where the
  package trusts the header;
- files of big-endian machines are refused with a sentence that says how to convert them;
- text that is not UTF-8 is refused in names, as there, and mended in values, which are only shown.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from arbvis_core.api import FormatError, Source
from modelweightvis.encodings.table import GGML_TYPES, ElementType, ggml_type
from modelweightvis.formats.cursor import Cursor
from modelweightvis.formats.reading import AXES, MOST, check_count, refuse_pointer, shown
from modelweightvis.formats.tensors import Entry

MAGIC: Final = b"GGUF"
VERSIONS: Final = (2, 3)

_NUMBERS: Final = {0: ("uint8", "B"), 1: ("int8", "b"), 2: ("uint16", "H"), 3: ("int16", "h"),
                   4: ("uint32", "I"), 5: ("int32", "i"), 6: ("float32", "f"), 7: ("bool", "?"),
                   10: ("uint64", "Q"), 11: ("int64", "q"), 12: ("float64", "d")}  # fmt: skip
_UINT32: Final = 4
_STRING: Final = 8
_ARRAY: Final = 9

#: Longer arrays are told by their first elements.
_WHOLE_NUMBERS: Final = 4096
_WHOLE_STRINGS: Final = 64
_FEW: Final = 3
#: Longer texts are cut, arrays in arrays deeper than this refused.
_TEXT: Final = 64 << 10
_DEEPEST: Final = 4
#: The least that a pair and a tensor take in the header.
_PAIR: Final = 13
_TENSOR: Final = 24


class Header(NamedTuple):
    """What a header says.

    Attributes:
        version: 2 or 3.
        pairs: facts about the model, arrays that are long as {type, length, first}.
        alignment: of the tensors, in bytes.
        entries: the tensors, in the order they are stored.
        stop: the first byte after the header, padding left out.
    """

    version: int
    pairs: Mapping[str, Any]
    alignment: int
    entries: tuple[Entry, ...]
    stop: int


def read_header(source: Source) -> Header:
    """Read a header; nothing of the tensors is read.

    Raises:
        FormatError: it is damaged, cut short, or of a version that cannot be read.
    """
    refuse_pointer(source)
    cursor = Cursor(source)
    version = _version(cursor)
    tensors, pairs = cursor.numbers("Q", 2)
    if tensors * _TENSOR + pairs * _PAIR > source.size or max(tensors, pairs) > MOST:
        raise FormatError(
            f"{source.name} says at byte 8 that it has {tensors} tensors and {pairs} facts, "
            f"which is too much for its {source.size} bytes; it is damaged, fetch it again"
        )
    found = _pairs(cursor, pairs)
    alignment = _alignment(source, found)
    told = [_tensor(cursor) for _ in range(tensors)]
    names = {name for name, _, _, _ in told}
    if len(names) < len(told):
        raise FormatError(f"{source.name} has two tensors of one name; it is damaged")
    origin = -(-cursor.position // alignment) * alignment
    entries = tuple(_entries(source, told, origin))
    values = {key: value for key, (_, value) in found.items()}
    return Header(version, values, alignment, entries, cursor.position)


def _version(cursor: Cursor) -> int:
    name = cursor.source.name
    if cursor.take(len(MAGIC)) != MAGIC:
        raise FormatError(f"{name} does not begin with GGUF, so it is no GGUF file")
    (version,) = cursor.numbers("I")
    if version and version & 0xFFFF == 0:
        raise FormatError(
            f"{name} was written for a big-endian machine, which cannot be read; "
            f"convert it with gguf_convert_endian.py of llama.cpp"
        )
    if version not in VERSIONS:
        raise FormatError(
            f"{name} is GGUF version {version}; versions 2 and 3 can be read; "
            f"convert the model again with a current llama.cpp"
        )
    return int(version)


def _pairs(cursor: Cursor, count: int) -> dict[str, tuple[int, Any]]:
    """Return type and value of every fact."""
    found: dict[str, tuple[int, Any]] = {}
    for _ in range(count):
        place = cursor.position
        key = _text(cursor, "the name of a fact")
        (kind,) = cursor.numbers("I")
        if key in found:
            raise FormatError(
                f"{cursor.source.name} says {shown(key)} a second time at byte {place}; "
                f"it is damaged"
            )
        found[key] = (kind, _value(cursor, kind))
    return found


def _text(cursor: Cursor, what: str) -> str:
    place = cursor.position
    try:
        return cursor.string().decode("utf-8")
    except UnicodeDecodeError:
        raise FormatError(
            f"{cursor.source.name}: {what} at byte {place} is not UTF-8; the file is damaged"
        ) from None


def _value(cursor: Cursor, kind: int) -> Any:
    if kind in _NUMBERS:
        return _plain(cursor.numbers(_NUMBERS[kind][1])[0])
    if kind == _STRING:
        return _cut(cursor.string())
    if kind == _ARRAY:
        return _array(cursor, 0)
    raise _no_type(cursor, kind)


def _array(cursor: Cursor, depth: int) -> Any:
    """Return an array, or what is said of a long one."""
    (kind,), (count,) = cursor.numbers("I"), cursor.numbers("Q")
    if kind in _NUMBERS:
        name, letter = _NUMBERS[kind]
        first = cursor.numbers(letter, count if count <= _WHOLE_NUMBERS else _FEW)
        width = {"b": 1, "B": 1, "?": 1, "h": 2, "H": 2, "q": 8, "Q": 8, "d": 8}.get(letter, 4)
        cursor.skip((count - len(first)) * width)
        values = tuple(_plain(one) for one in first)
    elif kind == _STRING:
        name = "string"
        kept = count if count <= _WHOLE_STRINGS else _FEW
        values = tuple(_cut(cursor.string()) for _ in range(kept))
        cursor.skip_strings(count - kept)
    elif kind == _ARRAY and depth < _DEEPEST and count <= MOST:
        name, values = "array", ()
        for _ in range(count):
            inner = _array(cursor, depth + 1)
            values = (*values, inner) if len(values) < _FEW else values
    else:
        raise _no_type(cursor, kind)
    if len(values) == count:
        return values
    return {"type": name, "length": count, "first": values[:_FEW]}


def _no_type(cursor: Cursor, kind: int) -> FormatError:
    return FormatError(
        f"{cursor.source.name} has a fact of type {kind} at byte {cursor.position}, "
        f"which no version of GGUF knows; it is damaged, fetch it again"
    )


def _plain(value: Any) -> Any:
    """Return a number that JSON knows, or its name."""
    return repr(value) if isinstance(value, float) and not math.isfinite(value) else value


def _cut(text: bytes) -> str:
    whole = text[:_TEXT].decode("utf-8", "replace")
    return f"{whole}…" if len(text) > _TEXT else whole


def _alignment(source: Source, pairs: Mapping[str, tuple[int, Any]]) -> int:
    kind, value = pairs.get("general.alignment", (_UINT32, 32))
    if kind != _UINT32 or value == 0 or value & (value - 1):
        raise FormatError(
            f"{source.name} says that its tensors are aligned to {str(value)[:40]} bytes, "
            f"which is no power of two; it is damaged"
        )
    return int(value)


def _tensor(cursor: Cursor) -> tuple[str, tuple[int, ...], int, int]:
    """Return name, shape, number of the type, and offset."""
    name = _text(cursor, "the name of a tensor")
    (axes,) = cursor.numbers("I")
    if axes > AXES:
        raise FormatError(
            f"{cursor.source.name}: tensor {shown(name)} at byte {cursor.position} has {axes} axes, "
            f"and {AXES} is most; the header is damaged"
        )
    dims = cursor.numbers("Q", axes)
    (kind,), (offset,) = cursor.numbers("I"), cursor.numbers("Q")
    return name, dims[::-1], kind, offset


def _entries(
    source: Source, told: list[tuple[str, tuple[int, ...], int, int]], origin: int
) -> list[Entry]:
    """Turn offsets to extents, and hold these against each other and the end of the file."""
    told = sorted(told, key=lambda one: one[3])
    starts = [origin + offset for _, _, _, offset in told]
    entries: list[Entry] = []
    position = origin
    for (name, shape, kind, _), start, following in zip(
        told, starts, (*starts, source.size)[1:], strict=True
    ):
        what = f"{source.name}: tensor {shown(name)} at byte {start}"
        stored = ggml_type(kind)
        dtype = GGML_TYPES.get(kind, f"GGML type {kind}")
        if start < position:
            raise FormatError(
                f"{what} overlaps the one before it, which ends at byte {position}; "
                f"the header is damaged, fetch the file again"
            )
        stop = start + _size(what, stored, shape) if stored.bytes else max(start, following)
        if stop > source.size or start > source.size:
            raise FormatError(
                f"{what} ends at byte {stop}, but the file at byte {source.size}; "
                f"it was cut short, fetch it again"
            )
        check_count(what, shape, stop - start)
        entries.append(Entry(name, dtype, shape, start, stop, stored))
        position = stop
    return entries


def _size(what: str, stored: ElementType, shape: tuple[int, ...]) -> int:
    row = shape[-1] if shape else 1
    if row % stored.elements:
        raise FormatError(
            f"{what} has rows of {row} elements, and blocks of {stored.name} have "
            f"{stored.elements}; the header is damaged"
        )
    return stored.size(math.prod(shape))

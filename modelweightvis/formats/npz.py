"""Arrays in `.npz` files: archives of `.npy` members, as `numpy.savez` writes them."""

from __future__ import annotations

import re
from math import prod

from arbvis_core.api import (
    Document,
    FormatError,
    Group,
    Part,
    Range,
    Region,
    Source,
)
from modelweightvis.encodings.table import ElementType, element_type
from modelweightvis.formats.documents import Content, model_document
from modelweightvis.formats.fusion.fuse import fuse
from modelweightvis.formats.npy_header import Header, header_stop, parse_header
from modelweightvis.formats.reading import (
    check_empty,
    listed,
    of_source,
    read,
    refuse_pointer,
    shown,
)
from modelweightvis.formats.shards import group_models
from modelweightvis.formats.tensors import header_region, unknown_region
from modelweightvis.formats.zips import STORED, extents, members

#: What is read of every member at first; numpy's headers are rarely longer.
_HEAD = 256
_NUMBER = re.compile(r"[<>|=]([biufc])([0-9]{1,2})")
_KINDS = {"i": "I", "u": "U", "f": "F"}


def documents(group: Group) -> list[Document]:
    """Return one document per file; only headers are read.

    Raises:
        FormatError: a file is damaged, cut short, or all of it is compressed.
    """
    return [
        fuse(
            model_document("npz", model, [_content(source) for source in model.sources]),
            group.siblings,
        )
        for model in group_models(group.claimed, group.siblings)
    ]


def _content(source: Source) -> Content:
    with of_source(source):
        refuse_pointer(source)
        found = [one for one in members(source).values() if one.name.endswith(".npy")]
        plain = [one for one in found if one.method == STORED and not one.encrypted]
        packed = [one.name for one in found if one.method != STORED or one.encrypted]
        if packed and not plain:
            raise FormatError(
                f"{source.name} is compressed ({listed(packed)}), so it cannot be read in parts; "
                f"save it with numpy.savez instead of numpy.savez_compressed"
            )
        places = extents(source, plain)
        heads = source.read([Range(a, min(a + _HEAD, b)) for a, b in places.values()])
        regions: list[Region] = []
        odd: list[str] = []
        for (name, place), head in zip(places.items(), heads, strict=True):
            header = _header(source, name, bytes(head), place)
            region = _array(source, name.removesuffix(".npy"), header, place)
            regions.append(header_region(source.key, place[0], place[0] + header.stop))
            regions += [region] if region else []
            odd += [] if region else [name]
    told = ((packed, "compressed"), (odd, "of no plain numbers"))
    warnings = [f"{source.name}: {listed(names)} left out: {why}" for names, why in told if names]
    return Content(source, tuple(regions), warnings=tuple(warnings))


def _header(source: Source, name: str, head: bytes, place: tuple[int, int]) -> Header:
    try:
        stop = header_stop(head)
        if stop > len(head):
            head = read(source, place[0], min(place[0] + stop, place[1]))
        return parse_header(head)
    except ValueError as error:
        raise FormatError(
            f"{source.name}: its member {shown(name)} at byte {place[0]} is {error}; "
            f"fetch the file again"
        ) from None


def _array(source: Source, name: str, header: Header, place: tuple[int, int]) -> Region | None:
    """Return an array, or None if it holds no plain numbers."""
    stored, size = _stored(header.descr)
    if not size:
        return None
    check_empty(f"{source.name}: its member {shown(name)} at byte {place[0]}", header.shape)
    start = place[0] + header.stop
    stop = start + prod(header.shape) * size
    if stop > place[1]:
        raise FormatError(
            f"{source.name}: its member {shown(name)} at byte {place[0]} holds "
            f"{place[1] - start} of its array's {stop - start} bytes; it is damaged"
        )
    facts = {"dtype": stored.name if stored else header.descr}
    if stored is None:
        return unknown_region(name, header.shape, (source.key, start, stop), facts)
    axes = header.shape if header.fortran else header.shape[::-1]
    strides = tuple(size * prod(axes[:axis]) for axis in range(len(axes)))
    strides = strides if header.fortran else strides[::-1]
    part = Part("codes", source.key, start, stop, header.shape, strides)
    return Region(name or "(no name)", header.shape, stored.name, (part,), attributes=facts)


def _stored(descr: str) -> tuple[ElementType | None, int]:
    """Return the element type and the size of a dtype; None and 0 if they are not known."""
    found = _NUMBER.fullmatch(descr)
    if found is None:
        return None, 0
    letter, size = found[1], int(found[2])
    name = "BOOL" if letter == "b" else f"{_KINDS.get(letter, '?')}{8 * size}"
    stored = element_type(name)
    swapped = descr[0] == ">" and size > 1
    return (stored if stored.decoded and not swapped else None), size

"""The containers that PyTorch saves pickles in: zip archives, and what came before them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from arbvis_core.api import FormatError, Source
from arbvis_core.slotted import dataclass
from modelweightvis.formats.cursor import FIRST
from modelweightvis.formats.pickle_machine import Told, interpret
from modelweightvis.formats.pickle_values import Storage
from modelweightvis.formats.reading import read, refuse_pointer, shown
from modelweightvis.formats.torch_marks import PICKLE, PICKLED, WITHIN, is_legacy
from modelweightvis.formats.torch_tensors import Extent
from modelweightvis.formats.torch_types import torch_type
from modelweightvis.formats.zips import MAGIC, Member, extents, members

#: The largest pickle that is read.
LARGEST = 64 << 20


@dataclass(frozen=True, slots=True)
class Saved:
    """A pickle that PyTorch has saved, and where its storages lie.

    Attributes:
        value: what the pickle says.
        start, stop: the pickle's first byte and the first byte after it.
        find: tells where storages lie, by key, given all that are wanted.
    """

    value: Any
    start: int
    stop: int
    find: Callable[[Iterable[Storage]], Mapping[str, Extent]]


def open_saved(source: Source) -> Saved | None:
    """Read the pickle of a file; no storage is read. A bare pickle, which has none, gives None.

    Raises:
        FormatError: the file is damaged, cut short, compressed, or not from PyTorch.
    """
    refuse_pointer(source)
    head = read(source, 0, WITHIN)
    if head.startswith(MAGIC):
        return _archive(source)
    if is_legacy(head):
        return _legacy(source)
    if head.startswith(PICKLED):
        return None
    raise FormatError(
        f"{source.name} is neither a zip archive nor a pickle at its byte 0, "
        f"so PyTorch has not saved it; fetch it again"
    )


def _archive(source: Source) -> Saved:
    listed = members(source)
    pickles = [name for name in listed if name == PICKLE or name.endswith(f"/{PICKLE}")]
    if not pickles:
        raise FormatError(f"{source.name} is a zip archive without {PICKLE}, so no PyTorch file")
    name = min(pickles, key=len)
    folder = name.removesuffix(PICKLE)
    if listed[name].size > LARGEST:
        raise FormatError(
            f"{source.name}: its {PICKLE} of {listed[name].size} bytes is too large; "
            f"{LARGEST} bytes are most"
        )
    start, stop = extents(source, [listed[name]])[name]
    _check_order(source, listed.get(f"{folder}byteorder"))
    told = _interpret(source, read(source, start, stop), start)
    return Saved(told.value, start, stop, partial(_members_of, source, listed, folder))


def _check_order(source: Source, member: Member | None) -> None:
    if member is not None and member.size == len(b"big"):
        start, stop = extents(source, [member])[member.name]
        if read(source, start, stop) == b"big":
            raise FormatError(
                f"{source.name} was saved on a big-endian machine, which cannot be read; "
                f"load it and save it on another"
            )


def _members_of(
    source: Source, listed: Mapping[str, Member], folder: str, wanted: Iterable[Storage]
) -> dict[str, Extent]:
    names = {storage.key: f"{folder}data/{storage.key}" for storage in wanted}
    for name in names.values():
        if name not in listed:
            raise FormatError(f"{source.name} has no member {shown(name)}; fetch it again")
    found = extents(source, [listed[name] for name in names.values()])
    return {key: Extent(source.key, *found[name]) for key, name in names.items()}


def _legacy(source: Source) -> Saved:
    """Read a file from before PyTorch 1.6: five pickles, and storages one after the other."""
    reach = FIRST
    while True:
        data = read(source, 0, min(reach, LARGEST))
        try:
            return _pickles(source, data)
        except FormatError:
            if len(data) == min(source.size, LARGEST):
                raise
        reach *= 4


def _pickles(source: Source, data: bytes) -> Saved:
    position, storages = 0, dict[str, Storage]()
    told = []
    for _ in range(5):
        told.append(_interpret(source, data[position:], position))
        storages |= told[-1].storages
        position += told[-1].length
    _, _, system, saved, keys = (one.value for one in told)
    if isinstance(system, dict) and system.get("little_endian") is False:
        raise FormatError(f"{source.name} was saved on a big-endian machine, which cannot be read")
    if not isinstance(keys, list) or not all(key in storages for key in map(str, keys)):
        raise FormatError(f"{source.name} has no list of its storages at byte {position}")
    wanted = [storages[str(key)] for key in keys]
    return Saved(saved, 0, position, lambda _: dict(_sequence(source, wanted, position)))


def _sequence(
    source: Source, storages: Iterable[Storage], position: int
) -> Iterator[tuple[str, Extent]]:
    """Yield where storages lie: each is a count in eight bytes and its elements."""
    for storage in storages:
        size = torch_type(storage.kind).bytes
        count = int.from_bytes(read(source, position, position + 8), "little")
        start = position + 8
        position = start + count * size
        if not size or position > source.size or count != storage.elements:
            raise FormatError(
                f"{source.name}: its storage {shown(storage.key)} at byte {start} is said to have "
                f"{storage.elements} elements ({shown(storage.kind)}); "
                f"it was cut short or is damaged, fetch it again"
            )
        yield storage.key, Extent(source.key, start, position)


def _interpret(source: Source, data: bytes, start: int) -> Told:
    try:
        return interpret(data)
    except ValueError as error:
        raise FormatError(
            f"{source.name}: its pickle at byte {start} is {error}; fetch the file again"
        ) from None

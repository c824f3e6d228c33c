"""Files that are parts of one model: by an index beside them, or by their names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from arbvis_core.api import Source
from modelweightvis.formats.reading import basename, listed, read
from modelweightvis.formats.strict import parse_json

#: `model-00001-of-00003.safetensors`, `model-00001-of-00003.fp16.safetensors`
_NUMBERED = re.compile(r"(.+)-([0-9]{1,5})-of-([0-9]{1,5})(\..+)?")
#: The largest index that is read, in bytes.
LARGEST = 128 << 20


@dataclass(frozen=True, slots=True)
class Model:
    """The files of one model.

    Attributes:
        name: what people call it: the file's name, or that of all shards without their numbers.
        sources: those that are here, in the order of the shards.
        missing: names of those that are not.
        index: the file of every tensor, by the tensor's name, where an index says so.
        warnings: sentences for the user.
    """

    name: str
    sources: tuple[Source, ...]
    missing: tuple[str, ...] = ()
    index: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def facts(self) -> dict[str, Any]:
        """Return what a document's metadata says of the files that are not here."""
        if not self.missing:
            return {}
        gone = set(self.missing)
        tensors = tuple(name for name, file in self.index.items() if file in gone)
        return {"missing": {"files": self.missing, "tensors": tensors}}

    def disagreements(self, homes: Mapping[str, str]) -> list[str]:
        """Say where index and files disagree; `homes` is the source of every tensor found."""
        if not self.index:
            return []
        keys = {basename(source): source.key for source in self.sources}
        lost = [name for name, file in self.index.items() if file in keys and name not in homes]
        strange = [name for name in homes if name not in self.index]
        moved = [
            name
            for name, file in self.index.items()
            if name in homes and homes[name] != keys.get(file, homes[name])
        ]
        told = (
            (lost, "are in the index and in no file"),
            (strange, "are not in the index"),
            (moved, "are not in the file that the index says"),
        )
        return [f"{self.name}: {listed(names)} {what}" for names, what in told if names]


def group_models(
    claimed: Sequence[Source], siblings: Iterable[Source], index_suffix: str = ""
) -> list[Model]:
    """Put the files of a folder together that are shards of one model.

    Args:
        claimed: the files, one at least.
        siblings: what lies beside them; indexes are among them.
        index_suffix: how the name of an index ends; empty means that there is none.

    Returns:
        The models, in the order of their first files.
    """
    left = {basename(source): source for source in claimed}
    models: list[Model] = []
    unread: list[str] = []
    for index in siblings if index_suffix else ():
        if basename(index).endswith(index_suffix):
            try:
                models += _by_index(index, left)
            except ValueError as error:
                unread.append(f"{index.name} is {error}; shards are told by their names instead")
    models += _by_number(left.values())
    order = {source.key: number for number, source in enumerate(claimed)}
    models.sort(key=lambda model: order[model.sources[0].key])
    models[0] = replace(models[0], warnings=(*models[0].warnings, *unread))
    return models


def _by_index(index: Source, left: dict[str, Source]) -> list[Model]:
    """Return the model of an index, if a file of it is here, and take its files from `left`."""
    table = _weight_map(index)
    files = sorted(set(table.values()))
    here = [file for file in files if file in left]
    if not here:
        return []
    sets = {_numbered(file)[:-1] for file in here}
    known = set(files)
    here += [file for file in left if file not in known and _numbered(file)[:-1] in sets]
    missing = tuple(file for file in files if file not in left)
    name = index.name.removesuffix(".index.json")
    sources = tuple(left.pop(file) for file in here)
    return [Model(name, sources, missing, table, _absent(name, missing, len(files)))]


def _weight_map(index: Source) -> dict[str, str]:
    if index.size > LARGEST:
        raise ValueError(f"larger than {LARGEST >> 20} MiB")
    value = parse_json(read(index, 0, index.size))
    table = value.get("weight_map") if isinstance(value, dict) else None
    if not isinstance(table, dict) or not all(isinstance(one, str) for one in table.values()):
        raise ValueError("not an index: it has no table weight_map of names of files")
    return table


def _by_number(sources: Iterable[Source]) -> Iterator[Model]:
    """Yield the models whose files are numbered, and every other file as its own."""
    sets: dict[tuple[str, str, str, int, int], dict[int, Source]] = {}
    for source in sources:
        name = basename(source)
        stem, end, count, width, number = _numbered(name)
        if count:
            folder = source.name.removesuffix(name)
            sets.setdefault((folder, stem, end, count, width), {})[number] = source
        else:
            yield Model(source.name, (source,))
    for (folder, stem, end, count, width), files in sets.items():
        missing = tuple(
            f"{stem}-{number:0{width}}-of-{count:0{width}}{end}"
            for number in range(1, count + 1)
            if number not in files
        )
        name = f"{folder}{stem}{end}"
        here = tuple(files[number] for number in sorted(files))
        yield Model(name, here, missing, {}, _absent(name, missing, count))


def _numbered(name: str) -> tuple[str, str, int, int, int]:
    """Return stem, end, count, digits and number of a shard's name; the name and zeros of others."""
    found = _NUMBERED.fullmatch(name)
    if found is None or not 1 <= int(found[2]) <= int(found[3]):
        return name, "", 0, 0, 0
    return found[1], found[4] or "", int(found[3]), len(found[2]), int(found[2])


def _absent(name: str, missing: Sequence[str], count: int) -> tuple[str, ...]:
    if not missing:
        return ()
    gone = f"{len(missing)} of {count} files are not here ({listed(missing)})"
    return (f"{name}: {gone}, so their tensors are missing from the picture",)

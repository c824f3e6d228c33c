"""Files that are parts of one model: by an index beside them, or by their names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import Any

from arbvis_core.api import FormatError, Source
from arbvis_core.slotted import dataclass
from modelweightvis.formats.reading import basename, listed, of_source, read
from modelweightvis.formats.strict import parse_json

#: `model-00001-of-00003.safetensors`, `model-00001-of-00003.fp16.safetensors`
_NUMBERED = re.compile(r"(.+)-([0-9]{1,5})-of-([0-9]{1,5})(\..+)?")
#: `model.safetensors.index.json`, `model.safetensors.index.fp16.json`
_INDEX = re.compile(r"(.+)\.index(\.[\w-]+)?\.json", re.DOTALL)
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


def is_index(name: str, suffix: str) -> bool:
    """Tell whether a file is called as the index of shards, of a variant or not.

    Args:
        name: of the file: `model.safetensors.index.json`, `model.safetensors.index.fp16.json`.
        suffix: how the names of shards end.
    """
    return (found := _INDEX.fullmatch(name)) is not None and found[1].endswith(suffix)


def group_models(
    claimed: Sequence[Source],
    siblings: Sequence[Source],
    indexed: str = "",
    *,
    first_names_all: bool = False,
) -> list[Model]:
    """Put the files of a folder together that are shards of one model.

    An index that is claimed itself names all of its files, wherever in the folder they are listed;
    one that lies beside a shard only tells what else there is.

    Args:
        claimed: the files, one at least.
        siblings: what lies beside them.
        indexed: how the names of shards end that an index may list; empty means that none does.
        first_names_all: who names the first part means the others, too.

    Returns:
        The models, in the order of their first files.

    Raises:
        FormatError: only an index is claimed, and nothing that it lists is here.
    """
    everything = (*claimed, *siblings)
    indexes = [one for one in everything if indexed and is_index(one.name, indexed)]
    keys = {one.key for one in indexes}
    left = {basename(one): one for one in claimed if one.key not in keys}
    beside = {basename(one): one for one in siblings if one.key not in keys}
    named = {one.key for one in claimed}
    models: list[Model] = []
    unread: list[str] = []
    for index in indexes:
        try:
            models += _by_index(index, left, beside, named=index.key in named)
        except ValueError as error:
            unread.append(f"{index.name} is {error}; shards are told by their names instead")
    models += _by_number(left.values(), beside, first_names_all=first_names_all)
    if not models:
        why = unread[0] if unread else f"none of the files that {claimed[0].name} lists is here"
        with of_source(claimed[0]):
            raise FormatError(f"{why}; fetch them into its folder")
    order = {source.key: number for number, source in enumerate(everything)}
    models.sort(key=lambda model: order[model.sources[0].key])
    models[0] = replace(models[0], warnings=(*models[0].warnings, *unread))
    return models


def _by_index(
    index: Source, left: dict[str, Source], beside: dict[str, Source], *, named: bool
) -> list[Model]:
    """Return the model of an index, if a file of it is here, and take its files from `left`."""
    table = _weight_map(index)
    files = sorted(set(table.values()))
    if named:
        left |= {file: beside.pop(file) for file in files if file in beside and file not in left}
    here = [file for file in files if file in left]
    if not here:
        return []
    sets = {_numbered(file)[:-1] for file in here}
    known = set(files)
    here += [file for file in left if file not in known and _numbered(file)[:-1] in sets]
    missing = tuple(file for file in files if file not in left)
    name, variant = _INDEX.sub(r"\1", index.name), _INDEX.sub(r"\2", index.name)
    stem, dot, extension = name.rpartition(".")
    sources = tuple(left.pop(file) for file in here)
    absent = _absent(name, missing, len(files), beside, index.name)
    return [Model(f"{stem}{variant}{dot}{extension}", sources, missing, table, absent)]


def _weight_map(index: Source) -> dict[str, str]:
    if index.size > LARGEST:
        raise ValueError(f"larger than {LARGEST >> 20} MiB")
    value = parse_json(read(index, 0, index.size))
    table = value.get("weight_map") if isinstance(value, dict) else None
    if not isinstance(table, dict) or not all(isinstance(one, str) for one in table.values()):
        raise ValueError("not an index: it has no table weight_map of names of files")
    return table


def _by_number(
    sources: Iterable[Source], beside: Mapping[str, Source], *, first_names_all: bool
) -> Iterator[Model]:
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
        names = {
            number: f"{stem}-{number:0{width}}-of-{count:0{width}}{end}"
            for number in range(1, count + 1)
        }
        if first_names_all and 1 in files:
            files |= {
                number: beside[name]
                for number, name in names.items()
                if name in beside and number not in files
            }
        missing = tuple(name for number, name in names.items() if number not in files)
        name = f"{folder}{stem}{end}"
        here = tuple(files[number] for number in sorted(files))
        absent = _absent(name, missing, count, beside, names[1] if first_names_all else "")
        yield Model(name, here, missing, {}, absent)


def _numbered(name: str) -> tuple[str, str, int, int, int]:
    """Return stem, end, count, digits and number of a shard's name; the name and zeros of others."""
    found = _NUMBERED.fullmatch(name)
    if found is None or not 1 <= int(found[2]) <= int(found[3]):
        return name, "", 0, 0, 0
    return found[1], found[4] or "", int(found[3]), len(found[2]), int(found[2])


def _absent(
    name: str, missing: Sequence[str], count: int, beside: Mapping[str, Source], whole: str
) -> tuple[str, ...]:
    """Say which files of a model are not here, and which were only not asked for.

    Args:
        name: of the model.
        missing: the files.
        count: of all files.
        beside: what lies beside those that are shown.
        whole: the file to name for all of them; empty means their folder.
    """
    there = [file for file in missing if file in beside]
    gone = [file for file in missing if file not in beside]
    told = []
    if there:
        told.append(
            f"{name}: {len(there)} of {count} files lie beside what is shown ({listed(there)}); "
            f"name {whole or 'their folder'} to see all"
        )
    if gone:
        told.append(
            f"{name}: {len(gone)} of {count} files are not here ({listed(gone)}), "
            f"so their tensors are missing from the picture"
        )
    return tuple(told)

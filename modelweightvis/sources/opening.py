"""From the address of a model on the Hub to files of the cache."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from arbvis_core.api import LocalSource, SourceError
from arbvis_core.slotted import dataclass
from modelweightvis.sources.addresses import Address, shown
from modelweightvis.sources.choosing import LARGEST, beside, choose, ordered
from modelweightvis.sources.hub import Hub, Snapshot
from modelweightvis.sources.huggingface import SCHEME

_NUMBERED = re.compile(r"(.+)-([0-9]{5})-of-([0-9]{5})(\..+)")
_INDEX = re.compile(r".*\.index(\.\w+)?\.json")


@dataclass(frozen=True, slots=True)
class HubSource(LocalSource):
    """A file of a model on the Hub, read from the cache.

    `name` is its path in the repository and `folder` the address of its folder at the commit.

    Attributes:
        repository: `owner/repo`.
        commit: the commit it is of; branches move, so they are not kept.
    """

    repository: str = ""
    commit: str = ""

    @property
    def identity(self) -> str:
        """What its content is known by: commit and path."""
        return f"{self.commit}:{self.name}"

    @property
    def provenance(self) -> dict[str, str]:
        """Where it comes from, for the manifest."""
        return {"repository": self.repository, "commit": self.commit}


def open_model(hub: Hub, snapshot: Snapshot) -> list[HubSource]:
    """Return the files of the model that is asked for, and what describes them."""
    address, files = snapshot.address, snapshot.files
    names = choose(address, files)
    if snapshot.offline:
        _check_shards(address, names)
    indexes = hub.download(snapshot, [name for name in names if _INDEX.fullmatch(name)])
    return _sources(hub, snapshot, ordered({*names, *_indexed(indexes, files)}))


def open_beside(hub: Hub, snapshot: Snapshot) -> list[HubSource]:
    """Return what describes the file that is asked for."""
    return _sources(hub, snapshot, beside(snapshot.address, snapshot.files))


def _sources(hub: Hub, snapshot: Snapshot, names: Iterable[str]) -> list[HubSource]:
    paths = hub.download(snapshot, names)
    return [_source(snapshot, name, path) for name, path in paths.items()]


def _source(snapshot: Snapshot, name: str, path: Path) -> HubSource:
    repository, commit = snapshot.address.repository, snapshot.commit
    found = path.stat()
    folder = f"{SCHEME}{repository}@{commit}/{name.rpartition('/')[0]}".rstrip("/")
    return HubSource(
        str(path),
        name,
        folder,
        found.st_size,
        found.st_mtime_ns,
        found.st_ino,
        repository=repository,
        commit=commit,
    )


def _indexed(indexes: Mapping[str, Path], files: Mapping[str, int]) -> set[str]:
    """Return the files that indexes name, of those that are there."""
    found = set()
    for name, path in indexes.items():
        below = name[: name.rfind("/") + 1]
        found |= {f"{below}{one}" for one in _weight_map(path)}
    return found & set(files)


def _weight_map(path: Path) -> set[str]:
    """Return the files of an index; whoever parses the model says what is wrong with it."""
    try:
        if path.stat().st_size > LARGEST:
            return set()
        table = json.loads(path.read_bytes())["weight_map"]
        return {one for one in table.values() if isinstance(one, str)}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return set()


def _check_shards(address: Address, names: Sequence[str]) -> None:
    """Refuse a model of which the cache has some of the shards only.

    Raises:
        SourceError: it has.
    """
    if address.path in names and not address.path.endswith(".gguf"):
        return
    sets = Counter((one[1], one[3], one[4]) for one in map(_NUMBERED.fullmatch, names) if one)
    for (stem, count, end), here in sets.items():
        if here < int(count):
            raise SourceError(
                f"{address}: HF_HUB_OFFLINE is set, and the cache has {here} of the {int(count)} "
                f"files {shown(f'{stem}-…-of-{count}{end}')}; run once with the Hub within reach"
            )

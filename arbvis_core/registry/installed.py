"""Installed distributions that name plugins.

`importlib.metadata` finds them too, and importing it takes longer than finding them: it is left to
what is rare, archives on the path and importers of another kind.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.machinery import PathFinder
from pathlib import Path
from typing import NamedTuple

#: Folders that describe a distribution, and the file in them that names it.
_FACTS = {".dist-info": "METADATA", ".egg-info": "PKG-INFO"}
_POINTS = "entry_points.txt"


class Installed(NamedTuple):
    """A distribution: its name, its version and the text of its `entry_points.txt`.

    Name and version are empty where the installation is damaged.
    """

    name: str
    version: str
    points: str


def installed(group: str) -> Iterator[Installed]:
    """Yield the distributions with entry points of a group, the first on `sys.path` of each name."""
    seen: set[str] = set()
    for one in _found(f"[{group}]"):
        if one.name.lower() not in seen:
            seen.add(one.name.lower())
            yield one


def _found(mark: str) -> Iterator[Installed]:
    if any(hasattr(one, "find_distributions") for one in sys.meta_path if one is not PathFinder):
        yield from _by_library(mark, sys.path)
        return
    for place in sys.path:
        try:
            folders = [one for one in Path(place).iterdir() if _facts(one)]
        except NotADirectoryError:
            yield from _by_library(mark, [place])
        except OSError:
            continue
        else:
            yield from _described(mark, sorted(folders))


def _described(mark: str, folders: list[Path]) -> Iterator[Installed]:
    for folder in folders:
        try:
            points = (folder / _POINTS).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        if mark in points:
            headers = _headers(folder / _facts(folder))
            yield Installed(headers.get("name", ""), headers.get("version", ""), points)


def _facts(folder: Path) -> str:
    """Return the name of the file that describes a distribution; empty if the folder is of none."""
    in_egg = folder.name == "EGG-INFO" and folder.parent.suffix.lower() == ".egg"
    return _FACTS.get(".egg-info" if in_egg else folder.suffix.lower(), "")


def _headers(path: Path) -> dict[str, str]:
    """Read the headers of a distribution's description: name and version are among them."""
    headers: dict[str, str] = {}
    try:
        for line in path.read_text("utf-8").split("\n\n", 1)[0].splitlines():
            name, _, value = line.partition(":")
            headers.setdefault(name.lower(), value.strip())
    except (OSError, UnicodeDecodeError):
        return {}
    return headers


def _by_library(mark: str, path: list[str]) -> Iterator[Installed]:
    from importlib.metadata import distributions

    for one in distributions(path=path):
        try:
            points = one.read_text(_POINTS) or ""
        except (OSError, UnicodeDecodeError):
            continue
        if mark in points:
            name, version = (str(one.metadata[field] or "") for field in ("Name", "Version"))
            yield Installed(name, version, points)

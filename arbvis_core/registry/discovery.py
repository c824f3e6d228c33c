"""Where plugins come from: arbvis itself, entry points, and modules named by hand."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from functools import partial, reduce
from importlib import import_module
from typing import NamedTuple

from arbvis_core import __version__
from arbvis_core.naming import suggestion
from arbvis_core.registry.checks import Fault
from arbvis_core.registry.installed import Installed, installed
from arbvis_core.registry.records import RegistrySpec

GROUP = "arbvis"
_BUILT_IN = "arbvis_core.plugin"
#: What an entry point says: a module, perhaps an object in it, perhaps extras, which mean nothing.
_POINT = re.compile(r"([\w.]+)\s*(?::\s*([\w.]+)\s*)?(?:\[.*\]\s*)?")


class Candidate(NamedTuple):
    """A plugin that has not been loaded yet. `load` returns its module, or raises."""

    name: str
    version: str
    origin: str
    load: Callable[[], object]
    module: str = ""


def allowed() -> tuple[str, ...] | None:
    """Return the names in `ARBVIS_PLUGINS`, or None where it is not set; empty means none."""
    listed = os.environ.get("ARBVIS_PLUGINS")
    if listed is None:
        return None
    return tuple(sorted({name.strip() for name in listed.split(",") if name.strip()}))


def candidates(spec: RegistrySpec) -> Iterator[Candidate]:
    """Yield what is to be loaded, in a fixed order: arbvis itself, entry points, extra modules."""
    yield Candidate("arbvis", __version__, _BUILT_IN, partial(import_module, _BUILT_IN))
    found = [(one.name, point) for one in installed(GROUP) for point in _points(one)]
    chosen = [one for one in found if spec.allow is None or one[1].name in spec.allow]
    yield from (one for _, one in sorted(chosen, key=lambda pair: (pair[0], pair[1].name)))
    yield from _missing(spec, sorted(one.name for _, one in found))
    known = {one.module for _, one in chosen}
    for module in dict.fromkeys(spec.extra):
        if module not in known:
            yield Candidate(module, "", module, partial(import_module, module))


def _points(distribution: Installed) -> Iterator[Candidate]:
    """Yield each plugin of a distribution, or what is wrong with its list of them."""
    name, version = distribution.name or "unknown", distribution.version or "unknown"
    try:
        for point, module, attribute in [*_parsed(distribution.points)]:
            value = f"{module}:{attribute}" if attribute else module
            load = partial(_load, module, attribute)
            yield Candidate(point, version, f"{name} ({value})", load, module)
    except ValueError:
        # A damaged installation must not stop the healthy ones.
        refuse = _refuser("its entry points cannot be read; install it again")
        yield Candidate(name, version, name, refuse)


def _parsed(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield name, module and attribute of the entry points in our group.

    Raises:
        ValueError: a line is none.
    """
    section = ""
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("[") and line.endswith("]"):
            section = line.strip("[]")
        elif section == GROUP and not line.startswith("#"):
            name, _, value = line.partition("=")
            found = _POINT.fullmatch(value.strip())
            if found is None or not name.strip():
                raise ValueError(line)
            yield name.strip(), found[1], found[2] or ""


def _load(module: str, attribute: str) -> object:
    return reduce(getattr, filter(None, attribute.split(".")), import_module(module))


def _missing(spec: RegistrySpec, installed: list[str]) -> Iterator[Candidate]:
    for name in spec.allow or ():
        if name not in installed:
            said = f"is not installed; {suggestion(name, installed)}"
            yield Candidate(name, "", "ARBVIS_PLUGINS", _refuser(said))


def _refuser(sentence: str) -> Callable[[], object]:
    def refuse() -> object:
        raise Fault(sentence)

    return refuse

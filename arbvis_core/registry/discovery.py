"""Where plugins come from: arbvis itself, entry points, and modules named by hand."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.metadata import Distribution, distributions

from arbvis_core import __version__
from arbvis_core.registry.checks import Fault
from arbvis_core.registry.records import RegistrySpec

GROUP = "arbvis"
_BUILT_IN = "arbvis_core.plugin"


@dataclass(frozen=True, slots=True)
class Candidate:
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
    installed = [one for distribution in _distributions() for one in _installed(distribution)]
    chosen = [one for one in installed if spec.allow is None or one[1].name in spec.allow]
    yield from (one for _, one in sorted(chosen, key=lambda pair: (pair[0], pair[1].name)))
    yield from _missing(spec, sorted(one.name for _, one in installed))
    known = {one.module for _, one in chosen}
    for module in dict.fromkeys(spec.extra):
        if module not in known:
            yield Candidate(module, "", module, partial(import_module, module))


def _distributions() -> Iterator[Distribution]:
    """Yield the distributions that name a plugin, the first on `sys.path` of each name only."""
    seen: set[str] = set()
    for distribution in distributions():
        try:
            text = distribution.read_text("entry_points.txt") or ""
        except (OSError, UnicodeDecodeError):
            continue
        name = _field(distribution, "Name") if f"[{GROUP}]" in text else ""
        if name and name.lower() not in seen:
            seen.add(name.lower())
            yield distribution


def _installed(distribution: Distribution) -> Iterator[tuple[str, Candidate]]:
    """Yield a distribution's name with each of its plugins, or with what is wrong with its list."""
    name, version = _field(distribution, "Name"), _field(distribution, "Version")
    try:
        for point in distribution.entry_points.select(group=GROUP):
            origin = f"{name} ({point.value})"
            yield name, Candidate(point.name, version, origin, point.load, point.module)
    except Exception:  # noqa: BLE001 - a damaged installation must not stop the healthy ones
        refuse = _refuser("its entry points cannot be read; install it again")
        yield name, Candidate(name, version, name, refuse)


def _field(distribution: Distribution, field: str) -> str:
    try:
        return str(distribution.metadata[field] or "unknown")
    except Exception:  # noqa: BLE001 - as above
        return "unknown"


def _missing(spec: RegistrySpec, installed: list[str]) -> Iterator[Candidate]:
    for name in spec.allow or ():
        if name not in installed:
            close = difflib.get_close_matches(name, installed, n=1)
            hint = f"did you mean {close[0]}?" if close else f"there are: {', '.join(installed)}"
            yield Candidate(name, "", "ARBVIS_PLUGINS", _refuser(f"is not installed; {hint}"))


def _refuser(sentence: str) -> Callable[[], object]:
    def refuse() -> object:
        raise Fault(sentence)

    return refuse

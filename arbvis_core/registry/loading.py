"""Loading: one `try` per plugin, and a registry of what came through."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from threading import RLock
from time import perf_counter
from typing import Any

import pluggy

from arbvis_core import hookspecs
from arbvis_core.errors import PluginError
from arbvis_core.interrupts import ENDINGS
from arbvis_core.protocols import Decoder
from arbvis_core.registry import hooks
from arbvis_core.registry.blame import guarded, module_of, place
from arbvis_core.registry.checks import Fault, check_deferred, check_object, decoders_of
from arbvis_core.registry.discovery import Candidate, allowed, candidates
from arbvis_core.registry.kinds import KINDS, Kind
from arbvis_core.registry.options import RESERVED_COMMANDS, RESERVED_FLAGS, check_group
from arbvis_core.registry.ranking import Registry
from arbvis_core.registry.records import BUILT_IN, PluginInfo, Registered, RegistrySpec

#: Libraries that would make every start slower; plugins import them inside functions.
HEAVY = ("numba", "numpy", "pandas", "scipy", "torch")

_LOCK = RLock()


def load(allow: tuple[str, ...] | None = None, extra: tuple[str, ...] = ()) -> Registry:
    """Return the registry; the second call with the same arguments is free.

    Args:
        allow: the entry points to load, by name; None asks `ARBVIS_PLUGINS`, and loads all of
            them where that is not set.
        extra: modules to load besides.

    Raises:
        PluginError: a plugin is at fault and `ARBVIS_STRICT` is 1.
    """
    names = allowed() if allow is None else tuple(sorted(set(allow)))
    with _LOCK:
        return _load(RegistrySpec(names, extra), strict=os.environ.get("ARBVIS_STRICT") == "1")


@lru_cache(maxsize=32)
def _load(spec: RegistrySpec, *, strict: bool) -> Registry:
    loader = _Loader(strict=strict)
    for candidate in candidates(spec):
        loader.add(candidate)
    return loader.registry(spec)


def forget() -> None:
    """Look for plugins again at the next `load`."""
    _load.cache_clear()


class _Loader:
    """Admits plugins one by one; one that is at fault leaves nothing behind."""

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict
        self._manager = pluggy.PluginManager("arbvis")
        self._manager.add_hookspecs(hookspecs)
        self._plugins: list[PluginInfo] = []
        self._objects: dict[str, list[Registered[Any]]] = {kind.field: [] for kind in KINDS}
        self._flags = dict.fromkeys(RESERVED_FLAGS, BUILT_IN)
        self._decoders: dict[str, Registered[Decoder]] = {}

    def add(self, candidate: Candidate) -> None:
        """Load a plugin and take over what it hands out, or write down why not."""
        started, before = perf_counter(), set(sys.modules)
        info = PluginInfo(candidate.name, candidate.version or "unknown", candidate.origin)
        plugin: object = None
        try:
            self._check_name(candidate)
            plugin = candidate.load()
            if not candidate.version:
                info = replace(info, version=str(getattr(plugin, "__version__", info.version)))
            info = self._take(info, plugin)
        except ENDINGS:
            raise
        except BaseException as caught:  # a plugin's sys.exit() must not end the program
            where = "" if isinstance(caught, Fault) else place(caught, candidate.module)
            if self._strict:
                raise PluginError(
                    info.name, info.version, "load", info.origin, caught, where
                ) from caught
            info = replace(info, error=_sentence(caught, where))
        info = replace(
            info,
            location=str(getattr(plugin, "__file__", "") or ""),
            import_ms=(perf_counter() - started) * 1000,
            heavy=tuple(name for name in HEAVY if name in sys.modules and name not in before),
        )
        self._plugins.append(info)

    def registry(self, spec: RegistrySpec) -> Registry:
        """Return what was admitted, ranked."""
        ranked = {
            field: tuple(sorted(entries, key=lambda entry: entry.rank))
            for field, entries in self._objects.items()
        }
        return Registry(
            spec=spec,
            plugins=tuple(self._plugins),
            decoders={encoding: guarded(one) for encoding, one in self._decoders.items()},
            faults=[
                f"plugin {one.name} {one.version} was left out: {one.error}"
                for one in self._plugins
                if one.error
            ],
            **ranked,
        )

    def _check_name(self, candidate: Candidate) -> None:
        for other in self._plugins:
            if other.name == candidate.name and other.error is None:
                raise Fault(f"a plugin of this name is loaded already, from {other.origin}")

    def _take(self, info: PluginInfo, plugin: object) -> PluginInfo:
        """Register a plugin and admit its objects; return what is known about it then."""
        if other := self._manager.get_name(plugin):
            raise Fault(f"its module is loaded already, as plugin {other}")
        self._manager.register(plugin, info.name)
        try:
            filled = hooks.filled_hooks(self._manager, plugin)
            found = {kind.field: hooks.collect(self._manager, plugin, kind.hook) for kind in KINDS}
            self._admit(info.name, info.version, found)
        except BaseException:
            self._manager.unregister(plugin)
            raise
        counts = {field: len(items) for field, items in found.items() if items}
        return replace(info, hooks=filled, counts=counts)

    def _admit(self, plugin: str, version: str, found: dict[str, list[Any]]) -> None:
        """Check all that a plugin hands over before any of it is taken."""
        objects: dict[str, list[Registered[Any]]] = {kind.field: [] for kind in KINDS}
        flags = dict(self._flags)
        decoders = dict(self._decoders)
        for kind in KINDS:
            for item in found[kind.field]:
                if kind.protocol is None:
                    flags |= dict.fromkeys(check_group(item, flags), plugin)
                else:
                    check_object(kind, item)
                    _add_decoders(plugin, version, item, decoders)
                entry = Registered(plugin, version, item)
                _check_clash(kind, entry, [*self._objects[kind.field], *objects[kind.field]])
                objects[kind.field].append(entry)
        for field, entries in objects.items():
            self._objects[field].extend(entries)
        self._flags, self._decoders = flags, decoders


def deferred_faults(registry: Registry) -> list[str]:
    """Import what was deferred, and say what is wrong with it, one sentence per object."""
    faults = []
    for kind in KINDS:
        for one in getattr(registry, kind.field):
            try:
                check_deferred(kind, one.item)
            except ENDINGS:
                raise
            except BaseException as error:  # noqa: BLE001 - as when it is loaded
                where = place(error, module_of(one.item))
                said = _sentence(error, "" if isinstance(error, Fault) else where)
                faults.append(f"plugin {one.plugin} {one.version}: {kind.noun} {one.name}: {said}")
    return faults


def _check_clash(kind: Kind, entry: Registered[Any], others: Iterable[Registered[Any]]) -> None:
    if kind.field == "commands" and entry.name in RESERVED_COMMANDS:
        raise Fault(f"command {entry.name} is one of arbvis's own")
    for other in others:
        if other.name == entry.name:
            raise Fault(f"{kind.noun} {entry.name} is there already, from plugin {other.plugin}")


def _add_decoders(
    plugin: str, version: str, item: Any, known: dict[str, Registered[Decoder]]
) -> None:
    for encoding, decoder in decoders_of(item):
        other = known.setdefault(encoding, Registered(plugin, version, decoder))
        # Two formats may share a decoder; two decoders of one encoding would be chosen by chance.
        if _maker(other.item) != _maker(decoder):
            raise Fault(f"encoding {encoding} has a decoder already, from plugin {other.plugin}")


def _maker(decoder: Decoder) -> object:
    """Return what tells decoders apart: the class, or the name of one that is not imported yet."""
    return getattr(decoder, "target", type(decoder))


def _sentence(error: BaseException, where: str) -> str:
    """Say in one line what happened to a plugin, and where in its code."""
    if isinstance(error, Fault):
        return str(error)
    at = f" ({where})" if where else ""
    if isinstance(error, SystemExit):
        return f"it called sys.exit({error.code!r:.80}) while it was loaded{at}"
    said = " ".join(str(error).split())[:300]
    return f"{type(error).__name__}{': ' if said else ''}{said}{at}"

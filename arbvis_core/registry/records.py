"""What is known about a plugin and about each object it brought."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Generic, NamedTuple, TypeVar

from arbvis_core.slotted import dataclass

#: The plugin that arbvis's own objects come from.
BUILT_IN = "arbvis"

T_co = TypeVar("T_co", covariant=True)


class RegistrySpec(NamedTuple):
    """What a registry is rebuilt from in another process: `load(*spec)`.

    Attributes:
        allow: the entry points that are loaded, by name; None means all of them.
        extra: modules that are loaded besides.
    """

    allow: tuple[str, ...] | None = None
    extra: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Registered(Generic[T_co]):
    """An object that a plugin brought."""

    plugin: str
    version: str
    item: T_co

    @property
    def name(self) -> str:
        """What people call the object; an option group is known by its class."""
        found = getattr(self.item, "name", None)
        return found if isinstance(found, str) else str(getattr(self.item, "__qualname__", ""))

    @property
    def rank(self) -> tuple[int, str, str]:
        """What candidates are sorted by: the highest priority first, then plugin and name."""
        return -getattr(self.item, "priority", 0), self.plugin, self.name


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """A plugin that was found, whether or not it could be loaded.

    Attributes:
        name: of its entry point; what `ARBVIS_PLUGINS` lists.
        version: of its distribution.
        origin: the distribution and the module.
        location: the module's file, where it has one.
        hooks: the hooks it fills, by name.
        counts: how many objects it brought, by the registry's name for their kind.
        error: why it was left out, in one sentence; None when it was not.
        import_ms: how long loading it took.
        heavy: libraries it was the first to import, which make every start slower.
    """

    name: str
    version: str
    origin: str
    location: str = ""
    hooks: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    error: str | None = None
    import_ms: float = 0.0
    heavy: tuple[str, ...] = ()

"""The registry: every object that plugins brought, in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from arbvis_core.errors import ArbvisError, LayoutError, SourceError, UsageError
from arbvis_core.interrupts import ENDINGS
from arbvis_core.naming import suggestion
from arbvis_core.protocols import (
    Command,
    Decoder,
    Derivation,
    DiffBuilder,
    Enricher,
    Format,
    Layout,
    LeafRenderer,
    SourceProvider,
)
from arbvis_core.registry.blame import module_of, place
from arbvis_core.registry.records import PluginInfo, Registered, RegistrySpec
from arbvis_core.values import ARBVIS, Profile

if TYPE_CHECKING:
    from arbvis_core.registry.explaining import Explanation

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Registry:
    """Everything that can be dispatched to.

    Each tuple is sorted by `(-priority, plugin, name)`, a total order: names are unique per kind.

    Attributes:
        spec: what another process rebuilds this registry from: `load(*registry.spec)`.
        plugins: all that were found, broken ones too, in the order they were loaded.
        decoders: by encoding.
        faults: sentences for the user: plugins that were left out, and `matches` that raised.
    """

    spec: RegistrySpec
    plugins: tuple[PluginInfo, ...] = ()
    source_providers: tuple[Registered[SourceProvider], ...] = ()
    formats: tuple[Registered[Format], ...] = ()
    enrichers: tuple[Registered[Enricher], ...] = ()
    diff_builders: tuple[Registered[DiffBuilder], ...] = ()
    derivations: tuple[Registered[Derivation], ...] = ()
    layouts: tuple[Registered[Layout], ...] = ()
    renderers: tuple[Registered[LeafRenderer], ...] = ()
    options: tuple[Registered[type], ...] = ()
    commands: tuple[Registered[Command], ...] = ()
    decoders: Mapping[str, Decoder] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def format(self, name: str) -> Registered[Format]:
        """Return the format of this name.

        Raises:
            UsageError: there is none; the message suggests the nearest.
        """
        return _named("format", name, self.formats, UsageError)

    def layout(self, name: str) -> Registered[Layout]:
        """Return the layout of this name.

        Raises:
            LayoutError: there is none; the message suggests the nearest.
        """
        return _named("layout", name, self.layouts, LayoutError)

    def renderer(self, name: str) -> LeafRenderer:
        """Return the leaf renderer of this name.

        Raises:
            LayoutError: there is none; the message suggests the nearest.
        """
        return self.renderer_entry(name).item

    def renderer_entry(self, name: str) -> Registered[LeafRenderer]:
        """Return the leaf renderer of this name with the plugin that brought it.

        Raises:
            LayoutError: there is none; the message suggests the nearest.
        """
        return _named("leaf renderer", name, self.renderers, LayoutError)

    def ask(self, who: Registered[Any], question: Callable[[], object], subject: str) -> bool:
        """Return whether the answer is yes; an exception is recorded in `faults` and means no.

        Args:
            who: the object that is asked, whose plugin is named if it raises.
            question: calls its `matches`.
            subject: what the question is about, e.g. a source's name.

        Raises:
            SourceError: what was to be looked at cannot be read, which is no fault of the plugin.
        """
        try:
            return bool(question())
        except (SourceError, *ENDINGS):
            raise
        except BaseException as error:  # noqa: BLE001 - one broken plugin never breaks the program
            where = place(error, module_of(who.item))
            sentence = (
                f"plugin {who.plugin} {who.version} was passed over: {who.name} could not tell "
                f"whether it matches ({type(error).__name__}"
            )
            # Once for each way to fail, not once for each of a hundred thousand files.
            if not any(fault.startswith(sentence) for fault in self.faults):
                self.faults.append(
                    f"{sentence}: {error}; {where and f'at {where}, '}first for {subject})"
                )
            return False

    def explain(self, spec: str, profile: Profile = ARBVIS) -> Explanation:
        """Say who would open, parse, arrange and draw an input, and why.

        Args:
            spec: the input, as on the command line.
            profile: which command's assumptions to take; arbvis's by default.
        """
        from arbvis_core.registry.explaining import explain

        return explain(self, spec, profile)


def _named(
    noun: str, name: str, entries: Sequence[Registered[T]], error: type[ArbvisError]
) -> Registered[T]:
    names = [entry.name for entry in entries]
    if name in names:
        return entries[names.index(name)]
    raise error(f"there is no {noun} named {name!r:.80}; {suggestion(name, names)}")

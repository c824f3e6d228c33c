"""From arguments to sources."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from arbvis_core.errors import SourceError, UsageError
from arbvis_core.reading import SMALL, Reader
from arbvis_core.registry import guard
from arbvis_core.slotted import dataclass
from arbvis_core.values import Crop, Request, Source

if TYPE_CHECKING:
    from arbvis_core.protocols import SourceProvider
    from arbvis_core.registry import Registered, Registry


@dataclass(slots=True)
class Input:
    """An argument and what it was opened as.

    Attributes:
        spec: as typed.
        sources: what it holds; nothing if it was left out.
        provider: who opened it.
    """

    spec: str
    sources: tuple[Source, ...] = ()
    provider: Registered[SourceProvider] | None = None

    def beside(self) -> tuple[Source, ...]:
        """Return what lies beside the one file that was named."""
        if self.provider is None or len(self.sources) != 1:
            return ()
        with guard(self.provider, "open", self.spec):
            found = self.provider.item.beside(self.spec)
        return tuple(one for one in found if one.key != self.sources[0].key)


#: The inputs, in the order of the command line.
Opened = Sequence[Input]


def open_inputs(request: Request, registry: Registry) -> tuple[list[Input], list[str]]:
    """Open every input with the first provider that understands it.

    Returns:
        The inputs, and warnings: about those that were left out, and what sources say themselves.

    Raises:
        SourceError: an input cannot be opened, or none of them with `--keep-going`.
    """
    if not request.inputs:
        raise UsageError("nothing to show: name a file, a directory, or - for standard input")
    opened: list[Input] = []
    missing: list[SourceError] = []
    for spec in request.inputs:
        try:
            opened.append(_open(spec, registry))
        except SourceError as error:
            missing.append(error)
            if not request.keep_going or len(missing) == len(request.inputs):
                raise
            opened.append(Input(spec))
    notes = [note for one in opened for source in one.sources for note in _notes(source)]
    return opened, [*(f"{error} (left out)" for error in missing), *notes]


def _notes(source: Source) -> Sequence[str]:
    """Return what a source says about how it was found; few have anything to say."""
    return getattr(source, "notes", ())


def _open(spec: str, registry: Registry) -> Input:
    if not spec:
        raise SourceError("an input has an empty name: name a file, a directory, or -")
    for provider in registry.source_providers:
        if registry.ask(provider, partial(provider.item.matches, spec), spec):
            with guard(provider, "open", spec):
                return Input(spec, tuple(provider.item.open(spec)), provider)
    raise UsageError(f"{spec}: no source provider understands this address; see 'arbvis plugins'")


def title(opened: Opened) -> str:
    """Name a run after its inputs."""
    names = [_input_name(one.spec, one.sources) for one in opened]
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def _input_name(spec: str, sources: Sequence[Source]) -> str:
    """Name an input as people do: the last part of a path, the one source it holds."""
    if len(sources) == 1:
        return sources[0].name
    stem = re.split(r"[/\\]", spec.rstrip("/\\"))[-1]
    return stem if stem not in {"", ".", ".."} else sources[0].folder if sources else spec


def describe_inputs(opened: Opened) -> Iterable[Mapping[str, Any]]:
    """Yield name, number of files, size and, for one small file, SHA-256 of every input.

    A source that knows where it comes from says so in `provenance` (plain data); what all sources
    of an input agree on is added.
    """
    for one in opened:
        sources = one.sources
        entry: dict[str, Any] = {
            "name": _input_name(one.spec, sources),
            "files": len(sources),
            "size": sum(source.size for source in sources),
        }
        origins = [getattr(source, "provenance", {}) for source in sources]
        if origins and all(origin == origins[0] for origin in origins):
            entry |= origins[0]
        if len(sources) == 1 and sources[0].size <= SMALL:
            entry["sha256"] = _sha256(sources[0])
        yield entry


def _sha256(source: Source) -> str:
    import hashlib

    crop = Crop(source.key, 0, source.size)
    (content,) = Reader({source.key: source}).fetch([crop])
    return hashlib.sha256(content.data).hexdigest()

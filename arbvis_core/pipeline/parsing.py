"""From sources to documents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from arbvis_core.errors import FormatError, UsageError
from arbvis_core.pipeline.opening import Opened
from arbvis_core.protocols import Group
from arbvis_core.registry import guard
from arbvis_core.registry.probe import SourceProbe
from arbvis_core.values import Document, Request, Source

if TYPE_CHECKING:
    from arbvis_core.protocols import Format
    from arbvis_core.registry import Registered, Registry


def parse(request: Request, opened: Opened, registry: Registry) -> tuple[list[Document], list[str]]:
    """Let the formats say what is in the sources, folder by folder, and add what lies beside them.

    Returns:
        The documents, and warnings about what could not be parsed.

    Raises:
        FormatError: a claimed file is not valid, and the profile or `--format` insists on it.
        UsageError: the format that was asked for reads none of the inputs.
    """
    documents: list[Document] = []
    warnings: list[str] = []
    for index, sources in enumerate(opened):
        for folder, members in _by_folder(sources).items():
            named = len(sources) == 1
            found, unparsed = _parse_folder(folder, members, index, request, registry, named=named)
            documents += found
            warnings += unparsed
    if request.format and all(one.format != request.format for one in documents) and not warnings:
        raise UsageError(f"--format {request.format}: it reads none of {', '.join(request.inputs)}")
    return documents, warnings


def _by_folder(sources: Iterable[Source]) -> dict[str, list[Source]]:
    folders: dict[str, list[Source]] = {}
    for source in sources:
        folders.setdefault(source.folder, []).append(source)
    return folders


def _parse_folder(
    folder: str,
    members: Sequence[Source],
    index: int,
    request: Request,
    registry: Registry,
    *,
    named: bool,
) -> tuple[list[Document], list[str]]:
    """Parse one folder; where the profile is lenient, what no format has is shown as bytes."""
    documents: list[Document] = []
    warnings: list[str] = []
    for one, claimed in _claims(members, request, registry, named=named):
        siblings = tuple(source for source in members if source.key not in claimed)
        group = Group(folder, tuple(claimed.values()), siblings, index)
        found, unparsed = _parse_group(one, group, request)
        documents += [_enrich(document, siblings, registry) for document in found]
        warnings += unparsed
    if not request.profile.strict:
        shown = {source.key for document in documents for source in document.sources}
        rest = tuple(source for source in members if source.key not in shown)
        if rest:
            documents += _parsed(registry.format("raw"), Group(folder, rest, (), index))
    return documents, warnings


def _claims(
    members: Sequence[Source], request: Request, registry: Registry, *, named: bool
) -> Iterable[tuple[Registered[Format], dict[str, Source]]]:
    """Yield each format with what it claims, in the order of the first source each claims.

    A format that was asked for is not asked about a file that was named; of a folder it takes
    what it knows, and the others share the rest.
    """
    chosen = registry.format(request.format) if request.format else None
    formats = [one for one in registry.formats if one is not chosen]
    claims: dict[str, tuple[Registered[Format], dict[str, Source]]] = {}
    for source in members:
        probe = SourceProbe(source)
        for one in [chosen, *formats] if chosen else formats:
            asked = one is not chosen or not named
            if not asked or registry.ask(one, partial(one.item.matches, probe), source.name):
                claims.setdefault(one.item.name, (one, {}))[1][source.key] = source
                break
    return claims.values()


def _parse_group(
    one: Registered[Format], group: Group, request: Request
) -> tuple[list[Document], list[str]]:
    """Parse a group; where it is allowed to, go on without the file that is not valid."""
    insists = request.profile.strict or one.item.name == request.format
    warnings: list[str] = []
    while group.claimed:
        try:
            return _parsed(one, group), warnings
        except FormatError as error:
            if insists and not request.keep_going:
                raise
            warnings.append(str(error) if insists else f"{error} (shown as plain bytes)")
            good = tuple(source for source in group.claimed if source.key != error.source)
            group = replace(group, claimed=good if len(good) < len(group.claimed) else ())
    return [], warnings


def _parsed(one: Registered[Format], group: Group) -> list[Document]:
    with guard(one, "parse", group.claimed[0].name):
        return [replace(found, input=group.input) for found in one.item.parse(group)]


def _enrich(document: Document, siblings: Sequence[Source], registry: Registry) -> Document:
    for one in registry.enrichers:
        if registry.ask(one, partial(one.item.matches, document, siblings), document.name):
            with guard(one, "parse", document.name):
                document = one.item.enrich(document, siblings)
    return document

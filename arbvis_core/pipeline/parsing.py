"""From sources to documents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from arbvis_core.errors import FormatError
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
    """
    documents: list[Document] = []
    warnings: list[str] = []
    formats = (registry.format(request.format),) if request.format else registry.formats
    for index, sources in enumerate(opened):
        for folder, members in _by_folder(sources).items():
            for one, claimed in _claims(members, formats, registry):
                siblings = tuple(source for source in members if source.key not in claimed)
                group = Group(folder, tuple(claimed.values()), siblings, index)
                found, unparsed = _parse_group(one, group, request, registry)
                warnings += unparsed
                documents += [_enrich(document, siblings, registry) for document in found]
    return documents, warnings


def _by_folder(sources: Iterable[Source]) -> dict[str, list[Source]]:
    folders: dict[str, list[Source]] = {}
    for source in sources:
        folders.setdefault(source.folder, []).append(source)
    return folders


def _claims(
    members: Sequence[Source], formats: Sequence[Registered[Format]], registry: Registry
) -> Iterable[tuple[Registered[Format], dict[str, Source]]]:
    """Yield each format with what it claims, in the order of the first source each claims."""
    claims: dict[str, tuple[Registered[Format], dict[str, Source]]] = {}
    for source in members:
        probe = SourceProbe(source)
        for one in formats:
            if registry.ask(one, partial(one.item.matches, probe), source.name):
                claims.setdefault(one.item.name, (one, {}))[1][source.key] = source
                break
    return claims.values()


def _parse_group(
    one: Registered[Format], group: Group, request: Request, registry: Registry
) -> tuple[list[Document], list[str]]:
    """Parse a group; a lenient profile shows the bytes of what cannot be parsed, and says so."""
    try:
        return _parsed(one, group), []
    except FormatError as error:
        lenient = not request.profile.strict and request.format is None
        fallback = registry.formats[-1]
        if lenient and one is not fallback:
            return _parsed(fallback, group), [f"{error} (shown as plain bytes)"]
        if request.keep_going:
            return [], [str(error)]
        raise


def _parsed(one: Registered[Format], group: Group) -> list[Document]:
    with guard(one, "parse", group.claimed[0].name):
        return [replace(found, input=group.input) for found in one.item.parse(group)]


def _enrich(document: Document, siblings: Sequence[Source], registry: Registry) -> Document:
    for one in registry.enrichers:
        if registry.ask(one, partial(one.item.matches, document, siblings), document.name):
            with guard(one, "parse", document.name):
                document = one.item.enrich(document, siblings)
    return document

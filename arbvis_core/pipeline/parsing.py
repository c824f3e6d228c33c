"""From sources to documents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from arbvis_core.errors import FormatError, UsageError
from arbvis_core.pipeline.opening import Input, Opened
from arbvis_core.protocols import Group, Priority
from arbvis_core.registry import guard
from arbvis_core.registry.probe import SourceProbe
from arbvis_core.slotted import dataclass
from arbvis_core.values import Document, Request, Source

if TYPE_CHECKING:
    from arbvis_core.protocols import Format
    from arbvis_core.registry import Registered, Registry


#: No file beside a model that is larger is compared with its like beside another.
SIBLING = 64 << 20


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
    for index, one in enumerate(opened):
        for folder, members in _by_folder(one.sources).items():
            context = _Folder(folder, members, index, one)
            found, unparsed = _parse_folder(context, request, registry)
            documents += found
            warnings += unparsed
    if request.format and all(one.format != request.format for one in documents) and not warnings:
        raise UsageError(f"--format {request.format}: it reads none of {', '.join(request.inputs)}")
    if only_recognised(request) and all(one.format == "raw" for one in documents):
        raise UsageError(_unrecognised(request, registry, warnings))
    return documents, warnings


def _unrecognised(request: Request, registry: Registry, warnings: Sequence[str]) -> str:
    """Say that no format recognises anything, or not the one that was forced, and what to do."""
    known = ", ".join(one.item.name for one in registry.formats if one.item.priority > 0)
    said = f"nothing in it is recognised by any of the formats {known}"
    names = " ".join(request.inputs)
    command = f"arbvis --diff {names}" if request.diff else f"arbvis {names}"
    if request.format is not None:
        said = f"nothing in it is recognised by {request.format}, the format that --format forces"
        if registry.format(request.format).item.priority <= Priority.FALLBACK:
            said = f"--format {request.format} makes nothing of it but bytes"
            command += f" --format {request.format}"
    why = "".join(f"; {one}" for one in warnings[:1])
    return f"{names}: {said}{why}. Its bytes are shown by: {command}"


@dataclass(frozen=True, slots=True)
class _Folder:
    """The sources of one folder, and the input they came with."""

    name: str
    members: Sequence[Source]
    index: int
    input: Input

    @property
    def named(self) -> bool:
        """Whether this is one file that was named."""
        return len(self.input.sources) == 1

    def around(self) -> tuple[Source, ...]:
        """Return the folder's sources, also those that lie beside the one that was named."""
        return (*self.members, *self.input.beside())


def _by_folder(sources: Iterable[Source]) -> dict[str, list[Source]]:
    folders: dict[str, list[Source]] = {}
    for source in sources:
        folders.setdefault(source.folder, []).append(source)
    return folders


def _parse_folder(
    folder: _Folder, request: Request, registry: Registry
) -> tuple[list[Document], list[str]]:
    """Parse one folder; where the profile is lenient, what no format has is shown as bytes."""
    documents: list[Document] = []
    warnings: list[str] = []
    known: set[str] = set()
    for one, claimed in _claims(folder, request, registry):
        others = folder.members if one.item.priority <= Priority.FALLBACK else folder.around()
        siblings = tuple(source for source in others if source.key not in claimed)
        group = Group(folder.name, tuple(claimed.values()), siblings, folder.index)
        found, unparsed = _parse_group(one, group, request)
        documents += [_enrich(document, siblings, registry) for document in found]
        warnings += unparsed
        known |= {*claimed}
    shown = {source.key for document in documents for source in document.sources}
    rest = tuple(source for source in folder.members if source.key not in shown)
    if only_recognised(request):
        siblings = tuple(one for one in rest if request.diff and one.key not in known)
        rest = tuple(one for one in siblings if one.size <= SIBLING)
        warnings += [
            f"{one.name} is no model and larger than {SIBLING >> 20} MiB: it is not compared"
            for one in siblings
            if one.size > SIBLING
        ]
    if rest:
        group = Group(folder.name, rest, (), folder.index)
        documents += _parsed(registry.format("raw"), group)
    return documents, warnings


def _claims(
    folder: _Folder, request: Request, registry: Registry
) -> Iterable[tuple[Registered[Format], dict[str, Source]]]:
    """Yield each format with what it claims, in the order of the first source each claims.

    A format that was asked for is not asked about a file that was named; of a folder it takes
    what it knows, and the others share the rest.
    """
    chosen = registry.format(request.format) if request.format else None
    least = Priority.FALLBACK + 1 if only_recognised(request) else Priority.FALLBACK
    formats = [one for one in registry.formats if one is not chosen and one.item.priority >= least]
    claims: dict[str, tuple[Registered[Format], dict[str, Source]]] = {}
    for source in folder.members:
        probe = SourceProbe(source)
        for one in [chosen, *formats] if chosen else formats:
            asked = one is not chosen or not folder.named
            if not asked or registry.ask(one, partial(one.item.matches, probe), source.name):
                claims.setdefault(one.item.name, (one, {}))[1][source.key] = source
                break
    return claims.values()


def only_recognised(request: Request) -> bool:
    """Tell whether a fallback takes nothing: what only it would take lies beside what is shown.

    So it is in a strict profile, unless a layout was asked for that shows other things. Where
    inputs are compared, what lies beside them is too, but only once they are.
    """
    profile = request.profile
    return profile.strict and request.layout in (None, profile.layout)


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
            error.args = (_of_input(str(error), request.inputs, group.input),)
            if insists and not request.keep_going:
                raise
            warnings.append(str(error) if insists else f"{error} (shown as plain bytes)")
            good = tuple(source for source in group.claimed if source.key != error.source)
            group = replace(group, claimed=good if len(good) < len(group.claimed) else ())
    return [], warnings


def _of_input(said: str, inputs: Sequence[str], index: int) -> str:
    """Say of which input a file is, where there are several and the sentence does not."""
    return said if len(inputs) == 1 or inputs[index] in said else f"{inputs[index]}: {said}"


def _parsed(one: Registered[Format], group: Group) -> list[Document]:
    with guard(one, "parse", group.claimed[0].name):
        return [replace(found, input=group.input) for found in one.item.parse(group)]


def _enrich(document: Document, siblings: Sequence[Source], registry: Registry) -> Document:
    for one in registry.enrichers:
        if registry.ask(one, partial(one.item.matches, document, siblings), document.name):
            with guard(one, "parse", document.name):
                document = one.item.enrich(document, siblings)
    return document

"""From documents to further documents: differences, panels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from arbvis_core.errors import UsageError
from arbvis_core.pipeline.parsing import only_recognised
from arbvis_core.registry import guard
from arbvis_core.values import Document, Request, parts_of

if TYPE_CHECKING:
    from arbvis_core.registry import Registry


def derive(
    request: Request,
    documents: Sequence[Document],
    registry: Registry,
    left_out: Sequence[str] = (),
) -> list[Document]:
    """Replace the documents by their difference if one is asked for, and add what is derived.

    Args:
        request: what was asked for.
        documents: of all inputs.
        registry: who can do it.
        left_out: sentences about what could not be read, the first of which tells why nothing can
            be compared.
    """
    found = list(documents)
    if request.diff:
        found = _difference(request, documents, registry, left_out)
    derived: list[Document] = []
    for one in registry.derivations:
        if registry.ask(one, partial(one.item.matches, request, found), "the request"):
            with guard(one, "derive", one.item.name):
                derived += [replace(made, derived=True) for made in one.item.derive(request, found)]
    return found + derived


def _difference(
    request: Request, documents: Sequence[Document], registry: Registry, left_out: Sequence[str]
) -> list[Document]:
    """Let the builders share what is compared: each takes what it can of what is left."""
    if len(request.inputs) < 2:
        raise UsageError("--diff compares: name at least two inputs")
    apart = only_recognised(request)
    sides, beside = (
        [
            [one for one in documents if one.input == index and aside == _beside(one, apart)]
            for index in range(len(request.inputs))
        ]
        for aside in (False, True)
    )
    found: list[Document] = []
    notes = [
        f"{request.inputs[one.input]}: {warning}" for one in documents for warning in one.warnings
    ]
    for one in registry.diff_builders:
        if found and not _the_same(beside):
            sides = [[*side, *more] for side, more in zip(sides, beside, strict=True)]
            beside = [[] for _ in sides]
        matches = registry.ask(one, partial(one.item.matches, request, sides), "the inputs")
        with guard(one, "derive", f"the difference by {one.item.name}"):
            notes += one.item.notes(request, sides)
            made = one.item.build(request, sides) if matches else ()
        found += [replace(document, derived=True) for document in made]
        sides = [_without(side, made) for side in sides]
    if not found:
        why = left_out[0] if left_out else "see 'arbvis plugins'"
        raise UsageError(f"--diff: nothing here can compare {' and '.join(request.inputs)}; {why}")
    return [replace(found[0], warnings=(*found[0].warnings, *notes)), *found[1:]]


def _beside(document: Document, apart: bool) -> bool:  # noqa: FBT001  the profile's
    """Tell whether a document only lies beside what is compared, and has to wait for it."""
    return apart and document.format == "raw"


def _without(side: Sequence[Document], made: Sequence[Document]) -> list[Document]:
    """Take what was compared out of a side; a document of which nothing is left stays, empty."""
    taken = {source.key for document in made for source in document.sources}
    left = []
    for one in side:
        sources = tuple(source for source in one.sources if source.key not in taken)
        if len(sources) < len(one.sources):
            whole = (
                region
                for region in one.regions
                if not any(part.source in taken for part in parts_of(region))
            )
            left.append(replace(one, sources=sources, regions=tuple(whole) if sources else ()))
        else:
            left.append(one)
    return left


def _the_same(sides: Sequence[Sequence[Document]]) -> bool:
    """Tell whether every side holds the very same files, which need not be compared."""
    held = [{source.key for one in side for source in one.sources} for side in sides]
    return all(keys == held[0] for keys in held)

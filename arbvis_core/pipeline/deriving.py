"""From documents to further documents: differences, panels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from arbvis_core.errors import UsageError
from arbvis_core.registry import guard
from arbvis_core.values import Document, Request

if TYPE_CHECKING:
    from arbvis_core.registry import Registry


def derive(request: Request, documents: Sequence[Document], registry: Registry) -> list[Document]:
    """Replace the documents by their difference if one is asked for, and add what is derived."""
    found = _difference(request, documents, registry) if request.diff else list(documents)
    derived: list[Document] = []
    for one in registry.derivations:
        if registry.ask(one, partial(one.item.matches, request, found), "the request"):
            with guard(one, "derive", one.item.name):
                derived += [replace(made, derived=True) for made in one.item.derive(request, found)]
    return found + derived


def _difference(
    request: Request, documents: Sequence[Document], registry: Registry
) -> list[Document]:
    if len(request.inputs) < 2:
        raise UsageError("--diff compares: name at least two inputs")
    sides = [
        [document for document in documents if document.input == index]
        for index in range(len(request.inputs))
    ]
    for one in registry.diff_builders:
        if registry.ask(one, partial(one.item.matches, request, sides), "the inputs"):
            with guard(one, "derive", f"the difference by {one.item.name}"):
                return [replace(made, derived=True) for made in one.item.build(request, sides)]
    raise UsageError(
        f"--diff: nothing here can compare {' and '.join(request.inputs)}; see 'arbvis plugins'"
    )

"""From documents to scenes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from arbvis_core.errors import LayoutError
from arbvis_core.naming import is_device
from arbvis_core.registry import guard
from arbvis_core.values import ARBVIS, Document, Request, Scene

if TYPE_CHECKING:
    from arbvis_core.protocols import Layout
    from arbvis_core.registry import Registered, Registry


def arrange(request: Request, documents: Sequence[Document], registry: Registry) -> list[Scene]:
    """Hand the documents from layout to layout until every one is shown.

    The layout that was asked for comes first, or else the profile's; then all by priority. Where
    inputs are compared, scenes are in the order of what was compared, tensors first.

    Raises:
        LayoutError: no layout shows anything, or the one that was asked for cannot.
    """
    scenes: list[Scene] = []
    remaining = list(documents)
    for one in _layouts(request, registry):
        if not remaining:
            break
        named = one.item.name == request.layout
        if not registry.ask(one, partial(one.item.matches, request, remaining), "the documents"):
            if named:
                raise LayoutError(_cannot(request, remaining, registry))
            continue
        with guard(one, "arrange", _names(remaining)):
            made = tuple(one.item.arrange(request, remaining))
        shown = {id(document) for scene in made for document in scene.documents}
        remaining = [document for document in remaining if id(document) not in shown]
        scenes += made
    if remaining or not scenes:
        raise LayoutError(
            f"no layout shows {_names(remaining) or 'anything'}; see 'arbvis plugins'"
        )
    if request.diff:
        order = {id(document): index for index, document in enumerate(documents)}
        scenes.sort(key=lambda scene: min(order.get(id(one), 0) for one in scene.documents))
    return _with_unique_keys(scenes)


def _cannot(request: Request, documents: Sequence[Document], registry: Registry) -> str:
    """Say that the layout that was asked for cannot show documents, and what can.

    What is compared as more than bytes is compared as bytes if no format says more of it.
    """
    able = [
        one.item.name
        for one in registry.layouts
        if registry.ask(one, partial(one.item.matches, request, documents), "the documents")
    ]
    said = f"--layout {request.layout}: it cannot show {_names(documents)}"
    said += f", but {' and '.join(able)} can" if able else "; see 'arbvis plugins'"
    if request.diff and ARBVIS.layout == request.layout:
        said += f". Bytes are compared by: arbvis --diff {' '.join(request.inputs)} --format raw"
    return said


def _layouts(request: Request, registry: Registry) -> list[Registered[Layout]]:
    preferred = request.layout or request.profile.layout
    first = [registry.layout(preferred)] if preferred else []
    return first + [one for one in registry.layouts if one not in first]


def _names(documents: Sequence[Document]) -> str:
    names = [document.name for document in documents[:3]]
    more = f" and {len(documents) - 3} more" if len(documents) > 3 else ""
    return ", ".join(names) + more


def _with_unique_keys(scenes: Iterable[Scene]) -> list[Scene]:
    """Make keys slugs that are safe in paths, with -2, -3 … where two would clash."""
    taken: set[str] = set()
    unique = []
    for scene in scenes:
        slug = re.sub(r"[^a-z0-9]+", "-", scene.key.lower()).strip("-")[:40] or "scene"
        slug = f"{slug}-scene" if is_device(slug) else slug
        key, count = slug, 1
        while key in taken:
            count += 1
            key = f"{slug}-{count}"
        taken.add(key)
        unique.append(replace(scene, key=key))
    return unique

"""All hooks, on one page.

A hook is called once, at start-up, and hands over objects; dispatch among them is arbvis's own. A
plugin is a module named by an entry point in the group `arbvis`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pluggy import HookspecMarker

if TYPE_CHECKING:
    from arbvis_core.protocols import (
        Command,
        Derivation,
        DiffBuilder,
        Enricher,
        Format,
        Layout,
        LeafRenderer,
        SourceProvider,
    )

hookspec = HookspecMarker("arbvis")


@hookspec
def arbvis_source_providers() -> Iterable[SourceProvider]:  # type: ignore[empty-body]
    """Open positional arguments: paths, `-`, addresses."""


@hookspec
def arbvis_formats() -> Iterable[Format]:  # type: ignore[empty-body]
    """Recognise files and say what is in them."""


@hookspec
def arbvis_prepare_sources() -> Iterable[Enricher]:  # type: ignore[empty-body]
    """Add to documents what stands in the files beside them."""


@hookspec
def arbvis_diff_builders() -> Iterable[DiffBuilder]:  # type: ignore[empty-body]
    """Compare two or more inputs."""


@hookspec
def arbvis_derivations() -> Iterable[Derivation]:  # type: ignore[empty-body]
    """Derive further documents from one input."""


@hookspec
def arbvis_layouts() -> Iterable[Layout]:  # type: ignore[empty-body]
    """Decide what lies where."""


@hookspec
def arbvis_leaf_renderers() -> Iterable[LeafRenderer]:  # type: ignore[empty-body]
    """Paint the pixels."""


@hookspec
def arbvis_options() -> Iterable[type]:  # type: ignore[empty-body]
    """Add flags: frozen dataclasses whose fields are `Annotated[type, typer.Option(...)]`.

    A class variable `profiles` names the programs whose help shows them; others take them unseen.
    A method `check(request)` raises a `UsageError` where flags do not go together, and
    `check_scenes(request, scenes)` where what was found has no use for them; a method
    `reporter(request)` returns a `Reporter`, or None.
    """


@hookspec
def arbvis_commands() -> Iterable[Command]:  # type: ignore[empty-body]
    """Add subcommands."""

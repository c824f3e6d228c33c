"""The flags of every command, as groups of options: frozen dataclasses, like those of plugins."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Annotated, Any, Literal, get_type_hints

import typer
from typer.models import OptionInfo

from arbvis_core import __version__
from arbvis_core.cli.console import answer
from arbvis_core.registry import load
from arbvis_core.slotted import dataclass
from arbvis_core.values import TileFormat

#: Where tiles are drawn; the engine's module would bring `multiprocessing` to every start.
ExecutorKind = Literal["serial", "threads", "processes"]


def _show_version(context: typer.Context, value: bool) -> bool:  # noqa: FBT001  typer calls it
    if value and not context.resilient_parsing:
        answer(f"{context.find_root().info_name} {__version__}")
        raise typer.Exit
    return value


def _complete_layout(incomplete: str) -> list[str]:
    return [one.name for one in load().layouts if one.name.startswith(incomplete)]


def _complete_format(incomplete: str) -> list[str]:
    return [one.name for one in load().formats if one.name.startswith(incomplete)]


@dataclass(frozen=True, slots=True)
class InputOptions:
    """What is shown."""

    file_list: Annotated[
        str | None,
        typer.Option(
            "--file-list",
            "-l",
            metavar="FILE",
            help="Read inputs from FILE, one per line (-: stdin).",
        ),
    ] = None
    layout: Annotated[
        str | None,
        typer.Option(
            "--layout",
            metavar="NAME",
            help="Arrange the picture by this layout.",
            autocompletion=_complete_layout,
        ),
    ] = None
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="NAME",
            help="Read every input as this format.",
            autocompletion=_complete_format,
        ),
    ] = None
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Draw what can be drawn and list what cannot.")
    ] = False


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """Where it goes."""

    out: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="DIR", help="Write the bundle into this folder."),
    ] = None
    force: Annotated[
        bool, typer.Option("--force", help="Replace the folder even if arbvis did not make it.")
    ] = False
    title: Annotated[
        str | None, typer.Option("--title", metavar="TEXT", help="Title of the page.")
    ] = None
    tile_format: Annotated[
        TileFormat,
        typer.Option("--tile-format", help="Format of the overviews; 1:1 is always lossless PNG."),
    ] = "png"
    png: Annotated[
        str | None,
        typer.Option("--png", metavar="FILE", help="Write the whole canvas as one PNG."),
    ] = None
    regen_html: Annotated[
        str | None,
        typer.Option(
            "--regen-html", metavar="DIR", help="Renew the viewer of a bundle; its tiles stay."
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How it is done."""

    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, metavar="N", help="Workers; all cores by default."),
    ] = None
    executor: Annotated[ExecutorKind, typer.Option("--executor", help="What the workers are.")] = (
        "threads"
    )
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing but errors and the path to open.")
    ] = False
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False


@dataclass(frozen=True, slots=True)
class DiffOptions:
    """Comparing; there only if something can compare."""

    diff: Annotated[bool, typer.Option("--diff", help="Show what differs between the inputs.")] = (
        False
    )


#: By group of options, the parameter of each field.
GroupNames = Mapping[type, Mapping[str, str]]

#: The groups of every command, in the order of its help.
CORE = (InputOptions, OutputOptions, RunOptions)


def signature(
    first: Sequence[inspect.Parameter], groups: Sequence[type]
) -> tuple[inspect.Signature, GroupNames]:
    """Expand groups of options into one signature.

    Args:
        first: parameters that come before.
        groups: frozen dataclasses of `Annotated[type, typer.Option(...)]` fields with defaults.

    Returns:
        The signature, and by group the parameter of each field.
    """
    parameters = {one.name: one for one in first}
    names: dict[type, dict[str, str]] = {}
    for group in groups:
        hints = get_type_hints(group, include_extras=True)
        defaults = group()
        names[group] = {}
        for field in fields(group):
            name = field.name
            annotation = hints[name]
            while name in parameters:
                # Another group calls a field the same; the flags differ, the registry saw to it.
                name += "_"
            if name != field.name:
                annotation = _named(annotation, field.name)
            names[group][field.name] = name
            parameters[name] = inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=getattr(defaults, field.name),
                annotation=annotation,
            )
    return inspect.Signature([*parameters.values()]), names


def with_signature(function: Callable[..., Any], found: inspect.Signature) -> None:
    """Let typer see a signature that is put together at run time."""
    function.__signature__ = found  # type: ignore[attr-defined]
    function.__annotations__ = {name: one.annotation for name, one in found.parameters.items()}


def _named(annotation: Any, field: str) -> Any:
    """Write out the flags of a field that typer would name after its parameter."""
    inner: Any = annotation.__origin__
    metadata = [*annotation.__metadata__]
    for index, one in enumerate(metadata):
        # Inside Annotated, typer keeps the first flag where a default would stand.
        if isinstance(one, OptionInfo) and one.default is ... and not one.param_decls:
            flag = field.replace("_", "-")
            metadata[index] = copy.copy(one)
            metadata[index].default = f"--{flag}/--no-{flag}" if inner is bool else f"--{flag}"
    return Annotated[inner, *metadata]

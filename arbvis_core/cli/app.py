"""The application that both programs are."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from arbvis_core.cli.commands import own_commands
from arbvis_core.cli.console import prepare_streams
from arbvis_core.cli.exits import run
from arbvis_core.cli.flags import (
    CORE,
    DiffOptions,
    GroupNames,
    signature,
    with_signature,
)
from arbvis_core.cli.isolation import instances, isolate_flags, isolated, prints_aside
from arbvis_core.cli.program import TYPED, Program, complete_first
from arbvis_core.registry import Registry, load
from arbvis_core.values import Profile


def build_app(profile: Profile, registry: Registry) -> Program:
    """Make the application of a profile.

    Both programs come from here, so that what they share cannot drift.
    """
    app = typer.Typer(
        name=profile.name,
        cls=Program,
        help=profile.summary,
        invoke_without_command=True,
        subcommand_metavar="| COMMAND [ARGS]...",
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    diff = (DiffOptions,) if registry.diff_builders else ()
    groups = (*CORE, *diff, *(registered.item for registered in registry.options))
    found, names = signature(_first_parameters(), groups)
    app.callback()(_render_command(profile, registry, found, names))
    program: Program = typer.main.get_command(app)  # type: ignore[assignment]
    _hide(program, profile, names)
    isolate_flags(program, names, registry)
    program.entries = {
        one.name: one
        for one in (
            *own_commands(profile, registry),
            *(isolated(registered) for registered in registry.commands),
        )
        if not one.profiles or profile.name in one.profiles
    }
    return program


def _hide(program: Program, profile: Profile, names: GroupNames) -> None:
    """Leave the flags of groups that belong to other programs out of the help; they work all the same."""
    hidden = {
        name
        for group, fields in names.items()
        for name in fields.values()
        if profile.name not in getattr(group, "profiles", (profile.name,))
    }
    for parameter in program.params:
        if parameter.name in hidden:
            parameter.hidden = True  # type: ignore[attr-defined]


def _render_command(
    profile: Profile, registry: Registry, found: inspect.Signature, names: GroupNames
) -> Any:
    def render(**values: Any) -> None:
        context: typer.Context = values["context"]
        if context.invoked_subcommand is not None:
            return
        from arbvis_core.cli.render import Session

        options = instances(names, values, registry)
        session = Session(profile, registry, options, context.meta[TYPED])
        session.execute(values["files"] or [], context.command.list_commands(context))  # type: ignore[attr-defined]

    with_signature(render, found)
    return render


def _first_parameters() -> list[inspect.Parameter]:
    files = Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILES",
            help="Files, folders, addresses, or - for standard input.",
            show_default=False,
            autocompletion=complete_first,
        ),
    ]
    keyword = inspect.Parameter.KEYWORD_ONLY
    return [
        inspect.Parameter("context", keyword, annotation=typer.Context),
        inspect.Parameter("files", keyword, annotation=files, default=None),
    ]


def _nothing() -> None:
    return


def start(
    profile: Profile, args: Sequence[str] | None = None, ready: Callable[[], None] = _nothing
) -> int:
    """Run a program and return its exit code.

    Args:
        profile: which program.
        args: its arguments; those of the process by default.
        ready: called when everything that every run needs is loaded.
    """
    prepare_streams()

    def program() -> int:
        with prints_aside():
            app = build_app(profile, load())
        ready()
        given = None if args is None else list(args)
        code = app.main(given, prog_name=profile.name, standalone_mode=False)
        return code if isinstance(code, int) else 0

    return run(profile.name, program)

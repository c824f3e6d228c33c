"""A command that takes files, and subcommands beside it.

If the first argument is a command's name it is the command; `./NAME` is the file of that name.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

from arbvis_core.cli.coercing import check_late
from arbvis_core.cli.console import ReaderGoneError

if TYPE_CHECKING:
    from arbvis_core.protocols import Command

#: Where the command line as typed is kept.
TYPED = "arbvis.typed"


class Program(TyperGroup):
    """The application's root.

    Attributes:
        entries: its subcommands by name; a command's module is imported when it is run.
    """

    allow_interspersed_args = True
    entries: Mapping[str, Command] = {}

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read files and flags, or leave everything after a command's name to the command."""
        ctx.allow_interspersed_args = not (args and args[0] in self.entries)
        ctx.meta[TYPED] = tuple(args)
        rest: list[str] = super().parse_args(ctx, args)
        return rest

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters; files are none of a subcommand's business."""
        params: list[Any] = super().get_params(ctx)
        check_late(params)
        if ctx.allow_interspersed_args:
            return params
        return [one for one in params if one.param_type_name != "argument"]

    def invoke(self, ctx: Any) -> Any:
        """Run what was asked for; typer would end with 1 where the reader of a pipe has gone."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise ReaderGoneError from error

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the subcommands."""
        return list(self.entries)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import a subcommand."""
        return make_command(self.entries[cmd_name]) if cmd_name in self.entries else None

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List the subcommands in the help, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in self.entries.items()])


class Subcommand(TyperCommand):
    """A subcommand, whose plain command lines need no checks either."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters."""
        params: list[Any] = super().get_params(ctx)
        check_late(params)
        return params


def make_command(entry: Command) -> Any:
    """Import a command and let typer read its flags."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(entry.name, cls=Subcommand, help=entry.help)(entry.load())
    return typer.main.get_command(app)


def complete_first(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete a command's name, among files of the same beginning; else leave it to the shell."""
    program = ctx.command
    typed = ctx.meta.get(TYPED, ())
    if not isinstance(program, Program) or typed or not incomplete:
        return []
    names = [name for name in program.entries if name.startswith(incomplete)]
    if not names:
        return []
    beside = (one.name for one in Path().iterdir())
    return names + sorted(name for name in beside if name.startswith(incomplete))

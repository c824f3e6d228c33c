"""Plugins on the command line, fenced in: what they raise or print harms nobody else."""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import typer

from arbvis_core.cli.exits import PARSE_ERRORS
from arbvis_core.errors import ArbvisError
from arbvis_core.interrupts import ENDINGS
from arbvis_core.registry import failure

if TYPE_CHECKING:
    from arbvis_core.cli.flags import GroupNames
    from arbvis_core.protocols import Command
    from arbvis_core.registry import Registered, Registry

#: What commands and flags may raise.
ALLOWED: tuple[type[BaseException], ...] = (
    ArbvisError,
    BrokenPipeError,
    MemoryError,
    typer.Abort,
    typer.Exit,
    *PARSE_ERRORS,
    *ENDINGS,
)


@contextmanager
def prints_aside() -> Iterator[None]:
    """Let what plugins print go to standard error: standard output is for what was asked for."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


def isolated(registered: Registered[Command]) -> Command:
    """Name the plugin if its command raises anything but what commands may raise."""
    entry = registered.item
    subject = f"the command {registered.name}"

    def load() -> Callable[..., None]:
        try:
            function = entry.load()
        except ENDINGS:
            raise
        except BaseException as error:
            raise failure(registered, "run", subject, error) from error

        @functools.wraps(function)
        def run(*args: Any, **values: Any) -> Any:
            try:
                return function(*args, **values)
            except ALLOWED:
                raise
            except SystemExit:  # its own exit code
                raise
            except BaseException as error:
                raise failure(registered, "run", subject, error) from error

        return run

    return replace(entry, load=load)


def isolate_flags(program: Any, names: GroupNames, registry: Registry) -> None:
    """Name the plugin if reading one of its flags raises.

    A flag that nobody typed has its default then, and the rest goes on: typer calls back for every
    flag of a program, whatever was asked for.
    """
    groups = {one.item: one for one in registry.options}
    owners = {
        parameter: (groups[group], getattr(group(), field))
        for group, fields in names.items()
        if group in groups
        for field, parameter in fields.items()
    }
    for parameter in program.params:
        if parameter.name in owners:
            _isolate(parameter, *owners[parameter.name], registry.faults)


def _isolate(parameter: Any, owner: Registered[type], default: Any, faults: list[str]) -> None:
    read = parameter.handle_parse_result

    def handle(context: Any, typed: Mapping[str, Any], rest: list[str]) -> tuple[Any, list[str]]:
        try:
            found: tuple[Any, list[str]] = read(context, typed, rest)
        except ALLOWED:
            raise
        except BaseException as error:
            failed = failure(owner, "read", f"the flag {parameter.opts[0]}", error)
            if parameter.name in typed:
                raise failed from error
            if str(failed) not in faults:
                faults.append(str(failed))
            context.params[parameter.name] = default
            return default, rest
        return found

    parameter.handle_parse_result = handle


def instances(names: GroupNames, values: Mapping[str, Any], registry: Registry) -> dict[type, Any]:
    """Put the values of a command line back into their groups.

    Raises:
        PluginError: a plugin's group does not take them.
    """
    owners = {one.item: one for one in registry.options}
    found = {}
    for group, fields in names.items():
        given = {field: values[name] for field, name in fields.items()}
        try:
            found[group] = group(**given)
        except ALLOWED:
            raise
        except BaseException as error:
            if group not in owners:
                raise
            subject = f"the options {group.__qualname__}"
            raise failure(owners[group], "read", subject, error) from error
    return found

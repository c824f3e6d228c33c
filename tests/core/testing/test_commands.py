from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any

import pytest
import typer

from arbvis_core.protocols import Command
from arbvis_core.testing import CommandContract, OptionsContract

from .conftest import Run


@dataclass(frozen=True)
class Good:
    limit: Annotated[int, typer.Option(help="At most so many.")] = 3


@dataclass(frozen=True)
class Unexplained:
    limit: Annotated[int, typer.Option()] = 3


@dataclass(frozen=True)
class Taken:
    limit: Annotated[int, typer.Option("--limit", "-o", help="At most so many.")] = 3


@dataclass(frozen=True, eq=False)
class Unequal:
    limit: Annotated[int, typer.Option(help="At most so many.")] = 3


class OptionsSuite(OptionsContract):
    flags = frozenset({"--limit"})

    def __init__(self, group: type) -> None:
        self.group = group


def test_a_good_group_passes(failures: Run) -> None:
    assert failures(OptionsSuite(Good)) == {}


@pytest.mark.parametrize(
    ("bad", "test", "words"),
    [
        (Unexplained, "test_every_flag_is_explained", "Unexplained.limit has no help text"),
        (Taken, "test_its_flags_are_new", "-o, which arbvis has already"),
        (Taken, "test_its_flags_are_those_that_are_promised", "-o"),
        (Unequal, "test_an_instance_is_a_value", "AssertionError"),
        (int, "test_its_flags_are_new", "no dataclass"),
    ],
)
def test_a_bad_group_fails(bad: type, test: str, words: str, failures: Run) -> None:
    assert words in failures(OptionsSuite(bad), test).get(test, "it passes")


def greet(name: Annotated[str, typer.Option(help="Whom.")] = "you") -> None:
    typer.echo(f"hello {name}")


def fail() -> None:
    raise typer.Exit(3)


def mute(name: str = "") -> None:
    del name


def untyped(thing: Any = 3, other: int | str = 3) -> None:
    del thing, other


def loading(function: Callable[..., None]) -> Command:
    return Command("greet", "Say hello.", lambda: function)


class CommandSuite(CommandContract):
    arguments = ("--name", "world")
    output = "hello world"

    def __init__(self, command: Any) -> None:
        self.command = command


def test_a_good_command_passes(failures: Run) -> None:
    assert failures(CommandSuite(loading(greet))) == {}


@pytest.mark.parametrize(
    ("bad", "test", "words"),
    [
        (loading(fail), "test_it_runs", "it ends with 2"),
        (loading(untyped), "test_it_has_a_help_page", "Typer"),
        (loading(mute), "test_it_runs", "it prints"),
        (replace(loading(greet), help=""), "test_it_has_a_help_page", "AssertionError"),
        (replace(loading(greet), name="plugins"), "test_the_registry_takes_it", "AssertionError"),
        (replace(loading(greet), name="say it"), "test_the_registry_takes_it", "'say it'"),
        (greet, "test_the_registry_takes_it", "no Command"),
    ],
)
def test_a_bad_command_fails(bad: Any, test: str, words: str, failures: Run) -> None:
    assert words in failures(CommandSuite(bad), test).get(test, "it passes")

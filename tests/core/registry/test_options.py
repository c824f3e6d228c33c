from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer

from arbvis_core.cli import flags
from arbvis_core.cli.view import ViewOptions
from arbvis_core.registry import RESERVED_FLAGS, flags_of
from arbvis_core.registry.checks import Fault
from arbvis_core.registry.options import check_group


class Taste(Enum):
    SWEET = "sweet"
    SOUR = "sour"


@dataclass(frozen=True)
class Everything:
    plain: Annotated[int, typer.Option(help="A number.")] = 3
    renamed: Annotated[float, typer.Option("--other-name", "-x")] = 1.5
    switch: Annotated[bool, typer.Option()] = False
    pair: Annotated[bool, typer.Option("--warm/--cold", "-w/-c")] = True
    only: Annotated[bool, typer.Option("--only")] = False
    taste: Annotated[Taste, typer.Option()] = Taste.SWEET
    maybe: Annotated[Path | None, typer.Option()] = None
    many: Annotated[list[str], typer.Option()] = field(default_factory=list)


@dataclass(frozen=True)
class Inherits(Everything):
    more: Annotated[str, typer.Option()] = ""


@dataclass(frozen=True)
class Required:
    needed: Annotated[int, typer.Option()]


@dataclass(frozen=True)
class Bare:
    bare: int = 3


@dataclass(frozen=True)
class Unresolved:
    lost: Annotated[NotImported, typer.Option()] = 3  # type: ignore[name-defined]  # noqa: F821


@dataclass(frozen=True)
class Unsupported:
    odd: Annotated[int | str, typer.Option()] = 3


@dataclass
class Changeable:
    plain: Annotated[int, typer.Option()] = 3


FLAGS = frozenset(
    {
        *("--plain", "--other-name", "-x", "--switch", "--no-switch", "--warm", "--cold"),
        *("-w", "-c", "--only", "--taste", "--maybe", "--many"),
    }
)


def test_flags_are_those_that_typer_makes() -> None:
    assert flags_of(Everything) == FLAGS
    assert flags_of(Inherits) == FLAGS | {"--more"}


def test_the_command_line_makes_the_same_flags() -> None:
    def command(**_: object) -> None:
        """Do nothing."""

    found, _ = flags.signature((), (Inherits,))
    flags.with_signature(command, found)
    app = typer.Typer(add_completion=False)
    app.command()(command)
    params = typer.main.get_command(app).params
    made = {flag for one in params for flag in (*one.opts, *one.secondary_opts)}
    assert made - {"--help"} == flags_of(Inherits)


@pytest.mark.parametrize(
    ("group", "words"),
    [
        (int, "no dataclass"),
        (Everything(), "no dataclass"),
        ("Everything", "no dataclass"),
        (Changeable, "Changeable is not frozen"),
        (Required, "Required needs .* a default for every field"),
        (Bare, r"Bare\.bare is not Annotated"),
        (Unresolved, "Unresolved needs annotations that can be resolved.*NotImported"),
        (Unsupported, "typer cannot make flags of option group Unsupported"),
    ],
)
def test_a_group_that_cannot_become_flags_is_a_fault(group: Any, words: str) -> None:
    with pytest.raises(Fault, match=words):
        flags_of(group)


def test_a_flag_that_is_taken_is_a_fault() -> None:
    assert check_group(Everything, {"--no-plain": "another"}) == FLAGS
    with pytest.raises(Fault, match="adds the flag --cold, which another has already"):
        check_group(Everything, {"--cold": "another"})


def test_the_reserved_flags_are_those_of_the_command_line() -> None:
    groups = (*flags.CORE, flags.DiffOptions, ViewOptions)
    own = frozenset[str]().union(*(flags_of(group) for group in groups))
    typers = {"--help", "--install-completion", "--show-completion"}
    assert own | typers == RESERVED_FLAGS

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

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


def test_no_other_flag_is_understood() -> None:
    app = typer.Typer(add_completion=False)

    @app.command()
    def command(switch: Annotated[bool, typer.Option()] = False) -> None:
        del switch

    for flag in ("--switch", "--no-switch"):
        assert CliRunner().invoke(app, [flag]).exit_code == 0
    assert CliRunner().invoke(app, ["--no-plain"]).exit_code == 2


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


def test_the_flags_of_the_core_are_reserved() -> None:
    assert {"--out", "--help", "--layout", "--format", "--diff"} <= RESERVED_FLAGS

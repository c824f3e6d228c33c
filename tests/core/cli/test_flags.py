from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import pytest
import typer

from arbvis_core.cli.app import build_app
from arbvis_core.cli.commands import own_commands
from arbvis_core.cli.flags import (
    CORE,
    DiffOptions,
    RunOptions,
    signature,
    with_signature,
)
from arbvis_core.cli.isolation import instances
from arbvis_core.engine.executors import KINDS
from arbvis_core.registry import (
    RESERVED_COMMANDS,
    RESERVED_FLAGS,
    Registered,
    Registry,
    RegistrySpec,
    flags_of,
    load,
)
from arbvis_core.values import ARBVIS, Profile


@dataclass(frozen=True)
class Crunch:
    limit: Annotated[int, typer.Option("--crunch-limit", help="How much.")] = 3
    smooth: Annotated[bool, typer.Option(help="Whether.")] = True


@dataclass(frozen=True)
class Munch:
    limit: Annotated[int, typer.Option(help="How much.")] = 5
    smooth: Annotated[bool, typer.Option("--munch-smooth", help="Whether.")] = False


def parse(groups: tuple[type, ...], *args: str) -> dict[type, Any]:
    found, names = signature([], groups)
    got: dict[type, Any] = {}

    def run(**values: Any) -> None:
        got.update(instances(names, values, Registry(RegistrySpec())))

    with_signature(run, found)
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command()(run)
    typer.main.get_command(app).main(list(args), standalone_mode=False)
    return got


def test_defaults_are_those_of_the_group() -> None:
    assert parse((*CORE, DiffOptions)) == {group: group() for group in (*CORE, DiffOptions)}


def test_groups_get_their_values() -> None:
    got = parse((Crunch,), "--crunch-limit", "7", "--no-smooth")
    assert got[Crunch] == Crunch(limit=7, smooth=False)


def test_fields_of_the_same_name_are_told_apart() -> None:
    got = parse((Crunch, Munch), "--limit", "9", "--munch-smooth", "--no-smooth")
    assert got[Crunch] == Crunch(limit=3, smooth=False)
    assert got[Munch] == Munch(limit=9, smooth=True)
    got = parse((Munch, Crunch), "--limit", "9", "--munch-smooth", "--no-smooth")
    assert got[Crunch] == Crunch(limit=3, smooth=False)
    assert got[Munch] == Munch(limit=9, smooth=True)


def test_no_plugin_may_take_a_flag_of_the_core() -> None:
    registry = Registry(RegistrySpec())
    flags = {
        flag
        for parameter in build_app(ARBVIS, registry).params
        for flag in (*parameter.opts, *parameter.secondary_opts)
        if flag.startswith("-")
    }
    assert {"--help"} | flags | flags_of(DiffOptions) <= RESERVED_FLAGS


def test_no_plugin_may_take_a_command_of_the_core() -> None:
    names = {one.name for one in own_commands(ARBVIS, Registry(RegistrySpec()))}
    assert names == RESERVED_COMMANDS


def test_executors_are_the_engine_s() -> None:
    (kind,) = (one for one in build_app(ARBVIS, load()).params if one.name == "executor")
    assert kind.default == "threads"
    for name in KINDS:
        assert parse(CORE, "--executor", name)[RunOptions].executor == name


@pytest.mark.parametrize("group", [*CORE, DiffOptions])
def test_every_flag_has_a_help(group: type) -> None:
    found, _ = signature([], (group,))
    for parameter in found.parameters.values():
        assert parameter.kind is inspect.Parameter.KEYWORD_ONLY
        (option,) = parameter.annotation.__metadata__
        assert option.help
        assert option.help.endswith(".")


def test_flags_of_another_program_work_and_are_not_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    @dataclass(frozen=True)
    class Elsewhere:
        profiles: ClassVar[tuple[str, ...]] = ("elsewhere",)
        knob: Annotated[int, typer.Option("--knob", help="Turn it.")] = 0

    options = (Registered("knobs", "1", Elsewhere),)
    registry = Registry(RegistrySpec(), options=options)
    for name, shown in (("arbvis", False), ("elsewhere", True)):
        program = build_app(Profile(name), registry)
        with pytest.raises(SystemExit):
            program(["--help"])
        assert ("--knob" in capsys.readouterr().out) is shown
        knob = next(one for one in program.params if one.name == "knob")
        assert knob.opts == ["--knob"]

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Annotated, Any

import pytest
import typer

from arbvis_core.cli.app import build_app
from arbvis_core.cli.isolation import isolate_flags, isolated, prints_aside
from arbvis_core.errors import PluginError, UsageError
from arbvis_core.interrupts import Ended
from arbvis_core.protocols import Command
from arbvis_core.registry import Registered, Registry, RegistrySpec
from arbvis_core.values import ARBVIS

Words = Callable[..., Sequence[str]]


class StopEverythingError(BaseException):
    """What no plugin should raise."""


def raising(value: int) -> int:
    raise StopEverythingError(f"no {value}")


@dataclass(frozen=True)
class Shaky:
    limit: Annotated[int, typer.Option("--limit", callback=raising)] = 3
    other: Annotated[int, typer.Option("--other")] = 4


@dataclass(frozen=True)
class Picky:
    even: Annotated[int, typer.Option("--even")] = 2

    def __post_init__(self) -> None:
        if self.even == 7:
            raise UsageError("--even 7 is odd")
        if self.even % 2:
            raise ValueError("odd")


def registry(*groups: type) -> Registry:
    return Registry(
        RegistrySpec(), options=tuple(Registered("shaky", "1.2", group) for group in groups)
    )


def run(found: Registry, *args: str) -> Any:
    app = build_app(ARBVIS, found)
    return app.main([*args], prog_name="arbvis", standalone_mode=False)


def test_a_callback_that_raises_harms_nobody_who_did_not_ask_for_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = registry(Shaky)
    for _ in range(2):
        run(found, "plugins")
    said = capsys.readouterr().out
    (fault,) = found.faults
    assert fault in said
    assert "shaky 1.2 failed while it was to read the flag --limit" in fault
    assert f"StopEverythingError: no 3 ({__file__}:" in fault


def test_the_flag_has_its_default_then() -> None:
    app = build_app(ARBVIS, registry(Shaky))
    with app.make_context("arbvis", ["--other", "9", "plugins"]) as context:
        assert context.params["limit"] == 3
        assert context.params["other"] == 9


def test_whoever_asks_for_it_is_told_whose_fault_it_is() -> None:
    with pytest.raises(PluginError, match=r"shaky 1\.2 .* the flag --limit: Stop.*: no 8") as told:
        run(registry(Shaky), "--limit", "8", "plugins")
    assert told.value.place.startswith(f"{__file__}:")


def test_a_group_that_does_not_take_its_values(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"shaky 1\.2 .* the options Picky: ValueError: odd"):
        run(registry(Picky), "--even", "3", str(tmp_path))
    with pytest.raises(UsageError, match=r"^--even 7 is odd$"):
        run(registry(Picky), "--even", "7", str(tmp_path))


def ending(value: int) -> int:
    raise Ended(value)


@dataclass(frozen=True)
class Ending:
    signal: Annotated[int, typer.Option("--signal", callback=ending)] = 15


def test_what_ends_the_program_passes() -> None:
    with pytest.raises(Ended):
        run(registry(Ending), "plugins")


def failing(error: BaseException) -> Command:
    def fail() -> None:
        raise error

    return Command("fail", "Fail.", lambda: fail)


def test_what_a_command_raises_is_named_however_base_it_is() -> None:
    entry = isolated(Registered("shaky", "1.2", failing(StopEverythingError("now"))))
    with pytest.raises(PluginError, match="run the command fail: StopEverythingError: now") as told:
        entry.load()()
    assert told.value.place.startswith(f"{__file__}:")


def test_a_command_has_its_own_exit_code() -> None:
    entry = isolated(Registered("shaky", "1.2", failing(SystemExit(3))))
    with pytest.raises(SystemExit):
        entry.load()()


def test_flags_of_the_core_are_read_as_ever() -> None:
    app = build_app(ARBVIS, registry())
    isolate_flags(app, {}, registry())
    assert all("handle_parse_result" not in vars(one) for one in app.params)


def test_what_is_printed_goes_aside(capsys: pytest.CaptureFixture[str]) -> None:
    with prints_aside():
        sys.stdout.write("aside\n")
    sys.stdout.write("asked for\n")
    assert (*capsys.readouterr(),) == ("asked for\n", "aside\n")


NOISY = """
    print("noise at import")
    from arbvis_core import hookimpl
    from arbvis_core.formats.raw import RawFormat

    class Noisy(RawFormat):
        name = "noisy"
        priority = 300
        decoders = ()

        def matches(self, probe):
            print("noise in matches")
            return False

    @hookimpl
    def arbvis_formats():
        print("noise in a hook")
        return [Noisy()]
"""


@pytest.fixture
def noisy(tmp_path: Path) -> dict[str, str]:
    """Return the environment in which a plugin that prints is installed."""
    place = tmp_path / "site"
    info = place / "noisy-1.0.dist-info"
    info.mkdir(parents=True)
    (place / "noisy.py").write_text(dedent(NOISY), encoding="utf-8")
    (info / "METADATA").write_text("Name: noisy\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[arbvis]\nnoisy = noisy\n", encoding="utf-8")
    return {**os.environ, "PYTHONPATH": str(place), "ARBVIS_PLUGINS": "noisy"}


def test_json_stays_json(command: Words, noisy: dict[str, str], sample: Path) -> None:
    words = command("plugins", "--json", "--explain", str(sample))
    done = subprocess.run(words, capture_output=True, check=False, timeout=60, env=noisy)
    assert "noisy" in [one["name"] for one in json.loads(done.stdout)["plugins"]]
    assert done.stderr.decode().split("\n") == [
        *("noise at import", "noise in a hook", "noise in matches", "")
    ]


def test_standard_output_is_the_path_to_open(
    command: Words, noisy: dict[str, str], sample: Path, tmp_path: Path
) -> None:
    words = command(str(sample), "-q", "--out", str(tmp_path / "out"))
    done = subprocess.run(words, capture_output=True, check=False, timeout=120, env=noisy)
    assert done.stdout.decode().splitlines() == [str(tmp_path / "out" / "index.html")]
    assert b"noise in matches" in done.stderr

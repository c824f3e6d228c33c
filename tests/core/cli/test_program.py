from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest
import typer

from arbvis_core.cli.app import build_app
from arbvis_core.cli.isolation import isolated
from arbvis_core.errors import PluginError, SourceError
from arbvis_core.protocols import Command
from arbvis_core.registry import Registered, Registry, RegistrySpec
from arbvis_core.values import ARBVIS, Profile


def greet(name: str, *, loud: Annotated[bool, typer.Option("--loud")] = False) -> None:
    typer.echo(f"hello {name}{'!' if loud else ''}")


def program(*entries: Command, profile: Profile = ARBVIS) -> Any:
    commands = tuple(Registered("shaky", "1.2", entry) for entry in entries)
    return build_app(profile, Registry(RegistrySpec(), commands=commands))


def invoke(app: Any, *args: str) -> Any:
    return app.main(list(args), prog_name="arbvis", standalone_mode=False)


def never() -> Any:
    pytest.fail("a command was imported that nobody runs")


def test_a_command_gets_its_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    invoke(program(Command("greet", "Say hello.", lambda: greet)), "greet", "you", "--loud")
    assert capsys.readouterr().out == "hello you!\n"


def test_help_lists_commands_without_importing_them(capsys: pytest.CaptureFixture[str]) -> None:
    invoke(program(Command("greet", "Say hello.", never)), "--help")
    shown = capsys.readouterr().out
    assert "Usage: arbvis [OPTIONS] [FILES]... | COMMAND [ARGS]..." in shown
    assert "greet" in shown
    assert "Say hello." in shown
    assert "plugins" in shown


def test_help_of_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    invoke(program(Command("greet", "Say hello.", lambda: greet)), "greet", "--help")
    shown = capsys.readouterr().out
    assert "Say hello." in shown
    assert "--loud" in shown


def test_commands_of_other_programs_are_files() -> None:
    entry = Command("greet", "Say hello.", lambda: greet, profiles=("modelweightvis",))
    assert "greet" not in program(entry).entries
    assert "greet" in program(entry, profile=Profile("modelweightvis")).entries


@pytest.mark.parametrize(
    "args", [("./greet",), ("--", "greet"), ("--quiet", "greet"), ("a", "greet")]
)
def test_only_the_first_argument_is_a_command(args: tuple[str, ...]) -> None:
    app = program(Command("greet", "Say hello.", never))
    with app.make_context("arbvis", [*args]) as context:
        assert context.params["files"][-1].endswith("greet")


def failing(error: Exception) -> Command:
    def run() -> None:
        raise error

    return Command("fail", "Fail.", lambda: run)


def test_a_failing_command_is_its_plugin_s_fault() -> None:
    with pytest.raises(PluginError, match=r"shaky 1\.2 failed.* run the command fail.*oops") as e:
        invoke(program(failing(ValueError("oops"))), "fail")
    assert isinstance(e.value.__cause__, ValueError)


def test_a_command_that_cannot_be_imported_is_its_plugin_s_fault() -> None:
    def load() -> Any:
        raise ImportError("no torch")

    with pytest.raises(PluginError, match="no torch"):
        isolated(Registered("shaky", "1.2", Command("fail", "Fail.", load))).load()


@pytest.mark.parametrize("error", [SourceError("bad"), MemoryError()])
def test_what_a_command_may_raise(error: Exception) -> None:
    with pytest.raises(type(error)):
        invoke(program(failing(error)), "fail")
    assert invoke(program(failing(typer.Exit(7))), "fail") == 7


def complete(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> list[str]:
    """Ask what bash would be told after these words."""
    monkeypatch.setenv("_ARBVIS_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "\n".join(("arbvis", *words)).replace("\n", " "))
    monkeypatch.setenv("COMP_CWORD", str(len(words)))
    app = program(Command("greet", "Say hello.", lambda: greet))
    with pytest.raises(SystemExit):
        app.main([], prog_name="arbvis")
    return capsys.readouterr().out.split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("gr",), ["greet", "grown.txt"]),
        (("zzz",), []),
        (("a", "gr"), []),
        (("--lay",), ["--layout"]),
        (("greet", "--l"), ["--loud"]),
        (("plugins", "--js"), ["--json"]),
        (("a", "--layout", "hil"), ["hilbert"]),
        (("a", "--format", "ra"), ["raw"]),
        (("a", "--tile-format", "a"), ["avif"]),
    ],
)
def test_completion(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    words: tuple[str, ...],
    expected: list[str],
) -> None:
    (tmp_path / "grown.txt").touch()
    monkeypatch.chdir(tmp_path)
    assert complete(monkeypatch, capsys, *words) == expected


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(capsys: pytest.CaptureFixture[str], shell: str) -> None:
    with pytest.raises(SystemExit):
        invoke(program(), "--show-completion", shell)
    assert "_ARBVIS_COMPLETE" in capsys.readouterr().out

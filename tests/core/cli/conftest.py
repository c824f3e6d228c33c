from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import pytest

from arbvis_core.cli.app import start
from arbvis_core.values import ARBVIS, Profile


class Outcome(NamedTuple):
    """What a command line came to."""

    code: int
    out: str
    err: str


Cli = Callable[..., Outcome]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run a command line in this process; standard input is a terminal unless bytes are given."""

    def run(*args: str, profile: Profile = ARBVIS, stdin: object = None) -> Outcome:
        terminal = SimpleNamespace(isatty=lambda: True)
        monkeypatch.setattr(
            sys, "stdin", stdin or SimpleNamespace(buffer=terminal, isatty=terminal.isatty)
        )
        capsys.readouterr()
        code = start(profile, args)
        return Outcome(code, *capsys.readouterr())

    return run


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """Return a small file of every byte."""
    path = tmp_path / "sample.bin"
    path.write_bytes(bytes(range(256)) * 8)
    return path


@pytest.fixture
def command() -> Callable[..., Sequence[str]]:
    """Return the words that start a program in another process, with Ctrl-C as in a terminal."""

    def words(*args: str, before: str = "") -> Sequence[str]:
        code = (
            "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            f"{before}\nfrom arbvis_core.cli.launch import main\nmain()"
        )
        return [sys.executable, "-c", code, *args]

    return words

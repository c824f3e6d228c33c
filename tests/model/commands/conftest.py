"""Command lines of modelweightvis, run in this process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from arbvis_core.cli.app import start
from modelweightvis.profile import MODELWEIGHTVIS

sys.path.append(str(Path(__file__).parents[1]))


class Outcome(NamedTuple):
    """What a command line came to."""

    code: int
    out: str
    err: str


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    def run(*args: object) -> Outcome:
        capsys.readouterr()
        code = start(MODELWEIGHTVIS, [str(one) for one in args])
        return Outcome(code, *capsys.readouterr())

    return run

"""Values of flags, with and without typer's own checks."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated, Any, Literal

import pytest
import typer

from arbvis_core.cli.coercing import check_late

LINES = [
    [],
    ["a", "b c"],
    ["--name", "x", "--kind", "two", "--several", "p", "--several", "q"],
    ["--count", "3", "--share", "0.5", "--switch"],
    ["--count", "+3"],
    ["--count", "007"],
    ["--count", "9"],
    ["--no-switch", "--", "-x"],
]
WRONG = [
    ["--kind", "three"],
    ["--count", "0"],
    ["--count", "10"],
    ["--count", "1_000"],
    ["--count", "99999999999999999999"],
    ["--count", "x"],
    ["--count", "²"],
    ["--share", "much"],
]


def command(seen: list[dict[str, Any]]) -> Any:
    app = typer.Typer(add_completion=False)

    @app.command()
    def main(
        files: Annotated[list[str] | None, typer.Argument()] = None,
        name: Annotated[str | None, typer.Option("--name")] = None,
        kind: Annotated[Literal["one", "two"], typer.Option("--kind")] = "one",
        count: Annotated[int | None, typer.Option("--count", min=1, max=9)] = None,
        share: Annotated[float, typer.Option("--share")] = 0.25,
        several: Annotated[list[str] | None, typer.Option("--several")] = None,
        switch: Annotated[bool | None, typer.Option("--switch/--no-switch")] = None,
    ) -> None:
        seen.append(dict(locals()))

    return typer.main.get_command(app)


def run(line: list[str], *, late: bool) -> Any:
    seen: list[dict[str, Any]] = []
    made = command(seen)
    if late:
        check_late(made.params)
        check_late(made.params)
    try:
        made.main(line, standalone_mode=False)
    except Exception as error:  # noqa: BLE001 - whatever typer says, it has to be said again
        return type(error), str(error)
    return {name: value for name, value in seen[0].items() if name != "seen"}


@pytest.mark.parametrize("line", [*LINES, *WRONG], ids=" ".join)
def test_a_command_line_means_what_it_meant(line: list[str]) -> None:
    assert run(line, late=True) == run(line, late=False)
    assert isinstance(run(line, late=True), tuple) == (line in WRONG)


@pytest.mark.parametrize(
    "line",
    [
        ["no such file", "--out", "nowhere", "--tile-format", "avif", "--jobs", "2"],
        ["view", "no such file"],
    ],
)
def test_a_plain_command_line_needs_no_checks(line: list[str]) -> None:
    code = (
        "import sys; from arbvis_core.cli.app import start; from arbvis_core.values import ARBVIS\n"
        f"start(ARBVIS, {line!r})\n"
        "sys.exit('pydantic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

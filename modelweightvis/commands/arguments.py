"""What the commands have in common: their arguments, and how they write."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from arbvis_core.cli.console import answer, escape, tell

ModelArgument = Annotated[
    str,
    typer.Argument(
        metavar="MODEL", help="A file, a folder, an index or an address.", show_default=False
    ),
]
MatchOption = Annotated[
    str | None,
    typer.Option("--match", metavar="GLOB", help="Only tensors whose name matches."),
]
FormatOption = Annotated[
    str | None, typer.Option("--format", metavar="NAME", help="Read the model as this format.")
]
KeepGoingOption = Annotated[
    bool, typer.Option("--keep-going", help="Leave out files that are not valid.")
]

#: What stands for the signs that not every console has.
_PLAIN = str.maketrans({"×": "x", "–": "-", "…": "...", "·": "-"})


def say(text: str) -> None:
    """Write a line to standard output, in signs that it has."""
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    try:
        "×–…·".encode(encoding)
    except (LookupError, UnicodeEncodeError):
        text = text.translate(_PLAIN)
    answer(text)


def warn(warnings: Sequence[str]) -> None:
    """Write warnings to standard error."""
    for warning in warnings:
        tell(f"modelweightvis: warning: {warning}")


def aligned(rows: Sequence[Sequence[str]], left: int) -> list[str]:
    """Return rows as lines, in columns; those after the first few are flush right.

    Args:
        rows: cells, as many in each.
        left: how many columns are flush left.
    """
    shown = [[escape(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if place < left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in shown
    ]

"""`modelweightvis inspect`: what is in a model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from arbvis_core.api import UsageError
from modelweightvis.commands.arguments import (
    FormatOption,
    KeepGoingOption,
    MatchOption,
    ModelArgument,
    say,
    warn,
)


def inspect(
    model: ModelArgument,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON; the reference has its schema.")
    ] = False,
    stats: Annotated[
        bool, typer.Option("--stats", help="Measure every tensor: mean, rms, extremes, kurtosis …")
    ] = False,
    sort: Annotated[
        str | None,
        typer.Option(
            "--sort",
            metavar="COLUMN",
            help="List tensors by a column: numbers from the largest, texts from A.",
        ),
    ] = None,
    match: MatchOption = None,
    every_layer: Annotated[
        bool, typer.Option("--every-layer", help="Do not put equal layers together.")
    ] = False,
    format: FormatOption = None,  # noqa: A002  the flag's name
    keep_going: KeepGoingOption = False,
) -> None:
    """List the tensors of a model."""
    from arbvis_core.cli.progress import progress
    from modelweightvis.commands import listing, report
    from modelweightvis.inventory import check_column, table_of
    from modelweightvis.measuring import elements
    from modelweightvis.model import open_model

    if sort is not None:
        check_column(sort, stats=stats)
    if every_layer and (as_json or stats or sort is not None):
        raise UsageError("--every-layer changes nothing here: only the tree puts layers together")
    found = open_model(model, match=match, format=format, keep_going=keep_going)
    body: Iterable[str]
    if as_json or stats or sort is not None:
        size = elements(found.values()) if stats else 0
        with progress("measuring", size, quiet=not stats, unit=" elements") as advance:
            table = table_of(found, stats=stats, on_progress=advance)
        table = table.sorted(sort) if sort is not None else table
        if as_json:
            for line in report.lines(found, table, stats=stats):
                say(line)
            return
        body = listing.flat(table, sort)
    else:
        body = listing.nested(found, every_layer=every_layer)
    for line in [*listing.facts(found), "", *body, "", *listing.totals(found)]:
        say(line)
    warn(listing.warnings(found))

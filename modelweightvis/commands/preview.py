"""`modelweightvis quantize-preview`: what a quantisation would cost, before it is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arbvis_core.api import UsageError
from modelweightvis.commands.arguments import FormatOption, KeepGoingOption, ModelArgument, say

if TYPE_CHECKING:
    from arbvis_core.picture import Picture
    from arbvis_core.pipeline.rendering import Report


def preview(
    model: ModelArgument,
    *,
    types: Annotated[
        str,
        typer.Option(
            "--type", metavar="TYPE[,TYPE…]", help="Types to try, such as Q8_0 or affine_q4_g64."
        ),
    ],
    match: Annotated[
        str | None,
        typer.Option("--match", metavar="GLOB", help="Quantise only tensors whose name matches."),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="DIR", help="Write the picture into this folder."),
    ] = None,
    report: Annotated[
        str | None,
        typer.Option("--report", metavar="FILE", help="Write the report, as --diff does."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
    format: FormatOption = None,  # noqa: A002  the flag's name
    keep_going: KeepGoingOption = False,
) -> None:
    """Compare a model with itself as quantisation would leave it; no model is written."""
    from arbvis_core import api
    from modelweightvis.options import PreviewOptions
    from modelweightvis.profile import MODELWEIGHTVIS
    from modelweightvis.reports.content import content_of
    from modelweightvis.reports.reporter import FileReporter

    schemes = _schemes(types)
    writer = FileReporter(report) if report is not None else None
    if writer is not None:
        writer.check([model], force=force)
    picture = api.open(
        *[model] * (len(schemes) + 1),
        diff=True,
        format=format,
        keep_going=keep_going,
        options=(PreviewOptions(schemes, match),),
        profile=MODELWEIGHTVIS,
    )
    measured = _run(picture, out, force=force, quiet=quiet)
    for line in _table(content_of(measured)):
        say(line)
    if out is not None:
        say(f"{measured.location}")
    if writer is not None:
        opened = [key for scene in picture.plan.scenes for key in scene.sources]
        say(writer.write(measured, opened, force=force))


def _schemes(types: str) -> tuple[str, ...]:
    from modelweightvis.differences.preview import check_scheme

    schemes = tuple(dict.fromkeys(one.strip() for one in types.split(",") if one.strip()))
    if not schemes:
        raise UsageError("--type names no type; try --type Q8_0,Q4_0")
    for one in schemes:
        check_scheme(one)
    return schemes


def _run(picture: Picture, out: str | None, *, force: bool, quiet: bool) -> Report:
    from arbvis_core import api
    from arbvis_core.cli.progress import progress
    from modelweightvis.comparison import KEPT

    size = api.estimate(picture.plan, registry=picture.registry).area
    with progress("quantising", size, quiet=quiet) as advance:
        if out is not None:
            return picture.render(out, force=force, keep=KEPT, on_progress=advance)
        return api.render(
            picture.plan, None, registry=picture.registry, keep=KEPT, on_progress=advance
        )


def _table(content: Mapping[str, Any]) -> list[str]:
    from modelweightvis.commands.arguments import aligned
    from modelweightvis.reports.text import cell

    columns = ("other_bytes", "other_bits_per_weight", "relative_frobenius", "sqnr_db", "cosine")
    rows = [["type", "size", "bits/weight", "relative error", "SQNR, dB", "cosine", "worst tensor"]]
    for one in content["models"]:
        own = [row for row in content["tensors"] if row["model"] == one["key"]]
        worst = max(own, key=lambda row: row["relative_frobenius"] or 0.0)
        told = [cell(column, one["totals"][column]) for column in columns]
        rows.append([one["other"], *told, f"{worst['name']}"])
    return aligned(rows, 1)

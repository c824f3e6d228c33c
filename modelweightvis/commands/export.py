"""`modelweightvis export`: one tensor, out of the model."""

from __future__ import annotations

from typing import Annotated

import typer

from modelweightvis.commands.arguments import FormatOption, KeepGoingOption, ModelArgument


def export(
    model: ModelArgument,
    tensor: Annotated[
        str,
        typer.Argument(
            metavar="TENSOR", help="Its name, as it is stored or canonical.", show_default=False
        ),
    ],
    out: Annotated[
        str,
        typer.Argument(metavar="OUT.npy", help="The file, or - for stdout.", show_default=False),
    ],
    *,
    raw: Annotated[
        bool, typer.Option("--raw", help="Write the bytes as they are stored, part after part.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
    format: FormatOption = None,  # noqa: A002  the flag's name
    keep_going: KeepGoingOption = False,
) -> None:
    """Write the values of a tensor, float32, in its logical shape."""
    from arbvis_core.cli.console import answer
    from arbvis_core.cli.progress import progress
    from modelweightvis.commands.writing import STDOUT, npy_chunks, raw_chunks, write
    from modelweightvis.model import open_model

    found = open_model(model, format=format, keep_going=keep_going)
    chosen = found[tensor]
    chunks, size = raw_chunks(chosen) if raw else npy_chunks(chosen)
    inputs = [source.key for document in found.documents for source in document.sources]
    with progress("writing", size, quiet=False, unit="B") as advance:
        write(out, chunks, size, inputs=inputs, force=force, on_progress=advance)
    if out != STDOUT:
        answer(out)

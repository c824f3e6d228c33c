"""How far a run is: a bar on a terminal, nothing in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from arbvis_core.cli.console import quantity

if TYPE_CHECKING:
    from rich.progress import Progress

OnProgress = Callable[[int], None]


@contextmanager
def progress(what: str, total: int, *, quiet: bool, unit: str = "px") -> Iterator[OnProgress]:
    """Show rate, share and time left of a run; hand over what it is told of finished units."""
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield _ignore
        return
    with _bar() as bar:
        task = bar.add_task(what, total=total, rate="")

        def advance(done: int) -> None:
            bar.advance(task, done)
            speed = bar.tasks[0].speed
            bar.update(task, rate=f"{quantity(speed, unit)}/s" if speed else "")

        yield advance


def _ignore(_units: int) -> None:
    return


def _bar() -> Progress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )

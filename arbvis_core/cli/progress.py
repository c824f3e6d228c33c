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


@contextmanager
def compiling_told(say: Callable[[str], object]) -> Iterator[None]:
    """Say on a terminal when kernels have to be compiled, once, since nothing else is heard of it."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield
        return
    from arbvis_core.kernels import jit

    def once(_kernel: str) -> None:
        jit.on_compile.remove(once)
        say("compiling kernels, which is needed once on a machine")

    jit.on_compile.append(once)
    try:
        yield
    finally:
        if once in jit.on_compile:
            jit.on_compile.remove(once)


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

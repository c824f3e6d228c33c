"""A difference in the hand: what `modelweightvis.diff` returns."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from arbvis_core import api
from modelweightvis.options import DifferenceOptions, FinetuneOptions, TensorOptions
from modelweightvis.profile import MODELWEIGHTVIS

if TYPE_CHECKING:
    from arbvis_core.picture import Picture
    from arbvis_core.pipeline.rendering import Report
    from modelweightvis.options import DiffColours, DiffMetric
    from modelweightvis.table import Table

#: Tiles of a scene that are kept for the pictures of a report.
KEPT = 64


class Comparison:
    """Models beside a first one. Nothing but headers and a sample is read until it is asked for.

    Attributes:
        paths: what is compared, the base first.
    """

    def __init__(self, paths: tuple[str, ...], picture: Picture) -> None:
        self.paths = paths
        self._picture = picture
        self._measured: Report | None = None

    def picture(self) -> Picture:
        """Return the picture; it shows itself in a notebook, `.render(folder)` writes the bundle."""
        return self._picture

    def table(self, *, on_progress: Callable[[int], None] = lambda _pixels: None) -> Table:
        """Measure every pair, in one pass and with bounded memory; again it costs nothing.

        Args:
            on_progress: told of finished pixels.

        Returns:
            A row per tensor and model, with the columns of the report. What is not known is None.
        """
        from modelweightvis.reports.content import content_of
        from modelweightvis.reports.tables import table_of

        return table_of(content_of(self._report(on_progress)))

    def report(
        self,
        path: str | os.PathLike[str],
        *,
        force: bool = False,
        on_progress: Callable[[int], None] = lambda _pixels: None,
    ) -> str:
        """Write a report; the suffix says which, as with `--report`.

        Raises:
            ArbvisError: it cannot be written.
        """
        from modelweightvis.reports.reporter import FileReporter

        reporter = FileReporter(os.fspath(path))
        opened = [key for scene in self._picture.plan.scenes for key in scene.sources]
        reporter.check(opened, force=force)
        return reporter.write(self._report(on_progress), opened, force=force)

    def _report(self, on_progress: Callable[[int], None]) -> Report:
        if self._measured is None:
            self._measured = measured(self._picture, on_progress)
        return self._measured

    def __repr__(self) -> str:
        return f"<Comparison {' → '.join(self.paths)}>"


def measured(picture: Picture, on_progress: Callable[[int], None]) -> Report:
    """Measure what a picture would show, and write nothing."""
    return api.render(
        picture.plan, None, registry=picture.registry, keep=KEPT, on_progress=on_progress
    )


def compare(
    *paths: str | os.PathLike[str],
    match: str | None,
    metric: DiffMetric,
    colors: DiffColours,
    finetune: bool | None,
    keep_going: bool,
) -> Comparison:
    """Do what `modelweightvis.diff` says."""
    picture = api.open(
        *paths,
        diff=True,
        keep_going=keep_going,
        options=(
            TensorOptions(match=match),
            DifferenceOptions(metric, colors),
            FinetuneOptions(finetune),
        ),
        profile=MODELWEIGHTVIS,
    )
    return Comparison(tuple(os.fspath(path) for path in paths), picture)

"""The flags that modelweightvis adds, as groups of options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import typer

from arbvis_core import api
from arbvis_core.slotted import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from arbvis_core.api import Reporter, Request, Scene, View

#: Renderers whose scenes show tensors, and whether they show two models.
RENDERERS = {"elements": False, "differences": True}
#: What a colour is relative to.
Scale = Literal["model", "tensor", "role"]
#: What a zoomed-out pixel shows of the elements under it.
Overview = Literal["mean", "rms", "max", "balance"]
#: How a difference is put on a scale.
DiffMetric = Literal["rms", "abs-log", "exact", "relative"]
#: The colours of what grew and what shrank.
DiffColours = Literal["green-red", "blue-orange"]
#: What a cell of a summary of experts shows, and what its colours span.
SummaryStat = Literal["rms", "frobenius", "mean-abs", "sparsity"]
MoeNorm = Literal["max", "min-max", "percentile"]


@dataclass(frozen=True, slots=True)
class TensorOptions:
    """Which tensors are shown, and where."""

    profiles: ClassVar[tuple[str, ...]] = ("modelweightvis",)

    match: Annotated[
        str | None,
        typer.Option("--match", metavar="GLOB", help="Show only tensors whose name matches."),
    ] = None
    columns: Annotated[
        int | None,
        typer.Option(
            "--columns", min=1, metavar="N", help="Stack the blocks in this many columns."
        ),
    ] = None

    def check_scenes(self, request: Request, scenes: Sequence[Scene]) -> None:
        """Refuse to choose among tensors where none are shown, and to stack what has no blocks.

        Raises:
            UsageError: so it is.
        """
        _refuse(request, _typed({"--match": self.match, "--columns": self.columns}), scenes)
        if self.columns is not None and not any(map(_has_layers, scenes)):
            raise api.UsageError("--columns is about blocks, and there are none here; leave it out")


@dataclass(frozen=True, slots=True)
class ColourOptions:
    """What colours mean."""

    profiles: ClassVar[tuple[str, ...]] = ("modelweightvis",)

    scale: Annotated[
        Scale | None,
        typer.Option("--scale", help="What a value's colour is relative to.", show_default="model"),
    ] = None
    colormap: Annotated[
        str | None,
        typer.Option("--colormap", metavar="NAME", help="Colours at 1:1, of sign and magnitude."),
    ] = None
    overview_colormap: Annotated[
        str | None,
        typer.Option("--overview-colormap", metavar="NAME", help="Colours when zoomed out."),
    ] = None
    overview: Annotated[
        Overview | None,
        typer.Option(
            "--overview",
            help="What a zoomed-out pixel shows of the elements under it.",
            show_default="mean",
        ),
    ] = None

    def view(self) -> View:
        """Return the view that the flags ask for."""
        return api.View(
            colormap=self.colormap,
            overview_colormap=self.overview_colormap,
            scale=self.scale or "model",
            overview=self.overview or "mean",
        )

    def check_scenes(self, request: Request, scenes: Sequence[Scene]) -> None:
        """Refuse to be asked where no scene is looked at this way.

        Raises:
            UsageError: so it is.
        """
        asked = _typed(
            {
                "--scale": self.scale,
                "--colormap": self.colormap,
                "--overview-colormap": self.overview_colormap,
                "--overview": self.overview,
            }
        )
        _refuse(request, asked, scenes)
        if not _adopted(self.view(), scenes):
            for flag in asked:
                raise api.UsageError(
                    f"{flag} is about the values of one model, and only differences are shown "
                    f"here: they have --diff-metric and --diff-colors; leave it out"
                )


@dataclass(frozen=True, slots=True)
class DifferenceOptions:
    """What a difference shows."""

    profiles: ClassVar[tuple[str, ...]] = ("modelweightvis",)

    diff_metric: Annotated[
        DiffMetric | None,
        typer.Option(
            "--diff-metric", help="How a difference is put on a scale.", show_default="rms"
        ),
    ] = None
    diff_colors: Annotated[
        DiffColours | None,
        typer.Option(
            "--diff-colors",
            help="Colours of what grew and what shrank.",
            show_default="green-red",
        ),
    ] = None

    def view(self) -> View:
        """Return the view that the flags ask for."""
        return api.View(metric=self.diff_metric or "rms", colormap=self.diff_colors or "green-red")

    def check(self, request: Request) -> None:
        """Refuse to be asked where nothing is compared.

        Raises:
            UsageError: so it is.
        """
        _refuse_without_diff(request, self._asked())

    def check_scenes(self, request: Request, scenes: Sequence[Scene]) -> None:
        """Refuse to be asked where no tensors are compared.

        Raises:
            UsageError: so it is.
        """
        if not _adopted(self.view(), scenes):
            for flag in self._asked():
                raise api.UsageError(
                    f"{flag} is about tensors, and none are compared here: bytes and JSON have one "
                    f"scale and the colours green and red; leave it out"
                )

    def _asked(self) -> list[str]:
        return _typed({"--diff-metric": self.diff_metric, "--diff-colors": self.diff_colors})


@dataclass(frozen=True, slots=True)
class FinetuneOptions:
    """Whether the models that are compared are finetunes of the first."""

    profiles: ClassVar[tuple[str, ...]] = ("modelweightvis",)

    finetune: Annotated[
        bool | None,
        typer.Option(
            "--finetune/--no-finetune",
            help="Insist that nothing is new or of another shape; by default, as models say.",
            show_default=False,
        ),
    ] = None

    def check(self, request: Request) -> None:
        """Refuse to be asked where nothing is compared.

        Raises:
            UsageError: so it is.
        """
        _refuse_without_diff(request, self._asked())

    def check_scenes(self, request: Request, scenes: Sequence[Scene]) -> None:
        """Refuse to be asked where no models are compared.

        Raises:
            UsageError: so it is.
        """
        _refuse(request, self._asked(), scenes)

    def _asked(self) -> list[str]:
        return _typed({"--finetune" if self.finetune else "--no-finetune": self.finetune})


@dataclass(frozen=True, slots=True)
class MoeOptions:
    """What is shown of experts."""

    profiles: ClassVar[tuple[str, ...]] = ("modelweightvis",)

    moe: Annotated[
        bool, typer.Option("--moe", help="Add a summary of the experts of every layer.")
    ] = False
    summary_stat: Annotated[
        SummaryStat | None,
        typer.Option(
            "--summary-stat", help="What the summary shows of an expert.", show_default="rms"
        ),
    ] = None
    moe_norm: Annotated[
        MoeNorm | None,
        typer.Option(
            "--moe-norm", help="What the colours of the summary span.", show_default="max"
        ),
    ] = None

    def check(self, request: Request) -> None:
        """Refuse to be asked how a summary looks that is not asked for.

        Raises:
            UsageError: so it is.
        """
        if not self.moe:
            for flag in _typed({"--summary-stat": self.summary_stat, "--moe-norm": self.moe_norm}):
                raise api.UsageError(f"{flag} is about the summary of experts: use it with --moe")

    def check_scenes(self, request: Request, scenes: Sequence[Scene]) -> None:
        """Refuse to sum up experts that no scene measures.

        Raises:
            UsageError: so it is.
        """
        _refuse(request, _typed({"--moe": self.moe or None}), scenes)


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What is written beside the picture, or instead of it."""

    profiles: ClassVar[tuple[str, ...]] = ("modelweightvis",)

    report: Annotated[
        str | None,
        typer.Option(
            "--report",
            metavar="FILE",
            help="Write what is measured: .html, .md, .json, .csv or .parquet.",
        ),
    ] = None

    def reporter(self, request: Request) -> Reporter | None:
        """Return what writes the report, if one is asked for."""
        if self.report is None:
            return None
        from modelweightvis.reports.reporter import FileReporter

        return FileReporter(self.report)

    def check_scenes(self, request: Request, scenes: Sequence[Scene]) -> None:
        """Refuse to report on what is no tensor.

        Raises:
            UsageError: so it is.
        """
        _refuse(request, _typed({"--report": self.report}), scenes)


@dataclass(frozen=True, slots=True)
class PreviewOptions:
    """What `quantize-preview` asks for; these are no flags of the program itself.

    Attributes:
        types: one per input after the first, which is the same model.
        match: only tensors whose name matches this glob are quantised.
    """

    types: tuple[str, ...] = ()
    match: str | None = None


def _typed(flags: Mapping[str, object]) -> list[str]:
    """Return the flags that were given a value."""
    return [flag for flag, value in flags.items() if value is not None]


def _refuse_without_diff(request: Request, flags: Sequence[str]) -> None:
    """Refuse flags about a comparison where nothing is compared."""
    if not request.diff:
        for flag in flags:
            raise api.UsageError(f"{flag} is about a comparison: use it with --diff")


def _refuse(request: Request, flags: Sequence[str], scenes: Sequence[Scene]) -> None:
    """Refuse flags that are about tensors where no scene shows any."""
    if all(scene.renderer not in RENDERERS for scene in scenes):
        for flag in flags:
            out = f"--layout {request.layout}, or {flag}," if request.layout else "it"
            raise api.UsageError(
                f"{flag} is about tensors, and no picture here shows any: leave {out} out"
            )


def _adopted(view: View, scenes: Sequence[Scene]) -> bool:
    """Tell whether a layout took a view over; then the renderer of the scene looks at all of it."""
    return any(
        all(getattr(scene.view, name) == getattr(view, name) for name in view.chosen())
        for scene in scenes
    )


def _has_layers(scene: Scene) -> bool:
    return any(one.attributes.get("layer") is not None for one in scene.placements)

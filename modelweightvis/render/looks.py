"""A view, checked and completed: what each of its fields means to the picture of tensors."""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache
from math import isfinite, log2
from typing import TYPE_CHECKING, TypeVar

from arbvis_core.api import Plane, UsageError
from arbvis_core.slotted import dataclass
from modelweightvis.options import Overview, Scale

if TYPE_CHECKING:
    from collections.abc import Sequence

    from arbvis_core.api import View

Name = TypeVar("Name", bound=str)

SCALES: tuple[Scale, ...] = ("model", "tensor", "role")
OVERVIEWS: tuple[Overview, ...] = ("mean", "rms", "max", "balance")

#: Diverging, with a dark middle, so that what is small is dark whatever its sign.
COLORMAP = "berlin"
#: Sequential, from dark to bright.
OVERVIEW_COLORMAP = "inferno"

#: Fields of a view that the picture of tensors depends on.
VIEWS = frozenset({"colormap", "overview_colormap", "scale", "overview", "gain", "clip"})

#: What a live view offers; flags take any map that `cmap` knows. All are evenly spaced and
#: told apart by the colour-blind; `vik` is bright where the other diverging ones are dark.
CHOICES: dict[str, tuple[str, ...] | tuple[float, float]] = {
    "colormap": (COLORMAP, "lisbon", "tofino", "vanimo", "managua", "vik"),
    "overview_colormap": (
        OVERVIEW_COLORMAP,
        "magma",
        "plasma",
        "viridis",
        "cividis",
        "batlow",
        "gray",
    ),
    "scale": SCALES,
    "overview": OVERVIEWS,
    "gain": (2.0**-10, 2.0**10),
    "clip": (0.0, 0.49),
}

#: What the zooms above the maximum are shaded from, by the statistic that they show.
MEASURES: dict[str, tuple[Plane, ...]] = {
    "mean": (Plane("count", "float32", "sum"), Plane("sum_abs", "float32", "sum")),
    "rms": (Plane("count", "float32", "sum"), Plane("sum_squares", "float32", "sum")),
    "max": (Plane("count", "float32", "sum"), Plane("max_abs", "float32", "max")),
    "balance": (
        Plane("count", "float32", "sum"),
        Plane("sum", "float32", "sum"),
        Plane("sum_abs", "float32", "sum"),
    ),
}
FLAGS = Plane("flags", "uint8", "or")


@dataclass(frozen=True, slots=True)
class Looks:
    """How tensors are looked at.

    Attributes:
        colormap: of the maximum zoom.
        overview_colormap: of the zooms above; None means the one that suits `overview`.
        scale: what values are relative to before they are coloured and measured.
        overview: what a zoomed-out pixel shows.
        shift: log2 of the gain.
        clip: share of the values beyond either end; None means what suits most models.
    """

    colormap: str
    overview_colormap: str
    scale: Scale
    overview: Overview
    shift: float
    clip: float | None

    @property
    def planes(self) -> tuple[Plane, ...]:
        """What is measured for the zooms above the maximum.

        Relative to a tensor or a role, a sum is not the sum of the values, so its name differs.
        """
        planes = MEASURES[self.overview]
        if self.scale == "model":
            return (*planes, FLAGS)
        named = (Plane(f"{one.name}/{self.scale}", one.dtype, one.fold) for one in planes[1:])
        return (planes[0], *named, FLAGS)


@lru_cache(maxsize=64)
def looks_of(view: View) -> Looks:
    """Complete a view.

    Raises:
        UsageError: a field has a value that it cannot have.
    """
    scale = _one_of("scale", view.scale, SCALES)
    overview = _one_of("overview", view.overview, OVERVIEWS)
    signed = COLORMAP if view.colormap is None else view.colormap
    plain = signed if overview == "balance" else OVERVIEW_COLORMAP
    gain = 1.0 if view.gain is None else view.gain
    if not (isfinite(gain) and gain > 0):
        raise UsageError(f"the gain must be above 0, not {gain}")
    if view.clip is not None and not 0 <= view.clip < 0.5:
        raise UsageError(f"the clip must be from 0 up to, not including, 0.5, not {view.clip}")
    return Looks(
        colormap=signed,
        overview_colormap=view.overview_colormap or plain,
        scale=scale,
        overview=overview,
        shift=log2(gain),
        clip=view.clip,
    )


def _one_of(field: str, value: str | None, known: Sequence[Name]) -> Name:
    if value is None:
        return known[0]
    for one in known:
        if one == value:
            return one
    near = get_close_matches(value, known, 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise UsageError(f"{field} {value!r} is not one of {', '.join(known)}{hint}")

"""What is drawn: tiles, the planes they are folded from, and the files they become."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field, fields, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from arbvis_core.slotted import dataclass

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.values.documents import Buffer, Crop, Region
    from arbvis_core.values.scenes import Box, Placement


@dataclass(frozen=True, slots=True)
class Indexed:
    """A tile of one code per pixel.

    Attributes:
        codes: uint8, (height, width).
        palette: uint8, (up to 256, 4): red, green, blue, alpha of each code.
    """

    codes: NDArray[np.uint8]
    palette: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class TrueColour:
    """A tile of colours: uint8, (height, width, 3) or, with alpha, (height, width, 4)."""

    pixels: NDArray[np.uint8]


Tile = Indexed | TrueColour


@dataclass(frozen=True, slots=True)
class Plane:
    """A measured quantity that is folded from zoom to zoom, in absolute units, never a mean.

    Attributes:
        name: what it is: `count`, `sum_abs`, `flags` …
        dtype: of its array; that of a leaf may be of a smaller one.
        fold: how four pixels become one.
    """

    name: str
    dtype: Literal["float32", "float64", "uint8", "uint32"]
    fold: Literal["sum", "max", "or"]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A painted tile of the maximum zoom.

    Attributes:
        tile: its picture, TILE × TILE; of all leaves under a tile, 2 or 4 times as wide and high,
            at the edge of the canvas, too.
        planes: by name, already folded once: half as wide and as high.
        statistics: what the renderer's `merge` adds up, or None.
        above: of all leaves under a tile, the pictures of the zooms above up to that tile, each half
            as wide and as high as the one before, where the renderer shades them itself; the
            planes are half as wide and as high as the last of them then.
    """

    tile: Tile
    planes: Mapping[str, NDArray[Any]]
    statistics: Any = None
    above: tuple[Tile, ...] = ()


class Budget(NamedTuple):
    """What may be read to draw something: so many bytes, in so many contiguous runs."""

    bytes: int
    reads: int


@dataclass(frozen=True, slots=True)
class Sketch:
    """What is read to see about what a tile above the maximum zoom shows.

    Attributes:
        crops: what to read, spread over what lies under the tile.
        notes: the renderer's own, about which crop is what.
    """

    crops: tuple[Crop, ...]
    notes: Any = None


@dataclass(frozen=True, slots=True)
class Shown:
    """Elements that lie side by side on the canvas, each of them one pixel of the maximum zoom.

    Attributes:
        placement: what they belong to.
        window: which of its array's they are, (start, stop) per axis.
        box: the pixels, on the canvas; none of them is padding.
        lay: turns an array of the window's shape into one of (height, width), as it lies there.
        sides: what holds their values, by name: `value`, or the sides of a difference, `base` and
            `modified`, of which one may be missing, or shorter than the placement.
    """

    placement: Placement
    window: tuple[tuple[int, int], ...]
    box: Box
    lay: Callable[[NDArray[Any]], NDArray[Any]]
    sides: Mapping[str, Region]


@dataclass(frozen=True, slots=True)
class View:
    """How a plan is looked at. None means the renderer's own choice.

    Attributes:
        colormap: the colours of the maximum zoom.
        overview_colormap: the colours of the zooms above it.
        scale: what a colour is relative to: the model, a tensor, a role.
        gain: factor on values before they are coloured.
        clip: share of the values beyond either end of the scale.
        overview: the statistic that a zoomed-out pixel shows.
        metric: the measure of a difference.
    """

    colormap: str | None = None
    overview_colormap: str | None = None
    scale: str | None = None
    gain: float | None = None
    clip: float | None = None
    overview: str | None = None
    metric: str | None = None

    def chosen(self) -> frozenset[str]:
        """Names of the fields that were chosen."""
        names = (field.name for field in fields(self))
        return frozenset(name for name in names if getattr(self, name) is not None)

    def over(self, base: View) -> View:
        """Return the view with what it leaves open taken from another."""
        return replace(base, **{name: getattr(self, name) for name in self.chosen()})


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """One colour of a legend and what it means.

    Attributes:
        colours: one colour, or several for a ramp, as `#rrggbb`.
        label: what it means.
        low, high: what the ends of a ramp stand for.
        share: the part of all elements that show it, 0–1, where it was counted.
    """

    colours: tuple[str, ...]
    label: str
    low: str = ""
    high: str = ""
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Legend:
    """What the colours mean, at the maximum zoom (`leaf`), above it (`overview`) or at `all`."""

    zooms: Literal["leaf", "overview", "all"]
    title: str
    entries: tuple[LegendEntry, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Blob:
    """A finished file of the bundle.

    Attributes:
        path: relative to the bundle, with forward slashes.
        media_type: as served over HTTP.
        data: its content. Whoever keeps it copies it: more memory may hang on it than it takes.
    """

    path: str
    media_type: str
    data: Buffer = field(repr=False)

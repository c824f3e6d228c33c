"""Parts of a picture: placed tensors and named outlines, to be put together to larger parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log2
from typing import TYPE_CHECKING, Final, NamedTuple

from modelweightvis.layouts.packing import Packed, pack

if TYPE_CHECKING:
    from modelweightvis.folds import Fold
    from modelweightvis.tensors import Tensor

#: Width over height of a pleasant picture.
ASPECT: Final = 1.6


class Spot(NamedTuple):
    """A placed tensor; pixels from the corner of its panel."""

    tensor: Tensor
    x: int
    y: int
    width: int
    height: int
    fold: Fold


class Mark(NamedTuple):
    """A named outline; pixels from the corner of its panel."""

    name: str
    kind: str
    x: int
    y: int
    width: int
    height: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of a picture."""

    width: int
    height: int
    spots: tuple[Spot, ...] = ()
    marks: tuple[Mark, ...] = ()

    @property
    def elements(self) -> int:
        """How many pixels are painted."""
        return sum(spot.tensor.elements for spot in self.spots)


def joined(width: int, height: int, placed: Iterable[tuple[Panel, int, int]]) -> Panel:
    """Return one panel of several, each with the place of its corner."""
    spots: list[Spot] = []
    marks: list[Mark] = []
    for panel, x, y in placed:
        spots += [one._replace(x=one.x + x, y=one.y + y) for one in panel.spots]
        marks += [one._replace(x=one.x + x, y=one.y + y) for one in panel.marks]
    return Panel(width, height, tuple(spots), tuple(marks))


def outlined(panel: Panel, name: str, kind: str, text: str = "") -> Panel:
    """Return the panel with an outline around it, that is drawn before those inside."""
    if not panel.spots and not panel.marks:
        return panel
    mark = Mark(name, kind, 0, 0, panel.width, panel.height, text)
    return Panel(panel.width, panel.height, panel.spots, (mark, *panel.marks))


def stacked(panels: Sequence[Panel], gap: int) -> Panel:
    """Return panels one below the other; what is empty takes no room."""
    shown = [panel for panel in panels if panel.width and panel.height]
    placed, y = [], 0
    for panel in shown:
        placed.append((panel, 0, y))
        y += panel.height + gap
    return joined(max((one.width for one in shown), default=0), max(y - gap, 0), placed)


def gathered(panels: Sequence[Panel], gap: int, aspect: float = ASPECT) -> Panel:
    """Return panels packed as densely as they can be at about an aspect, the first at the top."""
    shown = [panel for panel in panels if panel.width and panel.height]
    if len(shown) < 2:
        return shown[0] if shown else Panel(0, 0)
    sizes = [(panel.width + gap, panel.height + gap) for panel in shown]
    area = sum(width * height for width, height in sizes)
    by_area = sorted(range(len(sizes)), key=lambda n: -sizes[n][0] * sizes[n][1])
    best: tuple[float, Packed] | None = None
    for width in widths_of([size[0] for size in sizes], area, aspect):
        for order in (None, by_area):
            packed = pack(sizes, width, order)
            score = area / (packed.width * packed.height) - strain(packed, aspect)
            if best is None or score > best[0] + 1e-9:
                best = (score, packed)
    assert best is not None  # noqa: S101 - there is a width
    packed = best[1]
    placed = [(panel, x, y) for panel, (x, y) in zip(shown, packed.corners, strict=True)]
    return joined(packed.width - gap, packed.height - gap, placed)


def strain(packed: Packed, aspect: float) -> float:
    """Return how far a shape is from an aspect, in shares of its area that this is worth."""
    return 0.2 * max(0.0, abs(log2(packed.width / packed.height / aspect)) - 0.25)


def widths_of(widths: Sequence[int], area: int, aspect: float, most: int = 40) -> list[int]:
    """Return widths of strips that are worth trying: sums of widths, and some in between.

    Args:
        widths: of what is packed.
        area: of all of it.
        aspect: that is wanted.
        most: how many widths to return.
    """
    widest = max(widths)
    side = (area * aspect) ** 0.5
    least, largest = widest, max(widest, int(2.2 * side))
    sums = {0}
    for width in sorted(widths, reverse=True)[:24]:
        sums |= {one + width for one in sums if one + width <= largest}
        if len(sums) > 400:
            break
    sums |= {int(side * (0.6 + 0.1 * step)) for step in range(14)}
    found = sorted({one for one in sums if one >= least} | {widest})
    if len(found) > most:
        near = sorted(found, key=lambda one: (abs(log2(one / side)), one))
        found = sorted({widest, *near[: most - 1]})
    return found

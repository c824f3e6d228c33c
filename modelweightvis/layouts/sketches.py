"""Parts of a picture: how large they are, and how they are drawn once their place is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field
from math import log2
from typing import TYPE_CHECKING, Final, NamedTuple

from arbvis_core.slotted import dataclass
from modelweightvis.layouts.packing import Packed, pack

if TYPE_CHECKING:
    from modelweightvis.folds import Fold
    from modelweightvis.tensors import Tensor

#: Width over height of a pleasant picture.
ASPECT: Final = 1.6
#: How many times what is gathered is gone through for better forms, and of how many things at most.
_ROUNDS: Final = 2
_TURNED: Final = 16


class Spot(NamedTuple):
    """A placed tensor, in pixels of the canvas."""

    tensor: Tensor
    x: int
    y: int
    width: int
    height: int
    fold: Fold


class Mark(NamedTuple):
    """A named outline, in pixels of the canvas."""

    name: str
    kind: str
    x: int
    y: int
    width: int
    height: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Drawing:
    """What has been drawn so far."""

    spots: list[Spot] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sketch:
    """A part of a picture that has no place yet.

    Attributes:
        width, height: in pixels.
        elements: how many pixels of it are painted.
        draw: adds it to a drawing, its corner at (x, y).
    """

    width: int
    height: int
    elements: int
    draw: Callable[[Drawing, int, int], None]


class _Gathered(NamedTuple):
    score: float
    packed: Packed
    chosen: tuple[int, ...]


def outlined(sketch: Sketch, name: str, kind: str, text: str = "") -> Sketch:
    """Return the sketch with an outline around it, drawn before those inside."""

    def draw(drawing: Drawing, x: int, y: int) -> None:
        drawing.marks.append(Mark(name, kind, x, y, sketch.width, sketch.height, text))
        sketch.draw(drawing, x, y)

    return Sketch(sketch.width, sketch.height, sketch.elements, draw)


def stacked(sketches: Sequence[Sketch], gap: int) -> Sketch:
    """Return sketches one below the other."""

    def draw(drawing: Drawing, x: int, y: int) -> None:
        for sketch in sketches:
            sketch.draw(drawing, x, y)
            y += sketch.height + gap

    return Sketch(
        max(sketch.width for sketch in sketches),
        sum(sketch.height + gap for sketch in sketches) - gap,
        sum(sketch.elements for sketch in sketches),
        draw,
    )


def gathered(
    choices: Sequence[Sequence[Sketch]], gap: int, aspect: float = ASPECT, outside: int = 0
) -> Sketch:
    """Return sketches packed as densely as they can be at about an aspect.

    Args:
        choices: for each part the forms that it may take, the best one first.
        gap: pixels between parts.
        aspect: width over height.
        outside: elements that will lie above and below, over the whole width.
    """
    best = _score(choices, [0] * len(choices), gap, aspect, outside)
    areas = [forms[0].width * forms[0].height for forms in choices]
    largest = sorted(range(len(choices)), key=lambda at: -areas[at])[:_TURNED]
    for _ in range(_ROUNDS):
        before = best
        for at in largest:
            for form in range(len(choices[at])):
                chosen = [*best.chosen[:at], form, *best.chosen[at + 1 :]]
                other = _score(choices, chosen, gap, aspect, outside)
                best = other if other.score > best.score + 1e-9 else best
        if best is before:
            break
    parts = [forms[form] for forms, form in zip(choices, best.chosen, strict=True)]
    corners = best.packed.corners

    def draw(drawing: Drawing, x: int, y: int) -> None:
        for part, (right, down) in zip(parts, corners, strict=True):
            part.draw(drawing, x + right, y + down)

    elements = sum(part.elements for part in parts)
    return Sketch(best.packed.width, best.packed.height, elements, draw)


def _score(
    choices: Sequence[Sequence[Sketch]],
    chosen: Sequence[int],
    gap: int,
    aspect: float,
    outside: int,
) -> _Gathered:
    parts = [forms[form] for forms, form in zip(choices, chosen, strict=True)]
    sizes = [(part.width + gap, part.height + gap) for part in parts]
    area = sum(width * height for width, height in sizes)
    elements = sum(part.elements for part in parts)
    by_area = sorted(range(len(sizes)), key=lambda at: -sizes[at][0] * sizes[at][1])
    orders = [None, by_area] if len(parts) > 2 else [None]
    best: _Gathered | None = None
    for width in widths_of([size[0] for size in sizes], area, aspect, 12 if len(parts) < 4 else 5):
        for order in orders:
            packed = pack(sizes, width, order)
            packed = Packed(packed.corners, packed.width - gap, packed.height - gap)
            whole = packed._replace(height=packed.height + -(-outside // packed.width))
            score = share(whole, elements + outside, aspect)
            if best is None or score > best.score + 1e-9:
                best = _Gathered(score, packed, tuple(chosen))
    assert best is not None  # noqa: S101 - there is a width
    return best


def share(packed: Packed, elements: float, aspect: float) -> float:
    """Return the share of a box that is painted, less what an unpleasant aspect costs."""
    unpleasant = max(0.0, abs(log2(packed.width / packed.height / aspect)) - 0.25)
    return elements / (packed.width * packed.height) - 0.2 * unpleasant


def widths_of(widths: Sequence[int], area: int, aspect: float, most: int = 40) -> list[int]:
    """Return widths of strips that are worth trying: sums of widths, and some in between.

    Args:
        widths: of what is packed.
        area: of all of it.
        aspect: that is wanted.
        most: how many widths to return.
    """
    widest = max(widths)
    side = max(1.0, (area * aspect) ** 0.5)
    largest = max(widest, int(2.2 * side))
    sums = {0}
    for width in sorted(widths, reverse=True)[:24]:
        sums |= {one + width for one in sums if one + width <= largest}
        if len(sums) > 400:
            break
    sums |= {int(side * (0.6 + 0.1 * step)) for step in range(14)}
    found = sorted({one for one in sums if one >= widest} | {widest})
    if len(found) > most:
        near = sorted(found, key=lambda one: (abs(log2(one / side)), one))
        found = sorted({widest, *near[: most - 1]})
    return found

"""The forms a tensor can take on the canvas, and the same form for all layers of a stack."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from math import isqrt, prod
from typing import Final

from arbvis_core.slotted import dataclass
from modelweightvis.folds import Fold, columns_fold, grid_fold, plane_of, rows_fold, size_of

Shape = tuple[int, ...]

#: A matrix that is longer than so many times its width is folded.
THIN: Final = 16
#: A matrix that is so many times longer than wide is folded if that spares much of the canvas.
LONG: Final = 3
#: Into so many parts at most.
_PARTS: Final = 4
#: A matrix outside the blocks that is taller than so many times its width may be folded.
TALL: Final = 2
#: A strip of a vector is about so many times as wide as the strips are high together.
_STRIP: Final = 4
#: Slices that are no wider or no higher than this lie side by side without a gap.
_KERNEL: Final = 16


@dataclass(frozen=True, slots=True)
class Form:
    """How all tensors of one role lie: folded alike, experts in a grid.

    Attributes:
        width, height: pixels of the largest.
        kind: of the fold; empty for none, `own` where tensors differ too much to be folded alike.
        step: rows of a band, columns of a strip, or how many cells lie side by side in a grid.
        gap: pixels between cells.
        experts: how many experts lie side by side; 0 where the role is of no expert.
        pitch: pixels from one expert to the next, (right, down).
        cut: it is folded although it need not be.
    """

    width: int
    height: int
    kind: str = ""
    step: int = 0
    gap: int = 0
    experts: int = 0
    pitch: tuple[int, int] = (0, 0)
    cut: bool = False

    def fold(self, shape: Shape) -> Fold:
        """Return the fold of a tensor; None where it needs none."""
        if self.kind == "own":
            return _forms((shape,), 2 * isqrt(prod(shape)), THIN)[0].fold(shape)
        if self.kind == "grid":
            return grid_fold(shape, self.step, self.gap)
        tall, wide = plane_of(shape)
        if self.kind == "rows" and tall > self.step:
            return rows_fold(shape, self.step, gap=self.gap)
        if self.kind == "columns" and wide > self.step:
            return columns_fold(shape, self.step, gap=self.gap)
        return None

    def place(self, expert: int) -> tuple[int, int]:
        """Return where an expert lies, from the corner of the first."""
        if not self.experts:
            return 0, 0
        down, right = divmod(expert, self.experts)
        return right * self.pitch[0], down * self.pitch[1]


@dataclass(frozen=True, slots=True)
class Slot:
    """One role in a stack, or one tensor outside the blocks.

    Attributes:
        key: what tells it from the others; the same in every layer.
        shapes: of its tensors, without repeats.
        experts: how many experts it has, told apart by their tensors; 0 for none.
        elements: of all its tensors.
        mask: which kinds of layers have it, one bit each.
        order: sorts the slots of a block.
        foldable: a matrix that is tall, not only one that is thin, may be folded.
        large: it takes so much of a block that its form matters.
    """

    key: tuple[object, ...]
    shapes: tuple[Shape, ...]
    experts: int
    elements: int
    mask: int
    order: tuple[object, ...]
    foldable: bool = False
    large: bool = False

    def forms(self, width: int) -> tuple[Form, ...]:
        """Return what it may look like in a strip of this width, what is preferred first.

        A form is wider than the strip only if no form of it fits.
        """
        return _fitting(self.shapes, self.experts, self.foldable, self.large, width)


@lru_cache(maxsize=4096)
def _fitting(
    shapes: tuple[Shape, ...],
    experts: int,
    foldable: bool,  # noqa: FBT001
    large: bool,  # noqa: FBT001
    width: int,
) -> tuple[Form, ...]:
    made = _forms(shapes, width, TALL if foldable else THIN)
    if large and not experts and not foldable:
        made += _cut(shapes)
    if experts:
        made = [bank for form in made[:1] for bank in _banks(form, experts, width)]
    fitting = tuple(form for form in dict.fromkeys(made) if form.width <= width)
    return fitting or (min(made, key=lambda form: form.width),)


def strip_of(length: int) -> int:
    """Return how many columns a vector is folded to: a power of two, so that heads line up."""
    if length <= _STRIP:
        return max(length, 1)
    return 1 << (isqrt(_STRIP * length - 1).bit_length())


def gap_of(side: int) -> int:
    """Return the pixels between things of about this side: about 1 %, a power of two."""
    return 1 << max(1, (side // 128).bit_length() - 1) if side >= 64 else 1


def _forms(shapes: Sequence[Shape], width: int, limit: int) -> list[Form]:
    axes = max(map(len, shapes))
    if len({max(1, min(len(shape), 3)) for shape in shapes}) > 1:
        return [_sized(Form(0, 0, "own"), shapes)]
    if axes > 2:
        return [
            _sized(Form(0, 0, "grid", step, gap), shapes) for step, gap in _grids(shapes, width)
        ]
    tall, wide = (max(sides) for sides in zip(*map(plane_of, shapes), strict=True))
    if axes < 2:
        return [_sized(Form(0, 0, "columns", strip_of(wide)), shapes)]
    plain = _sized(Form(0, 0), shapes)
    if tall > limit * wide:
        gap = gap_of(wide) if limit == TALL else 0
        steps = _bands(tall, wide, gap, width)
        return [_sized(Form(0, 0, "rows", step, gap), shapes) for step in steps] + (
            [] if tall > THIN * wide else [plain]
        )
    if wide > limit * tall or (limit == TALL and wide > width):
        steps = [min(width, _near(isqrt(wide * tall * 2))), width]
        return [_sized(Form(0, 0, "columns", max(step, 1)), shapes) for step in steps]
    return [plain]


def _cut(shapes: Sequence[Shape]) -> list[Form]:
    """Return a long matrix in two, three … parts side by side, for blocks that gain much by it."""
    if {len(shape) for shape in shapes} != {2}:
        return []
    tall, wide = (max(sides) for sides in zip(*shapes, strict=True))
    long, short = max(tall, wide), min(tall, wide)
    kind = "rows" if tall > wide else "columns"
    parts = range(2, 1 + min(_PARTS, long // short))
    if LONG * short > long or long > THIN * short:
        return []
    gap = gap_of(short)
    return [_sized(Form(0, 0, kind, -(-long // part), gap, cut=True), shapes) for part in parts]


def _sized(form: Form, shapes: Iterable[Shape]) -> Form:
    sizes = [size_of(shape, form.fold(shape)) for shape in shapes]
    return replace(form, width=max(w for w, _ in sizes), height=max(h for _, h in sizes))


def _bands(tall: int, wide: int, gap: int, width: int) -> list[int]:
    """Return heights of bands, so that all of them fill the strip, or make about a square."""
    most = max(1, (width + gap) // (wide + gap))
    square = max(1, min(most, isqrt(tall // wide)))
    counts = dict.fromkeys((most, *(most - less for less in (1, 2) if most > 2), square))
    return [-(-tall // count) for count in counts if count > 0]


def _grids(shapes: Sequence[Shape], width: int) -> list[tuple[int, int]]:
    """Return how many slices of a tensor of several axes lie side by side, and the gap."""
    shape = max(shapes, key=prod)
    rows, columns = shape[-2:]
    count = prod(shape[:-2])
    gap = _between(columns, rows) if count > 1 else 0
    if gap == 0 and len(shape) > 3:
        return [(_kernels(shape), 0)]
    return [(across, gap) for across in _across(count, columns + gap, rows + gap, width + gap)]


def _between(width: int, height: int) -> int:
    """Return the pixels between cells of a grid."""
    return 0 if min(width, height) <= _KERNEL else gap_of(min(width, height))


def _kernels(shape: Shape) -> int:
    """Return how many kernels of a convolution lie side by side: about a square, axes kept whole."""
    rows, columns = shape[-2:]
    leading = shape[:-2]
    inner = [prod(leading[axis:]) for axis in range(1, len(leading))]
    wanted = isqrt(prod(leading) * rows // columns or 1)
    grouped = prod(leading[1:]) * max(1, wanted // prod(leading[1:]))
    return min((*inner, grouped), key=lambda across: abs((across / max(wanted, 1)) - 1))


def _banks(form: Form, count: int, width: int) -> list[Form]:
    gap = max(1, _between(form.width, form.height))
    pitch = (form.width + gap, form.height + gap)
    banks = []
    for across in _across(count, *pitch, width + gap):
        size = (across * pitch[0] - gap, -(-count // across) * pitch[1] - gap)
        banks.append(replace(form, width=size[0], height=size[1], experts=across, pitch=pitch))
    return banks


def _across(count: int, right: int, down: int, width: int) -> list[int]:
    """Return how many cells lie side by side: a strip, halves and thirds of it, and a square."""
    square = max(1, round((count * down / right) ** 0.5))
    counts = []
    fitting = max(1, min(count, width // right))
    for wanted in (fitting, fitting // 2, fitting // 3, square):
        most = max(1, min(wanted, fitting))
        least = max(1, (most * 3 + 4) // 5)
        counts.append(
            min(range(most, least - 1, -1), key=lambda across: -(-count // across) * across)
        )
    return list(dict.fromkeys(counts))


def _near(value: int) -> int:
    return 1 << max(0, value.bit_length() - 1)

"""A stack: embeddings above, blocks in columns, the head below."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from modelweightvis.folds import Fold, size_of
from modelweightvis.layouts.forms import gap_of
from modelweightvis.layouts.packing import Packed
from modelweightvis.layouts.sketches import (
    Drawing,
    Mark,
    Sketch,
    Spot,
    share,
    stacked,
    widths_of,
)
from modelweightvis.layouts.slots import Packing, Seat, pack_slots, slots_apart, slots_of

if TYPE_CHECKING:
    from modelweightvis.tensors import Tensor

#: Widths over heights of pleasant blocks.
_BLOCKS: Final = (1.0, 0.6, 1.6)
#: So many blocks and numbers of columns are tried in full.
_TRIED: Final = 5
#: So many widths are tried where none is given.
_WIDTHS: Final = 16


class Stack(NamedTuple):
    """The tensors of one stack of one document.

    Attributes:
        name: of the stack.
        tensors: all of them.
        layers: how many blocks it should have; those that are not there are shown as missing.
    """

    name: str
    tensors: tuple[Tensor, ...]
    layers: int = 0


class Template(NamedTuple):
    """The block that every layer of a stack is drawn by.

    Attributes:
        packing: of the slots, all layers' together.
        members: the tensors of every layer, each with its slot.
        layers: what is drawn, in this order.
        elements: of all members.
        gap: pixels between blocks.
    """

    packing: Packing
    members: Mapping[int, tuple[tuple[Tensor, Seat], ...]]
    layers: tuple[int, ...]
    elements: int
    gap: int

    def blocks(self, columns: int) -> Sketch:
        """Return all blocks, one below the other in so many columns."""
        rows = -(-len(self.layers) // columns)
        right, down = self.packing.width + self.gap, self.packing.height + self.gap

        def draw(drawing: Drawing, x: int, y: int) -> None:
            lying = _Lying(self.packing)
            for number, layer in enumerate(self.layers):
                column, row = divmod(number, rows)
                self._block(drawing, lying, layer, x + column * right, y + row * down)

        used = -(-len(self.layers) // rows)
        return Sketch(used * right - self.gap, rows * down - self.gap, self.elements, draw)

    def _block(self, drawing: Drawing, lying: _Lying, layer: int, x: int, y: int) -> None:
        found = self.members.get(layer, ())
        kind, text = ("layer", "") if found else ("missing", f"layer {layer} is not in the files")
        size = self.packing.width, self.packing.height
        drawing.marks.append(Mark(f"layer {layer}", kind, x, y, *size, text))
        drawing.spots.extend([lying.spot(one, seat, x, y) for one, seat in found])


def templates_of(stack: Stack) -> list[Template]:
    """Return blocks of a stack, more or less wide; none for a stack without blocks."""
    tensors = [one for one in stack.tensors if one.name.layer is not None]
    if not tensors:
        return []
    kinds = _kinds(tensors)
    layers = [one.name.layer for one in tensors if one.name.layer is not None]
    slots, seats = slots_of(tensors, [kinds[layer] for layer in layers])
    found: dict[int, list[tuple[Tensor, Seat]]] = {}
    for one, layer, seat in zip(tensors, layers, seats, strict=True):
        found.setdefault(layer, []).append((one, seat))
    members = {
        layer: tuple(sorted(pairs, key=lambda pair: pair[1])) for layer, pairs in found.items()
    }
    elements = sum(slot.elements for slot in slots)
    mean = elements // len(members)
    wide = [form.width for slot in slots for form in slot.forms(1)]
    widths = sorted({width for aspect in _BLOCKS for width in widths_of(wide, mean, aspect)})
    worths = [partial(_worth, mean, aspect) for aspect in _BLOCKS]
    packings = list(dict.fromkeys(pack_slots(slots, widths, worths)))
    if not packings[0].cut:
        packings = [one for one in packings if not one.cut]
    shown = _layers(sorted(members), stack.layers)
    return [
        Template(one, members, shown, elements, 2 * gap_of(max(one.width, one.height)))
        for one in packings
    ]


def stack_forms(
    stack: Stack,
    templates: Sequence[Template],
    aspects: Sequence[float],
    columns: int | None = None,
) -> list[Sketch]:
    """Return what a stack may look like: its blocks in more or fewer columns, the best first.

    Args:
        stack: its tensors.
        templates: its block, in one or more forms.
        aspects: widths over heights that may be wanted, the best first.
        columns: the number of columns, where it is given.
    """
    above, below = outside(stack.tensors)
    elements = sum(one.elements for one in (*above, *below))
    forms = []
    tried = [_columned(templates, elements, aspect, columns) for aspect in aspects]
    for template, count in {key: form for found in tried for key, form in found.items()}.values():
        blocks = template.blocks(count)
        around = [banner(part, blocks.width) for part in (above, below) if part]
        parts = [*around[: bool(above)], blocks, *around[bool(above) :]]
        forms.append(stacked(parts, template.gap))

    def value(form: Sketch) -> float:
        return share(Packed((), form.width, form.height), form.elements, aspects[0])

    return sorted(forms, key=lambda form: -value(form))


def banner(tensors: Sequence[Tensor], width: int) -> Sketch:
    """Return tensors packed into a strip of a width, as low as they get."""
    elements = sum(one.elements for one in tensors)

    def worth(packed: Packed) -> float:
        return elements / (max(width, packed.width) * packed.height)

    (packing,) = pack_slots(slots_apart(tensors), [width], [worth])
    return _sketch(tensors, packing)


def patches(
    tensors: Sequence[Tensor], aspects: Sequence[float], tried: int = _WIDTHS
) -> list[Sketch]:
    """Return tensors packed at about each of several aspects.

    Args:
        tensors: in the order of drawing.
        aspects: widths over heights.
        tried: so many widths are tried.
    """
    slots = slots_apart(tensors)
    elements = sum(one.elements for one in tensors)
    widest = [form.width for slot in slots for form in slot.forms(1)]
    widths = sorted(
        {width for aspect in aspects for width in widths_of(widest, elements, aspect, tried)}
    )
    worths = [partial(_worth, elements, aspect) for aspect in aspects]
    return [_sketch(tensors, packing) for packing in pack_slots(slots, widths, worths)]


def _worth(elements: int, aspect: float, packed: Packed) -> float:
    return share(packed, elements, aspect)


def _sketch(tensors: Sequence[Tensor], packing: Packing) -> Sketch:
    def draw(drawing: Drawing, x: int, y: int) -> None:
        lying = _Lying(packing)
        drawing.spots.extend(
            lying.spot(one, Seat(number, 0), x, y) for number, one in enumerate(tensors)
        )

    elements = sum(one.elements for one in tensors)
    return Sketch(packing.width, packing.height, elements, draw)


def outside(tensors: Iterable[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
    """Return what lies above the blocks and what lies below them, in the order of drawing."""
    found: dict[str, list[Tensor]] = {"above": [], "below": [], "block": []}
    for one in tensors:
        found[one.name.place].append(one)
    above, below = (
        sorted(found[place], key=lambda one: (one.name.order, one.name.canonical))
        for place in ("above", "below")
    )
    return above, below


def _kinds(tensors: Iterable[Tensor]) -> dict[int, int]:
    """Return the kind of every layer as a bit: layers of one kind hold the same roles."""
    roles: dict[int, set[str]] = {}
    for one in tensors:
        if one.name.layer is not None:
            roles.setdefault(one.name.layer, set()).add(one.name.role)
    kinds: dict[frozenset[str], int] = {}
    return {
        layer: 1 << kinds.setdefault(frozenset(held), len(kinds))
        for layer, held in sorted(roles.items())
    }


def _layers(found: Sequence[int], wanted: int) -> tuple[int, ...]:
    """Return the layers to draw, those that are missing included unless they are too many."""
    count = max(found[-1] + 1, wanted)
    return tuple(range(count)) if count <= 4 * len(found) + 64 else tuple(found)


def _columned(
    templates: Sequence[Template], outside: int, aspect: float, columns: int | None
) -> dict[tuple[int, int], tuple[Template, int]]:
    """Return the blocks and numbers of columns that are worth trying."""

    def value(key: tuple[int, int]) -> float:
        template, count = templates[key[0]], key[1]
        blocks = template.blocks(count)
        packed = Packed((), blocks.width, blocks.height + outside // blocks.width)
        return share(packed, template.elements + outside, aspect)

    layers = len(templates[0].layers)
    counts = _counts(layers) if columns is None else [min(columns, layers)]
    forms = [(at, count) for at in range(len(templates)) for count in counts]
    best = sorted(forms, key=lambda form: -value(form))[:_TRIED]
    return {(at, count): (templates[at], count) for at, count in best}


def _counts(layers: int) -> list[int]:
    """Return the numbers of columns that make a difference, all of one height but the last."""
    rows = dict.fromkeys(-(-layers // count) for count in range(1, layers + 1))
    return list(dict.fromkeys(-(-layers // row) for row in rows))


class _Lying:
    """How tensors lie in a packing, found once for all of a slot and a shape."""

    def __init__(self, packing: Packing) -> None:
        self._packing = packing
        self._folded: dict[tuple[int, tuple[int, ...]], tuple[int, int, Fold]] = {}

    def spot(self, tensor: Tensor, seat: Seat, x: int, y: int) -> Spot:
        """Return where a tensor lies, the corner of the packing at (x, y)."""
        slot, expert = seat
        form, corner = self._packing.forms[slot], self._packing.corners[slot]
        shape = tensor.region.shape
        folded = self._folded.get((slot, shape))
        if folded is None:
            fold = form.fold(shape)
            folded = self._folded[slot, shape] = *size_of(shape, fold), fold
        right, down = form.place(expert)
        return Spot(tensor, x + corner[0] + right, y + corner[1] + down, *folded)

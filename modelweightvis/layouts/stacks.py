"""A stack: embeddings above, blocks in columns, the head below."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from modelweightvis.folds import Fold, size_of
from modelweightvis.layouts.forms import Form, gap_of
from modelweightvis.layouts.packing import Packed
from modelweightvis.layouts.panels import Mark, Panel, Spot, stacked, strain, widths_of
from modelweightvis.layouts.slots import Packing, Seat, pack_slots, slots_apart, slots_of

if TYPE_CHECKING:
    from modelweightvis.tensors import Tensor

#: A block may be so many times as wide as high, and the other way round, at little cost.
_BLOCK_ASPECT: Final = 1.0
#: So many numbers of columns are tried in full.
_TRIED: Final = 4


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
    """The block that every layer of a stack is drawn by."""

    packing: Packing
    members: Mapping[int, tuple[tuple[Tensor, Seat], ...]]
    layers: tuple[int, ...]
    elements: int
    gap: int

    def columns(self, count: int) -> tuple[int, int]:
        """Return the size in pixels of all blocks in so many columns."""
        rows = -(-len(self.layers) // count)
        width, height = self.packing.width + self.gap, self.packing.height + self.gap
        return -(-len(self.layers) // rows) * width - self.gap, rows * height - self.gap


def template_of(stack: Stack) -> Template | None:
    """Return the block of a stack; None for a stack without blocks."""
    tensors = [one for one in stack.tensors if one.name.layer is not None]
    if not tensors:
        return None
    kinds = _kinds(tensors)
    layers = [one.name.layer for one in tensors if one.name.layer is not None]
    slots, seats = slots_of(tensors, [kinds[layer] for layer in layers])
    members: dict[int, list[tuple[Tensor, Seat]]] = {}
    for one, layer, seat in zip(tensors, layers, seats, strict=True):
        members.setdefault(layer, []).append((one, seat))
    elements = sum(slot.elements for slot in slots)
    mean = elements / len(members)
    forms = [form for slot in slots for form in slot.forms(1)]
    widths = widths_of([form.width for form in forms], max(1, int(mean)), _BLOCK_ASPECT)
    packing = pack_slots(slots, widths, lambda packed: _share(packed, mean, _BLOCK_ASPECT))
    return Template(
        packing,
        {layer: tuple(found) for layer, found in members.items()},
        _layers(sorted(members), stack.layers),
        elements,
        2 * gap_of(max(packing.width, packing.height)),
    )


def stack_panel(
    stack: Stack, template: Template | None, aspect: float, columns: int | None = None
) -> Panel:
    """Return a stack at about an aspect, or with its blocks in so many columns."""
    above, below = (_outside(stack.tensors, place) for place in ("above", "below"))
    if template is None:
        return banner([*above, *below], 0, aspect)
    elements = template.elements + sum(one.elements for one in (*above, *below))
    best: tuple[float, int, Panel, Panel] | None = None
    for count in _counts(template, elements, aspect, columns):
        width, height = template.columns(count)
        top, bottom = banner(above, width), banner(below, width)
        heights = [height, *(one.height + template.gap for one in (top, bottom) if one.height)]
        packed = Packed((), max(width, top.width, bottom.width), sum(heights))
        value = _share(packed, elements, aspect)
        if best is None or value > best[0] + 1e-9:
            best = (value, count, top, bottom)
    assert best is not None  # noqa: S101 - there is a number of columns
    _, count, top, bottom = best
    return stacked([top, _blocks(template, count), bottom], template.gap)


def banner(tensors: Sequence[Tensor], width: int, aspect: float = 1.0) -> Panel:
    """Return tensors packed into a strip of a width, or at about an aspect where it is 0."""
    if not tensors:
        return Panel(0, 0)
    slots = slots_apart(tensors)
    elements = sum(one.elements for one in tensors)
    worth: Callable[[Packed], float]
    if width:
        widths = [width]
        worth = lambda packed: elements / (max(width, packed.width) * packed.height)  # noqa: E731
    else:
        forms = [form for slot in slots for form in slot.forms(1)]
        widths = widths_of([form.width for form in forms], elements, aspect, 16)
        worth = lambda packed: _share(packed, elements, aspect)  # noqa: E731
    packing = pack_slots(slots, widths, worth)
    spots = [_spot(one, packing, Seat(number, 0), 0, 0) for number, one in enumerate(tensors)]
    return Panel(packing.width, packing.height, tuple(spots))


def _share(packed: Packed, elements: float, aspect: float) -> float:
    return elements / (packed.width * packed.height) - strain(packed, aspect)


def _outside(tensors: Iterable[Tensor], place: str) -> list[Tensor]:
    chosen = [one for one in tensors if one.name.place == place]
    return sorted(chosen, key=lambda one: (one.name.order, one.name.canonical))


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


def _counts(template: Template, elements: int, aspect: float, columns: int | None) -> Sequence[int]:
    """Return the numbers of columns that are worth trying."""
    if columns is not None:
        return [min(columns, len(template.layers))]

    def value(count: int) -> float:
        width, height = template.columns(count)
        packed = Packed((), width, height + (elements - template.elements) // width)
        return _share(packed, elements, aspect)

    rows = dict.fromkeys(-(-len(template.layers) // n) for n in range(1, len(template.layers) + 1))
    counts = dict.fromkeys(-(-len(template.layers) // row) for row in rows)
    return sorted(counts, key=lambda count: (-value(count), count))[:_TRIED]


def _blocks(template: Template, columns: int) -> Panel:
    width, height = template.columns(columns)
    rows = -(-len(template.layers) // columns)
    block = template.packing
    spots: list[Spot] = []
    marks: list[Mark] = []
    for number, layer in enumerate(template.layers):
        column, row = divmod(number, rows)
        x, y = column * (block.width + template.gap), row * (block.height + template.gap)
        found = template.members.get(layer, ())
        kind = "layer" if found else "missing"
        text = "" if found else f"layer {layer} is not in this file"
        marks.append(Mark(f"layer {layer}", kind, x, y, block.width, block.height, text))
        spots += [_spot(one, block, seat, x, y) for one, seat in found]
    return Panel(width, height, tuple(spots), tuple(marks))


def _spot(tensor: Tensor, packing: Packing, seat: Seat, x: int, y: int) -> Spot:
    form, corner = packing.forms[seat.slot], packing.corners[seat.slot]
    right, down = form.place(seat.expert)
    width, height, fold = _folded(form, tensor.region.shape)
    return Spot(tensor, x + corner[0] + right, y + corner[1] + down, width, height, fold)


@lru_cache(maxsize=1024)
def _folded(form: Form, shape: tuple[int, ...]) -> tuple[int, int, Fold]:
    fold = form.fold(shape)
    return *size_of(shape, fold), fold

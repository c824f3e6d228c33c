"""Which tensors of a stack correspond across its layers, and how they are packed into a block."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from modelweightvis.layouts.forms import Form, Slot, gap_of
from modelweightvis.layouts.packing import Packed, pack
from modelweightvis.layouts.settling import settled

if TYPE_CHECKING:
    from modelweightvis.tensors import Tensor

#: What it is worth, in shares of the area, that slots are placed in the model's own order …
_IN_ORDER: Final = 0.03
#: … and that no matrix is cut that need not be.
_CUT: Final = 0.15
#: A slot is large that takes so much of a block.
_LARGE: Final = 0.08
#: What takes less than the first share of the area is packed last, …
_SMALL: Final = 0.005
#: … unless all that does takes more than this.
_REST: Final = 0.05
#: With so many slots only the first orders are tried.
_MANY: Final = 60
_NUMBER: Final = re.compile(r"\d+")


class Packing(NamedTuple):
    """A packed set of slots: for each its form and the corner of its box."""

    width: int
    height: int
    forms: tuple[Form, ...]
    corners: tuple[tuple[int, int], ...]

    @property
    def cut(self) -> bool:
        """Whether a matrix is folded that need not be."""
        return any(form.cut for form in self.forms)


class Seat(NamedTuple):
    """Where a tensor belongs: its slot, by number, and its place among the experts."""

    slot: int
    expert: int


def slots_of(tensors: Sequence[Tensor], kinds: Sequence[int]) -> tuple[list[Slot], list[Seat]]:
    """Return the slots of a stack's blocks, in the order of drawing, and the seat of every tensor.

    Args:
        tensors: of all blocks of a stack.
        kinds: of what kind each one's block is, one bit each.
    """
    keys = _keys(tensors)
    ranks = _expert_ranks(tensors)
    members: dict[tuple[object, ...], list[int]] = {}
    for number, key in enumerate(keys):
        members.setdefault(key, []).append(number)
    large = _LARGE * sum(one.elements for one in tensors)
    slots: dict[tuple[object, ...], Slot] = {}
    for key, numbers in members.items():
        experts = {tensors[number].name.expert for number in numbers} - {None}
        mask = 0
        for number in numbers:
            mask |= kinds[number]
        slots[key] = Slot(
            key=key,
            shapes=tuple(sorted({tensors[number].region.shape for number in numbers})),
            experts=1 + max(ranks[one] for one in experts if one is not None) if experts else 0,
            elements=sum(tensors[number].elements for number in numbers),
            mask=mask,
            order=key,
            large=sum(tensors[number].elements for number in numbers) >= large,
        )
    ordered = sorted(slots, key=lambda key: slots[key].order)
    at = {key: number for number, key in enumerate(ordered)}
    seats = [
        Seat(at[key], 0 if one.name.expert is None else ranks[one.name.expert])
        for key, one in zip(keys, tensors, strict=True)
    ]
    return [slots[key] for key in ordered], seats


def slots_apart(tensors: Iterable[Tensor]) -> list[Slot]:
    """Return a slot for every tensor outside the blocks, in the order given."""
    return [
        Slot((number,), (one.region.shape,), 0, one.elements, 1, (number,), foldable=True)
        for number, one in enumerate(tensors)
    ]


def pack_slots(
    slots: Sequence[Slot], widths: Iterable[int], worths: Sequence[Callable[[Packed], float]]
) -> list[Packing]:
    """Return the best packings of slots: forms, orders and widths are tried.

    The large ones are packed; the small ones go into what they leave free.

    Args:
        slots: in the order of drawing.
        widths: of the strips to try.
        worths: what a packing is worth, in one or more opinions; the first of the best is taken.

    Returns:
        A packing for every opinion.
    """
    gap = gap_within(slots)
    large = _large(slots)
    best = _best([slots[number] for number in large], widths, worths, gap)
    return [_filled(slots, large, packed, forms, gap) for packed, forms in best]


def _filled(
    slots: Sequence[Slot], large: Sequence[int], packed: Packed, forms: Sequence[Form], gap: int
) -> Packing:
    """Return a packing of all slots, once the large ones are packed."""
    masks = [slots[number].mask for number in large]
    corners = packed.corners
    if len(large) <= _MANY:
        corners = settled(corners, _sizes(forms, gap), masks)
    chosen = dict(zip(large, forms, strict=True))
    every = tuple(
        chosen.get(number) or slot.forms(packed.width)[0] for number, slot in enumerate(slots)
    )
    sizes = _sizes(every, gap)
    width = max(packed.width + gap, *(size[0] for size in sizes))
    order = [*large, *(number for number in range(len(slots)) if number not in chosen)]
    placed = dict(zip(large, corners, strict=True))
    whole = pack(sizes, width, order, [slot.mask for slot in slots], placed)
    return Packing(whole.width - gap, whole.height - gap, every, whole.corners)


def _best(
    slots: Sequence[Slot],
    widths: Iterable[int],
    worths: Sequence[Callable[[Packed], float]],
    gap: int,
) -> list[tuple[Packed, tuple[Form, ...]]]:
    masks = [slot.mask for slot in slots]
    best: list[tuple[float, Packed, tuple[Form, ...]] | None] = [None for _ in worths]
    for width in widths:
        for forms in _choices(slots, width):
            sizes = _sizes(forms, gap)
            strip = max(width + gap, *(size[0] for size in sizes))
            cost = _CUT if any(form.cut for form in forms) else 0.0
            for order in _orders(sizes):
                packed = pack(sizes, strip, order, masks)
                packed = Packed(packed.corners, packed.width - gap, packed.height - gap)
                bonus = (_IN_ORDER if order is None else 0.0) - cost
                for at, (worth, found) in enumerate(zip(worths, best, strict=True)):
                    value = worth(packed) + bonus
                    if found is None or value > found[0] + 1e-9:
                        best[at] = (value, packed, forms)
    return [(found[1], found[2]) for found in best if found is not None]


def _sizes(forms: Iterable[Form], gap: int) -> list[tuple[int, int]]:
    return [(form.width + gap, form.height + gap) for form in forms]


def _large(slots: Sequence[Slot]) -> list[int]:
    """Return which slots matter to the form of the whole; all, where the others are many."""
    areas = [form.width * form.height for slot in slots for form in slot.forms(1)[:1]]
    total = sum(areas)
    large = [number for number, area in enumerate(areas) if area >= _SMALL * total]
    rest = total - sum(areas[number] for number in large)
    return large if rest <= _REST * total else list(range(len(slots)))


def gap_within(slots: Sequence[Slot]) -> int:
    """Return the pixels between the slots of a block."""
    area = sum(form.width * form.height for slot in slots for form in slot.forms(1)[:1])
    return gap_of(int((area / len(slots)) ** 0.5))


def _choices(slots: Sequence[Slot], width: int) -> list[tuple[Form, ...]]:
    forms = [slot.forms(width) for slot in slots]
    deepest = max(map(len, forms))
    chosen = (tuple(one[min(depth, len(one) - 1)] for one in forms) for depth in range(deepest))
    return list(dict.fromkeys(chosen))


def _orders(sizes: Sequence[tuple[int, int]]) -> list[Sequence[int] | None]:
    count = range(len(sizes))
    by_area = sorted(count, key=lambda n: -sizes[n][0] * sizes[n][1])
    if len(sizes) > _MANY:
        return [by_area]
    by_height = sorted(count, key=lambda n: (-sizes[n][1], -sizes[n][0]))
    by_width = sorted(count, key=lambda n: (-sizes[n][0], -sizes[n][1]))
    return [None, by_area, by_height, by_width]


def _keys(tensors: Sequence[Tensor]) -> list[tuple[object, ...]]:
    """Return what is the same for a tensor in every layer, and no other tensor of the layer has."""
    plain = [_key(one) for one in tensors]
    where = [(one.name.layer, one.name.expert) for one in tensors]
    doubled = _doubled(plain, where)
    spelt = [
        (*key, _NUMBER.sub("#", one.name.source)) if key in doubled else (*key, "")
        for key, one in zip(plain, tensors, strict=True)
    ]
    counts = [0] * len(tensors)
    seen: dict[tuple[object, ...], int] = {}
    several = [number for number, key in enumerate(plain) if key in doubled]
    for number in sorted(several, key=lambda n: natural(tensors[n].name.source)):
        here = (*spelt[number], *where[number])
        seen[here] = counts[number] = seen.get(here, -1) + 1
    return [(*key, count) for key, count in zip(spelt, counts, strict=True)]


def _key(tensor: Tensor) -> tuple[object, ...]:
    name = tensor.name
    rank = name.order
    banked = name.expert is not None
    return (*rank[:2], rank[-1], name.role, name.kind, name.part, banked)


def _doubled(
    keys: Iterable[tuple[object, ...]], where: Iterable[tuple[object, ...]]
) -> set[tuple[object, ...]]:
    seen: set[tuple[object, ...]] = set()
    doubled = set()
    for key, place in zip(keys, where, strict=True):
        here = (*key, *place)
        if here in seen:
            doubled.add(key)
        seen.add(here)
    return doubled


def _expert_ranks(tensors: Iterable[Tensor]) -> dict[int, int]:
    """Return the place of every expert: its number, unless numbers are far apart."""
    numbers = sorted({one.name.expert for one in tensors if one.name.expert is not None})
    if numbers and numbers[-1] < 2 * len(numbers) + 8:
        return {number: number for number in numbers}
    return {number: rank for rank, number in enumerate(numbers)}


def natural(text: str) -> list[tuple[int, str]]:
    """Return a key that sorts numbers in names by value."""
    return [
        (int(word) if word.isdigit() and len(word) < 20 else -1, word)
        for word in re.split(r"(\d+)", text)
    ]

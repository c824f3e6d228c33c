"""Which tensors of a stack correspond across its layers, and how they are packed into a block."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from modelweightvis.layouts.forms import Form, Slot, gap_of
from modelweightvis.layouts.packing import Packed, pack
from modelweightvis.layouts.settling import settled

if TYPE_CHECKING:
    from modelweightvis.names import Name
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
    codes, keys = _keys(tensors)
    ranks = _expert_ranks(tensors)
    sizes = [one.elements for one in tensors]
    members: list[list[int]] = [[] for _ in keys]
    for number, code in enumerate(codes):
        members[code].append(number)
    large = _LARGE * sum(sizes)
    slots: list[Slot] = []
    for key, numbers in zip(keys, members, strict=True):
        experts = {tensors[number].name.expert for number in numbers} - {None}
        mask = 0
        for kind in {kinds[number] for number in numbers}:
            mask |= kind
        elements = sum([sizes[number] for number in numbers])
        slots.append(
            Slot(
                key=key,
                shapes=tuple(sorted({tensors[number].region.shape for number in numbers})),
                experts=1 + max(ranks[one] for one in experts if one is not None) if experts else 0,
                elements=elements,
                mask=mask,
                order=key,
                large=elements >= large,
            )
        )
    ordered = sorted(range(len(slots)), key=lambda code: slots[code].order)
    at = {code: number for number, code in enumerate(ordered)}
    seats = [
        Seat(at[code], 0 if one.name.expert is None else ranks[one.name.expert])
        for code, one in zip(codes, tensors, strict=True)
    ]
    return [slots[code] for code in ordered], seats


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


def _keys(tensors: Sequence[Tensor]) -> tuple[list[int], list[tuple[object, ...]]]:
    """Return what is the same for a tensor in every layer, and no other tensor of the layer has.

    Returns:
        The number of every tensor's key, and the keys.
    """
    plain: dict[tuple[object, ...], int] = {}
    same: dict[tuple[object, ...], int] = {}
    codes = []
    for _, name in tensors:
        short = name.role, name.kind, name.part, name.expert is None, name.layer is None
        code = same.get(short)
        if code is None:
            code = same[short] = plain.setdefault(_key(name), len(plain))
        codes.append(code)
    where = [(name.layer, name.expert) for _, name in tensors]
    doubled = _doubled(codes, where)
    if not doubled:
        return codes, [(*key, "", 0) for key in plain]
    return _told_apart(tensors, [*plain], codes, where, doubled)


def _told_apart(
    tensors: Sequence[Tensor],
    plain: Sequence[tuple[object, ...]],
    codes: Sequence[int],
    where: Sequence[tuple[object, ...]],
    doubled: set[int],
) -> tuple[list[int], list[tuple[object, ...]]]:
    """Return keys where several tensors of a layer have one: they are told apart by their names."""
    spelt = [
        (*plain[code], _NUMBER.sub("#", one.name.source) if code in doubled else "")
        for code, one in zip(codes, tensors, strict=True)
    ]
    counts = [0] * len(tensors)
    seen: dict[tuple[object, ...], int] = {}
    several = [number for number, code in enumerate(codes) if code in doubled]
    for number in sorted(several, key=lambda n: natural(tensors[n].name.source)):
        here = (*spelt[number], *where[number])
        seen[here] = counts[number] = seen.get(here, -1) + 1
    keys: dict[tuple[object, ...], int] = {}
    found = [
        keys.setdefault((*key, count), len(keys)) for key, count in zip(spelt, counts, strict=True)
    ]
    return found, [*keys]


def _key(name: Name) -> tuple[object, ...]:
    rank = name.order
    banked = name.expert is not None
    return (*rank[:2], rank[-1], name.role, name.kind, name.part, banked)


def _doubled(codes: Iterable[int], where: Iterable[tuple[object, ...]]) -> set[int]:
    """Return the keys that several tensors of one place have."""
    seen: set[tuple[int, tuple[object, ...]]] = set()
    doubled = set()
    for here in zip(codes, where, strict=True):
        if here in seen:
            doubled.add(here[0])
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

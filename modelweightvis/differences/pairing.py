"""Which tensor of one model is which of another, and by what rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING

from arbvis_core.slotted import dataclass
from modelweightvis.differences.sides import Found, Side, key_of

if TYPE_CHECKING:
    from arbvis_core.api import Region
    from modelweightvis.tensors import Tensor

#: How many leading words of a name may be taken off to make two names meet.
DEPTH = 5


@dataclass(frozen=True, slots=True)
class Pair:
    """A tensor of one model beside what it is in the other; one of them may be missing.

    Attributes:
        left: of the first model, as stored.
        right: what belongs to it in the second, shaped like it as far as the models agree.
        others: the stored tensors that `right` is made of.
        rule: what made the pair; `only in A` or `only in B` where there is none.
    """

    left: Tensor | None
    right: Region | None
    others: tuple[Tensor, ...]
    rule: str


@dataclass(frozen=True, slots=True)
class Pairing:
    """All pairs of two models.

    Attributes:
        pairs: in the order of the first model, then what only the second has.
        ambiguous: sentences about tensors that could be several others, and were left alone.
    """

    pairs: tuple[Pair, ...]
    ambiguous: tuple[str, ...] = ()


def pair(left: Sequence[Tensor], right: Sequence[Tensor]) -> Pairing:
    """Pair the tensors of two models.

    What two tensors are to their models comes first, fused and split ones put together or cut out.
    For the rest, as many leading words of both names are taken off as make the most of them meet,
    again and again; a name that could meet several meets none.
    """
    stacks = _stacks(left, right)
    first, second = Side(left), Side(right, lambda name: stacks.get(name, name))
    found: dict[int, Found] = {}
    for index, tensor in enumerate(left):
        match = second.find(key_of(tensor), first, tensor.region.shape)
        if match is not None:
            found[index] = match
    _tie(left, second, found)
    used = {id(tensor) for match in found.values() for tensor in match.used}
    rest = [index for index in range(len(left)) if index not in found]
    ambiguous = _by_suffix(left, rest, [one for one in right if id(one) not in used], found)
    return Pairing(tuple(_pairs(left, right, found)), tuple(ambiguous))


def _pairs(
    left: Sequence[Tensor], right: Sequence[Tensor], found: Mapping[int, Found]
) -> Iterator[Pair]:
    for index, tensor in enumerate(left):
        match = found.get(index)
        if match is None:
            yield Pair(tensor, None, (), "only in A")
        else:
            yield Pair(tensor, match.region, match.used, match.rule)
    used = {id(tensor) for match in found.values() for tensor in match.used}
    for tensor in right:
        if id(tensor) not in used:
            yield Pair(None, tensor.region, (tensor,), "only in B")


def _stacks(left: Sequence[Tensor], right: Sequence[Tensor]) -> dict[str, str]:
    """Map the stacks of the second model to those of the first where their names differ.

    A stack that only one model names belongs to the one of the same first word that only the other
    names, if there is just one of each: `text.blk` of a GGUF file and `text` of its original.
    """
    ours = [name for name in dict.fromkeys(one.name.stack for one in left) if name]
    theirs = [name for name in dict.fromkeys(one.name.stack for one in right) if name]
    lonely = [name for name in ours if name not in theirs]
    strange = [name for name in theirs if name not in ours]
    mapping = {}
    for name in strange:
        kind = name.split(".")[0]
        there = [one for one in lonely if one.split(".")[0] == kind]
        here = [one for one in strange if one.split(".")[0] == kind]
        if len(there) == len(here) == 1:
            mapping[name] = there[0]
    return mapping


def _tie(left: Sequence[Tensor], second: Side, found: dict[int, Found]) -> None:
    """Compare a head that the other model ties to its embedding with that embedding."""
    for index, tensor in enumerate(left):
        if index in found or tensor.name.role != "head":
            continue
        key = key_of(tensor)._replace(role="embedding.token")
        embedding = second.stored(key)
        if embedding is not None and tensor.name.kind == "weight":
            found[index] = Found(embedding.region, (embedding,), "tied to the embedding")


def _by_suffix(
    left: Sequence[Tensor], rest: list[int], others: list[Tensor], found: dict[int, Found]
) -> list[str]:
    """Pair what is left by the ends of their names; return what was ambiguous."""
    while rest and others:
        rounds = [
            (depths, _meeting(left, rest, others, depths))
            for depths in product(range(DEPTH + 1), range(DEPTH + 1))
        ]
        depths, best = max(rounds, key=lambda one: len(one[1]))
        if not best:
            break
        for index, tensor in best:
            rule = "name" if depths == (0, 0) else f"name without {depths[0]} and {depths[1]} words"
            found[index] = Found(tensor.region, (tensor,), rule)
        taken = {id(tensor) for _, tensor in best}
        rest = [index for index in rest if index not in found]
        others = [tensor for tensor in others if id(tensor) not in taken]
    return _ambiguous(left, rest, others)


def _meeting(
    left: Sequence[Tensor], rest: Sequence[int], others: Sequence[Tensor], depths: tuple[int, int]
) -> list[tuple[int, Tensor]]:
    ours = [(_end(left[index], depths[0]), index) for index in rest]
    theirs = [(_end(tensor, depths[1]), tensor) for tensor in others]
    counts = Counter(end for end, _ in ours if end), Counter(end for end, _ in theirs if end)
    single = {end: tensor for end, tensor in theirs if end and counts[1][end] == 1}
    return [
        (index, single[end])
        for end, index in ours
        if end in single and counts[0][end] == 1 and _alike(left[index], single[end])
    ]


def _end(tensor: Tensor, depth: int) -> str:
    words = tensor.region.name.split(".")
    return ".".join(words[depth:]) if len(words) > depth + 1 or depth == 0 else ""


def _alike(left: Tensor, right: Tensor) -> bool:
    """Tell whether two tensors of names that end alike are the same thing to their models."""
    one, other = left.name, right.name
    same = (one.layer, one.kind, one.expert) == (other.layer, other.kind, other.expert)
    return same and len(left.region.shape) == len(right.region.shape)


def _ambiguous(left: Sequence[Tensor], rest: Sequence[int], others: Sequence[Tensor]) -> list[str]:
    """Say which of the unpaired tensors have several of the same last two words on the other side."""
    ends: dict[str, list[str]] = {}
    for tensor in others:
        ends.setdefault(".".join(tensor.region.name.split(".")[-2:]), []).append(tensor.region.name)
    told = []
    for index in rest:
        name = left[index].region.name
        candidates = ends.get(".".join(name.split(".")[-2:]), [])
        if len(candidates) > 1 and left[index].name.layer is None:
            told.append(f"{name} could be {', '.join(candidates[:3])}; it was left alone")
    return told

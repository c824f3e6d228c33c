"""One model of a comparison, in which a tensor is found however it is fused or split.

A model may keep queries, keys and values in one matrix and its experts in one bank where another
keeps each by itself. What is stored otherwise is put together, or cut out, by views: no value moves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from arbvis_core.api import Concat, Region, Reshape, Slice
from arbvis_core.slotted import dataclass

if TYPE_CHECKING:
    from modelweightvis.tensors import Tensor

#: What a fused matrix holds, from its first row on.
FUSED = {
    "qkv": ("q", "k", "v"),
    "kv": ("k", "v"),
    "gate_up": ("gate", "up"),
}
#: Groups of roles that come once per expert, or in banks.
EXPERTS = ("experts", "chunk_experts")


class Key(NamedTuple):
    """What a tensor is to its model, under any naming scheme."""

    stack: str
    layer: int | None
    role: str
    kind: str
    part: str
    expert: int | None

    def with_word(self, word: str) -> Key:
        """Return the key of another member of the same group: `attention.q` for `attention.qkv`."""
        return self._replace(role=f"{self.role.rsplit('.', 1)[0]}.{word}")

    @property
    def word(self) -> str:
        """The last word of the role."""
        return self.role.rsplit(".", 1)[-1]


@dataclass(frozen=True, slots=True)
class Found:
    """A tensor of one side in the shape that the other has it in.

    Attributes:
        region: its values.
        used: the stored tensors it is made of.
        rule: how it was found.
    """

    region: Region
    used: tuple[Tensor, ...]
    rule: str


class Side:
    """The tensors of one model, by what they are.

    Args:
        tensors: as they are stored, oriented.
        stack: maps the name of a stack to the other side's, where they differ.
    """

    def __init__(
        self, tensors: Sequence[Tensor], stack: Callable[[str], str] = lambda name: name
    ) -> None:
        self.tensors = tensors
        self._stored: dict[Key, Tensor] = {}
        self._experts: dict[Key, set[int]] = {}
        keys = [key_of(tensor, stack) for tensor in tensors]
        counts = Counter(keys)
        for key, tensor in zip(keys, tensors, strict=True):
            if counts[key] > 1:
                continue  # which of them is meant is for the names to say
            self._stored[key] = tensor
            if key.expert is not None:
                self._experts.setdefault(key._replace(expert=None), set()).add(key.expert)

    def stored(self, key: Key) -> Tensor | None:
        """Return the tensor that is stored as `key`, if one is."""
        return self._stored.get(key)

    def find(self, key: Key, other: Side, shape: tuple[int, ...]) -> Found | None:
        """Return what the other side knows as `key`, or None if this side has no such thing.

        Args:
            key: what is looked for.
            other: the side that has it; it knows how large the parts of a fused matrix are.
            shape: of what is looked for.
        """
        return (
            self._as_stored(key)
            or self._joined(key, other)
            or self._bank(key, other, shape)
            or self._slice(key, other, shape)
            or self._expert(key, other, shape)
        )

    def _as_stored(self, key: Key) -> Found | None:
        tensor = self._stored.get(key)
        return Found(tensor.region, (tensor,), "name") if tensor else None

    def _joined(self, key: Key, other: Side) -> Found | None:
        """Put a fused matrix together from its parts."""
        words = FUSED.get(key.word)
        if words is None:
            return None
        parts = [self._member(key.with_word(word), other) for word in words]
        if any(part is None for part in parts):
            return None
        found = [part for part in parts if part is not None]
        axis = len(found[0].region.shape) - 2 if len(found[0].region.shape) > 1 else 0
        return _concatenated(found, axis, f"joined from {', '.join(words)}")

    def _member(self, key: Key, other: Side) -> Found | None:
        return self._as_stored(key) or self._bank(key, other, ())

    def _bank(self, key: Key, other: Side, shape: tuple[int, ...]) -> Found | None:
        """Stack experts that are stored one by one to a bank."""
        numbers = self._experts.get(key)
        if key.expert is not None or key.role.split(".")[0] not in EXPERTS:
            return None
        if numbers is None:
            return None
        count = shape[0] if len(shape) == 3 else max(numbers) + 1
        if numbers != set(range(count)):
            return None
        members = [self._as_stored(key._replace(expert=number)) for number in range(count)]
        lifted = [
            replace(one, region=viewed(one.region, Reshape((1, *one.region.shape))))
            for one in members
            if one is not None
        ]
        return _concatenated(lifted, 0, f"stacked from {count} experts")

    def _slice(self, key: Key, other: Side, shape: tuple[int, ...]) -> Found | None:
        """Cut a part out of a fused matrix; the other side knows where it lies."""
        for word, members in FUSED.items():
            if key.word not in members:
                continue
            whole = self._whole(key.with_word(word), other)
            if whole is None:
                continue
            axis = max(0, len(shape) - 2)
            start = 0
            for member in members[: members.index(key.word)]:
                before = other.stored(key.with_word(member))
                if before is None:
                    return None
                start += before.region.shape[axis]
            stop = start + shape[axis] if shape else start
            if len(whole.region.shape) != len(shape) or stop > whole.region.shape[axis]:
                return None
            cut = viewed(whole.region, Slice(axis, start, stop))
            rule = f"{'rows' if shape[1:] else 'elements'} {start} to {stop} of {key.with_word(word).role}"
            return Found(cut, whole.used, rule)
        return None

    def _whole(self, key: Key, other: Side) -> Found | None:
        found = self._as_stored(key)
        if found is None and key.expert is not None:
            bank = self._as_stored(key._replace(expert=None))
            return _cut_expert(bank, key.expert) if bank else None
        return found

    def _expert(self, key: Key, other: Side, shape: tuple[int, ...]) -> Found | None:
        """Cut one expert out of a bank."""
        if key.expert is None:
            return None
        bank = self._as_stored(key._replace(expert=None))
        found = _cut_expert(bank, key.expert) if bank else None
        return found if found and found.region.shape == shape else None


def key_of(tensor: Tensor, stack: Callable[[str], str] = lambda name: name) -> Key:
    """Return what a tensor is to its model."""
    name = tensor.name
    return Key(stack(name.stack), name.layer, name.role, name.kind, name.part, name.expert)


def viewed(region: Region, *steps: Slice | Reshape) -> Region:
    """Return a region seen through further steps."""
    shape = region.shape
    for step in steps:
        if isinstance(step, Slice):
            sizes = list(shape)
            sizes[step.axis] = step.stop - step.start
            shape = tuple(sizes)
        else:
            shape = step.shape
    return replace(region, shape=shape, stored=region.stored_shape, view=(*region.view, *steps))


def _cut_expert(bank: Found, expert: int) -> Found | None:
    shape = bank.region.shape
    if len(shape) < 2 or expert >= shape[0]:
        return None
    cut = viewed(bank.region, Slice(0, expert, expert + 1), Reshape(shape[1:]))
    return Found(cut, bank.used, f"expert {expert} of a bank")


def _concatenated(parts: Iterable[Found], axis: int, rule: str) -> Found | None:
    found = list(parts)
    shapes = [part.region.shape for part in found]
    others = {(*shape[:axis], *shape[axis + 1 :]) for shape in shapes}
    if len(others) != 1:
        return None
    size = sum(shape[axis] for shape in shapes)
    shape = (*shapes[0][:axis], size, *shapes[0][axis + 1 :])
    first = found[0].region
    region = Region(
        name=first.name,
        shape=shape,
        encoding="",
        parts=(),
        view=(Concat(axis),),
        operands=tuple(part.region for part in found),
        attributes=first.attributes,
    )
    return Found(region, tuple(tensor for part in found for tensor in part.used), rule)

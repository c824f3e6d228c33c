"""What a tensor's name says."""

from __future__ import annotations

from typing import NamedTuple

from modelweightvis.names import roles


class Name(NamedTuple):
    """A tensor's name, understood.

    Attributes:
        source: the name as it is stored.
        stack: which tower of blocks it belongs to (`text`, `encoder`, `decoder`, `vision`, `audio`
            …), also for what stands above and below the blocks; empty for what several stacks share
            and for a model without blocks.
        layer: the index of its block in the stack, as the file counts; None outside the blocks.
        role: what it is, see `modelweightvis.names.roles`.
        kind: `weight` or `bias`.
        part: empty for a tensor that stands for itself; otherwise what it is to the tensor whose
            `canonical` comes before the colon: `codes`, `scales`, `zeros`, `index` … of a packed
            one, `lora_a`, `lora_b` … of an adapted one.
        expert: the index of its expert; None for a fused bank and for what is no expert.
        canonical: the same for the same tensor under any naming scheme, unique within a model.
        block_kind: what its block is made of, e.g. `attention+moe`, `ssm+mlp`; empty outside.
        order: sorts the tensors of one block, and what stands outside the blocks of one stack.
    """

    source: str
    stack: str
    layer: int | None
    role: str
    kind: str
    part: str
    expert: int | None
    canonical: str
    block_kind: str
    order: tuple[int, ...]

    @property
    def group(self) -> str:
        """The first word of the role."""
        return roles.group_of(self.role)

    @property
    def place(self) -> roles.Place:
        """Whether it stands above the blocks of its stack, in one, or below."""
        return roles.place_of(self.role, in_block=self.layer is not None)

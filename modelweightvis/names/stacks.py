"""Name the stacks of a model: which towers of blocks it has."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from modelweightvis.names import gguf, outer
from modelweightvis.names.contexts import is_index
from modelweightvis.names.reading import Container


def label_stacks(layers: Mapping[Container, int], hint: str) -> dict[Container, str]:
    """Return the name of every stack, unique.

    Args:
        layers: how many blocks each list of a model holds; of several that one word would name, the
            longest has it, the first by name among equals.
        hint: what a stack is called that no word of its path names.
    """
    plain = [box for box in layers if box not in gguf.STACKS and not outer.tower_of(box)]
    sides = {outer.side_of(box) for box in plain}
    paired = {"encoder", "decoder"} <= sides
    wanted: dict[str, list[Container]] = {}
    for box in layers:
        label = gguf.STACKS.get(box) or outer.tower_of(box)
        label = label or (outer.side_of(box) if paired else "") or hint
        wanted.setdefault(label, []).append(box)
    labels: dict[Container, str] = {}
    for label, boxes in wanted.items():
        labels |= _distinct(label, sorted(boxes, key=lambda box: (-layers[box], box)))
    return {box: labels[box] for box in layers}


def _distinct(label: str, boxes: Sequence[Container]) -> dict[Container, str]:
    labels = {boxes[0]: label}
    taken = {label}
    for box in boxes[1:]:
        stages = [token for token in box if is_index(token)]
        words = [token for token in box if token not in boxes[0]]
        suffix = next(iter(stages or words[-1:]), "2")
        name, count = f"{label}.{suffix}", 2
        while name in taken:
            name, count = f"{label}.{suffix}-{count}", count + 1
        taken.add(name)
        labels[box] = name
    return labels


def stack_of_outsider(path: Sequence[str], role: str, stacks: Collection[str]) -> str:
    """Return the stack that a tensor outside the blocks belongs to; empty if to several or none."""
    tower = outer.tower_of(tuple(path))
    if tower:
        return tower
    if role == "head.projection":
        tower = outer.projected(path[-1])
        return tower if tower in stacks else ""
    side = outer.side_of(path[:-1]) if {"encoder", "decoder"} <= set(stacks) else ""
    if side:
        return side
    return main_stack(role, stacks)


def main_stack(role: str, stacks: Collection[str]) -> str:
    """Return the stack that an embedding or a head belongs to when its path names none."""
    if "text" in stacks:
        return "text"
    if {"encoder", "decoder"} <= set(stacks):
        return "decoder" if role.startswith("head") else ""
    alone = [stack for stack in stacks if "." not in stack]
    return alone[0] if len(alone) == 1 else ""

"""The tree of a model's tensors, to read: equal layers are one, equal experts too."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from modelweightvis.lazy import LazyTensor, shape_text

#: Tensors outside the layers from which on they are put under the first word of their names.
MANY = 40


class Line(NamedTuple):
    """A line of the tree: a heading, or tensors that differ in layer and expert only."""

    depth: int
    label: str
    tensors: tuple[LazyTensor, ...]
    heading: bool = False

    @property
    def role(self) -> str:
        """What the tensors are; nothing for a heading."""
        return "" if self.heading else self.tensors[0].role

    @property
    def dtype(self) -> str:
        """The types they are stored in, with how many have each if they differ."""
        if self.heading:
            return ""
        held = Counter(tensor.dtype for tensor in self.tensors)
        if len(held) == 1:
            return self.tensors[0].dtype
        return ", ".join(f"{dtype} ×{count:,}" for dtype, count in held.most_common())

    @property
    def shape(self) -> str:
        """Their shape, which they share."""
        return "" if self.heading else shape_text(self.tensors[0].shape)


class _Parts(NamedTuple):
    """A name, cut at the numbers of its layer and its expert.

    Attributes:
        list: what comes before the layer's number; empty where that was not found.
        rest: what comes after it, with the expert's number taken out.
        expert: what came before the expert's number in `rest`; -1 where there is none.
    """

    list: str
    rest: str
    expert: int = -1


def tree(tensors: Mapping[str, LazyTensor], *, every_layer: bool = False) -> list[Line]:
    """Return the lines of the tree: documents, stacks, layers, tensors.

    Args:
        tensors: by the names that people read.
        every_layer: do not put equal layers together.
    """
    found = list(tensors.values())
    documents = list(dict.fromkeys(id(tensor.document) for tensor in found))
    lines: list[Line] = []
    for document in documents:
        members = [tensor for tensor in found if id(tensor.document) == document]
        depth = int(len(documents) > 1)
        if depth:
            lines.append(Line(0, members[0].document.name, tuple(members), heading=True))
        lines += _document(members, depth, every_layer)
    return lines


def _document(members: Sequence[LazyTensor], depth: int, every_layer: bool) -> list[Line]:  # noqa: FBT001
    """Return the stacks of a document, between what is above and below all of them."""
    stacks: dict[str, list[LazyTensor]] = {}
    for tensor in members:
        stacks.setdefault(tensor.stack, []).append(tensor)
    shared = stacks.pop("", [])
    layered = any(tensor.layer is not None for tensor in members)
    above = [one for one in shared if layered and one.tensor.name.place == "above"]
    below = [one for one in shared if not (layered and one.tensor.name.place == "above")]
    lines = _outside(above, depth)
    for stack, tensors in sorted(stacks.items(), key=lambda pair: pair[0].startswith("decoder")):
        inner = depth + int(len(stacks) > 1)
        if inner > depth:
            lines.append(Line(depth, stack, tuple(tensors), heading=True))
        lines += _stack(tensors, inner, every_layer)
    return lines + _outside(below, depth)


def _stack(tensors: Sequence[LazyTensor], depth: int, every_layer: bool) -> list[Line]:  # noqa: FBT001
    placed = {
        place: [tensor for tensor in tensors if tensor.tensor.name.place == place]
        for place in ("above", "block", "below")
    }
    return [
        *_outside(placed["above"], depth),
        *_layers(placed["block"], depth, every_layer),
        *_outside(placed["below"], depth),
    ]


def _outside(tensors: Sequence[LazyTensor], depth: int) -> list[Line]:
    """Return what stands outside the layers: one by one, or under headings where it is much."""
    ordered = sorted(tensors, key=_order)
    if len(ordered) <= MANY:
        return [Line(depth, tensor.name, (tensor,)) for tensor in ordered]
    lines: list[Line] = []
    words: dict[str, list[LazyTensor]] = {}
    for tensor in sorted(tensors, key=lambda tensor: _natural(tensor.name)):
        words.setdefault(re.split(r"[./]", tensor.name, maxsplit=1)[0], []).append(tensor)
    for word, members in words.items():
        lines.append(Line(depth, word, tuple(members), heading=True))
        lines += [Line(depth + 1, tensor.name, (tensor,)) for tensor in members]
    return lines


def _natural(name: str) -> list[tuple[int, str]]:
    """Return a key that sorts 2 before 10."""
    return [(len(word) * (place % 2), word) for place, word in enumerate(_words(name))]


def _words(name: str) -> list[str]:
    """Cut a name at its numbers: these are the words of odd places."""
    return re.split(r"([0-9]+)", name)


def _order(tensor: LazyTensor) -> tuple[Any, ...]:
    return tensor.tensor.name.order


def _layers(tensors: Sequence[LazyTensor], depth: int, every_layer: bool) -> list[Line]:  # noqa: FBT001
    """Return the layers of a stack, those together that are made of the same tensors."""
    parts = _cut_names(tensors)
    layers: dict[int, list[LazyTensor]] = {}
    for tensor in sorted(tensors, key=_order):
        layers.setdefault(tensor.layer or 0, []).append(tensor)
    alike: dict[object, list[int]] = {}
    for layer in sorted(layers):
        made_of = frozenset((parts[one.name], one.shape, one.role) for one in layers[layer])
        alike.setdefault(layer if every_layer else made_of, []).append(layer)
    lines: list[Line] = []
    for numbers in alike.values():
        members = [tensor for layer in numbers for tensor in layers[layer]]
        lists = sorted({parts[tensor.name].list for tensor in members} - {""})
        label = f"{lists[0] if len(lists) == 1 else 'layers '}{spans(numbers)}"
        label += f"  ×{len(numbers):,}" if len(numbers) > 1 else ""
        lines.append(Line(depth, label, tuple(members), heading=True))
        lines += _block(members, parts, depth + 1)
    return lines


def _block(members: Sequence[LazyTensor], parts: Mapping[str, _Parts], depth: int) -> list[Line]:
    """Return the tensors of layers that are alike, all layers and experts of one in one line."""
    rows: dict[object, list[LazyTensor]] = {}
    for tensor in members:
        rows.setdefault((parts[tensor.name], tensor.shape, tensor.role), []).append(tensor)
    return [Line(depth, _label(parts[row[0].name], row), tuple(row)) for row in rows.values()]


def _label(parts: _Parts, row: Sequence[LazyTensor]) -> str:
    if parts.expert < 0:
        return parts.rest
    experts = sorted({tensor.expert for tensor in row if tensor.expert is not None})
    return f"{parts.rest[: parts.expert]}{spans(experts)}{parts.rest[parts.expert :]}"


def spans(numbers: Sequence[int]) -> str:
    """Write ascending numbers as people do: `0–3, 5, 8–11`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(f"{lo}–{hi}" if hi > lo else f"{lo}" for lo, hi in runs)


def _cut_names(tensors: Iterable[LazyTensor]) -> dict[str, _Parts]:
    """Cut the names of a stack at the numbers of layer and expert.

    A number is the layer's if it is so in every name that differs from this one in numbers only.
    """
    families: dict[tuple[str, ...], list[tuple[LazyTensor, list[str]]]] = {}
    for tensor in tensors:
        words = _words(tensor.name)
        families.setdefault(tuple(words[::2]), []).append((tensor, words))
    found: dict[str, _Parts] = {}
    for members in families.values():
        layer = _place(members, lambda tensor: tensor.layer, 0)
        expert = _place(members, lambda tensor: tensor.expert, layer + 1)
        for tensor, words in members:
            found[tensor.name] = _cut(words, layer, expert)
    return found


def _place(
    members: Sequence[tuple[LazyTensor, list[str]]],
    number: Callable[[LazyTensor], int | None],
    start: int,
) -> int:
    """Return which word is the number in every name, from a place on; -1 if there is none."""
    wanted = [str(number(tensor)) for tensor, _ in members]
    for place in range(start | 1, len(members[0][1]), 2):
        if all(
            (words[place].lstrip("0") or "0") == one
            for (_, words), one in zip(members, wanted, strict=True)
        ):
            return place
    return -1


def _cut(words: Sequence[str], layer: int, expert: int) -> _Parts:
    if layer < 0:
        return _Parts("", "".join(words))
    before, after = "".join(words[:layer]), words[layer + 1 :]
    if expert < 0:
        return _Parts(before, "".join(after).lstrip("./"))
    head = "".join(words[layer + 1 : expert]).lstrip("./")
    return _Parts(before, head + "".join(words[expert + 1 :]), len(head))

"""Take names apart, one by one but thousands at a time: equal shapes are looked at once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from modelweightvis.names import blocks, contexts
from modelweightvis.names.stems import stem

#: The path in front of a block's index, the name of the list included.
Container = tuple[str, ...]

_NUMBER: Final = re.compile(r"(?:(?<![^.])|(?<=expert_))([0-9]{1,6})(?![^.])")
_SENTINEL: Final = 900_000  # numbers from here on mark their own place; real ones stay below


class Shape(NamedTuple):
    """What names that differ in layer and expert only have in common."""

    kind: str
    part: str
    box: Container
    context: str
    leaf: str


@dataclass(slots=True)
class Found:
    """One name on its way through the passes."""

    source: str
    shape: Shape
    layer: int | None
    expert: int | None
    role: str = ""
    stack: str = ""

    @property
    def path(self) -> tuple[str, ...]:
        """The words of the name that lead to the parameter."""
        return stem(self.source).path


class _Spots(NamedTuple):
    """Where among a name's words its layer and its expert stand; 0 for none."""

    layer: int
    expert: int


class Reader:
    """Reads the names of one model."""

    def __init__(self) -> None:
        self._spots: dict[tuple[str, ...], _Spots] = {}
        self._shapes: dict[tuple[str, ...], Shape] = {}

    def read(self, name: str) -> Found:
        """Return the name taken apart, without its role."""
        words = _NUMBER.split(name)  # text and numbers in turn
        if len(words) == 1:
            return Found(name, self._shape((name,), name), None, None)
        template = tuple(words[::2])
        spots = self._spots.get(template)
        if spots is None:
            spots = self._spots[template] = _find_spots(name)
        layer = int(words[spots.layer]) if spots.layer else None
        expert = int(words[spots.expert]) if spots.expert else None
        for spot in spots:
            words[spot] = "" if spot else words[0]
        return Found(name, self._shape(tuple(words), name), layer, expert)

    def _shape(self, key: tuple[str, ...], name: str) -> Shape:
        shape = self._shapes.get(key)
        if shape is None:
            shape = self._shapes[key] = _take_apart(name)[0]
        return shape


def _find_spots(name: str) -> _Spots:
    count = iter(range(_SENTINEL, 999_999))
    marked = _NUMBER.sub(lambda match: str(next(count, match[0])), name)
    _, layer, expert = _take_apart(marked)
    layer, expert = (0 if at is None else 2 * (at - _SENTINEL) + 1 for at in (layer, expert))
    return _Spots(layer, expert)


def _take_apart(name: str) -> tuple[Shape, int | None, int | None]:
    """Return the shape, layer and expert of a name."""
    path, kind, part = stem(name)
    at = blocks.index_of_block(path)
    box, layer, rest = (
        ((), None, path) if at is None else (path[:at], int(path[at]), path[at + 1 :])
    )
    leaf = contexts.leaf_of(rest)
    if blocks.is_gguf(box):
        words, expert = ".".join(rest), None
        if len(rest) > 1 and contexts.is_index(rest[-1]):  # one expert, before banks were fused
            words, expert = f"{rest[-2]}_exps", int(rest[-1])
        leaf = contexts.Leaf("", words, expert)
    return Shape(kind, part, box, leaf.context, leaf.leaf), layer, leaf.expert

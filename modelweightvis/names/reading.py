"""Take names apart, one by one but thousands at a time: equal shapes are looked at once."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from arbvis_core.slotted import dataclass
from modelweightvis.names import blocks, contexts
from modelweightvis.names.stems import stem

#: The path in front of a block's index, the name of the list included.
Container = tuple[str, ...]

_NUMBER: Final = re.compile(r"(?:(?<![^.])|(?<=expert_))([0-9]{1,6})(?![^.])")
#: Names that differ in nothing but the digits of their numbers have their numbers at the same places.
_ALIKE: Final = bytes.maketrans(b"123456789", b"000000000")
_DIGITS: Final = re.compile(r"[0-9]+")
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


Span = tuple[int, int]


class _Spots(NamedTuple):
    """Where in a name its layer and its expert stand, and the other numbers."""

    layer: Span | None
    expert: Span | None
    others: tuple[Span, ...]


class Reader:
    """Reads the names of one model."""

    def __init__(self) -> None:
        #: Of names whose every number is that of a layer or an expert.
        self._plain: dict[bytes, tuple[_Spots, Shape]] = {}
        self._fixed: dict[bytes, tuple[Span, ...]] = {}
        self._spots: dict[tuple[bytes | str, ...], _Spots] = {}
        self._shapes: dict[tuple[bytes | str, ...], Shape] = {}

    def read(self, name: str) -> Found:
        """Return the name taken apart, without its role."""
        template = name.encode("utf-8", "surrogatepass").translate(_ALIKE)
        known = self._plain.get(template)
        if known is None:
            known = self._told_apart(name, template)
        (layer, expert, _), shape = known
        return Found(
            name,
            shape,
            None if layer is None else int(name[layer[0] : layer[1]]),
            None if expert is None else int(name[expert[0] : expert[1]]),
        )

    def _told_apart(self, name: str, template: bytes) -> tuple[_Spots, Shape]:
        """Return what a name has in common with those that differ in layer and expert only."""
        fixed = self._fixed.get(template)
        if fixed is None:
            fixed = self._fixed[template] = _within_words(name)
        key: tuple[bytes | str, ...] = (template,)
        if fixed:
            key += tuple([name[start:stop] for start, stop in fixed])
        spots = self._spots.get(key)
        if spots is None:
            spots = self._spots[key] = _find_spots(name)
        if spots.others:
            key += tuple([name[start:stop] for start, stop in spots.others])
        shape = self._shapes.get(key)
        if shape is None:
            shape = self._shapes[key] = _take_apart(name)[0]
        if len(key) == 1:
            self._plain[template] = spots, shape
        return spots, shape


def _within_words(name: str) -> tuple[Span, ...]:
    """Return where digits stand that are no numbers, as in `w1`."""
    numbers = {match.span() for match in _NUMBER.finditer(name)}
    runs = (match.span() for match in _DIGITS.finditer(name))
    return tuple(span for span in runs if span not in numbers)


def _find_spots(name: str) -> _Spots:
    spans = [match.span() for match in _NUMBER.finditer(name)]
    count = iter(range(_SENTINEL, 999_999))
    marked = _NUMBER.sub(lambda match: str(next(count, match[0])), name)
    _, layer, expert = _take_apart(marked)
    own = [None if at is None else spans[at - _SENTINEL] for at in (layer, expert)]
    return _Spots(own[0], own[1], tuple(span for span in spans if span not in own))


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

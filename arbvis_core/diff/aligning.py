"""What belongs together in two JSON files, and what each has for itself.

Keys are matched by name, elements of arrays by a longest common subsequence. What is laid out is the
left file from its first byte to its last, with what only the right has put in where it belongs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import field
from itertools import islice
from typing import NamedTuple

from arbvis_core.diff.identity import Known, Numbering
from arbvis_core.diff.scanning import ARRAY, OBJECT, STRING, Span, Tree
from arbvis_core.diff.sequences import Budget, common
from arbvis_core.regions.pieces import SAME
from arbvis_core.slotted import dataclass

#: Changes and top-level keys that are named; all are drawn and counted.
NAMED = 200
#: Characters of a value that is shown.
SHOWN = 60

#: A node of the left file beside one of the right; None where a side has none.
Beside = tuple[int | None, int | None]


class Change(NamedTuple):
    """A value that is not the same on both sides.

    Attributes:
        path: where it is: `rope_scaling.factor`, `layers[3]`.
        kind: `changed`, `added` or `removed`.
        start, stop: its positions in the picture.
        left, right: how it begins on either side, empty where there is none.
    """

    path: str
    kind: str
    start: int
    stop: int
    left: str
    right: str


@dataclass(slots=True)
class Alignment:
    """Two files beside each other.

    Attributes:
        pieces: rows of a table of `arbvis_core.regions.pieces`.
        counts: values without parts that are `equal`, `changed`, `removed` and `added`.
        changes: the first of what is not equal.
        keys: top-level keys, and the positions of their members.
        unaligned: arrays that were compared by position, because too much in them is equal.
    """

    pieces: list[tuple[int, int, int, int]] = field(default_factory=list)
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("equal", "changed", "removed", "added"), 0)
    )
    changes: list[Change] = field(default_factory=list)
    keys: list[tuple[str, int, int]] = field(default_factory=list)
    unaligned: list[str] = field(default_factory=list)


def align(left: Tree, right: Tree) -> Alignment:
    """Lay two files beside each other."""
    numbering = Numbering()
    made = _Aligner(numbering.of(left), numbering.of(right))
    made.compare(0, 0, "")
    made.upto(len(left.data))
    return made.found


def unchanged(tree: Tree) -> Alignment:
    """Lay a file beside one with the same bytes: what `align` would return, for less."""
    found = Alignment(pieces=[(0, len(tree.data), SAME, SAME)])
    kinds, after = tree.kinds, tree.after
    found.counts["equal"] = sum(
        kind > ARRAY or after[node] == node + 1 for node, kind in enumerate(kinds)
    )
    if kinds[0] == OBJECT:
        named = islice(tree.children(0), NAMED)
        found.keys = [(_path("", tree, node, 0), *tree.member(node)) for node in named]
    return found


class _Aligner:
    """Walks both trees at once; `done` is the first byte of the left that is not laid out yet."""

    def __init__(self, left: Known, right: Known) -> None:
        self.sides = left, right
        self.found = Alignment()
        self.budget = Budget()
        self.done = 0
        self.position = 0

    def compare(self, one: int, other: int, path: str) -> None:
        """Lay out two values that belong together."""
        left, right = self.sides
        kinds = left.tree.kinds[one], right.tree.kinds[other]
        empty = tuple(
            side.tree.empty(node) for side, node in zip(self.sides, (one, other), strict=True)
        )
        if left.same[one] == right.same[other] and (path or kinds[0] != OBJECT or all(empty)):
            self.found.counts["equal"] += left.leaves[one]
            return
        if kinds[0] == kinds[1] and any(empty):  # an empty container is a value of its own
            self.found.counts["removed" if empty[0] else "added"] += 1
        if kinds == (OBJECT, OBJECT):
            self._walk(_members(left.tree, right.tree, one, other), one, path)
        elif kinds == (ARRAY, ARRAY):
            self._walk(self._elements(one, other, path), one, path)
        elif {OBJECT, ARRAY} & {*kinds}:
            self._alone(0, one, left.tree.span(one), path)
            self._alone(1, other, right.tree.span(other), path)
        else:
            self._changed(one, other, path)

    def upto(self, stop: int) -> None:
        """Lay out what both share, up to a byte of the left."""
        if stop > self.done:
            self._piece(self.done, stop, SAME, SAME)

    def _walk(self, pairs: Sequence[Beside], container: int, path: str) -> None:
        """Lay out what is in two containers."""
        left, right = (known.tree for known in self.sides)
        here = left.inside(container)
        named = not path and left.kinds[container] == OBJECT
        counts = [0, 0]
        for one, other in pairs:
            tree, node, count = (
                (left, one, counts[0]) if one is not None else (right, other or 0, counts[1])
            )
            place = _path(path, tree, node, count)
            self.upto(here if one is None else left.member(one).start)
            begin = self.position
            if one is not None and other is not None:
                self.compare(one, other, place)
            else:
                self._alone(int(one is None), node, tree.member(node), place)
            if one is not None:
                here = left.span(one).stop
                self.upto(here)
            counts = [counts[0] + (one is not None), counts[1] + (other is not None)]
            if named and len(self.found.keys) < NAMED:
                self.found.keys.append((place, begin, self.position))

    def _elements(self, one: int, other: int, path: str) -> list[Beside]:
        """Return the elements of two arrays, those that are equal beside each other."""
        left, right = self.sides
        ours, theirs = [*left.tree.children(one)], [*right.tree.children(other)]
        same = common(
            [left.same[node] for node in ours], [right.same[node] for node in theirs], self.budget
        )
        if same is None:
            self.found.unaligned.append(path or "the file")
            return _by_position(ours, theirs)
        pairs: list[Beside] = []
        begin = (0, 0)
        for index, place in [*same, (len(ours), len(theirs))]:
            pairs += self._between(ours[begin[0] : index], theirs[begin[1] : place])
            if index < len(ours):
                pairs.append((ours[index], theirs[place]))
            begin = index + 1, place + 1
        return pairs

    def _between(self, ours: Sequence[int], theirs: Sequence[int]) -> list[Beside]:
        """Return what lies between equal elements: as many changed, or else those of one shape."""
        if len(ours) == len(theirs):
            return _by_position(ours, theirs)
        shapes: dict[object, int] = {}
        like = [
            [shapes.setdefault(_shape(known.tree, node), len(shapes)) for node in nodes]
            for known, nodes in zip(self.sides, (ours, theirs), strict=True)
        ]
        matches = common(like[0], like[1], self.budget)
        if matches is None:
            return _by_position(ours, theirs)
        pairs: list[Beside] = []
        begin = (0, 0)
        for index, place in [*matches, (len(ours), len(theirs))]:
            pairs += [(node, None) for node in ours[begin[0] : index]]
            pairs += [(None, node) for node in theirs[begin[1] : place]]
            if index < len(ours):
                pairs.append((ours[index], theirs[place]))
            begin = index + 1, place + 1
        return pairs

    def _alone(self, side: int, node: int, span: Span, path: str) -> None:
        """Lay out bytes that one side has for itself."""
        known = self.sides[side]
        kind = ("removed", "added")[side]
        self.found.counts[kind] += known.leaves[node]
        begin, here = self.position, self.done
        if side == 0:
            self.upto(span.start)
            begin, here = self.position, span.stop
            self._piece(*span, here, here)
        else:
            self._piece(here, here, *span)
        shown = _shown(known.tree, node)
        told = (shown, "") if side == 0 else ("", shown)
        self._tell(Change(path, kind, begin, self.position, *told))

    def _changed(self, one: int, other: int, path: str) -> None:
        """Lay out two values without parts; what they begin and end with alike is the same."""
        left, right = (known.tree for known in self.sides)
        self.found.counts["changed"] += 1
        tokens = left.token(one), right.token(other)
        head, tail = _ends(*tokens) if left.kinds[one] == right.kinds[other] == STRING else (0, 0)
        spans = left.span(one), right.span(other)
        self.upto(spans[0].start)
        begin = self.position
        self.upto(spans[0].start + head)
        self._piece(
            *(spans[0].start + head, spans[0].stop - tail),
            *(spans[1].start + head, spans[1].stop - tail),
        )
        self.upto(spans[0].stop)
        shown = _shown(left, one), _shown(right, other)
        self._tell(Change(path, "changed", begin, self.position, *shown))

    def _piece(self, start: int, stop: int, other: int, other_stop: int) -> None:
        self.position += max(stop - start, other_stop - other)
        last = self.found.pieces[-1] if self.found.pieces else None
        if other == SAME and last and last[2] == SAME and last[1] == start:
            self.found.pieces[-1] = (last[0], stop, SAME, SAME)
        else:
            self.found.pieces.append((start, stop, other, other_stop))
        self.done = max(self.done, stop)

    def _tell(self, change: Change) -> None:
        if len(self.found.changes) < NAMED:
            self.found.changes.append(change)


def _members(left: Tree, right: Tree, one: int, other: int) -> list[Beside]:
    """Return the members of two objects: in the order of the left, what only the right has put in.

    A key that comes twice is another the second time.
    """
    ours, theirs = dict(_keyed(left, one)), dict(_keyed(right, other))
    put_in: dict[object, list[int]] = {}
    before: object = None
    for key, node in theirs.items():
        if key in ours:
            before = key
        else:
            put_in.setdefault(before, []).append(node)
    pairs: list[Beside] = [(None, node) for node in put_in.get(None, ())]
    for key, node in ours.items():
        pairs.append((node, theirs.get(key)))
        pairs += [(None, more) for more in put_in.get(key, ())]
    return pairs


def _keyed(tree: Tree, node: int) -> Iterator[tuple[tuple[bytes, int], int]]:
    seen: dict[bytes, int] = {}
    for child in tree.children(node):
        key = tree.key(child)
        seen[key] = seen.get(key, 0) + 1
        yield (key, seen[key]), child


def _by_position(ours: Sequence[int], theirs: Sequence[int]) -> list[Beside]:
    shared = min(len(ours), len(theirs))
    return [
        *zip(ours[:shared], theirs[:shared], strict=True),
        *((node, None) for node in ours[shared:]),
        *((None, node) for node in theirs[shared:]),
    ]


def _shape(tree: Tree, node: int) -> object:
    """Return what two elements have in common that may be one that was changed."""
    kind = tree.kinds[node]
    if kind == OBJECT:
        return (kind, frozenset(tree.key(child) for child in tree.children(node)))
    return kind


def _ends(left: bytes, right: bytes) -> tuple[int, int]:
    """Return how many bytes two values share at the beginning, and how many at the end."""
    head = _alike(left, right)
    rest = min(len(left), len(right)) - head
    return head, _alike(left[::-1][:rest], right[::-1][:rest])


def _alike(left: bytes, right: bytes) -> int:
    """Return how many bytes are the same from the first on; whole halves are compared at once."""
    same, first = 0, min(len(left), len(right))
    if left[:first] == right[:first]:
        return first
    while first - same > 1:  # they differ somewhere from `same` up to, not including, `first`
        middle = (same + first) // 2
        if left[same:middle] == right[same:middle]:
            same = middle
        else:
            first = middle
    return same


def _path(path: str, tree: Tree, node: int, index: int) -> str:
    if not tree.has_key(node):
        return f"{path}[{index}]"
    key = tree.key(node).decode("utf-8", "replace")
    shown = key if key.isidentifier() else json.dumps(key[:SHOWN], ensure_ascii=False)
    return f"{path}.{shown}" if path else shown


def _shown(tree: Tree, node: int) -> str:
    start, stop = tree.span(node)
    text = tree.data[start : min(stop, start + 4 * SHOWN)].decode("utf-8", "replace")
    text = " ".join(text.split())
    return text if len(text) <= SHOWN and stop - start <= 4 * SHOWN else f"{text[:SHOWN]}…"

"""Which values of two JSON files are equal: each gets a number, and equal ones the same."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

from arbvis_core.diff.scanning import ARRAY, NUMBER, OBJECT, STRING, Tree, text_of

#: Digits of an exponent beyond which a number equals only what is written the same.
EXPONENT = 18


class Known(NamedTuple):
    """A tree whose values are numbered.

    Attributes:
        tree: the nodes.
        same: a number per node; equal numbers are equal values, whichever file they are of.
        leaves: how many values without parts are in each; an empty container is one.
    """

    tree: Tree
    same: list[int]
    leaves: list[int]


class Numbering:
    """Numbers the values of several files together.

    Objects are equal whatever the order of their keys, strings whatever they are escaped as,
    numbers whatever they are written as: 1e2 is 100.0.
    """

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self._written: dict[bytes, int] = {}  # by what they are written as, which tells the kind

    def of(self, tree: Tree) -> Known:
        """Number every node of a tree."""
        count = len(tree)
        same, leaves = [0] * count, [1] * count
        written, kinds, after, data = self._written, tree.kinds, tree.after, tree.data
        starts, stops = tree.starts, tree.stops
        for node in range(count - 1, -1, -1):
            kind = kinds[node]
            if kind > ARRAY:
                token = data[starts[node] : stops[node]]
                known = written.get(token)
                same[node] = self._leaf(kind, token) if known is None else known
                continue
            children = [*tree.children(node)]
            held = [same[child] for child in children]
            if kind == OBJECT:
                named = zip(map(tree.key, children), held, strict=True)
                meaning: Hashable = (kind, *sorted(named, key=_name))
            else:
                meaning = (kind, *held)
            if after[node] > node + 1:
                leaves[node] = sum(leaves[child] for child in children)
            same[node] = self._numbers.setdefault(meaning, len(self._numbers))
        return Known(tree, same, leaves)

    def _leaf(self, kind: int, token: bytes) -> int:
        meaning = (kind, _meant(kind, token))
        found = self._numbers.setdefault(meaning, len(self._numbers))
        self._written[token] = found
        return found


def _name(member: tuple[bytes, int]) -> bytes:
    return member[0]


def _meant(kind: int, token: bytes) -> bytes:
    if kind == STRING:
        return text_of(token)
    return number(token) if kind == NUMBER else token


def number(token: bytes) -> bytes:
    """Write a number in the one way that all that are equal to it are written: digits, exponent."""
    mantissa, _, exponent = token.lower().partition(b"e")
    if len(exponent) > EXPONENT:
        return token
    whole, _, fraction = mantissa.lstrip(b"-").partition(b".")
    digits = (whole + fraction).lstrip(b"0")
    kept = digits.rstrip(b"0")
    if not kept:
        return b"0"
    power = int(exponent or 0) - len(fraction) + len(digits) - len(kept)
    return (b"-" if token.startswith(b"-") else b"") + kept + (b"e%d" % power if power else b"")

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

    def of(self, tree: Tree) -> Known:
        """Number every node of a tree."""
        count = len(tree)
        same, leaves = [0] * count, [1] * count
        for node in range(count - 1, -1, -1):
            kind = tree.kinds[node]
            if kind == OBJECT:
                held = [(tree.key(child), same[child]) for child in tree.children(node)]
                meaning: Hashable = (kind, *sorted(held, key=_name))
            elif kind == ARRAY:
                meaning = (kind, *(same[child] for child in tree.children(node)))
            else:
                meaning = (kind, _meant(kind, tree.token(node)))
            if tree.after[node] > node + 1:
                leaves[node] = sum(leaves[child] for child in tree.children(node))
            same[node] = self._numbers.setdefault(meaning, len(self._numbers))
        return Known(tree, same, leaves)


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

"""Reads JSON for where its values stand: every node with its range of bytes.

What is JSON here is what Python's own module takes, UTF-8 alone: NaN and Infinity are numbers, of
keys that come twice both count. Nothing is built of the values.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from typing import NamedTuple

#: Bytes of a file, nodes of its values and how deep they nest: no more is read.
LARGEST = 64 << 20
MOST = 2_000_000
DEEPEST = 256

OBJECT, ARRAY, STRING, NUMBER, WORD = range(5)

_STRING = rb'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+"'
_VALUE = re.compile(
    rb"[ \t\n\r]*+(?:(\{)|(\[)|(" + _STRING + rb")"
    rb"|(-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?)"
    rb"|(true|false|null|NaN|-?Infinity))"
)
_KEY = re.compile(rb"[ \t\n\r]*+(" + _STRING + rb")[ \t\n\r]*+:")
_NEXT = re.compile(rb"[ \t\n\r]*+([,\]}])")
_SPACE = re.compile(rb"[ \t\n\r]*+")
_COMMA = ord(",")
_CLOSES = {OBJECT: ord("}"), ARRAY: ord("]")}
_BOM = b"\xef\xbb\xbf"


class NotJsonError(ValueError):
    """What was read is no JSON, or more of it than is taken; the message is half a sentence."""


class Span(NamedTuple):
    """A range of bytes."""

    start: int
    stop: int


class Tree:
    """The nodes of a file, each before what is in it.

    Attributes:
        data: the bytes.
        kinds: what each node is: `OBJECT` … `WORD` (true, false, null).
        after: the first node that is not inside each.
        starts: the first byte of each.
        stops: the byte after it.
        lines: whether node 0 stands for the lines of the file, and is not written in it.
    """

    def __init__(self, data: bytes, *, lines: bool = False) -> None:
        self.data = data
        self.lines = lines
        self.kinds = bytearray()
        self.after = array("q")
        self.starts = array("q")
        self.stops = array("q")
        self._keys = array("q")
        self._key_stops = array("q")

    def __len__(self) -> int:
        return len(self.kinds)

    def add(self, kind: int, span: tuple[int, int], key: tuple[int, int]) -> None:
        """Append a node; `key` is (-1, -1) outside of objects."""
        count = len(self.kinds)
        if count >= MOST:
            raise NotJsonError(f"has more than {MOST:,} values")
        self.kinds.append(kind)
        self.starts.append(span[0])
        self.stops.append(span[1])
        self._keys.append(key[0])
        self._key_stops.append(key[1])
        self.after.append(count + 1)

    def close(self, node: int, stop: int) -> None:
        """Say where a container ends."""
        self.stops[node] = stop
        self.after[node] = len(self.kinds)

    def span(self, node: int) -> Span:
        """Return the bytes of a value."""
        return Span(self.starts[node], self.stops[node])

    def member(self, node: int) -> Span:
        """Return the bytes of a value with the key before it, if it has one."""
        key = self._keys[node]
        return Span(self.starts[node] if key < 0 else key, self.stops[node])

    def empty(self, node: int) -> bool:
        """Tell whether a node is a container of nothing."""
        return self.kinds[node] in _CLOSES and self.after[node] == node + 1

    def inside(self, node: int) -> int:
        """Return the first byte inside a container."""
        return self.starts[node] + (not self.lines or node > 0)

    def token(self, node: int) -> bytes:
        """Return a value as it is written."""
        return self.data[self.starts[node] : self.stops[node]]

    def has_key(self, node: int) -> bool:
        """Tell whether a node is a member of an object."""
        return self._keys[node] >= 0

    def key(self, node: int) -> bytes:
        """Return the key of a node as UTF-8, empty outside of objects."""
        start = self._keys[node]
        return b"" if start < 0 else text_of(self.data[start : self._key_stops[node]])

    def children(self, node: int) -> Iterator[int]:
        """Yield the nodes right inside a container."""
        child, stop = node + 1, self.after[node]
        while child < stop:
            yield child
            child = self.after[child]


def text_of(token: bytes) -> bytes:
    """Return what a string in quotes says, as UTF-8; halves of surrogate pairs are kept."""
    inside = token[1:-1]
    if b"\\" not in inside:
        return inside
    import json

    said: str = json.loads(token)
    return said.encode("utf-8", "surrogatepass")


def scan(data: bytes, *, lines: bool = False) -> Tree:
    """Find every value of a file.

    Args:
        data: the whole file.
        lines: one value per line; node 0 is then an array of them that nobody wrote.

    Raises:
        NotJsonError: it is no JSON, or too much of it.
    """
    if len(data) > LARGEST:
        raise NotJsonError(f"is larger than {LARGEST >> 20} MiB")
    try:
        data.decode()
    except UnicodeDecodeError as error:
        raise _failed(data, error.start, "this is no UTF-8") from error
    tree = Tree(data, lines=lines)
    at = len(_BOM) if data.startswith(_BOM) else 0
    if lines:
        _lines(tree, at)
        return tree
    end = _space(data, _value(tree, at))
    if end < len(data):
        raise _failed(data, end, "this comes after the end")
    return tree


def _lines(tree: Tree, at: int) -> None:
    data = tree.data
    tree.add(ARRAY, Span(0, len(data)), Span(-1, -1))
    begin = _space(data, at)
    while begin < len(data):
        end = _value(tree, begin, 1)
        broken = data.find(b"\n", begin, end)
        if broken >= 0:
            raise _failed(data, broken, "a line ends within a value")
        begin = _space(data, end)
        if begin < len(data) and data.find(b"\n", end, begin) < 0:
            raise _failed(data, begin, "this comes after the value of the line")
    tree.close(0, len(data))


def _value(tree: Tree, at: int, outer: int = 0) -> int:
    """Add a value and all that is in it; return where it ends."""
    data, kinds, no_key = tree.data, tree.kinds, Span(-1, -1)
    value, follows, add = _VALUE.match, _NEXT.match, tree.add
    inside: list[int] = []
    key: tuple[int, int] = no_key
    while True:
        found = value(data, at)
        if found is None:
            raise _failed(data, _space(data, at), "a value is expected")
        group = found.lastindex or 1
        at = found.end()
        add(group - 1, found.span(group), key)
        if group <= 2:  # a container
            inside.append(len(kinds) - 1)
            if len(inside) + outer > DEEPEST:
                raise _failed(data, at - 1, f"values nest deeper than {DEEPEST}")
            if not _closes_at_once(data, at, group - 1):
                at, key = _key(data, at) if group == 1 else (at, no_key)
                continue
        while inside:
            mark = follows(data, at)
            kind = kinds[inside[-1]]
            last = mark and data[mark.end() - 1]
            if mark is None or last not in (_COMMA, _CLOSES[kind]):
                raise _failed(
                    data, _space(data, at), f"a comma or {chr(_CLOSES[kind])} is expected"
                )
            at = mark.end()
            if last == _COMMA:
                at, key = _key(data, at) if kind == OBJECT else (at, no_key)
                break
            tree.close(inside.pop(), at)
        else:
            return at


def _closes_at_once(data: bytes, at: int, kind: int) -> bool:
    end = _space(data, at)
    return end < len(data) and data[end] == _CLOSES[kind]


def _key(data: bytes, at: int) -> tuple[int, tuple[int, int]]:
    found = _KEY.match(data, at)
    if found is None:
        raise _failed(data, _space(data, at), "a key is expected")
    return found.end(), found.span(1)


def _space(data: bytes, at: int) -> int:
    found = _SPACE.match(data, at)
    return found.end() if found else at


def _failed(data: bytes, at: int, why: str) -> NotJsonError:
    line = data.count(b"\n", 0, at) + 1
    column = at - (data.rfind(b"\n", 0, at) + 1) + 1
    return NotJsonError(f"is no valid JSON: line {line}, column {column}: {why}")

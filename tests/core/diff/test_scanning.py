"""Where the values of JSON stand, against the json module."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbvis_core.diff import scanning
from arbvis_core.diff.scanning import ARRAY, OBJECT, NotJsonError, Tree, scan

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
VALUES = st.recursive(
    LEAVES, lambda held: st.lists(held) | st.dictionaries(st.text(), held), max_leaves=30
)
LAYOUTS = st.sampled_from(
    [{}, {"indent": 2}, {"separators": (",", ":")}, {"ensure_ascii": False, "indent": "\t"}]
)


def built(tree: Tree, node: int = 0) -> Any:
    """Put the value of a node together from its children; only what has none is parsed."""
    kind = tree.kinds[node]
    if kind == OBJECT:
        return {
            tree.key(one).decode("utf-8", "surrogatepass"): built(tree, one)
            for one in tree.children(node)
        }
    if kind == ARRAY:
        return [built(tree, one) for one in tree.children(node)]
    return json.loads(tree.token(node))


@given(VALUES, LAYOUTS)
def test_values_are_those_of_the_json_module(value: Any, layout: dict[str, Any]) -> None:
    text = json.dumps(value, **layout)
    data = text.encode("utf-8", "surrogatepass")
    try:
        data.decode()
    except UnicodeDecodeError:
        with pytest.raises(NotJsonError, match="no UTF-8"):
            scan(data)
        return
    tree = scan(data)
    assert repr(built(tree)) == repr(json.loads(text))


@given(VALUES, LAYOUTS)
def test_the_range_of_every_node_is_a_value_of_its_own(value: Any, layout: dict[str, Any]) -> None:
    text = json.dumps({"held": value}, **layout)
    tree = scan(text.encode("utf-8", "replace"))
    for node in range(len(tree)):
        assert repr(json.loads(tree.token(node))) == repr(built(tree, node))
        member = tree.data[slice(*tree.member(node))]
        held = json.loads(b"{%s}" % member) if tree.has_key(node) else {}
        assert len(held) == tree.has_key(node)


@given(st.binary(max_size=40) | st.text('[]{}",:0123456789.eE+- \n\\utrfalsn', max_size=24))
def test_what_the_json_module_refuses_is_refused(noise: bytes | str) -> None:
    data = noise.encode() if isinstance(noise, str) else noise
    try:
        wanted = json.loads(data.decode())
    except (ValueError, RecursionError):
        with pytest.raises(NotJsonError):
            scan(data)
    else:
        assert repr(built(scan(data))) == repr(wanted)


@given(st.lists(VALUES, max_size=3), st.sampled_from(["\n", "\r\n", "\n\n  \n"]))
def test_lines_are_an_array(values: list[Any], end: str) -> None:
    lines = [json.dumps(value) for value in values]
    tree = scan(end.join(lines).encode(), lines=True)
    assert repr(built(tree)) == repr([json.loads(line) for line in lines])


@pytest.mark.parametrize(
    ("data", "lines", "why"),
    [
        (b"", False, "line 1, column 1: a value is expected"),
        (b'{"a": 1,\n "b" 2}', False, "line 2, column 2: a key is expected"),
        (b"[1 2]", False, "line 1, column 4: a comma or ] is expected"),
        (b"[1] x", False, "line 1, column 5: this comes after the end"),
        (b'["\xff"]', False, "line 1, column 3: this is no UTF-8"),
        (b"[" * 300, False, "nest deeper than 256"),
        (b"1\n[2,\n3]", True, "line 2, column 4: a line ends within a value"),
        (b"1 2", True, "line 1, column 3: this comes after the value of the line"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(data: bytes, lines: bool, why: str) -> None:
    with pytest.raises(NotJsonError) as caught:
        scan(data, lines=lines)
    assert why in str(caught.value)


def test_the_deepest_that_is_taken() -> None:
    deep = scanning.DEEPEST
    assert len(scan(b"[" * deep + b"]" * deep)) == deep


def test_a_mark_before_the_first_byte_is_passed_over() -> None:
    assert built(scan(b"\xef\xbb\xbf[1]")) == [1]


def test_no_more_is_read_than_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "MOST", 3)
    monkeypatch.setattr(scanning, "LARGEST", 1 << 20)
    scan(b"[1, 2]")
    with pytest.raises(NotJsonError, match="more than 3 values"):
        scan(b"[1, 2, 3]")
    with pytest.raises(NotJsonError, match="larger than 1 MiB"):
        scan(b" " * (1 << 20) + b"1")

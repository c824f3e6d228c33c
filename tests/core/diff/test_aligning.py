"""What lies beside what in two JSON files, against what can be said of it without the aligner."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbvis_core.diff import aligning
from arbvis_core.diff.aligning import Alignment, align, unchanged
from arbvis_core.diff.scanning import scan
from arbvis_core.regions.pieces import SAME

VALUES = st.recursive(
    st.integers(0, 3) | st.text("ab", max_size=3) | st.none(),
    lambda held: st.lists(held, max_size=5) | st.dictionaries(st.sampled_from("abcd"), held),
    max_leaves=14,
)
LAYOUTS = st.sampled_from([{}, {"indent": 1}, {"separators": (",", ":")}])


def aligned(left: Any, right: Any, **layout: Any) -> Alignment:
    return align(scan(json.dumps(left, **layout).encode()), scan(json.dumps(right).encode()))


def leaves(value: Any) -> int:
    held = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return sum(map(leaves, held)) if held else 1


def keyed(left: Any, right: Any) -> Counter[str]:
    """Count the leaves of values without arrays, by their keys alone."""
    if isinstance(left, dict) and isinstance(right, dict):
        if not left and not right:
            return Counter(equal=1)
        found = Counter(removed=int(not left), added=int(not right))
        for key in left.keys() | right.keys():
            if key not in right:
                found["removed"] += leaves(left[key])
            elif key not in left:
                found["added"] += leaves(right[key])
            else:
                found += keyed(left[key], right[key])
        return found
    if isinstance(left, dict) or isinstance(right, dict):
        return Counter(removed=leaves(left), added=leaves(right))
    return Counter(equal=1) if (type(left), left) == (type(right), right) else Counter(changed=1)


@given(VALUES, VALUES, LAYOUTS)
def test_every_byte_of_the_left_is_laid_out_once_in_its_order(
    left: Any, right: Any, layout: dict[str, Any]
) -> None:
    found = aligned(left, right, **layout)
    text = json.dumps(left, **layout).encode()
    assert b"".join(text[one[0] : one[1]] for one in found.pieces) == text
    theirs = json.dumps(right).encode()
    taken = sorted((one[2], one[3]) for one in found.pieces if one[2] != SAME and one[2] < one[3])
    assert all(first[1] <= second[0] for first, second in pairwise(taken))
    assert all(0 <= start < stop <= len(theirs) for start, stop in taken)


@given(VALUES, VALUES, LAYOUTS)
def test_every_value_is_counted_once(left: Any, right: Any, layout: dict[str, Any]) -> None:
    counts = aligned(left, right, **layout).counts
    assert counts["equal"] + counts["changed"] + counts["removed"] == leaves(left)
    assert counts["equal"] + counts["changed"] + counts["added"] == leaves(right)


@given(VALUES, LAYOUTS)
def test_the_same_value_differs_nowhere(value: Any, layout: dict[str, Any]) -> None:
    turned = dict(reversed(value.items())) if isinstance(value, dict) else value
    found = aligned(value, turned, **layout)
    assert found.counts == {"equal": leaves(value), "changed": 0, "removed": 0, "added": 0}
    assert all(piece[2] == SAME for piece in found.pieces)
    assert not found.changes


@given(VALUES, LAYOUTS)
def test_the_same_bytes_are_laid_out_as_if_they_were_aligned(
    value: Any, layout: dict[str, Any]
) -> None:
    tree = scan(json.dumps(value, **layout).encode())
    assert unchanged(tree) == align(tree, tree)
    lines = scan(json.dumps(value).encode(), lines=True)
    assert unchanged(lines) == align(lines, lines)


OBJECTS = st.recursive(
    st.integers(0, 2), lambda held: st.dictionaries(st.sampled_from("abc"), held), max_leaves=12
)


@given(OBJECTS, OBJECTS)
def test_keys_are_matched_by_name(left: Any, right: Any) -> None:
    assert Counter(aligned(left, right).counts) == keyed(left, right)


@pytest.mark.parametrize(
    ("left", "right", "told"),
    [
        ({"a": 1, "b": 2}, {"b": 3, "a": 1}, [("b", "changed", "2", "3")]),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 5, 2]}}, [("a.b[1]", "added", "", "5")]),
        ([1, 2, 3, 4], [1, 3, 4], [("[1]", "removed", "2", "")]),
        ([{"x": 1}, {"y": 2}], [{"y": 3}], [("[0]", "removed", '{"x": 1}', ""), ("[1].y", "changed", "2", "3")]),
        ({"a": [1]}, {"a": 1}, [("a", "removed", "[1]", ""), ("a", "added", "", "1")]),
        ({"a b": 1}, {}, [('"a b"', "removed", "1", "")]),
    ],
)  # fmt: skip
def test_changes_are_named(left: Any, right: Any, told: list[tuple[str, ...]]) -> None:
    found = aligned(left, right)
    assert [(one.path, one.kind, one.left, one.right) for one in found.changes] == told


def test_what_a_string_begins_and_ends_with_alike_is_not_marked() -> None:
    found = aligned({"k": "hello world"}, {"k": "hello big world"})
    marked = [piece for piece in found.pieces if piece[2] != SAME]
    (piece,) = marked
    assert json.dumps({"k": "hello big world"})[piece[2] : piece[3]] == "big "
    assert piece[0] == piece[1]


@given(st.binary(max_size=40), st.binary(max_size=40), st.binary(max_size=40))
def test_ends_are_all_that_is_alike(head: bytes, left: bytes, right: bytes) -> None:
    one, other = head + left, head + right
    first, last = aligning._ends(one, other)
    size = min(len(one), len(other))
    assert one[:first] == other[:first]
    assert first == size or one[first] != other[first]
    assert one[len(one) - last :] == other[len(other) - last :]
    rest = size - first - last
    assert rest == 0 or one[-1 - last] != other[-1 - last]


def test_an_inserted_line_moves_nothing() -> None:
    left = [{"n": number} for number in range(50)]
    right = [*left[:20], {"n": "new"}, *left[20:]]
    sides = ["\n".join(map(json.dumps, side)).encode() for side in (left, right)]
    found = align(*(scan(side, lines=True) for side in sides))
    assert found.counts == {"equal": 50, "changed": 0, "removed": 0, "added": 1}


def test_too_many_equal_elements_are_compared_by_position(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aligning, "common", lambda _left, _right, _budget: None)
    found = aligned({"a": [1, 2, 3]}, {"a": [0, 1, 2, 3]})
    assert found.unaligned == ["a"]
    assert found.counts == {"equal": 0, "changed": 3, "removed": 0, "added": 1}


def test_top_level_keys_have_places() -> None:
    left = {"first": [1, 2], "second": {"x": 1}}
    text = json.dumps(left)
    found = aligned(left, left)
    assert [text[start:stop] for _, start, stop in found.keys] == [
        '"first": [1, 2]',
        '"second": {"x": 1}',
    ]
    assert [name for name, _, _ in found.keys] == ["first", "second"]


def test_the_deepest_that_is_read_is_aligned() -> None:
    sides = [b"[" * 256 + leaf + b"]" * 256 for leaf in (b"", b"1")]
    left = scan(sides[0])
    assert align(left, scan(b"[" * 255 + b"1" + b"]" * 255)).counts["added"] == 1

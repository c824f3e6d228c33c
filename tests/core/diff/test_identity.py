"""Which values are equal, against Python's own."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbvis_core.diff.identity import Numbering, number
from arbvis_core.diff.scanning import scan

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.text("ab\u00e4\\\n", max_size=2),
    lambda held: st.lists(held, max_size=3) | st.dictionaries(st.text("ab", max_size=1), held),
    max_leaves=8,
)
NUMBERS = st.from_regex(
    r"-?(0|[1-9][0-9]{0,4})(\.[0-9]{1,4})?([eE][+-]?[0-9]{1,2})?", fullmatch=True
)


def same(left: str, right: str) -> bool:
    numbering = Numbering()
    return numbering.of(scan(left.encode())).same[0] == numbering.of(scan(right.encode())).same[0]


def strict(value: Any) -> Any:
    """Tell true from 1, as JSON does and Python does not."""
    if isinstance(value, dict):
        return {key: strict(one) for key, one in value.items()}
    return [strict(one) for one in value] if isinstance(value, list) else (type(value), value)


@given(VALUES, VALUES)
def test_equal_values_are_those_that_python_finds_equal(left: Any, right: Any) -> None:
    assert same(json.dumps(left, indent=1), json.dumps(right)) == (strict(left) == strict(right))
    turned = dict(reversed(left.items())) if isinstance(left, dict) else left
    assert same(json.dumps(left), json.dumps(turned, ensure_ascii=False))


@given(NUMBERS, NUMBERS)
def test_numbers_are_equal_however_they_are_written(left: str, right: str) -> None:
    assert (number(left.encode()) == number(right.encode())) == (Fraction(left) == Fraction(right))


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        ("100", "1e2", True),
        ("-0.0", "0", True),
        ("1e99999999999999999999", "1e99999999999999999998", False),
        ('"\\u00e9"', '"é"', True),
        ('"\\ud83d\\ude00"', '"😀"', True),
        ('"1"', "1", False),
        ("[]", "{}", False),
        ('{"a": 1, "a": 2}', '{"a": 2, "a": 1}', False),
        ('{"a": 1, "b": 2, "a": 3}', '{"b": 2, "a": 1, "a": 3}', True),
    ],
)
def test_what_is_the_same(left: str, right: str, equal: bool) -> None:
    assert same(left, right) == equal


def test_leaves_are_counted() -> None:
    known = Numbering().of(scan(b'{"a": [1, 2, []], "b": {}, "c": {"d": null}}'))
    assert known.leaves[0] == 5

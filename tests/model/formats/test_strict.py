"""JSON, with Python's own reader as the judge of what is valid, and the standard of what is more."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelweightvis.formats.strict import depth, parse_json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**19), 10**19) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@settings(deadline=None)
@given(JSON, st.booleans())
def test_valid_json_is_what_it_says(value: object, ascii_only: bool) -> None:
    assert parse_json(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "not JSON"),
        (b"\xff", "not UTF-8 at its byte 0"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b'{"a":1,"a":1}', "'a' is said twice"),
        (b'{"b":1,"x":{"a":1,"b":2,"a":3}}', "'a' is said twice"),
        (b'{"a:":1,"a:":2}', "'a:' is said twice"),
        (b'{"x":{"a":":","a":1},"y" : 0}', "'a' is said twice"),
        (b'{"x":[{"a":1,"a":1}]}', "'a' is said twice"),
        (b"[NaN]", "it says NaN"),
        (b"[-Infinity]", "it says -Infinity"),
        (b"1e999", "beyond every float"),
        (b"9" * 400, "beyond every float"),
        (b'"\\ud800"', "half of a surrogate pair"),
        (b'{"\\uDFFF":[]}', "half of a surrogate pair"),
        (b"[" * 1_000_000, "nested too deeply"),
        (b'{"a":' * 1_000_000, "nested too deeply"),
        (b"[" + b"[]," * 4_000_000 + b"0]", "too large"),
        (b"[" + b"0," * 16_000_001 + b"0]", "too large"),
        (b'"\n"', "not JSON"),
        (b"{}\0", "not JSON"),
    ],
    ids=lambda one: one if isinstance(one, str) else "text",
)
def test_what_is_not_valid_is_told_in_a_few_words(text: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_json(text)


def test_integers_that_no_size_can_be_are_floats() -> None:
    assert parse_json(b"[1, -0, 18446744073709551615, 123456789012345678901]") == [
        1,
        0.0,
        2**64 - 1,
        1.2345678901234568e20,
    ]
    assert isinstance(parse_json(b"-0"), float)


def test_depth_counts_containers() -> None:
    assert [depth(one) for one in (1, [], [1, {}], {"a": [[], 2]})] == [0, 1, 2, 3]

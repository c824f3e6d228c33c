"""JSON as its standard has it, and no more: what Python is lenient about is refused here."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import Any

#: Containers inside each other; the limit of most readers of JSON.
DEEPEST = 127
#: Containers and values in all, so that a text cannot grow to many times its length.
CONTAINERS, VALUES = 4_000_000, 16_000_000
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
#: Any digit for another: numbers of many digits are found without looking at each.
_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_LONG = b"0" * 21


def parse_json(data: bytes) -> Any:
    """Parse JSON.

    Duplicate keys, `NaN`, `Infinity`, numbers beyond float64 and halves of surrogate pairs are
    refused. Integers of more than 20 digits come back as floats, and so does `-0`.

    Raises:
        ValueError: the text is not valid; the message says why, in a few words.
    """
    if data.count(b"{") + data.count(b"[") > CONTAINERS or data.count(b",") > VALUES:
        raise ValueError("too large")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 at its byte {error.start}") from None
    try:
        value = _plainly(data, text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON at its character {error.pos}: {error.msg}") from None
    if _SURROGATE.search(text):
        _check_surrogates(value)
    return value


def _plainly(data: bytes, text: str) -> Any:
    """Parse with as few calls as the text allows: none for every number and table of most headers.

    A table that says a key twice has fewer keys than the text has colons.
    """
    if b"-0" not in data and _LONG not in data.translate(_DIGITS):
        value = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
        if _keys(value) == data.count(b":"):
            return value
    return json.loads(
        text,
        object_pairs_hook=_unique,
        parse_constant=_no_constant,
        parse_float=_finite,
        parse_int=_integer,
    )


def _keys(value: Any) -> int:
    """Count the keys of a table and of the tables in it, not of those further in."""
    if not isinstance(value, dict):
        return -1
    return len(value) + sum([len(one) for one in value.values() if isinstance(one, dict)])


def depth(value: object) -> int:
    """Count containers inside each other."""
    level, found = [value], 0
    while level := [one for one in level if isinstance(one, dict | list)]:
        found += 1
        level = [
            inner for one in level for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        double, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise ValueError(f"not unambiguous: {double[:80]!r} is said twice")
    return made


def _no_constant(text: str) -> Any:
    raise ValueError(f"not JSON: it says {text}")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"not valid: {text[:40]} is beyond every float")
    return value


def _integer(text: str) -> int | float:
    return int(text) if len(text) <= 20 and text != "-0" else _finite(text)


def _check_surrogates(value: object) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("not valid: it holds half of a surrogate pair") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None

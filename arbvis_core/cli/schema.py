"""Whether a manifest is what its schema says: the keywords of JSON Schema that ours uses.

A library that knows all of them would be loaded for this alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

#: The schema of `manifest.json`; the reference has a copy.
PATH = Path(__file__).parents[1] / "manifest.schema.json"

_Rule = Mapping[str, Any]
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "array": list,
    "boolean": bool,
    "null": type(None),
    "number": (int, float),
    "object": dict,
    "string": str,
}


def first_fault(manifest: object) -> str | None:
    """Return what is wrong with a manifest, and where, or None: `title: it is missing`."""
    schema = json.loads(PATH.read_text("utf-8"))
    place, fault = next(_faults(manifest, schema, schema["$defs"], ""), ("", None))
    return f"{place or 'its whole'}: {fault}" if fault else None


def _faults(value: Any, rule: _Rule, rules: _Rule, place: str) -> Iterator[tuple[str, str]]:
    if "$ref" in rule:
        yield from _faults(value, rules[rule["$ref"].removeprefix("#/$defs/")], rules, place)
    if fault := _of_itself(value, rule):
        yield place, fault
    elif isinstance(value, dict):
        yield from _of_members(value, rule, rules, place)
    elif isinstance(value, list):
        first = rule.get("prefixItems", ())
        for number, inner in enumerate(value):
            expected = first[number] if number < len(first) else rule.get("items", {})
            yield from _faults(inner, expected, rules, f"{place}[{number}]")


def _of_members(
    value: Mapping[str, Any], rule: _Rule, rules: _Rule, place: str
) -> Iterator[tuple[str, str]]:
    known = rule.get("properties", {})
    for name in rule.get("required", ()):
        if name not in value:
            yield _under(place, name), "it is missing"
    for name, inner in value.items():
        if name in known:
            yield from _faults(inner, known[name], rules, _under(place, name))
        elif rule.get("additionalProperties") is False:
            yield _under(place, name), "nothing of this name belongs there"


def _of_itself(value: Any, rule: _Rule) -> str | None:
    """Return what is wrong with a value, whatever is in it."""
    kinds = rule.get("type", ())
    kinds = (kinds,) if isinstance(kinds, str) else kinds
    if kinds and not any(_is(value, kind) for kind in kinds):
        return f"it is no {' or '.join(kinds)}"
    allowed = rule.get("enum", [rule["const"]] if "const" in rule else [value])
    if not any(_same(value, one) for one in allowed):
        return f"it is not {' or '.join(json.dumps(one) for one in allowed)}"
    if isinstance(value, str):
        # What ends with a line break does not end with the `$` of other languages.
        pattern = rule.get("pattern", "").removesuffix("$")
        ended = r"\Z" if pattern != rule.get("pattern", "") else ""
        if not re.search(pattern + ended, value) or len(value) < rule.get("minLength", 0):
            return "it is no text that can stand there"
    if isinstance(value, list) and not (
        rule.get("minItems", 0) <= len(value) <= rule.get("maxItems", len(value))
    ):
        return f"it holds {len(value)} values"
    if _is(value, "number") and not (
        rule.get("minimum", value) <= value <= rule.get("maximum", value)
    ):
        return f"{value} is out of range"
    return None


def _is(value: object, kind: str) -> bool:
    if kind == "integer":
        return _is(value, "number") and (isinstance(value, int) or float(value).is_integer())  # type: ignore[arg-type]
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _same(value: object, other: object) -> bool:
    return isinstance(value, bool) == isinstance(other, bool) and value == other


def _under(place: str, name: str) -> str:
    return f"{place}.{name:.40}" if place else f"{name:.40}"

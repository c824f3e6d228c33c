"""What `/openapi.json` does not allow is refused, whatever it is: every parameter, every bound."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from typing import Any
from urllib.parse import quote

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arbvis_core.errors import UsageError
from arbvis_core.server.checking import check_value
from arbvis_core.server.operations import OPERATIONS, Operation, Parameter

CASES = [(operation, parameter) for operation in OPERATIONS for parameter in operation.parameters]


def refused(schema: dict[str, Any]) -> Iterator[str]:
    """Yield values just beyond what a schema allows, and values of another type."""
    if "enum" in schema:
        yield from ("", "maybe", schema["enum"][0] + " ", f"{schema['enum'][0]}0")
    elif schema["type"] == "integer":
        low, high = schema["minimum"], schema["maximum"]
        yield from (
            str(low - 1),
            str(high + 1),
            "",
            "x",
            "1.0",
            "1e1",
            "٣",
            "0x1",
            f" {low}",
            f"0{low}",
        )
    elif schema["type"] == "number":
        yield from ("", "x", "nan", "inf", "1e999", "1_0", "٣", "0x1")
        if "minimum" in schema:
            yield str(schema["minimum"] - 1e-9)
        if "exclusiveMinimum" in schema:
            yield from (str(schema["exclusiveMinimum"]), "-1")
        if "exclusiveMaximum" in schema:
            yield str(schema["exclusiveMaximum"])
    else:
        yield "x" * (schema["maxLength"] + 1)
        if schema.get("minLength"):
            yield ""
        if "pattern" in schema:
            yield from ("", "5", "a:b", "-1:2", "1:2:3")


def allowed(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return str(schema["enum"][-1])
    if schema["type"] == "integer":
        return str(schema["minimum"])
    if schema["type"] == "number":
        return "0.25"
    return ":" if "pattern" in schema else "x"


@pytest.mark.parametrize(
    ("operation", "parameter"),
    [pytest.param(*one, id=f"{one[0].path}-{one[1].name}") for one in CASES],
)
def test_what_is_not_allowed_is_refused_with_a_sentence(
    running: Any, operation: Operation, parameter: Parameter
) -> None:
    """With every other thing that has to be said, so that it is this that is refused."""
    scene = next(iter(running.server.live.picture.scenes))
    blanks = {"scene": scene, "zoom": 0, "x": 0, "y": 0}
    path = operation.path.replace(":int", "").format(**blanks)
    needed = [
        f"{one.name}={allowed(dict(one.schema))}"
        for one in operation.parameters
        if one.required and one is not parameter
    ]
    for value in refused(dict(parameter.schema)):
        if len(value) > 3000:  # the guard refuses such addresses
            continue
        query = "&".join([f"{parameter.name}={quote(value)}", *needed])
        answer = running.get(f"{path}?{query}")
        assert (answer.status, answer.kind) == (400, "bad-request"), value
        assert answer.json["error"]["message"].startswith(f"{parameter.name} "), value


@pytest.mark.parametrize("query", ["since=1&since=2", "v=1&v=2", "looking=1&looking=0"])
def test_nothing_is_said_twice(running: Any, query: str) -> None:
    answer = running.get(f"/api/progress?{query}")
    assert answer.status == 400
    assert "2 times" in answer.json["error"]["message"]


def test_somebody_looks_or_nobody_does(running: Any) -> None:
    assert [running.get(f"/api/progress?looking={one}").status for one in "10"] == [200, 200]
    answer = running.get("/api/progress?looking=maybe")
    assert answer.status == 400
    assert answer.json["error"]["message"] == "looking is 1 or 0, not 'maybe'"


@given(st.sampled_from(CASES), st.text(max_size=70) | st.integers().map(str) | st.floats().map(str))
@settings(max_examples=600, deadline=None)
def test_any_value_is_taken_or_refused_as_the_schema_says(
    case: tuple[Operation, Parameter], text: str
) -> None:
    """Against jsonschema: the oracle of what OpenAPI's schemas mean."""
    name, schema = case[1].name, case[1].schema
    value: object = text
    if schema["type"] in {"integer", "number"} and text.strip() == text:
        with suppress(ValueError):
            value = json.loads(text)  # a number, or a text that is none
        if schema["type"] == "integer" and not isinstance(value, int):
            value = text
    expected = jsonschema.Draft202012Validator(schema).is_valid(value)
    if expected and isinstance(value, float):
        expected = math.isfinite(value)
    if expected and isinstance(value, str) and "pattern" in schema:
        expected = not text.endswith("\n")  # which Python's `$` lets pass
    with nullcontext() if expected else pytest.raises(UsageError, match=f"^{name} "):
        check_value(name, text, schema)

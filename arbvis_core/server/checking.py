"""Holds the values of a query to the schemas that `/openapi.json` shows."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from arbvis_core.errors import UsageError

#: Letters of a value that are repeated in an answer.
LONGEST = 64
#: Numbers as JSON has them.
INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,18})")
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][-+]?[0-9]+)?")


def check_value(name: str, text: str, schema: Mapping[str, Any]) -> None:
    """Refuse a value that a schema does not allow.

    Args:
        name: of the parameter.
        text: its value, as the address has it.
        schema: of OpenAPI, as far as `operations` uses it.

    Raises:
        UsageError: so it is.
    """
    shown = repr(text[:LONGEST])
    if "enum" in schema:
        if text not in schema["enum"]:
            raise UsageError(f"{name} is {_either(schema['enum'])}, not {shown}")
    elif schema["type"] == "integer":
        low, high = schema["minimum"], schema["maximum"]
        if not (INTEGER.fullmatch(text) and low <= int(text) <= high):
            raise UsageError(f"{name} is a whole number from {low} to {high}, not {shown}")
    elif schema["type"] == "number":
        if not _within(_number(text), schema):
            raise UsageError(f"{name} is a number{bounds(schema)}, not {shown}")
    else:
        _check_text(name, text, schema)


def _check_text(name: str, text: str, schema: Mapping[str, Any]) -> None:
    if len(text) < schema.get("minLength", 0):
        raise UsageError(f"{name} is empty: leave it out, or say what it is")
    if len(text) > schema["maxLength"]:
        raise UsageError(f"{name} has more than {schema['maxLength']} letters")
    if not re.fullmatch(schema.get("pattern", ".*"), text, re.DOTALL):
        raise UsageError(f"{name} is {schema['description']}, not {text[:LONGEST]!r}")


def _either(names: list[str]) -> str:
    return " or ".join((", ".join(names[:-1]), names[-1]) if len(names) > 1 else names)


def _number(text: str) -> float:
    """Return a finite number; NaN for anything else."""
    number = float(text) if NUMBER.fullmatch(text) else math.nan
    return number if math.isfinite(number) else math.nan


def _within(number: float, schema: Mapping[str, Any]) -> bool:
    return (
        not math.isnan(number)
        and schema.get("minimum", -math.inf) <= number
        and schema.get("exclusiveMinimum", -math.inf)
        < number
        < schema.get("exclusiveMaximum", math.inf)
    )


def bounds(schema: Mapping[str, Any]) -> str:
    """Say what a number may be, in words."""
    words = (("minimum", "from"), ("exclusiveMinimum", "above"), ("exclusiveMaximum", "below"))
    told = [f"{word} {schema[name]:g}" for name, word in words if name in schema]
    return f" {' and '.join(told)}" if told else ""

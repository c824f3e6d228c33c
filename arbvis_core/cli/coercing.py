"""Values of flags that are already what they have to be.

typer has pydantic check every value, a default too, and importing that takes as long as everything
else up to the first byte read. Text for text, one of the choices, a plain whole number within its
bounds and a flag that was not given need no check; whatever else comes is left to typer, with its
messages.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal, get_args, get_origin

#: Digits that are a number to everyone: no sign, no zero before others, no other script.
_PLAIN = re.compile(r"0|[1-9][0-9]{0,8}").fullmatch


def check_late(parameters: Sequence[Any]) -> None:
    """Let typer check the values of parameters only where there is something to check."""
    for one in parameters:
        if hasattr(one, "type_descriptor") and not hasattr(one, "checked_late"):
            one.checked_late = _Late(one.get_runtime_param)
            one.get_runtime_param = one.checked_late.itself


class _Late:
    """Stands for what typer makes to check the values of one parameter."""

    def __init__(self, make: Any) -> None:
        self._make = make

    def itself(self) -> _Late:
        return self

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the value as its function takes it."""
        annotation = param.type_descriptor.annotation
        several = param.multiple or param.nargs == -1
        if value is None:
            return () if several else None
        if several and annotation == list[str] and _are_text(value):
            return [*value]
        if not several and _is_right(value, annotation):
            return value
        if not several and _is_whole(value, annotation, param.type_descriptor.parameter_info):
            return int(value)
        return self._make().coerce(value, param=param, ctx=ctx)


def _are_text(values: Any) -> bool:
    return isinstance(values, (list, tuple)) and all(isinstance(one, str) for one in values)


def _is_right(value: Any, annotation: Any) -> bool:
    if annotation in {str, str | None}:
        return isinstance(value, str)
    if annotation is bool:
        return isinstance(value, bool)
    return get_origin(annotation) is Literal and value in get_args(annotation)


def _is_whole(value: Any, annotation: Any, bounds: Any) -> bool:
    if annotation not in {int, int | None} or not (isinstance(value, str) and _PLAIN(value)):
        return False
    low, high = bounds.min, bounds.max
    return (low is None or low <= int(value)) and (high is None or int(value) <= high)

"""What the query of an address says: how a tile is to be looked at, and numbers within bounds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from arbvis_core.errors import UsageError
from arbvis_core.values import View

#: The fields of a view that are numbers.
NUMBERS = frozenset({"gain", "clip"})
NAMES = tuple(field.name for field in fields(View))
#: Letters of a value.
LONGEST = 64


def view_of(query: Mapping[str, str]) -> View:
    """Return the view that a query chooses, once it was checked; what it leaves open is the plan's."""
    chosen: dict[str, Any] = {name: query[name] for name in NAMES if name in query}
    for name in NUMBERS & chosen.keys():
        chosen[name] = float(chosen[name])
    return View(**chosen)


def bounded(
    query: Mapping[str, str], name: str, low: int, high: int, default: int | None = None
) -> int:
    """Return an integer of a query.

    Raises:
        UsageError: it is missing, none, or outside of what it may be.
    """
    text = query.get(name)
    if text is None and default is not None:
        return default
    if text is None:
        raise UsageError(f"say {name}=…")
    if re.fullmatch(r"-?[0-9]{1,19}", text) and low <= int(text) <= high:
        return int(text)
    raise UsageError(f"{name} is from {low} to {high}, not {text[:LONGEST]!r}")

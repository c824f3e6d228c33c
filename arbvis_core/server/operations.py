"""What may be asked of a live view: every address and all that its query may hold.

The routes are made from this table, queries are refused by it, and `/openapi.json` is written from
it, so none of them can say anything else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from arbvis_core.errors import UsageError

#: Letters of a value that are repeated in an answer.
LONGEST = 64
#: What every query may hold: the token, and a number that makes an address new to a browser.
ALWAYS = frozenset({"token", "v"})


TEXT: Mapping[str, Any] = {"type": "string"}


class Parameter(NamedTuple):
    """What a query may hold.

    Attributes:
        name: before the `=`.
        text: what it means.
        schema: of its value, as OpenAPI has it.
        required: there is no answer without it.
    """

    name: str
    text: str
    schema: Mapping[str, Any] = TEXT
    required: bool = False


class Operation(NamedTuple):
    """What can be asked for at an address.

    Attributes:
        name: what answers it.
        path: with what is in braces filled in; `{zoom:int}` is a number.
        text: what is answered.
        parameters: of its query.
        media: types of the answer.
    """

    name: str
    path: str
    text: str
    parameters: tuple[Parameter, ...] = ()
    media: tuple[str, ...] = ("application/json",)

    @property
    def blanks(self) -> Mapping[str, str]:
        """What is filled into the path, and what it is: `str` or `int`."""
        found = re.findall(r"{(\w+)(?::(\w+))?}", self.path)
        return {name: kind or "str" for name, kind in found}

    def check(self, query: Mapping[str, str]) -> None:
        """Refuse what nothing is made of.

        Raises:
            UsageError: the query holds something that is not in the table, or lacks what has to be.
        """
        known = [one.name for one in self.parameters]
        for name in query:
            if name not in known and name not in ALWAYS:
                told = f"is none of {', '.join(known)}" if known else "is not asked for here"
                raise UsageError(f"{name[:LONGEST]!r} {told}")
        for one in self.parameters:
            if one.required and one.name not in query:
                raise UsageError(f"say {one.name}=…: {one.text}")


def number(low: int, high: int, default: int | None = None) -> dict[str, Any]:
    """Return the schema of an integer."""
    found = {"type": "integer", "minimum": low, "maximum": high}
    return found if default is None else {**found, "default": default}


def one_of(*names: str) -> dict[str, Any]:
    """Return the schema of a name; the first is taken if none is given."""
    return {"type": "string", "enum": list(names), "default": names[0]}


_NUMBER = {"type": "number"}
VIEW = (
    Parameter("colormap", "colours at the maximum zoom"),
    Parameter("overview_colormap", "colours of the zooms above it"),
    Parameter("scale", "what a colour is relative to"),
    Parameter("gain", "factor on values before they are coloured", _NUMBER),
    Parameter("clip", "share of the values beyond either end of the scale", _NUMBER),
    Parameter("overview", "the statistic that a zoomed-out pixel shows"),
    Parameter("metric", "the measure of a difference"),
)

OPERATIONS = (
    Operation("page", "/", "The page.", (), ("text/html",)),
    Operation("file", "/manifest.js", "What the page begins with.", (), ("text/javascript",)),
    Operation("file", "/viewer/{name}", "A file of the page.", (), ("text/javascript", "text/css")),
    Operation("manifest", "/manifest.json", "What is shown: inputs, scenes, placements, legends."),
    Operation(
        "statistics",
        "/data/{scene}/stats.js",
        "What a bundle has measured of a scene, as its page loads it; null in a live view.",
        (),
        ("text/javascript",),
    ),
    Operation(
        "progress",
        "/api/progress",
        "How far the background is with making estimated tiles exact, and which became so.",
        (
            Parameter("since", "the edition that is known already", number(0, 1 << 31, 0)),
            Parameter(
                "looking", "1 if somebody sees the page: without, it pauses", one_of("1", "0")
            ),
        ),
    ),
    Operation(
        "tile",
        "/tiles/{scene}/{zoom:int}/{x:int}/{y:int}.png",
        "A tile of 512 × 512 pixels. The header Arbvis-Sample says from how much it was estimated; "
        "without, it is exact.",
        VIEW,
        ("image/png",),
    ),
    Operation(
        "choices",
        "/api/scenes/{scene}/choices",
        "What can be chosen of how a scene is looked at: names, of which the first is taken if none "
        "is chosen, or the least and the greatest number. `chosen` is what the flags chose.",
    ),
    Operation(
        "legend",
        "/api/scenes/{scene}/legend",
        "What the colours of a view mean, as in the manifest.",
        VIEW,
    ),
)

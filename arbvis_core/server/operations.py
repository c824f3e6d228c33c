"""What may be asked of a live view: every address and all that its query may hold.

The routes are made from this table, queries are refused by it, and `/openapi.json` is written from
it, so none of them can say anything else.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from arbvis_core.errors import UsageError
from arbvis_core.server.checking import LONGEST, check_value

#: What every query may hold: the token, and a number that makes an address new to a browser.
ALWAYS = frozenset({"token", "v"})
#: Letters of a name or of what is searched for; no address is longer than 4096 bytes.
NAME, WORDS = 4096, 200
#: Pixels along the side of a screen.
WIDEST = 1 << 16


def letters(most: int, least: int = 0) -> dict[str, Any]:
    """Return the schema of letters."""
    return {"type": "string", "minLength": least, "maxLength": most}


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
    schema: Mapping[str, Any] = letters(NAME, 1)
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

    def check(self, query: Iterable[tuple[str, str]]) -> None:
        """Refuse what nothing is made of.

        Args:
            query: names and values, as the address has them.

        Raises:
            UsageError: the query holds something that is not in the table, the same thing twice, or
                a value that cannot be, or lacks what has to be.
        """
        asked = [*query]
        known = {one.name: one for one in self.parameters}
        for name, times in Counter(name for name, _ in asked).items():
            if name not in known and name not in ALWAYS:
                told = f"is none of {', '.join(known)}" if known else "is not asked for here"
                raise UsageError(f"{name[:LONGEST]!r} {told}")
            if times > 1:
                raise UsageError(f"{name} is said {times} times")
        for one in self.parameters:
            if one.required and one.name not in dict(asked):
                raise UsageError(f"say {one.name}=…: {one.text}")
        for name, value in asked:
            if name in known:
                check_value(name, value, known[name].schema)


def number(low: int, high: int, default: int | None = None) -> dict[str, Any]:
    """Return the schema of an integer."""
    found = {"type": "integer", "minimum": low, "maximum": high}
    return found if default is None else {**found, "default": default}


def one_of_these(*names: str) -> dict[str, Any]:
    """Return the schema of a name that has to be given."""
    return {"type": "string", "enum": list(names)}


def one_of(*names: str) -> dict[str, Any]:
    """Return the schema of a name; the first is taken if none is given."""
    return {"type": "string", "enum": list(names), "default": names[0]}


#: The schema of the letters `a:b`.
SPAN = {
    **letters(37),
    "pattern": "^[0-9]{0,18}:[0-9]{0,18}$",
    "description": "a:b, either of which may be left out",
}
LOOK = letters(64, 1)
VIEW = (
    Parameter("colormap", "colours at the maximum zoom", LOOK),
    Parameter("overview_colormap", "colours of the zooms above it", LOOK),
    Parameter("scale", "what a colour is relative to", LOOK),
    Parameter(
        "gain",
        "factor on values before they are coloured",
        {"type": "number", "exclusiveMinimum": 0},
    ),
    Parameter(
        "clip",
        "share of the values beyond either end of the scale",
        {"type": "number", "minimum": 0, "exclusiveMaximum": 0.5},
    ),
    Parameter("overview", "the statistic that a zoomed-out pixel shows", LOOK),
    Parameter("metric", "the measure of a difference", LOOK),
)

PLACE = (
    Parameter("x", "pixel of the maximum zoom, from the left", number(0, 1 << 62), required=True),
    Parameter("y", "the same, from the top", number(0, 1 << 62), required=True),
)
SIDE = Parameter("side", "of a difference", one_of("delta", "base", "modified"))

OPERATIONS = (
    Operation("page", "/", "The page.", (), ("text/html",)),
    Operation("file", "/manifest.js", "What the page begins with.", (), ("text/javascript",)),
    Operation("file", "/viewer/{name}", "A file of the page.", (), ("text/javascript", "text/css")),
    Operation(
        "manifest",
        "/manifest.json",
        "What is shown: inputs, scenes, placements, legends. The tiles that show the first scene as a "
        "whole are drawn ahead, until others are asked for.",
        (
            Parameter("width", "pixels of the screen that the whole may take", number(1, WIDEST)),
            Parameter("height", "the same, from top to bottom", number(1, WIDEST)),
        ),
    ),
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
    Operation(
        "value",
        "/api/scenes/{scene}/value",
        "The element that a pixel shows: its name and index, its value (null and a word in `special` "
        "where it is not finite), where it is stored, the stored bytes in hex, and of quantised "
        "types the block: value = scale × code + min, or scale × level. A difference has `base`, "
        "`modified` and `delta`. Where nothing is, `tensor` is null.",
        PLACE,
    ),
    Operation(
        "window",
        "/api/scenes/{scene}/window",
        "A rectangle of at most 65,536 values, of the canvas or of a tensor: rows of numbers, null "
        "where nothing is, words for what is not finite; or a file of numpy's.",
        (
            *(one._replace(required=False) for one in PLACE),
            Parameter("width", "in pixels", number(1, 1 << 62)),
            Parameter("height", "in pixels", number(1, 1 << 62)),
            Parameter("tensor", "a name, instead of a place on the canvas"),
            Parameter(
                "rows",
                "of the tensor, a:b, its leading axes counted through; all if left out",
                SPAN,
            ),
            Parameter("columns", "of the tensor, a:b; all if left out", SPAN),
            SIDE,
            Parameter("format", "of the answer", one_of("json", "npy")),
        ),
        ("application/json", "application/octet-stream"),
    ),
    Operation(
        "bytes",
        "/api/scenes/{scene}/bytes",
        "Bytes of the file that holds what a pixel shows, in hex, from a multiple of 16 on.",
        (*PLACE, Parameter("length", "how many", number(1, 4096, 256))),
    ),
    Operation(
        "selection",
        "/api/scenes/{scene}/bytes/selection",
        "How often each byte occurs in a stretch of the curve, and the entropy in bits per byte; of "
        "more than 64 MiB, by evenly spread runs.",
        (
            Parameter("start", "the first byte", number(0, 1 << 62), required=True),
            Parameter("stop", "the byte after the last", number(0, 1 << 62), required=True),
            Parameter(
                "side", "of a difference, which has to be told", one_of_these("base", "modified")
            ),
        ),
    ),
    Operation(
        "tensors",
        "/api/scenes/{scene}/tensors",
        "What is placed, page by page, with figures as far as it was measured. To sort by a figure "
        "lets the background measure all of them; what is not measured yet comes last.",
        (
            Parameter("filter", "words that name, role or dtype have", letters(WORDS)),
            Parameter(
                "sort",
                "name, role, layer, expert, dtype, elements, bytes, bits_per_weight, "
                "or a figure; in the order of the picture if left out",
                LOOK,
            ),
            Parameter("order", "of what is sorted by", one_of("asc", "desc")),
            Parameter("offset", "rows to leave out", number(0, 1 << 31, 0)),
            Parameter("limit", "rows at most", number(0, 1000, 100)),
        ),
    ),
    Operation(
        "search",
        "/api/search",
        "What letters fit best, in all scenes: names of tensors, files and labels, and where they are.",
        (Parameter("q", "letters, in the order of the name", letters(WORDS), required=True),),
    ),
    Operation(
        "stats",
        "/api/scenes/{scene}/stats",
        "Figures and a histogram of a tensor, as those of a bundle, or of a rectangle of at most "
        "4,194,304 pixels.",
        (
            Parameter("tensor", "a name"),
            *(one._replace(required=False) for one in PLACE),
            Parameter("width", "in pixels", number(1, 1 << 62)),
            Parameter("height", "in pixels", number(1, 1 << 62)),
        ),
    ),
    Operation(
        "profile",
        "/api/scenes/{scene}/profile",
        "How large the rows or columns of a tensor are, leading axes counted through; exact. Where "
        "there are more than 4096, `bin` of them share an entry: `rms` is that of all of them, "
        "`largest` the one with the greatest, which is `largest_rms`, and `max_abs` the greatest |x|.",
        (
            Parameter("tensor", "a name", required=True),
            Parameter("axis", "what is told apart", one_of_these("rows", "columns"), required=True),
            SIDE,
        ),
    ),
    Operation(
        "findings",
        "/api/scenes/{scene}/findings",
        "What stands out of what was measured so far, the rule that found it, and where to look. To "
        "ask lets the background measure the rest; `complete` says when it has.",
    ),
    Operation("openapi", "/openapi.json", "What may be asked, for programs."),
    Operation("docs", "/docs", "What may be asked, for people.", (), ("text/html",)),
    Operation("style", "/docs.css", "How that page looks.", (), ("text/css",)),
)

"""What a row of the name tables says, and how rows are looked up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

#: Longer leaves (characters) are nobody's name for anything.
LONGEST: Final = 300


class Row(NamedTuple):
    """One line of a table.

    Attributes:
        pattern: a regular expression for the whole leaf.
        role: the role it has; may refer to groups of the pattern, and to the context as `{c}`.
        when: matches one of the block's leaves, each written `context|leaf`, for the row to hold.
        unless: matches one of them for the row not to hold.
    """

    pattern: str
    role: str
    when: str = ""
    unless: str = ""


def find(rows: Sequence[Row], leaf: str, siblings: str, context: str = "") -> str | None:
    """Return the role that the first row in force gives a leaf; None if there is none.

    Args:
        rows: a table.
        leaf: dotted words.
        siblings: everything in the same block, one `context|leaf` a line.
        context: what `{c}` stands for.
    """
    if len(leaf) > LONGEST:
        return None
    for row in rows:
        match = _compiled(row.pattern).fullmatch(leaf)
        if match is None:
            continue
        if row.when and not _compiled(_lines(row.when, context)).search(siblings):
            continue
        if row.unless and _compiled(_lines(row.unless, context)).search(siblings):
            continue
        return str(match.expand(row.role.replace("{c}", context)))
    return None


def known(rows: Iterable[Row]) -> list[str]:
    """Return the roles that a table can give, without those built from the leaf itself."""
    return sorted({row.role for row in rows if "\\" not in row.role})


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.MULTILINE)


def _lines(pattern: str, context: str) -> str:
    return f"^(?:{pattern.replace('{c}', context)})$"

"""A report as Markdown: what fits into a pull request or a model card."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from modelweightvis.reports.text import (
    TITLES,
    TITLES_OF_ALL,
    TITLES_OF_ONE,
    cell,
    facts,
    heading,
    notes,
    order,
)

#: Tensors that are listed; JSON and CSV have them all.
SHOWN = 40
#: Names that are listed of what was not compared.
NAMES = 20

_TOTALS = ("tensors", "relative_frobenius", "sqnr_db", "cosine", "changed", "max_abs")
_SIZES = ("other_bytes", "other_bits_per_weight")
_TOTALS_OF_ONE = ("tensors", "count", "bytes", "bits_per_weight", "rms", "max_abs", "zeros")
_ROW = (
    "name",
    "dtype",
    "other_dtype",
    "relative_frobenius",
    "sqnr_db",
    "cosine",
    "changed",
    "max_abs",
)
_ROW_OF_ONE = ("name", "shape", "dtype", "bits_per_weight", "rms", "max_abs", "zeros", "kurtosis")


def markdown(content: Mapping[str, Any]) -> Iterator[str]:
    """Yield the report piece by piece; names are escaped."""
    compared = content["kind"] == "difference"
    titles = TITLES if compared else TITLES_OF_ONE
    yield f"# {escape(heading(content))}\n\n"
    if len(content["models"]) > 1:
        yield from _ladder(content["models"], compared=compared)
    for model in content["models"]:
        yield f"## {escape(model['label'])}\n\n"
        yield from (f"- {name}: **{value}**\n" for name, value in facts(content, model))
        yield "\n"
        if model.get("findings"):
            yield from (f"- {escape(one['text'])} ({one['rule']})\n" for one in model["findings"])
            yield "\n"
        yield "### By role\n\n"
        columns = _TOTALS if compared else _TOTALS_OF_ONE
        yield from _table(("role", *columns), model["by_role"], titles)
        rows = order(content, [one for one in content["tensors"] if one["model"] == model["key"]])
        yield f"### Tensors, {'the most changed' if compared else 'the largest'} first\n\n"
        yield from _table(_ROW if compared else _ROW_OF_ONE, rows[:SHOWN], titles)
        if len(rows) > SHOWN:
            yield f"… and {len(rows) - SHOWN:,} more.\n\n"
        for title, names in notes(model):
            yield f"### {escape(title)}\n\n"
            yield from (f"- {escape(name)}\n" for name in names[:NAMES])
            yield f"- … and {len(names) - NAMES:,} more\n\n" if len(names) > NAMES else "\n"
    if content["warnings"]:
        yield "## Warnings\n\n"
        yield from (f"- {escape(warning)}\n" for warning in content["warnings"])


def _ladder(models: Sequence[Mapping[str, Any]], *, compared: bool) -> Iterator[str]:
    columns = (*_SIZES, *_TOTALS) if compared else _TOTALS_OF_ONE
    rows = [{"label": one["label"], **one["totals"]} for one in models]
    titles = {**(TITLES if compared else TITLES_OF_ONE), **TITLES_OF_ALL}
    yield from _table(("label", *columns), rows, titles)


def _table(
    columns: Sequence[str], rows: Sequence[Mapping[str, Any]], titles: Mapping[str, str]
) -> Iterator[str]:
    yield f"| {' | '.join(escape(titles.get(one, one)) for one in columns)} |\n"
    texts = {"name", "role", "label", "dtype", "other_dtype", "shape"}
    yield f"|{'|'.join('---' if one in texts else '---:' for one in columns)}|\n"
    for row in rows:
        yield f"| {' | '.join(escape(cell(one, row[one])) for one in columns)} |\n"
    yield "\n"


def escape(text: str) -> str:
    """Return a text that Markdown shows as it is, on one line."""
    plain = "".join(char if char.isprintable() else "�" for char in text)
    return re.sub(r"([\\`*_{}\[\]<>#|~!&])", r"\\\1", plain)

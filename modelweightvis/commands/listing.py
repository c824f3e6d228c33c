"""A model as text: facts, tree or table, totals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from arbvis_core.cli.console import count, escape, quantity
from modelweightvis.commands.arguments import aligned
from modelweightvis.inventory import Total, by_dtype, by_group, facts_of_model, total
from modelweightvis.table import Table, cell_text
from modelweightvis.tree import tree

if TYPE_CHECKING:
    from arbvis_core.api import Document
    from modelweightvis.model import Model

#: The columns of a flat list, as far as the table has them. Names say layer and expert.
COLUMNS = ("name", "role", "dtype", "shape", "bytes", "bits_per_weight")
#: What of them is text.
_TEXT = 4


def facts(model: Model) -> list[str]:
    """Return what the model is: files, architecture, sizes."""
    return [escape(line) for document in model.documents for line in _document(document)]


def _document(document: Document) -> list[str]:
    size = quantity(sum(source.size for source in document.sources), "B")
    lines = [f"{document.name}: {document.format}, {count(len(document.sources), 'file')}, {size}"]
    told, _ = facts_of_model(document)
    heads = f"{told.get('heads', 0):,} heads"
    if "head_dim" in told:
        heads += f" of {told['head_dim']:,}"
    if told.get("kv_heads", told.get("heads")) != told.get("heads"):
        heads += f" ({told['kv_heads']:,} for keys and values)"
    experts = f"{told.get('experts', 0):,} experts"
    if "experts_per_token" in told:
        experts += f" ({told['experts_per_token']:,} per token)"
    shown = {
        "architecture": told.get("architecture"),
        "layers": f"{told.get('layers', 0):,} layers",
        "hidden_size": f"hidden size {told.get('hidden_size', 0):,}",
        "heads": heads,
        "experts": experts,
        "vocab_size": f"vocabulary {told.get('vocab_size', 0):,}",
        "max_positions": f"context {told.get('max_positions', 0):,}",
    }
    line = ", ".join(str(text) for fact, text in shown.items() if told.get(fact))
    return [*lines, f"  {line}"] if line else lines


def nested(model: Model, *, every_layer: bool) -> list[str]:
    """Return the tree of its tensors."""
    rows = [("tensor", "role", "type", "shape", "tensors", "bytes", "bits/weight")]
    for line in tree(model, every_layer=every_layer):
        label = "  " * line.depth + line.label
        rows.append((label, line.role, line.dtype, line.shape, *_sizes(total(line.tensors))))
    return aligned(rows, _TEXT)


def flat(table: Table, sort: str | None) -> list[str]:
    """Return a line per tensor."""
    columns = [name for name in COLUMNS if name in table.columns]
    if sort is not None and sort not in columns:
        columns.append(sort)
    figures = table.columns[table.columns.index("count") + 1 :]
    columns += [name for name in figures if name not in columns]
    rows = [columns, *([cell_text(row[name]) for name in columns] for row in table)]
    return aligned(rows, _TEXT)


def totals(model: Model) -> list[str]:
    """Return what the tensors amount to: by role, by type, all together."""
    tensors = [*model.values()]
    whole = total(tensors)
    parts = [_shares(one, whole) for one in (by_group(tensors), by_dtype(tensors), {"all": whole})]
    rows: list[tuple[str, ...]] = [("", "parameters", "share", "tensors", "bytes", "bits/weight")]
    for part in parts:
        rows += part
        rows.append(("",) * 6)
    return aligned(rows[:-1], 1)


def _shares(found: Mapping[str, Total], whole: Total) -> list[tuple[str, ...]]:
    return [
        (
            name,
            f"{one.parameters:,}",
            f"{100 * one.parameters / max(whole.parameters, 1):.1f} %",
            *_sizes(one),
        )
        for name, one in found.items()
    ]


def _sizes(found: Total) -> tuple[str, str, str]:
    return f"{found.tensors:,}", quantity(found.bytes, "B"), f"{found.bits_per_weight:.4g}"


def warnings(model: Model) -> list[str]:
    """Return what is wrong, with the files and with what they say of themselves."""
    doubts = (one for document in model.documents for one in facts_of_model(document)[1])
    return list(dict.fromkeys((*model.warnings, *doubts)))

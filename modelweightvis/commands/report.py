"""A model as JSON: a contract, described in the reference with its schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from math import inf
from typing import TYPE_CHECKING, Any

from arbvis_core import __version__
from modelweightvis.commands.listing import warnings
from modelweightvis.inventory import Total, by_dtype, by_group, facts_of_model, total
from modelweightvis.measuring import FIGURES

if TYPE_CHECKING:
    from arbvis_core.api import Document
    from modelweightvis.model import Model
    from modelweightvis.table import Table

#: The number of the contract; it grows when something is renamed or means something else.
SCHEMA = 1
#: Objects inside each other; what is deeper in a configuration is left out.
DEEPEST = 64


def lines(model: Model, table: Table, *, stats: bool) -> Iterator[str]:
    """Yield the document line by line, a tensor on each.

    Args:
        model: what it is about.
        table: its tensors, in the order they are listed.
        stats: whether the table has their statistics.
    """
    tensors = [*model.values()]
    whole = {
        "schema": SCHEMA,
        "generator": {"name": "modelweightvis", "version": __version__},
        "model": model.path,
        "documents": [_document(document) for document in model.documents],
        "totals": {
            **_total(total(tensors)),
            "by_dtype": _totals("dtype", by_dtype(tensors)),
            "by_group": _totals("group", by_group(tensors)),
        },
        "tensors": [_tensor(model, row, stats=stats) for row in table],
        "warnings": warnings(model),
    }
    yield from json_lines(whole)


def json_lines(whole: Mapping[str, Any]) -> Iterator[str]:
    """Yield a document of JSON line by line, the members of its lists on a line each."""
    yield "{"
    for place, (key, value) in enumerate(whole.items()):
        comma = "," if place < len(whole) - 1 else ""
        if isinstance(value, list) and value:
            yield f"  {_json(key)}: ["
            for number, one in enumerate(value):
                yield f"    {_json(one)}{',' if number < len(value) - 1 else ''}"
            yield f"  ]{comma}"
        else:
            yield f"  {_json(key)}: {_json(value)}{comma}"
    yield "}"


def _json(value: object) -> str:
    """Write a value on one line."""
    return json.dumps(_plain(value, DEEPEST), allow_nan=False)


def _plain(value: Any, deepest: int) -> Any:
    """Return a value as JSON has it: null in place of what it has no number for, or that is too deep."""
    if isinstance(value, float):
        return value if abs(value) < inf else None
    if not isinstance(value, Mapping | list | tuple):
        return value
    if not deepest:
        return None
    if isinstance(value, Mapping):
        return {str(key): _plain(one, deepest - 1) for key, one in value.items()}
    return [_plain(one, deepest - 1) for one in value]


def _document(document: Document) -> dict[str, Any]:
    told, _ = facts_of_model(document)
    missing = document.metadata.get("missing", {})
    return {
        "name": document.name,
        "format": document.format,
        "files": [{"name": source.name, "size": source.size} for source in document.sources],
        "missing_files": list(missing.get("files", ())),
        "facts": told,
        "metadata": document.metadata.get("pairs", {}),
        "config": document.metadata.get("config"),
    }


def _totals(key: str, found: Mapping[str, Total]) -> list[dict[str, Any]]:
    return [{key: name, **_total(one)} for name, one in found.items()]


def _total(found: Total) -> dict[str, Any]:
    return {
        "tensors": found.tensors,
        "parameters": found.parameters,
        "bytes": found.bytes,
        "bits_per_weight": found.bits_per_weight,
    }


def _tensor(model: Model, row: Mapping[str, Any], *, stats: bool) -> dict[str, Any]:
    tensor = model[row["name"]]
    name = tensor.tensor.name
    told = {
        "name": row["name"],
        "document": tensor.document.name,
        "canonical": name.canonical,
        "stack": name.stack,
        "layer": name.layer,
        "role": name.role,
        "kind": name.kind,
        "expert": name.expert,
        "part": name.part,
        "dtype": tensor.dtype,
        "decoded": tensor.tensor.decoded,
        "shape": list(tensor.shape),
        "parameters": tensor.size,
        "bytes": tensor.nbytes,
        "bits_per_weight": tensor.bits_per_weight,
    }
    return told | ({"stats": {figure: row[figure] for figure in FIGURES}} if stats else {})

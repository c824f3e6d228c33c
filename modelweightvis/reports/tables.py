"""The tensors of a report as tables for other programs: CSV and Parquet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

from modelweightvis.reports.rows import OF_ONE, OF_TWO
from modelweightvis.table import Table

#: What spreadsheets take for a formula.
FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def columns_of(content: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the columns of a report's tensors."""
    return OF_TWO if content["kind"] == "difference" else OF_ONE


def csv_lines(content: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line per tensor after the names of the columns; shapes and places are JSON lists."""
    columns = columns_of(content)
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for row in content["tensors"]:
        writer.writerow([_cell(row[column]) for column in columns])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _cell(value: Any) -> Any:
    """Return a value as a spreadsheet takes it: names are never formulas."""
    if isinstance(value, list | tuple):
        return json.dumps(list(value))
    if isinstance(value, str) and value.startswith(FORMULAS):
        return f"'{value}"
    return value


def parquet(content: Mapping[str, Any], mark: str) -> Iterator[bytes]:
    """Yield the table as Parquet; what else the report says is metadata of the file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = columns_of(content)
    rest = {name: value for name, value in content.items() if name != "tensors"}
    arrays = {name: [row[name] for row in content["tensors"]] for name in columns}
    schema = pa.schema(
        [pa.field(name, _type(name, pa)) for name in columns],
        metadata={"modelweightvis": json.dumps({"$comment": mark, **rest})},
    )
    sink = io.BytesIO()
    pq.write_table(pa.table(arrays, schema), sink, compression="zstd")
    yield sink.getvalue()


def _type(column: str, pa: Any) -> Any:
    """Return the type of a column: the same whatever the rows are."""
    if column in {"shape", "other_shape", "max_abs_index"}:
        return pa.list_(pa.int64())
    if column in {"layer", "expert", "bytes", "count"} or column.startswith("non_finite"):
        return pa.int64()
    texts = {"model", "name", "canonical", "stack", "role", "part", "dtype", "pairing"}
    if column in texts or column in {"other_name", "other_dtype"}:
        return pa.string()
    return pa.float64()


def table_of(content: Mapping[str, Any]) -> Table:
    """Return the tensors of a report as a table in the hand."""
    columns = columns_of(content)
    return Table(
        columns, ([_known(row[column]) for column in columns] for row in content["tensors"])
    )


def _known(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value

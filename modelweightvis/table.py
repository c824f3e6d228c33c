"""A small table: what `stats()` returns, before anybody needs pandas for it."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

from arbvis_core.api import MissingExtraError, UsageError

if TYPE_CHECKING:
    import pandas as pd

#: Rows that a table shows of itself; it says how many more there are.
SHOWN = 60


class Table:
    """Rows of named columns. It shows itself in a notebook, and yields a dictionary per row.

    `table["rms"]` is a column, `table[3]` a row, `table[:10]` a table of the first rows.
    """

    def __init__(self, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        self._columns = tuple(columns)
        self._rows = [tuple(row) for row in rows]

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return self._columns

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (dict(zip(self._columns, row, strict=True)) for row in self._rows)

    @overload
    def __getitem__(self, key: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, key: slice) -> Table: ...
    @overload
    def __getitem__(self, key: str) -> list[Any]: ...
    def __getitem__(self, key: int | slice | str) -> dict[str, Any] | Table | list[Any]:
        """Return a row by its number, rows by a slice, or a column by its name.

        Raises:
            UsageError: there is no such column.
        """
        if isinstance(key, str):
            at = self._index(key)
            return [row[at] for row in self._rows]
        if isinstance(key, slice):
            return Table(self._columns, self._rows[key])
        return dict(zip(self._columns, self._rows[key], strict=True))

    def _index(self, column: str) -> int:
        if column not in self._columns:
            raise UsageError(
                f"there is no column {column}; the columns are {', '.join(self._columns)}"
            )
        return self._columns.index(column)

    def sorted(self, column: str) -> Table:
        """Return the table sorted by a column: numbers from the largest, texts from A.

        What a row does not know comes last, and rows that are equal keep their order.

        Raises:
            UsageError: there is no such column.
        """
        at = self._index(column)
        known = [row for row in self._rows if row[at] is not None]
        if known and isinstance(known[0][at], int | float):
            known.sort(key=lambda row: -row[at])
        else:
            known.sort(key=lambda row: str(row[at]))
        return Table(self._columns, known + [row for row in self._rows if row[at] is None])

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return a dictionary per row."""
        return list(self)

    def to_columns(self) -> dict[str, list[Any]]:
        """Return a list per column."""
        return {name: self[name] for name in self._columns}

    def to_pandas(self) -> pd.DataFrame:
        """Return a data frame.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        try:
            import pandas as pd
        except ModuleNotFoundError as error:
            raise MissingExtraError("a table as a data frame", "pandas") from error
        return pd.DataFrame(self.to_columns(), columns=[*self._columns])

    def __repr__(self) -> str:
        shown = [self._columns, *([cell_text(cell) for cell in row] for row in self._rows[:SHOWN])]
        widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in shown
        ]
        return "\n".join([*lines, *self._rest()])

    def _rest(self) -> list[str]:
        left = len(self._rows) - SHOWN
        return [f"… and {left:,} more rows"] if left > 0 else []

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{html.escape(name)}</th>" for name in self._columns)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell_text(cell))}</td>" for cell in row) + "</tr>"
            for row in self._rows[:SHOWN]
        )
        note = "".join(f"<p>{line}</p>" for line in self._rest())
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{note}"


def cell_text(cell: Any) -> str:
    """Write a cell: numbers to four digits, whole ones with separators, nothing for None."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:.4g}"
    if isinstance(cell, int):
        return f"{cell:,}"
    if isinstance(cell, tuple):
        return " × ".join(f"{one:,}" for one in cell) or "scalar"
    return str(cell)

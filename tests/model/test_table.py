from __future__ import annotations

import sys

import pytest

from arbvis_core.api import MissingExtraError, UsageError
from modelweightvis.table import SHOWN, Table

ROWS = [("a", 1.5, (2, 3)), ("<b>", None, (4,)), ("c", 20.25, ()), ("d", 1.5, (1,))]
TABLE = Table(("name", "rms", "shape"), ROWS)


def test_it_is_rows_and_columns() -> None:
    assert len(TABLE) == 4
    assert TABLE.columns == ("name", "rms", "shape")
    assert TABLE[1] == {"name": "<b>", "rms": None, "shape": (4,)}
    assert TABLE["rms"] == [1.5, None, 20.25, 1.5]
    assert TABLE[-2:]["name"] == ["c", "d"]
    assert [*TABLE] == TABLE.to_dicts()
    assert TABLE.to_columns()["shape"] == [(2, 3), (4,), (), (1,)]
    with pytest.raises(UsageError, match="no column loss; the columns are name, rms, shape"):
        TABLE["loss"]


def test_it_sorts_numbers_from_the_largest_and_texts_from_a() -> None:
    assert TABLE.sorted("rms")["name"] == ["c", "a", "d", "<b>"]
    assert TABLE.sorted("name")["name"] == ["<b>", "a", "c", "d"]
    assert Table(("x",), [(None,), (None,)]).sorted("x")["x"] == [None, None]
    with pytest.raises(UsageError):
        TABLE.sorted("loss")


def test_it_shows_itself_as_text() -> None:
    lines = repr(TABLE).splitlines()
    assert lines[0].split() == ["name", "rms", "shape"]
    assert lines[1].split("  ") == ["a   ", " 1.5  ".strip(), "2 × 3"] or "2 × 3" in lines[1]
    assert lines[3].split() == ["c", "20.25", "scalar"]
    long = Table(("n",), [(number,) for number in range(SHOWN + 1234)])
    assert repr(long).endswith("… and 1,234 more rows")
    assert "1,234 more rows" in long._repr_html_()


def test_it_shows_itself_in_a_notebook_and_escapes() -> None:
    shown = TABLE._repr_html_()
    assert "<b>" not in shown
    assert "<td>&lt;b&gt;</td><td></td><td>4</td>" in shown
    assert shown.count("<tr>") == 5


def test_it_becomes_a_data_frame() -> None:
    pandas = pytest.importorskip("pandas")
    frame = TABLE.to_pandas()
    assert [*frame.columns] == [*TABLE.columns]
    assert frame.sort_values("rms", ascending=False).name.iloc[0] == "c"
    assert pandas.isna(frame.rms[1])


def test_without_pandas_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'modelweightvis\[pandas\]'"):
        TABLE.to_pandas()

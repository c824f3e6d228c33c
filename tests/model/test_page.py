from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
from checkpoints import folder, llama

import modelweightvis
from modelweightvis.model import Model, named
from modelweightvis.page import SHOWN, model_page


class Cells(HTMLParser):
    """Reads the rows of a page, and which tags it is made of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def test_it_has_the_lines_of_the_tree(tmp_path: Path) -> None:
    page = model_page(modelweightvis.open(folder(tmp_path / "m", llama())))
    rows = Cells(page).rows
    assert rows[1] == [
        "model.embed_tokens.weight",
        "embedding.token",
        "F32",
        "96 × 32",
        "1",
        "12,288",
        "32",
    ]
    assert rows[2][0] == "model.layers.0–2  ×3"
    assert rows[2][4:] == ["27", "92,928", "32"]


def test_names_and_warnings_are_text(tmp_path: Path) -> None:
    held = {"<script>x</script>": np.ones(2, "f4"), "a&b.weight": np.ones(3, "f4")}
    model = modelweightvis.open(folder(tmp_path / "m", held))
    told = Model("<i>.gguf", model.documents, model, warnings=["<u>look</u>"])
    cells = Cells(model_page(told))
    assert not cells.tags & {"script", "i", "u"}
    assert {row[0] for row in cells.rows} >= {*held}


def test_a_long_tree_is_cut_and_says_so(tmp_path: Path) -> None:
    held = {f"layer{n}.weight": np.ones((1, 1), "f4") for n in range(SHOWN + 5)}
    model = modelweightvis.open(folder(tmp_path / "m", held))
    (document,) = model.documents
    whole = Model(model.path, [document], named([replace(document, name="x")]))
    assert "more lines" in model_page(whole)
    assert len(Cells(model_page(whole)).rows) == SHOWN + 1

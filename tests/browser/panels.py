"""What tests of the panel ask a page."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from arbvis_core.viewer.bundle import pages

from .conftest import Viewer
from .tensors import placements


def seen_whole(viewer: Viewer, box: dict[str, Any]) -> bool:
    """Whether a placement is framed: all of it on screen, and large."""
    visible = viewer.run("stage.map.visible")
    inside = (
        visible["x0"] <= box["x"]
        and visible["y0"] <= box["y"]
        and visible["x1"] >= box["x"] + box["width"]
        and visible["y1"] >= box["y"] + box["height"]
    )
    width = (visible["x1"] - visible["x0"]) / box["width"]
    height = (visible["y1"] - visible["y0"]) / box["height"]
    return inside and min(width, height) < 4


def chosen(viewer: Viewer, bundle: Path) -> str | None:
    """The name of what is chosen."""
    index = viewer.run("stage.overlay.selected")
    return None if index is None else list(placements(bundle))[index]


def changed(model: Path, out: Path, change: Any) -> Path:
    """The bundle of the model with a manifest that was changed."""
    shutil.copytree(model, out)
    facts = json.loads((out / "manifest.json").read_text("utf-8"))
    change(facts["scenes"][0])
    for blob in pages(facts, {}):
        (out / blob.path).write_bytes(blob.data)
    return out


def column(viewer: Viewer, label: str) -> list[str]:
    """The texts of a column of the table, as far as its rows exist."""
    script = """(label) => {
      const heads = [...document.querySelectorAll(".table-head [role=columnheader]")];
      const at = heads.findIndex((head) => head.textContent.trim() === label);
      return [...document.querySelectorAll(".table .row")].map((row) => row.children[at].textContent);
    }"""
    found: list[str] = viewer.page.evaluate(script, label)
    return found


def told(viewer: Viewer, term: str, value: str, card: str = ":not(.pinned)") -> dict[str, str]:
    """What a card tells once the server has answered with a value."""
    script = """([card, term, value]) => {
      const lines = [...document.querySelectorAll(`.hover${card} .told dt`)];
      const facts = lines.map((one) => [one.textContent, one.nextElementSibling.innerText]);
      const found = Object.fromEntries(facts);
      return found[term]?.split(" ")[0] === value && found;
    }"""
    facts: dict[str, str] = viewer.page.wait_for_function(
        script, arg=[card, term, value]
    ).json_value()
    return facts


def written(value: np.float32) -> str:
    """A number as the page writes it."""
    return np.format_float_positional(value, unique=True, trim="-").replace("-", "\u2212")


def views(viewer: Viewer) -> tuple[dict[str, float], dict[str, float]]:
    """Where either half looks."""
    viewer.settle()
    script = """() => {
      const { app } = arbvis.viewer;
      const split = app.features.find((one) => "match" in one);
      return [app.stage.map.view, split.stage.map.view];
    }"""
    left, right = viewer.page.evaluate(script)
    return left, right


def in_step(viewer: Viewer, x: float, y: float) -> None:
    left, right = views(viewer)
    assert right["zoom"] == pytest.approx(left["zoom"], abs=1e-6)
    assert right["x"] - left["x"] == pytest.approx(x, abs=0.02)
    assert right["y"] - left["y"] == pytest.approx(y, abs=0.02)

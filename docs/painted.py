"""Write the page of how much of the canvas is painted, by arranging models of true shapes.

Usage: python docs/painted.py. The shapes lie in `tests/model/layouts/model_shapes.py`; a test holds
that the page is current.
"""

from __future__ import annotations

import importlib.util
from math import prod
from pathlib import Path
from typing import Any

from arbvis_core.api import Canvas, Document, Request
from modelweightvis.layouts import ArchLayoutPlugin

ROOT = Path(__file__).parents[1]
SHAPES = ROOT / "tests" / "model" / "layouts" / "model_shapes.py"
PAGE = ROOT / "docs" / "reference" / "painted.md"

INTRO = """\
# How much of the canvas is painted

Made by arranging models of the true shapes, without a byte of data; do not edit. *Painted* is the
sum of elements divided by the pixels of the canvas, every gap and every ragged edge included.

| Model | Tensors | Elements | Canvas | Painted |
|---|--:|--:|--:|--:|
"""


def shapes() -> Any:
    """Import the models' shapes by their path."""
    spec = importlib.util.spec_from_file_location(SHAPES.stem, SHAPES)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(SHAPES)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def row(name: str, document: Document) -> str:
    """Return a model's row of the table."""
    (scene,) = ArchLayoutPlugin().arrange(Request((name,)), [document])
    if not isinstance(scene.extent, Canvas):
        raise TypeError(scene.extent)
    area = scene.extent.width * scene.extent.height
    elements = sum(prod(region.shape) for region in document.regions)
    return (
        f"| {name} | {len(scene.placements):,} | {elements / 1e6:,.0f} M "
        f"| {scene.extent.width:,} × {scene.extent.height:,} | {elements / area:.0%} |"
    )


def page() -> str:
    """Return the page."""
    rows = [row(name, make()) for name, (make, _) in shapes().MODELS.items()]
    return INTRO + "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")

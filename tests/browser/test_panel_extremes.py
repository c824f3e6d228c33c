"""The panel at the side with figures of any kind, of many tensors, of hostile names, of bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .conftest import HOSTILE, OpenPage, Viewer
from .panels import changed, column
from .tensors import number, placements, render

pytestmark = pytest.mark.browser


@pytest.fixture
def viewer(open_page: OpenPage, model: Path) -> Viewer:
    return open_page(model)


def test_any_figures_have_columns(open_page: OpenPage, model: Path, tmp_path: Path) -> None:
    """Differences have other figures, attributes of their own, and gaps."""

    def change(scene: dict[str, Any]) -> None:
        for at, one in enumerate(scene["placements"]):
            one["stats"] = {
                "relative_frobenius": at / 7 if at % 5 else None,
                "sqnr_db": 40.0 - at,
                "changed": at / 100,
                "max_abs_index": [at, 3],
                "odd": "text" if at % 2 else 5,
            }
            one |= {"pairing": "name", "other": f"b/{one['name']}", "other_dtype": "Q4_K"}

    viewer = open_page(changed(model, tmp_path / "changed", change))
    page = viewer.page
    total = len(placements(model))
    page.keyboard.press("a")
    page.get_by_role("columnheader", name="relative frobenius").get_by_role("button").click()
    shown = column(viewer, "relative frobenius")
    gaps = len(range(0, total, 5))
    assert shown[-1] == "–" or len(shown) < total
    values = [number(text) for text in shown if text != "–"]
    assert values == pytest.approx(
        sorted((at / 7 for at in range(total) if at % 5), reverse=True)[: len(values)], rel=1e-3
    )
    assert shown.count("–") <= gaps
    assert "[3, 3]" in column(viewer, "max abs index")
    assert set(column(viewer, "Other dtype")) == {"Q4_K"}
    page.keyboard.press("g")
    assert page.get_by_label("Figure", exact=True).input_value() == "stats.relative_frobenius"
    page.keyboard.press("i")
    page.keyboard.press("/")
    page.keyboard.type("gate 1")
    page.keyboard.press("Enter")
    assert "sqnr db" in page.locator(".statistics").inner_text()


def crowd(scene: dict[str, Any]) -> None:
    """Put forty thousand tensors in the place of a scene's own."""
    first = scene["placements"][0]
    width = scene["canvas"]["width"]
    scene["placements"] = [
        first
        | {
            "name": f"model.layers.{layer}.experts.{expert}.{role}",
            "role": f"experts.{role}",
            "layer": layer,
            "expert": expert,
            "canonical": f"{layer}.{expert}.{role}",
            "x": (layer * 7 + expert) % (width - 8),
            "y": layer,
            "width": 8,
            "height": 2,
            "shape": [2, 8],
            "fold": None,
            "stats": {"rms": layer + expert / 1000},
        }
        for layer in range(80)
        for expert in range(250)
        for role in ("up", "down")
    ]


def test_forty_thousand_tensors(open_page: OpenPage, model: Path, tmp_path: Path) -> None:
    """Only the rows on screen exist, and the last of them is found."""

    viewer = open_page(changed(model, tmp_path / "large", crowd))
    page = viewer.page
    rows = "() => document.querySelectorAll('.panel .row').length"
    page.keyboard.press("a")
    assert page.get_by_role("grid").get_attribute("aria-rowcount") == "40001"
    assert page.evaluate(rows) < 100
    page.get_by_role("columnheader", name="rms").get_by_role("button").click()
    assert column(viewer, "rms")[0] == "79.25"
    page.get_by_role("grid").focus()
    page.keyboard.press("End")
    assert column(viewer, "rms")[-1] == "0"
    page.keyboard.press("e")
    page.keyboard.press("/")
    page.keyboard.type("down layer 79 expert 249")
    page.keyboard.press("Enter")
    viewer.settle()
    marked = page.get_by_role("tree").locator("[aria-selected=true]")
    assert marked.get_attribute("title") == "model.layers.79.experts.249.down"
    assert page.evaluate(rows) < 100
    page.keyboard.press("g")
    assert "mean of 250" in page.locator("td[aria-label^='experts up, layer 3:']").get_attribute(
        "aria-label"
    )


def test_hostile_words_are_text(open_page: OpenPage, model: Path, tmp_path: Path) -> None:
    def change(scene: dict[str, Any]) -> None:
        for at, one in enumerate(scene["placements"]):
            trap = HOSTILE[at % len(HOSTILE)]
            one |= {"name": f"{at}{trap}", "role": trap, "stack": trap, "dtype": trap, trap: trap}
            one["stats"][trap] = trap

    viewer = open_page(changed(model, tmp_path / "hostile", change))
    page = viewer.page
    for key in ("e", "a", "g", "i"):
        page.keyboard.press(key)
        page.keyboard.press("]")
    page.keyboard.press("/")
    page.keyboard.type("img")
    page.keyboard.press("Enter")
    viewer.settle()
    assert "<img src=x onerror=alert(1)>.bin" in page.locator(".statistics").inner_text()
    assert page.locator("img:not(.leaflet-tile)").count() == 0
    again = open_page(viewer.bundle, fragment=page.evaluate("() => location.hash"))
    assert again.run("stage.overlay.selected") is not None


def test_bytes_have_no_panel(open_page: OpenPage, bundle: Path) -> None:
    viewer = open_page(bundle)
    for key in ("e", "a", "g", "i", "b", "h", "]"):
        viewer.page.keyboard.press(key)
    assert not viewer.page.locator(".panel").is_visible()
    assert not viewer.page.get_by_role("button", name="Attention heads").is_visible()


def test_the_picture_makes_room_for_the_panel(viewer: Viewer) -> None:
    viewer.page.keyboard.press("a")
    viewer.settle()
    panel = viewer.page.locator(".panel").bounding_box()
    content = viewer.run("stage.scene.content")
    left = viewer.run("stage.map.leaflet.latLngToContainerPoint([0, 0])")["x"]
    assert left >= panel["x"] + panel["width"]
    assert content["x0"] == 0
    viewer.page.keyboard.press("b")
    assert not viewer.page.locator(".panel").is_visible()
    viewer.page.reload()
    viewer.settle()
    assert not viewer.page.locator(".panel").is_visible()
    viewer.page.keyboard.press("b")
    viewer.page.reload()
    viewer.settle()
    assert viewer.page.get_by_role("grid").is_visible()


def test_what_has_no_known_role_goes_by_its_name(open_page: OpenPage, tmp_path: Path) -> None:
    import numpy as np
    from safetensors.numpy import save_file

    names = ["alpha", "some.thing.else", "z" * 300]
    source = tmp_path / "odd.safetensors"
    save_file({name: np.ones((64, 64), "f4") for name in names}, source)
    viewer = open_page(render(source, tmp_path / "out"))
    page = viewer.page
    page.keyboard.press("e")
    rows = page.get_by_role("treeitem").locator(".row-name")
    assert sorted(rows.all_inner_texts()) == sorted(names)
    page.keyboard.press("a")
    assert sorted(column(viewer, "Tensor")) == sorted(names)
    viewer.run("stage.map.show({x: 30, y: 30, zoom: stage.scene.maxZoom + 2})")
    viewer.hover(30, 30)
    title = page.locator(".hover:not(.pinned) .hover-title").inner_text()
    assert title in names

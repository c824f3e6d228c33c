"""What axe-core finds on the page, panel by panel, light and dark; and what the keyboard reaches."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import OpenPage, Viewer
from .live import placements as served
from .tensors import placements

pytestmark = pytest.mark.browser

#: Keys that open a part of the page.
PARTS = ("", "e", "a", "g", "i", "?", "/")


def violations(viewer: Viewer) -> list[str]:
    """The rules that are broken, each with the elements that break it.

    Style sheets are not preloaded: the page's own policy forbids to fetch them.
    """
    axe = pytest.importorskip("axe_playwright_python.base")
    viewer.page.evaluate(axe.AXE_SCRIPT)
    script = """async () => (await axe.run({ preload: false })).violations.map(
        ({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`)"""
    found: list[str] = viewer.page.evaluate(script)
    return found


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("part", PARTS)
def test_tensors_break_no_rule(open_page: OpenPage, model: Path, part: str, theme: str) -> None:
    viewer = open_page(model, theme=theme)
    box = placements(model)["model.layers.1.self_attn.q_proj.weight"]
    viewer.show(box["x"] + 30, box["y"] + 30, 4)
    viewer.page.mouse.click(*viewer.point(box["x"] + 30, box["y"] + 30))
    if part:
        viewer.page.keyboard.press(part)
        viewer.settle()
    if part == "i":
        viewer.page.locator("canvas.distribution").wait_for()
    assert violations(viewer) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_bytes_break_no_rule(open_page: OpenPage, bundle: Path, theme: str) -> None:
    viewer = open_page(bundle, theme=theme)
    viewer.page.keyboard.press("p")
    viewer.page.get_by_text("Histogram").click()
    assert violations(viewer) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_live_view_breaks_no_rule(open_page: OpenPage, live: str, theme: str) -> None:
    viewer = open_page(live, theme=theme)
    page = viewer.page
    box = served(live)["model.layers.2.mlp.up_proj.weight"]
    viewer.show(box["x"] + 30, box["y"] + 7, 6)
    page.get_by_role("button", name="Colours and scales").wait_for()
    page.mouse.click(*viewer.point(box["x"] + 30, box["y"] + 7))
    page.locator(".hover.pinned").get_by_text("Byte offset").wait_for()
    parts = {"v": "#look-gain", "S": ".swipe-handle", "f": ".finding", "i": ".profile"}
    for key, awaited in parts.items():
        page.keyboard.press(key)
        page.locator(awaited).first.wait_for()
        viewer.settle()
        assert violations(viewer) == [], key
        if key in {"v", "S"}:
            page.evaluate("() => document.activeElement.blur()")
            page.keyboard.press(key)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_bytes_in_hex_break_no_rule(open_page: OpenPage, live_bytes: str, theme: str) -> None:
    viewer = open_page(live_bytes, theme=theme)
    for key in ("x", "p", ",", "."):
        viewer.page.keyboard.press(key)
    viewer.page.get_by_text("bits per byte").wait_for()
    assert violations(viewer) == []


@pytest.mark.parametrize("kind", ["bundle", "live"])
def test_tab_reaches_every_control(open_page: OpenPage, model: Path, live: str, kind: str) -> None:
    viewer = open_page(model if kind == "bundle" else live)
    page = viewer.page
    box = placements(model)["model.layers.1.self_attn.q_proj.weight"]
    if kind == "live":
        page.get_by_role("button", name="Colours and scales").wait_for()
        page.keyboard.press("v")
        page.locator("#look-gain").wait_for()
        page.evaluate("() => document.activeElement.blur()")
        page.keyboard.press("S")
        page.get_by_role("separator").wait_for()
        page.keyboard.press("f")  # what is measured later would draw panes anew, under the Tab
        page.locator(".pane").get_by_text("4 findings.", exact=True).wait_for()
        page.wait_for_function(
            """() => arbvis.viewer.app.stage.scene.placements.items.every(({ stats }) => stats?.count)"""
        )
    viewer.show(box["x"] + 30, box["y"] + 30, 4)
    for part, own in (("e", "tree"), ("a", "grid"), ("g", "gridcell"), ("i", "button")):
        page.keyboard.press(part)
        wanted = page.evaluate(
            """() => [...document.querySelectorAll(".app :is(button, input, select, summary, [tabindex='0'])")]
            .filter((one) => one.checkVisibility() && one.tabIndex >= 0 && !one.closest("dialog"))
            .map((one, i) => { one.dataset.wanted = i; return String(i); })"""
        )
        page.evaluate("() => document.activeElement.blur()")
        reached = set()
        for _ in range(len(wanted) + 5):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("() => document.activeElement.dataset.wanted"))
        assert set(wanted) <= reached, own

"""What axe-core finds on the page, panel by panel, light and dark; and what the keyboard reaches."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import OpenPage, Viewer
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


def test_tab_reaches_every_control(open_page: OpenPage, model: Path) -> None:
    viewer = open_page(model)
    page = viewer.page
    box = placements(model)["model.layers.1.self_attn.q_proj.weight"]
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

"""What a live view measures while one looks: findings, profiles, figures and types of tensors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from .conftest import OpenPage, Viewer
from .live import placements
from .panels import chosen, column, seen_whole
from .tensors import Arrays, expected, number

pytestmark = pytest.mark.browser

UP = "model.layers.2.mlp.up_proj.weight"
QUERY = "model.layers.1.self_attn.q_proj.weight"


@pytest.fixture
def viewer(open_page: OpenPage, live: str) -> Viewer:
    return open_page(live)


def choose(viewer: Viewer, words: str) -> None:
    viewer.page.keyboard.press("/")
    viewer.page.keyboard.type(words)
    viewer.page.keyboard.press("Enter")
    viewer.settle()


def test_findings_name_the_rule_and_fly_there(viewer: Viewer, live: str) -> None:
    page = viewer.page
    page.keyboard.press("f")
    page.locator(".pane").get_by_text("4 findings.", exact=True).wait_for()
    headings = page.locator(".finding-group h2").all_inner_texts()
    assert [heading.split("\n")[0] for heading in headings] == [
        "Non-finite",
        "Zero rows",
        "Heavy tail",
        "Outlier channel",
    ]
    page.locator(".finding", has_text="1 row is all zero").click()
    viewer.settle()
    box = placements(live)[QUERY]
    assert seen_whole(viewer, box)
    selected = viewer.run("stage.scene.placements.items[stage.overlay.selected].name")
    assert selected == QUERY
    assert page.locator(".finding[aria-current]").count() == 1


def test_findings_by_keyboard(viewer: Viewer) -> None:
    page = viewer.page
    page.keyboard.press("f")
    page.locator(".finding", has_text="rows 7").focus()
    page.keyboard.press("Enter")
    viewer.settle()
    assert viewer.run("stage.scene.placements.items[stage.overlay.selected].name") == UP


def test_a_spike_of_the_profile_leads_to_its_row(viewer: Viewer, live: str, arrays: Arrays) -> None:
    """The row with the outlier stands out, and has numpy's rms."""
    page = viewer.page
    page.keyboard.press("i")
    choose(viewer, "up 2")
    rows = page.locator(".statistics h3", has_text="Rows")
    rows.wait_for()
    spike = page.locator(".spikes").first.get_by_role("button").first
    assert spike.inner_text() == "7"
    rms = np.sqrt((arrays[UP][7].astype(np.float64) ** 2).mean())
    assert number(spike.get_attribute("title").removeprefix("rms ")) == pytest.approx(rms, rel=1e-3)
    spike.click()
    viewer.settle()
    box = placements(live)[UP]
    pinned = viewer.run("stage.overlay.pinned")
    assert (pinned["x"], pinned["y"]) == (box["x"], box["y"] + 7)
    assert viewer.view["zoom"] >= 3


def test_a_bar_of_the_profile_is_told(viewer: Viewer, arrays: Arrays) -> None:
    page = viewer.page
    page.keyboard.press("i")
    choose(viewer, "q 1")
    page.locator(".statistics h3", has_text="Columns").wait_for()
    chart = page.locator("canvas.profile").first
    width = chart.bounding_box()["width"]
    values = arrays[QUERY].astype(np.float64)
    for row in (5, 40):
        chart.hover(position={"x": width * (row + 0.5) / 64, "y": 30})
        line = page.locator(".statistics").get_by_text(f"row {row}: rms").inner_text()
        told = [number(part.split()[-1]) for part in line.split(", ")]
        wanted = [np.sqrt((values[row] ** 2).mean()), abs(values[row]).max()]
        assert told == pytest.approx(wanted, rel=1e-3, abs=1e-12)


def test_the_panel_shows_numpys_figures_and_a_histogram(viewer: Viewer, arrays: Arrays) -> None:
    page = viewer.page
    page.keyboard.press("i")
    choose(viewer, "down 2")
    page.locator("canvas.distribution").wait_for()
    script = (
        "() => [...document.querySelectorAll('.statistics dt')]"
        ".map((term) => [term.textContent, term.nextElementSibling.textContent])"
    )
    found = dict(page.evaluate(script))
    for term, value in expected(arrays["model.layers.2.mlp.down_proj.weight"]).items():
        close = {"abs": 6e-4} if term == "zeros" else {"rel": 6e-4}
        assert number(found[term]) == pytest.approx(value, **close), term


def test_the_table_gets_its_figures(viewer: Viewer, arrays: Arrays) -> None:
    page = viewer.page
    page.keyboard.press("a")
    page.get_by_role("button", name="rms", exact=True).wait_for()
    page.get_by_role("button", name="rms", exact=True).click()
    shown = [number(text) for text in column(viewer, "rms")]
    wanted = sorted((expected(values)["rms"] for values in arrays.values()), reverse=True)
    assert shown == pytest.approx(wanted[: len(shown)], rel=6e-4)


def test_the_map_shows_types(viewer: Viewer) -> None:
    page = viewer.page
    page.keyboard.press("g")
    page.get_by_label("Figure").select_option("bits_per_weight")
    cell = page.get_by_role("cell", name="attention q, layer 1: F32, 32 bits per weight")
    assert cell.inner_text() == "F32"
    page.locator(".heat-scale").get_by_text("F32 32").wait_for()


def test_a_bundle_shows_types_but_no_findings(open_page: OpenPage, model: Path) -> None:
    viewer = open_page(model)
    viewer.page.keyboard.press("g")
    viewer.page.get_by_label("Figure").select_option("bits_per_weight")
    viewer.page.get_by_role("tab", name="Map").wait_for()
    assert viewer.page.get_by_role("tab", name="Findings").count() == 0
    assert chosen(viewer, model) is None

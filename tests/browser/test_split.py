"""Two views in step: of other layers, and of another model; in bundles and live."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from . import live as lives
from .conftest import OpenPage, Viewer
from .panels import in_step, told, views, written
from .tensors import Arrays, placements, write_model

pytestmark = pytest.mark.browser

GATE = "model.layers.{}.mlp.gate_proj.weight"


@pytest.fixture
def viewer(open_page: OpenPage, model: Path) -> Viewer:
    viewer = open_page(model)
    viewer.page.keyboard.press("s")
    viewer.settle()
    return viewer


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Arrays]]:
    """Two models side by side, live: the second has twice the weights of the first."""
    from safetensors.numpy import load_file, save_file

    folder = tmp_path_factory.mktemp("pair")
    first, second = write_model(folder / "first"), write_model(folder / "second")
    doubled = {name: 2 * values for name, values in load_file(second / "model.safetensors").items()}
    save_file(doubled, second / "model.safetensors")
    with lives.serving(first, second) as url:
        yield url, doubled


def test_halves_stay_in_step_a_layer_apart(viewer: Viewer, model: Path) -> None:
    placed = placements(model)
    here, there = placed[GATE.format(0)], placed[GATE.format(1)]
    apart = there["x"] - here["x"], there["y"] - here["y"]
    viewer.show(here["x"] + 30, here["y"] + 30, 3)
    in_step(viewer, *apart)
    viewer.page.keyboard.press("ArrowRight")
    in_step(viewer, *apart)
    viewer.page.keyboard.press("+")
    in_step(viewer, *apart)
    right = viewer.page.locator(".half.right").bounding_box()
    viewer.page.mouse.move(right["x"] + 200, right["y"] + 400)
    viewer.page.mouse.down()
    viewer.page.mouse.move(right["x"] + 140, right["y"] + 360, steps=4)
    viewer.page.mouse.up()
    in_step(viewer, *apart)
    viewer.page.mouse.wheel(0, 200)
    viewer.page.wait_for_timeout(300)
    in_step(viewer, *apart)


def tiles(viewer: Viewer, half: str) -> tuple[set[str], set[str]]:
    """The pictures whose tiles are in a half, and the keys of these tiles, z/x/y."""
    sources = viewer.page.evaluate(
        "(half) => [...document.querySelectorAll(`.half.${half} .tiles img`)].map((one) => one.src)",
        half,
    )
    found = [re.search(r"/tiles/([^/]+)/(\d+/\d+/\d+)\.", source) for source in sources]
    return {one[1] for one in found if one}, {one[2] for one in found if one}


def test_the_other_half_has_tiles_of_the_same_place(open_page: OpenPage, tmp_path: Path) -> None:
    import numpy as np
    from safetensors.numpy import save_file

    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
        save_file({"square": np.ones((2048, 2048), "f2")}, folder / "model.safetensors")
    with lives.serving(*folders) as url:
        viewer = open_page(url)
        viewer.page.keyboard.press("s")
        seen = set()
        for x, y in ((200, 200), (1800, 200), (900, 1800)):
            viewer.show(x, y, 4)
            viewer.settle()
            (left, shown), (right, beside) = (tiles(viewer, half) for half in ("left", "right"))
            assert (left, right) == ({"first"}, {"second"})
            assert f"2/{x // 512}/{y // 512}" in shown
            assert beside == shown
            seen.add(frozenset(shown))
        assert len(seen) == 3
        viewer.page.close()  # before the server that it asks


def test_all_tiles_of_the_other_half_come(viewer: Viewer, model: Path) -> None:
    here = placements(model)[GATE.format(0)]
    viewer.show(here["x"] + 30, here["y"] + 30, 4)
    viewer.page.wait_for_function(
        """() => [...document.querySelectorAll(".half.right .tiles img")].length > 0
        && [...document.querySelectorAll(".half.right .tiles img")].every((one) => one.complete)"""
    )


def test_side_by_side_they_lie_between_the_panels(viewer: Viewer, model: Path) -> None:
    page = viewer.page
    page.keyboard.press("e")
    here = placements(model)[GATE.format(0)]
    viewer.show(here["x"] + 30, here["y"] + 30, 5)
    left, right, panel, legend = (
        page.locator(name).bounding_box()
        for name in (".half.left", ".half.right", ".panel", ".legend")
    )
    assert panel["x"] + panel["width"] <= left["x"]
    assert left["x"] + left["width"] == right["x"]
    assert right["x"] + right["width"] <= legend["x"]
    there = placements(model)[GATE.format(1)]
    in_step(viewer, there["x"] - here["x"], there["y"] - here["y"])
    # The card lies beside the pointer, not as far from it as the half is from the window's edge.
    x, y = left["x"] + viewer.point(here["x"] + 29, 0)[0], viewer.point(0, here["y"] + 31)[1]
    page.mouse.move(x, y)
    card = page.locator(".hover:not(.pinned)").bounding_box()
    assert min(abs(card["x"] - x), abs(card["x"] + card["width"] - x)) < 40
    page.mouse.click(x, y)
    pinned = page.evaluate("() => arbvis.viewer.app.stage.overlay.pinned")
    assert (pinned["x"], pinned["y"]) == (here["x"] + 29, here["y"] + 31)


def test_on_a_phone_no_card_lies_on_another(open_page: OpenPage, pair: tuple[str, Arrays]) -> None:
    viewer = open_page(pair[0], size=(390, 844))
    page = viewer.page
    page.keyboard.press("s")
    names = (".toolbar", ".header", ".tabs", ".options:not([hidden])")
    boxes = [page.locator(name).first.bounding_box() for name in names]
    for above, below in pairwise(boxes):
        assert above["y"] + above["height"] <= below["y"]
    for box in boxes:
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390


def test_braces_change_the_layer(viewer: Viewer, model: Path) -> None:
    placed = placements(model)
    here = placed[GATE.format(0)]
    viewer.show(here["x"] + 30, here["y"] + 30, 3)
    viewer.page.keyboard.press("}")
    viewer.settle()
    there = placed[GATE.format(2)]
    in_step(viewer, there["x"] - here["x"], there["y"] - here["y"])
    assert viewer.page.get_by_label("Layers on").input_value() == "2"
    viewer.page.get_by_text("2 layers on").wait_for()


def test_the_card_names_the_other_side(viewer: Viewer, model: Path) -> None:
    here = placements(model)[GATE.format(0)]
    viewer.show(here["x"] + 30, here["y"] + 30, 5)
    viewer.hover(here["x"] + 29, here["y"] + 31)
    card = viewer.page.locator(".hover:not(.pinned) .told")
    card.get_by_text(GATE.format(1)).wait_for()
    hovered = viewer.page.evaluate(
        "() => arbvis.viewer.app.features.find((one) => 'match' in one).stage.overlay.hovered"
    )
    there = placements(model)[GATE.format(1)]
    assert (hovered["x"], hovered["y"]) == (there["x"] + 29, there["y"] + 31)


def test_a_link_restores_the_halves(open_page: OpenPage, viewer: Viewer, model: Path) -> None:
    viewer.page.keyboard.press("}")
    viewer.page.keyboard.press("S")
    viewer.show(50, 60, 2)
    fragment = viewer.page.evaluate("() => location.hash")
    again = open_page(model, fragment=fragment)
    assert views(again)[0] == pytest.approx({"x": 50, "y": 60, "zoom": 2}, abs=0.01)
    assert again.page.get_by_role("button", name="Swipe").get_attribute("aria-pressed") == "true"
    assert again.page.get_by_label("Layers on").input_value() == "2"
    again.page.keyboard.press("S")
    assert again.page.locator(".half.right").count() == 0
    assert "split" not in again.page.evaluate("() => location.hash")


@pytest.mark.parametrize(
    "split",
    [
        "side,1",
        "side,1,nope",
        "wide,1,tiny",
        "side,99999,tiny",
        "swipe:101,1,tiny",
        "swipe:x,1,tiny",
        "",
    ],
)
def test_a_broken_link_shows_one_view(open_page: OpenPage, model: Path, split: str) -> None:
    viewer = open_page(model, fragment=f"#tiny/50,60,2z/split={split}")
    assert viewer.page.locator(".half.right").count() == 0


def test_the_handle_is_swiped_and_moved_by_keys(viewer: Viewer) -> None:
    page = viewer.page
    page.keyboard.press("S")
    handle = page.get_by_role("separator")
    box = handle.bounding_box()
    page.mouse.move(box["x"] + 1, 400)
    page.mouse.down()
    page.mouse.move(320, 400, steps=3)
    page.mouse.up()
    assert handle.get_attribute("aria-valuenow") == "25"
    assert (
        page.locator(".half.right")
        .evaluate("(one) => getComputedStyle(one).clipPath")
        .endswith("25%)")
    )
    before = viewer.view
    page.keyboard.press("ArrowRight")
    assert handle.get_attribute("aria-valuenow") == "29"
    assert viewer.view == before


def test_a_link_restores_the_handle(open_page: OpenPage, viewer: Viewer, model: Path) -> None:
    page = viewer.page
    page.keyboard.press("S")
    handle = page.get_by_role("separator")
    box = handle.bounding_box()
    page.mouse.move(box["x"] + 1, 400)
    page.mouse.down()
    page.mouse.move(320, 400, steps=3)
    page.mouse.up()
    page.wait_for_function("() => location.hash.includes(encodeURIComponent('swipe:25,'))")
    again = open_page(model, fragment=page.evaluate("() => location.hash"))
    there = again.page.get_by_role("separator")
    assert there.get_attribute("aria-valuenow") == "25"
    assert there.bounding_box() == pytest.approx(handle.bounding_box(), abs=1)
    again.page.keyboard.press("s")
    assert again.page.get_by_role("separator").get_attribute("aria-valuenow") == "50"
    again.page.keyboard.press("S")
    assert again.page.get_by_role("separator").get_attribute("aria-valuenow") == "25"


@pytest.mark.parametrize(
    ("split", "at"), [("swipe,1,tiny", 50), ("swipe:0,1,tiny", 0), ("swipe:100,1,tiny", 100)]
)
def test_a_link_may_leave_the_handle_in_the_middle(
    open_page: OpenPage, model: Path, split: str, at: int
) -> None:
    viewer = open_page(model, fragment=f"#tiny/50,60,2z/split={split}")
    handle = viewer.page.get_by_role("separator")
    assert handle.get_attribute("aria-valuenow") == str(at)


def test_one_picture_has_no_halves(open_page: OpenPage, bundle: Path) -> None:
    viewer = open_page(bundle)
    viewer.page.keyboard.press("s")
    assert viewer.page.locator(".half.right").count() == 0


def test_two_models_and_the_difference_of_their_values(
    open_page: OpenPage, pair: tuple[str, Arrays], arrays: Arrays
) -> None:
    url, doubled = pair
    viewer = open_page(url)
    viewer.page.keyboard.press("s")
    name = GATE.format(1)
    box = lives.placements(url)[name]
    viewer.show(box["x"] + 20, box["y"] + 20, 5)
    in_step(viewer, 0, 0)
    for row, column in ((20, 20), (21, 18)):
        viewer.hover(box["x"] + column, box["y"] + row)
        values = told(viewer, "second", written(doubled[name][row, column]))
        assert values["Value"] == written(arrays[name][row, column])
        change = float(values["Δ to it"].replace("\u2212", "-"))
        assert change == pytest.approx(float(arrays[name][row, column]), rel=1e-6)

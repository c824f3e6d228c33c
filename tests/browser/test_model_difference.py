"""A live view of the difference of two models: both of them beside it, and what is saved of that."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PIL import Image

from . import live as lives
from .conftest import OpenPage
from .panels import in_step, told, written
from .tensors import Arrays, write_model

pytestmark = pytest.mark.browser

GATE = "model.layers.{}.mlp.gate_proj.weight"


@pytest.fixture(scope="module")
def change(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Arrays]]:
    """The difference of two models, live: the second has other weights, of twice the size."""
    from safetensors.numpy import load_file, save_file

    folder = tmp_path_factory.mktemp("change")
    first, second = write_model(folder / "first"), write_model(folder / "second")
    turned = {name: -2 * values for name, values in load_file(second / "model.safetensors").items()}
    save_file(turned, second / "model.safetensors")
    with lives.serving(first, second, diff=True) as url:
        yield url, turned


def test_a_difference_has_both_models_beside_it(
    open_page: OpenPage, change: tuple[str, Arrays], arrays: Arrays
) -> None:
    url, turned = change
    viewer = open_page(url)
    page = viewer.page
    tabs = page.get_by_role("tablist", name="Pictures").get_by_role("tab")
    assert tabs.all_inner_texts()[:3] == ["second \u2212 first", "first", "second"]
    name = GATE.format(1)
    box = lives.placements(url)[name]
    viewer.show(box["x"] + 20, box["y"] + 20, 5)
    viewer.hover(box["x"] + 18, box["y"] + 21)
    before, after = arrays[name][21, 18], turned[name][21, 18]
    values = told(viewer, "Base", written(before))
    assert values["Modified"] == written(after)
    # The same place in the base, and in what became of it beside it, with the same scale.
    here = viewer.view
    page.keyboard.press(">")
    assert tabs.nth(1).get_attribute("aria-selected") == "true"
    assert viewer.view == pytest.approx(here, abs=1e-6)
    page.keyboard.press("<")
    page.keyboard.press("<")
    assert tabs.last.get_attribute("aria-selected") == "true"
    tabs.nth(2).click()
    viewer.show(box["x"] + 20, box["y"] + 20, 5)
    tabs.nth(1).click()
    assert viewer.view == pytest.approx(here, abs=1e-6)
    page.keyboard.press("s")
    in_step(viewer, 0, 0)
    page.keyboard.press("+")
    in_step(viewer, 0, 0)
    viewer.hover(box["x"] + 18, box["y"] + 21)
    values = told(viewer, "second", written(after))
    assert values["Value"] == written(before)
    gap = float(values["\u0394 to it"].replace("\u2212", "-"))
    assert gap == pytest.approx(float(after) - float(before), rel=1e-6)


def test_a_difference_beside_a_model_has_nothing_to_subtract(
    open_page: OpenPage, change: tuple[str, Arrays], arrays: Arrays
) -> None:
    url, turned = change
    viewer = open_page(url)
    viewer.page.keyboard.press("s")
    name = GATE.format(1)
    box = lives.placements(url)[name]
    viewer.show(box["x"] + 20, box["y"] + 20, 5)
    in_step(viewer, 0, 0)
    viewer.hover(box["x"] + 18, box["y"] + 21)
    values = told(viewer, "first", written(arrays[name][21, 18]))
    assert values["Modified"] == written(turned[name][21, 18])
    assert "\u0394 to it" not in values
    # Both legends are there, each with the name of what it is of; of two models on one scale, one.
    legend = viewer.page.locator(".legend")
    assert legend.locator(".legend-scene").all_inner_texts() == ["second \u2212 first", "first"]
    viewer.page.get_by_role("tab", name="first", exact=True).click()
    viewer.settle()
    viewer.page.get_by_label("Second view", exact=True).select_option("second")
    viewer.settle()
    assert legend.locator(".legend-scene").count() == 0
    assert legend.get_by_text("value of the element").count() == 1


def test_a_link_keeps_the_colours_of_both_halves(
    open_page: OpenPage, change: tuple[str, Arrays]
) -> None:
    url, _ = change
    viewer = open_page(url, fragment="#second-first/100,100,1z/metric=exact")
    page = viewer.page
    page.get_by_role("tab", name="first", exact=True).click()
    page.keyboard.press("v")
    page.get_by_label("Colours", exact=True).select_option("vanimo")
    page.wait_for_function("() => location.hash.includes('vanimo')")
    page.get_by_role("tab", name="second \u2212 first", exact=True).click()
    page.keyboard.press("s")
    viewer.settle()
    again = open_page(url, fragment=page.evaluate("() => location.hash"))
    sources = """(half) => [...document.querySelectorAll(`.half.${half} .tiles img`)].map((one) => one.src)"""
    left, right = (again.page.evaluate(sources, half) for half in ("left", "right"))
    assert left
    assert all("metric=exact" in one and "vanimo" not in one for one in left)
    assert right
    assert all("colormap=vanimo" in one and "metric" not in one for one in right)


def test_a_saved_picture_of_both_halves_has_both_legends(
    open_page: OpenPage, change: tuple[str, Arrays]
) -> None:
    viewer = open_page(change[0])
    page = viewer.page
    page.keyboard.press("s")
    viewer.settle()
    halves = page.locator(".half.left").bounding_box(), page.locator(".half.right").bounding_box()
    page.evaluate(
        """() => {
          window.written = [];
          const draw = CanvasRenderingContext2D.prototype.fillText;
          CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
            window.written.push(text);
            return draw.call(this, text, ...rest);
          };
        }"""
    )
    with page.expect_download() as saving:
        page.keyboard.press("d")
    saved = Image.open(saving.value.path()).convert("RGB")
    assert saved.width == round(halves[0]["width"] + halves[1]["width"])
    texts = page.evaluate("() => window.written")
    assert any(one.startswith("second \u2212 first \u00b7 ") for one in texts)
    assert any(one.startswith("first \u00b7 ") for one in texts)
    told = page.locator(".legend .legend-label").evaluate_all(
        "(all) => all.map((one) => one.firstChild.textContent)"
    )
    assert len(told) > 8
    assert all(any(text.startswith(label) for text in texts) for label in told)
    # The background of the page lies at either edge, not what is under no half.
    ground = saved.getpixel((1, 700))
    assert saved.getpixel((saved.width - 2, 700)) == ground

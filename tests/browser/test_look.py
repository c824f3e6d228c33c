"""Colours and scales of a live view: what is chosen is what the tiles and the legend show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from .conftest import OpenPage, Viewer
from .live import ask, placements, serving
from .panels import told, written

pytestmark = pytest.mark.browser


EXAMPLE = Path(__file__).parents[2] / "examples" / "models" / "llama-code"
PROSE = EXAMPLE.with_name("llama-prose")


@pytest.fixture(scope="module")
def live() -> Iterator[str]:
    """A model with zooms above 1:1."""
    with serving(EXAMPLE) as url:
        yield url


@pytest.fixture(scope="module")
def difference() -> Iterator[str]:
    """What a finetune of it changed."""
    with serving(EXAMPLE, PROSE, diff=True) as url:
        yield url


@pytest.fixture
def viewer(open_page: OpenPage, live: str) -> Viewer:
    viewer = open_page(live)
    viewer.page.get_by_role("button", name="Colours and scales").wait_for()
    viewer.page.keyboard.press("v")
    return viewer


def tiles(viewer: Viewer) -> set[str]:
    """The queries of the tiles that are shown."""
    script = "() => [...document.querySelectorAll('.left .tiles img')].map((one) => one.src)"
    viewer.settle()
    return {source.partition("?")[2] for source in viewer.page.evaluate(script)}


def test_a_colour_map_reaches_tiles_legend_and_link(viewer: Viewer, live: str) -> None:
    page = viewer.page
    page.get_by_label("Zoomed out").select_option("viridis")
    page.wait_for_function("() => location.hash.includes('overview_colormap=viridis')")
    assert tiles(viewer) == {"overview_colormap=viridis"}
    wanted = ask(live, "api/scenes/llama-code/legend", overview_colormap="viridis")[1]["entries"][0]
    page.wait_for_function(
        "(colour) => arbvis.viewer.app.stage.scene.legend[1].entries[0].colours[4] === colour",
        arg=wanted["colours"][4],
    )
    shown = page.locator(".legend .ramp").first.get_attribute("style")
    red, green, blue = (int(wanted["colours"][4][at : at + 2], 16) for at in (1, 3, 5))
    assert f"rgb({red}, {green}, {blue})" in shown


def test_a_statistic_renames_the_legend(viewer: Viewer) -> None:
    viewer.page.get_by_label("Pixel shows").select_option("rms")
    viewer.page.locator(".legend-body").get_by_text("root of the mean square").wait_for()
    assert tiles(viewer) == {"overview=rms"}


def test_a_gain_moves_the_scale(viewer: Viewer, live: str) -> None:
    page = viewer.page
    page.get_by_label("Gain").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => /gain=1\\.\\d+/.test(location.hash)")
    gain = float(page.evaluate("() => /gain=([\\d.]+)/.exec(location.hash)[1]"))
    wanted = ask(live, "api/scenes/llama-code/legend", gain=gain)[1]["entries"][0]
    page.locator(".legend-body").get_by_text(f"{wanted['low']} – {wanted['high']}").wait_for()
    assert tiles(viewer) == {f"gain={gain:g}"}
    page.get_by_role("button", name="Reset").click()
    page.wait_for_function("() => !location.hash.includes('gain')")
    assert tiles(viewer) == {""}


def test_a_link_restores_colours_and_scale(open_page: OpenPage, live: str) -> None:
    viewer = open_page(live, fragment="#llama-code/900,700,4z/scale=tensor/gain=2/colormap=vik")
    viewer.page.keyboard.press("v")
    viewer.page.get_by_label("Relative to").wait_for()
    assert viewer.page.get_by_label("Relative to").input_value() == "tensor"
    assert viewer.page.get_by_label("Colours", exact=True).input_value() == "vik"
    assert tiles(viewer) == {"colormap=vik&scale=tensor&gain=2"}
    viewer.page.locator(".legend-body").get_by_text("relative to the median").wait_for()


def test_escape_closes_the_card(viewer: Viewer) -> None:
    page = viewer.page
    page.get_by_label("Gain").focus()
    page.keyboard.press("Escape")
    assert not page.locator(".look").is_visible()
    button = page.get_by_role("button", name="Colours and scales")
    assert button.get_attribute("aria-expanded") == "false"
    page.keyboard.press("Enter")
    assert page.locator(".look").is_visible()


def test_a_bundle_has_no_such_card(open_page: OpenPage, model: Path) -> None:
    page = open_page(model).page
    page.keyboard.press("v")
    assert page.get_by_role("button", name="Colours and scales").count() == 0
    assert page.locator(".look").count() == 0


def test_colours_and_metric_of_a_difference(open_page: OpenPage, difference: str) -> None:
    viewer = open_page(difference)
    page = viewer.page
    page.get_by_role("button", name="Colours and scales").wait_for()
    page.keyboard.press("v")
    page.get_by_label("Colours", exact=True).select_option("blue-orange")
    page.get_by_label("Difference").select_option("relative")
    page.wait_for_function("() => location.hash.includes('metric=relative')")
    assert tiles(viewer) == {"colormap=blue-orange&metric=relative"}
    box = placements(difference)["model.layers.0.mlp.down_proj.weight"]
    viewer.show(box["x"] + 9, box["y"] + 9, 8)
    viewer.hover(box["x"] + 9, box["y"] + 9)
    name = "model.layers.0.mlp.down_proj.weight"
    base, modified = (element(folder, name, 9, 9) for folder in (EXAMPLE, PROSE))
    facts = told(viewer, "Delta", written(modified - base))
    assert (facts["Base"], facts["Modified"]) == (written(base), written(modified))
    viewer.page.keyboard.press("s")
    assert page.locator(".half.right").count() == 0  # bytes do not lie beside tensors


def element(folder: Path, name: str, row: int, column: int) -> np.float32:
    """One element of a matrix of BF16, read by hand."""
    data = (folder / "model.safetensors").read_bytes()
    size = int.from_bytes(data[:8], "little")
    facts = json.loads(data[8 : 8 + size])[name]
    at = 8 + size + facts["data_offsets"][0] + 2 * (row * facts["shape"][1] + column)
    return np.frombuffer(b"\0\0" + data[at : at + 2], "<f4")[0]

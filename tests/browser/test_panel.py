"""The panel at the side: tree, table, map of figures and statistics; and walking the layers."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from .conftest import OpenPage, Viewer
from .panels import chosen, column, seen_whole
from .tensors import LAYERS, Arrays, expected, number, placements, render, write_model

pytestmark = pytest.mark.browser

GATE = "model.layers.{}.mlp.gate_proj.weight"


@pytest.fixture
def viewer(open_page: OpenPage, model: Path) -> Viewer:
    return open_page(model)


def test_the_tree_flies_to_a_tensor(viewer: Viewer, model: Path) -> None:
    page = viewer.page
    page.keyboard.press("e")
    tree = page.get_by_role("tree")
    layers = [f"layer {layer}" for layer in range(LAYERS)]
    names = tree.get_by_role("treeitem").locator(".row-name").all_inner_texts()
    assert names == ["embedding token", *layers, "final norm", "head"]
    tree.get_by_text("layer 1", exact=True).click()
    viewer.settle()
    tree.get_by_text("gate", exact=True).click()
    viewer.settle()
    assert chosen(viewer, model) == GATE.format(1)
    assert seen_whole(viewer, placements(model)[GATE.format(1)])
    assert tree.locator("[aria-selected=true]").inner_text().startswith("gate")


def test_the_tree_by_keyboard(viewer: Viewer, model: Path) -> None:
    page = viewer.page
    page.keyboard.press("e")
    tree = page.get_by_role("tree")

    def active() -> str:
        at = tree.get_attribute("aria-activedescendant")
        return str(page.locator(f"#{at} .row-name").inner_text())

    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    assert active() == "q"
    page.keyboard.press("Enter")
    viewer.settle()
    assert chosen(viewer, model) == "model.layers.1.self_attn.q_proj.weight"
    page.keyboard.press("ArrowLeft")
    assert active() == "layer 1"
    page.keyboard.press("ArrowLeft")
    assert tree.get_by_role("treeitem", expanded=True).count() == 0
    page.keyboard.press("End")
    assert active() == "head"


def test_a_pin_is_shown_in_the_tree(viewer: Viewer, model: Path) -> None:
    box = placements(model)[GATE.format(2)]
    viewer.page.keyboard.press("e")
    viewer.show(box["x"] + 3, box["y"] + 3, 5)
    viewer.page.mouse.click(*viewer.point(box["x"] + 3, box["y"] + 3))
    marked = viewer.page.get_by_role("tree").locator("[aria-selected=true]")
    assert marked.get_attribute("title") == GATE.format(2)


def test_search_takes_roles_and_layers(viewer: Viewer, model: Path) -> None:
    page = viewer.page
    page.keyboard.press("/")
    page.keyboard.type("gate 2")
    assert GATE.format(2) in page.get_by_role("option").first.inner_text()
    page.keyboard.press("Enter")
    viewer.settle()
    assert chosen(viewer, model) == GATE.format(2)
    assert seen_whole(viewer, placements(model)[GATE.format(2)])


def test_brackets_walk_the_layers(viewer: Viewer, model: Path) -> None:
    """The view keeps its place within the tensor, and so does a pin."""
    placed = placements(model)
    first = placed[GATE.format(0)]
    viewer.show(first["x"] + 20, first["y"] + 30, 5)
    viewer.page.mouse.click(*viewer.point(first["x"] + 9, first["y"] + 25))
    for layer in (1, 2):
        viewer.page.keyboard.press("]")
        viewer.settle()
        box = placed[GATE.format(layer)]
        assert viewer.view["x"] == pytest.approx(box["x"] + 20, abs=0.1)
        assert viewer.view["y"] == pytest.approx(box["y"] + 30, abs=0.1)
        assert viewer.view["zoom"] == 5
        assert chosen(viewer, model) == GATE.format(layer)
        assert "[25, 9]" in viewer.page.locator(".hover.pinned").inner_text()
    viewer.page.keyboard.press("]")
    viewer.page.get_by_text("No later layer has this").wait_for()
    viewer.page.keyboard.press("[")
    viewer.settle()
    assert chosen(viewer, model) == GATE.format(1)


def test_a_link_restores_what_is_chosen(open_page: OpenPage, model: Path) -> None:
    viewer = open_page(model)
    viewer.page.keyboard.press("/")
    viewer.page.keyboard.type("down 1")
    viewer.page.keyboard.press("Enter")
    viewer.settle()
    fragment = viewer.page.evaluate("() => location.hash")
    again = open_page(model, fragment=fragment)
    assert again.view == pytest.approx(viewer.view, abs=0.01)
    assert chosen(again, model) == chosen(viewer, model) == "model.layers.1.mlp.down_proj.weight"
    again.page.keyboard.press("Escape")
    assert chosen(again, model) is None
    assert "at=" not in again.page.evaluate("() => location.hash")


def test_the_table_sorts_as_numpy_does(viewer: Viewer, arrays: Arrays) -> None:
    page = viewer.page
    page.keyboard.press("a")
    figures = {name: expected(values) for name, values in arrays.items()}
    for label in ("std", "kurtosis", "max abs", "non-finite"):
        header = page.get_by_role("columnheader", name=label, exact=True)
        header.get_by_role("button").click()
        assert header.get_attribute("aria-sort") == "descending"
        shown = [number(text) for text in column(viewer, label)]
        ordered = sorted((one[label] for one in figures.values()), reverse=True)
        assert shown == pytest.approx(ordered[: len(shown)], rel=6e-4)
        header.get_by_role("button").click()
        assert header.get_attribute("aria-sort") == "ascending"
        lowest = [number(text) for text in column(viewer, label)]
        assert lowest == pytest.approx(ordered[::-1][: len(lowest)], rel=6e-4)
        header.get_by_role("button").click()
        assert header.get_attribute("aria-sort") == "none"


def test_a_row_of_the_table_flies_there(viewer: Viewer, model: Path, arrays: Arrays) -> None:
    page = viewer.page
    page.keyboard.press("a")
    page.get_by_role("columnheader", name="max", exact=True).get_by_role("button").click()
    greatest = max(arrays, key=lambda name: float(np.nanmax(arrays[name])))
    page.locator(".table .row").first.click()
    viewer.settle()
    assert chosen(viewer, model) == greatest
    assert seen_whole(viewer, placements(model)[greatest])
    page.get_by_role("grid").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    viewer.settle()
    assert chosen(viewer, model) != greatest


def test_the_table_is_filtered(viewer: Viewer) -> None:
    page = viewer.page
    page.keyboard.press("a")
    page.get_by_role("searchbox").fill("mlp gate")
    assert column(viewer, "Tensor") == ["mlp gate"] * LAYERS
    assert page.locator(".pane-tools [role=status]").inner_text().startswith(f"{LAYERS} of ")


def test_the_map_tells_numpys_figures(viewer: Viewer, model: Path, arrays: Arrays) -> None:
    page = viewer.page
    page.keyboard.press("g")
    for label in ("rms", "max abs"):
        page.get_by_label("Figure", exact=True).select_option(label=label)
        for layer in range(LAYERS):
            cell = page.locator(f"td[aria-label^='mlp gate, layer {layer}:']")
            told = number(cell.get_attribute("aria-label").rpartition(": ")[2])
            assert told == pytest.approx(expected(arrays[GATE.format(layer)])[label], rel=6e-4)
    page.locator("td[aria-label^='mlp gate, layer 2:']").click()
    viewer.settle()
    assert chosen(viewer, model) == GATE.format(2)
    assert seen_whole(viewer, placements(model)[GATE.format(2)])


def test_the_map_is_brighter_where_figures_are_larger(viewer: Viewer) -> None:
    """Deviations grow from layer to layer in the model, and so does the light of their cells."""
    page = viewer.page
    page.keyboard.press("g")
    page.get_by_label("each role alone").check()
    script = """(layer) => {
      const cell = document.querySelector(`td[aria-label^="mlp gate, layer ${layer}:"]`);
      const context = document.createElement("canvas").getContext("2d");
      context.fillStyle = getComputedStyle(cell).backgroundColor;
      context.fillRect(0, 0, 1, 1);
      return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3).reduce((a, b) => a + b);
    }"""
    lights = [page.evaluate(script, layer) for layer in range(LAYERS)]
    assert lights == sorted(lights)
    assert lights[0] < lights[-1] - 100


def test_the_map_by_keyboard(viewer: Viewer, model: Path) -> None:
    page = viewer.page
    page.keyboard.press("g")
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    label = page.evaluate("() => document.activeElement.ariaLabel")
    assert "outside" in label
    page.locator("td[aria-label^='attention q, layer 0:']").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert ", layer 1:" in page.evaluate("() => document.activeElement.ariaLabel")
    page.keyboard.press("Enter")
    viewer.settle()
    assert ".1." in str(chosen(viewer, model))


def test_statistics_are_those_of_numpy(viewer: Viewer, arrays: Arrays) -> None:
    """Figures, and every bar of the histogram, which is loaded when it is asked for."""
    page = viewer.page
    page.keyboard.press("i")
    assert "Click a tensor" in page.locator(".statistics").inner_text()
    assert not any("stats.js" in url for url in viewer.requests)
    for name in ("model.layers.1.self_attn.q_proj.weight", GATE.format(0)):
        page.keyboard.press("/")
        page.keyboard.type(name)
        page.keyboard.press("Enter")
        chart = page.locator("canvas.distribution")
        chart.wait_for()
        assert any("stats.js" in url for url in viewer.requests)
        script = "() => [...document.querySelectorAll('.statistics .figures div')].map((one) => [...one.children].map((part) => part.textContent))"
        found = dict(page.evaluate(script))
        for term in ("mean", "std", "rms", "kurtosis"):
            assert number(found[term]) == pytest.approx(expected(arrays[name])[term], rel=6e-4)
        check_bars(viewer, arrays[name])


def check_bars(viewer: Viewer, values: np.ndarray) -> None:
    """Every bar that can be pointed at says how many values lie between its ends."""
    box = viewer.page.locator("canvas.distribution").bounding_box()
    told: dict[tuple[float, float], int] = {}
    for x in range(2, int(box["width"]) - 1):
        viewer.page.mouse.move(box["x"] + x, box["y"] + 40)
        text = viewer.page.locator(".further .note").first.inner_text()
        if " … " not in text:
            continue
        ends, _, count = text.partition(": ")
        low, high = (number(end) for end in ends.split(" … "))
        told[low, high] = int(number(count.partition(" (")[0]))
    assert sum(told.values()) == np.count_nonzero(values)
    for (low, high), count in told.items():
        # Edges are rounded to what the upper half of a float32 can tell.
        slack = 0.009
        inner = (abs(values) > min(abs(low), abs(high)) * (1 + slack)) & (
            abs(values) < max(abs(low), abs(high)) * (1 - slack)
        )
        outer = (abs(values) > min(abs(low), abs(high)) * (1 - slack)) & (
            abs(values) < max(abs(low), abs(high)) * (1 + slack)
        )
        signed = np.sign(values) == np.sign(high + low)
        assert (inner & signed).sum() <= count <= (outer & signed).sum()


def test_figures_of_heads(viewer: Viewer, arrays: Arrays) -> None:
    page = viewer.page
    page.keyboard.press("i")
    name = "model.layers.2.self_attn.q_proj.weight"
    page.keyboard.press("/")
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    page.get_by_label("Figure of the heads").select_option(label="rms")
    told = [number(text) for text in page.locator(".head-bars .figure").all_inner_texts()]
    by_head = arrays[name].reshape(4, -1).astype(np.float64)
    assert told == pytest.approx(np.sqrt((by_head**2).mean(axis=1)), rel=6e-4)


def test_edges_of_heads_are_drawn(viewer: Viewer, model: Path) -> None:
    """Each part is the pixels whose elements belong to one head; a key draws their edges."""
    for name in ("q_proj", "k_proj", "o_proj"):
        box = placements(model)[f"model.layers.1.self_attn.{name}.weight"]
        found = viewer.page.evaluate(
            "([shape, fold, heads]) => { const { Folding, headParts } = arbvis.viewer;"
            " return headParts(Folding.of(shape, fold), heads); }",
            [box["shape"], box.get("fold"), box["heads"]],
        )
        covered = np.full((box["height"], box["width"]), -1)
        for part in found:
            rows = slice(part["y"], part["y"] + part["height"])
            columns = slice(part["x"], part["x"] + part["width"])
            assert (covered[rows, columns] == -1).all()
            covered[rows, columns] = part["head"]
        heads = box["heads"]
        index = np.indices(box["shape"])[heads["axis"]]
        assert (covered == index // heads["size"]).all()
    box = placements(model)["model.layers.1.self_attn.q_proj.weight"]
    viewer.show(box["x"] + 30, box["y"] + 30, 4)

    def light() -> int:
        """The blue of the brightest row of the screen about the edge of a head."""
        x, y = viewer.point(box["x"] + 40, box["y"] + box["heads"]["size"])
        edge = y - viewer.run("stage.map.scale") / 2
        clip = {"x": round(x), "y": round(edge) - 2, "width": 1, "height": 4}
        shot = Image.open(io.BytesIO(viewer.page.screenshot(clip=clip)))
        return int(np.asarray(shot.convert("RGB"))[..., 2].max())

    viewer.page.keyboard.press("h")
    with_edges = light()
    viewer.page.keyboard.press("h")
    assert with_edges > 220
    assert light() < with_edges


def test_the_crumbs_say_where_one_is(viewer: Viewer, model: Path) -> None:
    page = viewer.page
    crumbs = page.get_by_role("navigation", name="Where you are")
    assert not crumbs.is_visible()
    box = placements(model)[GATE.format(1)]
    viewer.show(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, 5)
    assert crumbs.get_by_role("button").all_inner_texts() == ["tiny", "layer 1", "gate"]
    crumbs.get_by_role("button", name="layer 1").click()
    viewer.settle()
    layer = viewer.run("stage.scene.labels.items.find(({ name }) => name === 'layer 1')")
    assert viewer.view["x"] == pytest.approx(layer["x"] + layer["width"] / 2, abs=130)
    assert viewer.view["y"] == pytest.approx(layer["y"] + layer["height"] / 2, abs=1)
    visible = viewer.run("stage.map.visible")
    assert visible["x0"] <= layer["x"]
    assert visible["x1"] >= layer["x"] + layer["width"]
    assert not crumbs.is_visible()


def test_all_of_the_picture_stays_in_sight_as_panels_come_and_go(
    open_page: OpenPage, model: Path
) -> None:
    """Also behind the widest one, where the middle of the window is no longer on the picture."""
    viewer = open_page(model, size=(1280, 500))
    page = viewer.page
    before = viewer.view
    page.keyboard.press("g")
    viewer.settle()
    assert viewer.view["x"] == pytest.approx(0, abs=1)
    page.keyboard.press("e")
    viewer.settle()
    assert 1 < viewer.view["x"] < before["x"] - 1
    page.keyboard.press("b")
    viewer.settle()
    assert viewer.view == pytest.approx(before, abs=1)


def test_models_of_one_picture_are_kept_apart(open_page: OpenPage, tmp_path: Path) -> None:
    (tmp_path / "both").mkdir()
    for name in ("first", "second"):
        write_model(tmp_path / "both" / name)
    bundle = render(tmp_path / "both", tmp_path / "out")
    viewer = open_page(bundle)
    page = viewer.page
    page.keyboard.press("e")
    groups = page.locator('.tree [aria-level="1"] .row-name')
    assert groups.all_inner_texts() == ["first · text", "second · text"]
    name = "second/model.layers.{}.mlp.gate_proj.weight"
    page.keyboard.press("/")
    page.keyboard.type(name.format(0))
    page.keyboard.press("Enter")
    viewer.settle()
    for layer in (1, 2):
        page.keyboard.press("]")
        viewer.settle()
        assert chosen(viewer, bundle) == name.format(layer)
    page.keyboard.press("g")
    assert page.get_by_text("mean of 2").count() == 0

"""What the page tells of tensors, against numpy: elements under the pointer, names, figures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from .conftest import OpenPage, Viewer
from .tensors import HEADS, SHARED, WIDTH, Arrays, expected, number, placements

pytestmark = pytest.mark.browser

FOLDS = Path(__file__).parents[1] / "data" / "folds.json"


@pytest.fixture
def viewer(open_page: OpenPage, model: Path) -> Viewer:
    return open_page(model)


def facts(viewer: Viewer, selector: str) -> dict[str, str]:
    """The terms and values of the lists in a part of the page."""
    script = (
        "(selector) => [...document.querySelectorAll(`${selector} dt`)]"
        ".map((term) => [term.textContent, term.nextElementSibling.textContent])"
    )
    return dict(viewer.page.evaluate(script, selector))


def point_at(viewer: Viewer, placement: dict, x: int, y: int) -> None:
    """Point at a pixel of a placement, zoomed in."""
    at = (placement["x"] + x, placement["y"] + y)
    viewer.show(*at, 5)
    viewer.hover(*at)


def pixel_of(placement: dict, row: int, column: int) -> tuple[int, int]:
    """Where an element of a matrix lies, from the corner of its box."""
    fold = placement.get("fold")
    if fold is None:
        return column, row
    assert fold["kind"] == "rows"
    cell, inside = divmod(row, fold["rows"])
    below, right = divmod(cell, fold["across"])
    return (
        right * (fold["columns"] + fold["gap"]) + column,
        below * (fold["rows"] + fold["gap"]) + inside,
    )


def test_folds_agree_with_the_vectors(viewer: Viewer) -> None:
    """Every pixel of every published vector, to the element and back."""
    for case in json.loads(FOLDS.read_text("utf-8"))["cases"]:
        found = viewer.page.evaluate(
            "([shape, fold, pixels]) => {"
            " const folding = arbvis.viewer.Folding.of(shape, fold);"
            " const at = pixels.map(([x, y]) => folding.elementAt(x, y));"
            " return [folding.size, at, at.map((index) => index && folding.pixelOf(index))]; }",
            [case["shape"], case["fold"], case["pixels"]],
        )
        size, elements, back = found
        assert size == [case["width"], case["height"]]
        assert elements == [index for _, _, index in case["pixels"]]
        assert back == [[x, y] if index is not None else None for x, y, index in case["pixels"]]


@pytest.mark.parametrize(
    "fold",
    [
        {"kind": "spiral", "rows": 2, "columns": 2, "count": 1, "across": 1, "gap": 0},
        {"kind": "rows", "rows": 2, "columns": 2, "count": 1, "across": 0, "gap": 0},
        {"kind": "rows", "rows": "2", "columns": 2, "count": 1, "across": 1, "gap": 0},
        "rows",
    ],
)
def test_a_fold_that_is_not_one_is_not_believed(viewer: Viewer, fold: object) -> None:
    script = "([fold]) => arbvis.viewer.Folding.of([4, 2], fold)"
    assert viewer.page.evaluate(script, [fold]) is None


def test_the_card_names_the_element(viewer: Viewer, model: Path, arrays: Arrays) -> None:
    """Random elements of every matrix, in both orders."""
    chance = np.random.default_rng(3)
    for name, placement in placements(model).items():
        if arrays[name].ndim != 2:
            continue
        row, column = (int(chance.integers(size)) for size in arrays[name].shape)
        point_at(viewer, placement, *pixel_of(placement, row, column))
        card = facts(viewer, ".hover:not(.pinned)")
        assert card["[row, col]"] == f"[{row}, {column}]"
        assert card["GGUF order"] == f"[{column}, {row}]"
        assert card["Shape"] == " × ".join(map(str, arrays[name].shape))
        assert card["Dtype"] == "F32"
        assert viewer.page.locator(".hover:not(.pinned) .hover-name").inner_text() == name


def test_the_card_names_the_head(viewer: Viewer, model: Path) -> None:
    head = WIDTH // HEADS
    placed = placements(model)
    for kind, count in (("q", HEADS), ("k", SHARED), ("v", SHARED)):
        row = 1 * head + 7
        point_at(viewer, placed[f"model.layers.1.self_attn.{kind}_proj.weight"], 5, row)
        assert facts(viewer, ".hover:not(.pinned)")["Head"].startswith("head 1, dim 7")
        assert f"{count} heads of {head}" in facts(viewer, ".hover:not(.pinned)")["Head"]
    point_at(viewer, placed["model.layers.1.self_attn.o_proj.weight"], 3 * head + 2, 9)
    assert facts(viewer, ".hover:not(.pinned)")["Head"].startswith("head 3, dim 2")
    point_at(viewer, placed["model.layers.1.mlp.up_proj.weight"], 3, 9)
    assert "Head" not in facts(viewer, ".hover:not(.pinned)")


def test_the_card_tells_numpys_figures(viewer: Viewer, model: Path, arrays: Arrays) -> None:
    for name, placement in placements(model).items():
        point_at(viewer, placement, 0, 0)
        found = facts(viewer, ".hover:not(.pinned) .figures")
        for term, value in expected(arrays[name]).items():
            close = {"abs": 6e-4} if term == "zeros" else {"rel": 6e-4}
            assert number(found[term]) == pytest.approx(value, **close), (name, term)


def test_the_card_says_what_a_tensor_is(viewer: Viewer, model: Path) -> None:
    placed = placements(model)
    title = viewer.page.locator(".hover:not(.pinned) .hover-title")
    point_at(viewer, placed["model.layers.2.mlp.gate_proj.weight"], 4, 4)
    assert title.inner_text() == "layer 2 · mlp gate"
    point_at(viewer, placed["model.embed_tokens.weight"], 4, 4)
    assert title.inner_text() == "embedding token"


def test_a_pinned_element_is_copied(viewer: Viewer, model: Path) -> None:
    viewer.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    placement = placements(model)["model.layers.0.self_attn.q_proj.weight"]
    at = (placement["x"] + 11, placement["y"] + 22)
    viewer.show(*at, 5)
    viewer.page.mouse.click(*viewer.point(*at))
    viewer.page.keyboard.press("c")
    viewer.page.get_by_text("Copied").wait_for()
    copied = viewer.page.evaluate("() => navigator.clipboard.readText()").split("\t")
    assert copied[0] == "model.layers.0.self_attn.q_proj.weight"
    assert "[row, col]: [22, 11]" in copied
    assert "GGUF order: [11, 22]" in copied


@pytest.mark.parametrize("zoom", [-0.5, 0, 0.7, 1, 2, 4])
def test_names_lie_in_their_boxes_and_never_over_each_other(
    open_page: OpenPage, model: Path, zoom: float
) -> None:
    viewer = open_page(model)
    content = viewer.run("stage.scene.content")
    viewer.show(content["x1"] * 0.4, content["y1"] * 0.5, zoom)
    viewer.run("stage.refresh()")
    drawn = viewer.run("stage.overlay.drawn")
    scale = viewer.run("stage.map.scale")
    taken = []
    for label in drawn["fileLabels"] + drawn["regionLabels"]:
        left = label["x"] * scale - label["width"] / 2
        top = label["y"] * scale - label["height"] / 2
        taken.append((left, top, left + label["width"], top + label["height"], label))
    boxes = list(placements(model).values())
    for left, top, right, bottom, label in taken[: len(drawn["fileLabels"])]:
        box = boxes[label["index"]]
        assert left >= box["x"] * scale
        assert top >= box["y"] * scale
        assert right <= (box["x"] + box["width"]) * scale
        assert bottom <= (box["y"] + box["height"]) * scale
    for at, (left, top, right, bottom, _) in enumerate(taken):
        for u0, v0, u1, v1, _ in taken[:at]:
            assert right <= u0 or u1 <= left or bottom <= v0 or v1 <= top
    assert {"q", "gate", "down"} <= {label["text"] for label in drawn["fileLabels"]} or zoom != 2


def test_layers_are_named_beside_their_blocks(viewer: Viewer) -> None:
    drawn = viewer.run("stage.overlay.drawn.regionLabels")
    assert {label["text"] for label in drawn} == {f"layer {layer}" for layer in range(3)}

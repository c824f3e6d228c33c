"""Two zooms that are shaded in one go, against one after the other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from canvases import bfloat16, place, planned, registry, safetensors

from arbvis_core.engine import areas
from arbvis_core.engine.blocks import Subtree
from arbvis_core.reading import Reader
from arbvis_core.values import ScenePlan, TileKey, View
from modelweightvis.render import elements, shading

RANDOM = np.random.default_rng(0)
MATRIX = bfloat16(RANDOM.standard_normal((1500, 1201)) * 0.02)


def odd(value: float) -> Any:
    array = MATRIX.copy()
    array[700, 300] = value
    return array


#: What lies in the area, and whether both zooms can be drawn at once.
MODELS: dict[str, tuple[dict[str, Any], bool]] = {
    "bfloat16": ({"w": ("BF16", MATRIX)}, True),
    "float32": ({"w": ("F32", MATRIX)}, True),
    "float16": ({"w": ("F16", MATRIX.astype(np.float16))}, True),
    # Between them and below lie pixels that are added to by one, by two and by none of them.
    "side by side": (
        {name: ("BF16", bfloat16(RANDOM.standard_normal((501, 333)))) for name in "abcdefg"},
        True,
    ),
    "of several types": (
        {
            "a": ("BF16", MATRIX[:701, :801]),
            "b": ("F32", MATRIX[:505, :603]),
            "c": ("I64", RANDOM.integers(-9, 9, (303, 201))),
            "d": ("BF16", MATRIX[:0]),
        },
        True,
    ),
    "not finite": ({"w": ("BF16", odd(np.nan))}, False),
    "sums that are too large": ({"w": ("BF16", bfloat16(np.full((1500, 1201), 3e38)))}, True),
    "unknown": ({"a": ("F32", MATRIX), "u": ("X9", MATRIX[:99])}, False),
}


def scene(model: str) -> ScenePlan:
    tensors = MODELS[model][0]
    known = {name: one if one[0] != "X9" else ("F32", one[1]) for name, one in tensors.items()}
    plan = planned(place(safetensors(known), 2048, gap=1))
    placements = [
        replace(one, region=replace(one.region, encoding="nobody knows"))
        if tensors[one.name][0] == "X9"
        else one
        for one in plan.placements
    ]
    return replace(plan, placements=tuple(placements))


def drawn(view: View, plan: ScenePlan) -> tuple[dict[TileKey, Any], Any]:
    tree = Subtree(plan, registry(), Reader(plan.sources), view)
    tiles: dict[TileKey, Any] = {}
    key = TileKey(plan.canvas.max_zoom - 2, 0, 0)
    return tiles, tree.quarter(key, lambda at, tile: tiles.update({at: tile.codes.copy()}))


@pytest.mark.parametrize(
    ("model", "view", "together"),
    [
        *((name, View(), together) for name, (_, together) in MODELS.items()),
        ("side by side", View(scale="tensor"), True),
        ("bfloat16", View(overview="rms"), False),
        ("bfloat16", View(overview="max"), False),
        ("float32", View(overview="balance"), False),
    ],
)
def test_two_zooms_are_those_of_one_after_the_other(
    model: str, view: View, together: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = scene(model)
    above: list[int] = []
    checked = areas._check
    monkeypatch.setattr(
        areas, "_check", lambda area, *rest: (above.append(len(area.above)), checked(area, *rest))
    )
    tiles, planes = drawn(view, plan)
    assert above == [2 if together else 0]
    monkeypatch.setattr(shading, "with_two_above", lambda _plan, leaf, _looks: leaf)
    assert not hasattr(elements, "with_two_above")  # it is looked up when it is called
    expected, wanted = drawn(view, plan)
    assert above[1:] == [0]
    assert tiles.keys() == expected.keys()
    assert len(tiles) > 6
    for key, codes in tiles.items():
        np.testing.assert_array_equal(codes, expected[key])
    assert planes.keys() == wanted.keys()
    for name, plane in planes.items():
        np.testing.assert_array_equal(plane, wanted[name])


@pytest.mark.parametrize("model", ["side by side", "of several types", "unknown"])
def test_an_area_is_its_leaves_put_together(model: str) -> None:
    plan = scene(model)
    tiles, planes = drawn(View(), plan)
    last = plan.canvas.max_zoom
    tree = Subtree(plan, registry(), Reader(plan.sources))
    leaves = {key: tree.leaf(key) for key in tiles if key.zoom == last}
    assert len(leaves) > 4
    for key in leaves:
        np.testing.assert_array_equal(tiles[key], tree.paint(key).tile.codes)
    for name in planes:
        whole = np.zeros((1024, 1024), planes[name].dtype)
        for key, found in leaves.items():
            y, x = 256 * key.y, 256 * key.x
            whole[y : y + 256, x : x + 256] = found[name]
        for _ in range(2):
            quads = [whole[y::2, x::2] for y in (0, 1) for x in (0, 1)]
            if name.startswith("flags"):
                whole = quads[0] | quads[1] | quads[2] | quads[3]
            else:
                whole = (quads[0] + quads[1]) + (quads[2] + quads[3])
        np.testing.assert_array_equal(planes[name], whole)

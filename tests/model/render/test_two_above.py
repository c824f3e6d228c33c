"""Two zooms that are shaded in one go, against one after the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from canvases import bfloat16, place, planned, registry, safetensors

from arbvis_core.engine import areas
from arbvis_core.engine.blocks import Subtree
from arbvis_core.reading import Reader
from arbvis_core.values import TileKey, View
from modelweightvis.render import elements, shading


def drawn(view: View, array: Any) -> tuple[dict[TileKey, Any], Any]:
    plan = planned(place(safetensors({"w": ("BF16", array)}), 2048))
    tree = Subtree(plan, registry(), Reader(plan.sources), view)
    tiles: dict[TileKey, Any] = {}
    key = TileKey(plan.canvas.max_zoom - 2, 0, 0)
    return tiles, tree.quarter(key, lambda at, tile: tiles.update({at: tile.codes.copy()}))


@pytest.mark.parametrize(
    ("view", "odd", "together"),
    [
        (View(), 0.0, True),
        (View(scale="tensor"), 0.0, True),
        (View(overview="rms"), 0.0, False),
        (View(overview="max"), 0.0, False),
        (View(), np.nan, False),
    ],
    ids=["mean", "of a tensor", "rms", "max", "not finite"],
)
def test_two_zooms_are_those_of_one_after_the_other(
    view: View, odd: float, together: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    array = np.random.default_rng(0).standard_normal((1500, 1201)) * 0.02
    array[700, 300] = odd
    array = bfloat16(array)
    above: list[int] = []
    checked = areas._check
    monkeypatch.setattr(
        areas, "_check", lambda area, *rest: (above.append(len(area.above)), checked(area, *rest))
    )
    tiles, planes = drawn(view, array)
    assert above == [2 if together else 0]
    monkeypatch.setattr(shading, "with_two_above", lambda _plan, leaf, _looks: leaf)
    assert not hasattr(elements, "with_two_above")  # it is looked up when it is called
    expected, wanted = drawn(view, array)
    assert above[1:] == [0]
    assert tiles.keys() == expected.keys()
    assert len(tiles) > 6
    for key, codes in tiles.items():
        np.testing.assert_array_equal(codes, expected[key])
    assert planes.keys() == wanted.keys()
    for name, plane in planes.items():
        np.testing.assert_array_equal(plane, wanted[name])

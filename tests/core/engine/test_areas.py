"""What renderers that paint areas have to hand over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from arbvis_core import api
from arbvis_core.engine.blocks import Subtree
from arbvis_core.errors import PluginError
from arbvis_core.reading import Reader
from arbvis_core.registry import Registered, Registry, RegistrySpec, load
from arbvis_core.render.bytes import ByteRenderer
from arbvis_core.values import TILE, Leaf, ScenePlan, TileKey, TrueColour

APEX = TileKey(0, 0, 0)


class Changed(ByteRenderer):
    """The renderer of bytes, whose areas are changed."""

    def __init__(self, change: Callable[[Leaf], Leaf]) -> None:
        self._change = change

    def paint(self, *arguments: Any) -> Leaf:
        return self._change(super().paint(*arguments))


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> ScenePlan:
    path = tmp_path_factory.mktemp("block") / "a.bin"
    path.write_bytes(np.random.default_rng(1).bytes(16 * TILE * TILE))
    return api.plan(api.Request((str(path),)), registry=load((), ())).scenes[0]


def drawn(plan: ScenePlan, change: Callable[[Leaf], Leaf]) -> dict[TileKey, api.Tile]:
    entry = Registered("toys", "1", Changed(change))
    registry = Registry(RegistrySpec(), renderers=(entry,), decoders={})
    found: dict[TileKey, api.Tile] = {}
    Subtree(plan, registry, Reader(plan.sources)).quarter(APEX, found.__setitem__)
    return found


def test_every_tile_of_a_block_is_cut_out_of_its_zoom(plan: ScenePlan) -> None:
    zooms = [key.zoom for key in drawn(plan, lambda leaf: leaf)]
    assert zooms == [2] * 16 + [1] * 4 + [0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda leaf: replace(leaf, above=leaf.above[:1]), "with 1 zooms above, not 2"),
        (lambda leaf: replace(leaf, above=leaf.above * 2), "with 4 zooms above, not 2"),
        (
            lambda leaf: replace(leaf, above=leaf.above[::-1]),
            "as 512 × 512 pixels at zoom 1, not 1024 × 1024",
        ),
        (
            lambda leaf: replace(leaf, tile=TrueColour(np.zeros((512, 512, 3), np.uint8))),
            "as 512 × 512 pixels at zoom 2, not 2048 × 2048",
        ),
    ],
)
def test_of_what_tiles_cannot_be_cut_is_refused(
    plan: ScenePlan, change: Callable[[Leaf], Leaf], words: str
) -> None:
    with pytest.raises(PluginError, match=f"toys.*all under tile 0/0/0 was painted {words}"):
        drawn(plan, change)

"""Blocks of bytes, drawn at once, against the same drawn tile by tile."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from arbvis_core.engine.blocks import Subtree, cropped_blocks
from arbvis_core.engine.gathering import half_size
from arbvis_core.formats.raw import RawFormat
from arbvis_core.layouts.hilbert import HilbertLayout
from arbvis_core.pipeline.planning import plan_scene
from arbvis_core.protocols import Group
from arbvis_core.reading import Reader
from arbvis_core.registry import load
from arbvis_core.testing import MemorySource
from arbvis_core.testing.renderers import rgba
from arbvis_core.values import Request, ScenePlan, Tile, TileKey

BARE = load((), ())
BLOCK = 1 << 22


def planned(sizes: Sequence[int]) -> ScenePlan:
    content = np.random.default_rng(2).integers(0, 256, max(sizes), np.uint8)
    content[::3] &= 1
    sources = [MemorySource(f"{at}", content[:size].tobytes()) for at, size in enumerate(sizes)]
    documents = RawFormat().parse(Group("memory", tuple(sources), ()))
    (scene,) = HilbertLayout().arrange(Request(("x",)), documents)
    return plan_scene(scene, BARE)


@pytest.mark.parametrize(
    ("sizes", "canvas"),
    [
        ((1 << 19,), (1024, 512)),
        ((900_000, 0, 0, 700_001), (2048, 1024)),
        ((BLOCK,), (2048, 2048)),
        ((1 << 20, 0, 3 * (1 << 20), 0, 2 * BLOCK + 5), (4096, 4096)),
    ],
)
def test_a_block_is_what_its_tiles_are(sizes: Sequence[int], canvas: tuple[int, int]) -> None:
    plan = planned(sizes)
    assert (plan.canvas.width, plan.canvas.height) == canvas
    counted = 0
    for block, cropped in cropped_blocks(plan):
        tree, tiles = (Subtree(cropped, BARE, Reader(plan.sources)) for _ in range(2))
        drawn: list[dict[TileKey, Tile]] = [{}, {}]
        once = tree.quarter(block.apex, drawn[0].__setitem__)
        planes = tiles.planes(block.apex, drawn[1].__setitem__)
        assert drawn[0].keys() == drawn[1].keys()
        for key, tile in drawn[0].items():
            np.testing.assert_array_equal(rgba(tile), rgba(drawn[1][key]), err_msg=str(key))
        assert (once is None) == (planes is None)
        if once is None or planes is None:
            continue
        for one in tree.declared:
            np.testing.assert_array_equal(once[one.name], half_size(planes[one.name], one))
        np.testing.assert_array_equal(tree.statistics, tiles.statistics)
        counted += int(tree.statistics.sum())
    assert counted == sum(sizes)

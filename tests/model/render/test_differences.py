"""The renderer of differences keeps its promises, of tensors of equal and of unequal shapes."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from functools import cache
from math import prod

import numpy as np
import pytest
from canvases import place, registry, safetensors
from hypothesis import given, settings
from hypothesis.extra.numpy import array_shapes, arrays

from arbvis_core.api import Region, Scene, TileKey
from arbvis_core.engine.blocks import Subtree
from arbvis_core.engine.driver import block_cost
from arbvis_core.pipeline.planning import plan_scene
from arbvis_core.reading import RangeCache, Reader
from arbvis_core.testing import RendererContract
from modelweightvis.folds import columns_fold, grid_fold, rows_fold
from modelweightvis.formats import FORMATS
from modelweightvis.kernels.compare import COUNT
from modelweightvis.render.differences import DifferenceRenderer
from modelweightvis.render.differing import rectangles
from modelweightvis.tensors import DIFFERENCE

#: The shapes of both sides, and how the first is folded.
PAIRS = {
    "same": ((700, 1200), (700, 1200), None),
    "vocabulary": ((900, 128), (871, 128), rows_fold((900, 128), 300, 3, 1)),
    "bias": ((9000,), (8300,), columns_fold((9000,), 300, 1, 0)),
    "strips": ((3, 4000), (3, 3900), columns_fold((3, 4000), 500, 2, 0)),
    "kernels": ((200, 3, 3), (190, 3, 3), grid_fold((200, 3, 3), 40)),
    "experts": ((6, 120, 70), (6, 100, 80), grid_fold((6, 120, 70), 3, 2)),
}


FLOATS = {"F32": np.float32, "F64": np.float64}


@cache
def scene() -> Scene:
    random = np.random.default_rng(5)
    tensors = {
        f"{side}.{name}": ("F32", (random.standard_normal(shape) * 0.02).astype(np.float32))
        for name, shapes in PAIRS.items()
        for side, shape in zip("ab", shapes[:2], strict=True)
    }
    document = safetensors(tensors)
    found = {region.name: region for region in document.regions}
    pairs = tuple(
        Region(
            name,
            shapes[0],
            DIFFERENCE,
            operands=(found[f"a.{name}"], found[f"b.{name}"]),
            attributes=found[f"a.{name}"].attributes,
        )
        for name, shapes in PAIRS.items()
    )
    folds = {name: fold for name, (_, _, fold) in PAIRS.items() if fold}
    placed = place(replace(document, regions=pairs), 1300, folds)
    return replace(placed, renderer="differences")


class TestDifferences(RendererContract):
    renderer = DifferenceRenderer()
    makers = FORMATS

    def scene(self) -> Scene:
        return scene()


def test_every_element_that_both_sides_have_is_compared() -> None:
    plan = plan_scene(scene(), registry())
    tree = Subtree(plan, registry(), Reader(plan.sources))
    tree.planes(TileKey(0, 0, 0))
    for name, (left, right, _) in PAIRS.items():
        shared = prod(min(pair) for pair in zip(left, right, strict=True))
        assert tree.statistics.sums[name][COUNT] == shared, name


@pytest.mark.parametrize("dtype", ["F32", "F64"])
def test_a_block_takes_no_more_memory_than_is_planned_for(dtype: str) -> None:
    values = np.random.default_rng(6).standard_normal((2048, 2048)).astype(FLOATS[dtype])
    document = safetensors({"a": (dtype, values), "b": (dtype, values * 2)})
    first, second = (one for one in document.regions if one.name in "ab")
    pair = replace(first, encoding=DIFFERENCE, parts=(), operands=(first, second))
    placed = place(replace(document, regions=(pair,)), 2048)
    plan = plan_scene(replace(placed, renderer="differences"), registry())
    draw = Subtree(plan, registry(), Reader(plan.sources, RangeCache())).quarter
    draw(TileKey(0, 0, 0))  # whatever has to be compiled
    tracemalloc.start()
    try:
        draw(TileKey(0, 0, 0))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    declared = DifferenceRenderer().planes(plan, plan.view)
    assert most <= block_cost(plan, declared)


@settings(deadline=None)
@given(arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=12)))
def test_rectangles_are_the_mask(mask: np.ndarray) -> None:
    times = np.zeros(mask.shape, int)
    for box in rectangles(mask):
        times[box.y : box.y + box.height, box.x : box.x + box.width] += 1
    assert (times == mask).all()

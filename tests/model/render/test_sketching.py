"""Sketches of tensors, against the planes of the whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from canvases import place, registry, safetensors
from hypothesis import given, settings
from hypothesis import strategies as st

from arbvis_core.api import Budget, Scene, ScenePlan, TileKey, View
from arbvis_core.engine.blocks import Subtree
from arbvis_core.pipeline.planning import plan_scene
from arbvis_core.reading import Reader, read_crops
from arbvis_core.values import Document, Region
from modelweightvis.folds import columns_fold, grid_fold, rows_fold
from modelweightvis.render.elements import ElementRenderer
from modelweightvis.render.shading import HATCHED

RENDERER = ElementRenderer()
PLENTY = Budget(1 << 30, 1 << 20)
FOLDS = {
    "a.experts": grid_fold((6, 128, 256), 3, 4),
    "a.tall": rows_fold((2048, 64), 512, 4, 4),
    "a.line": columns_fold((4096,), 1024),
}


def even(seed: int, *shape: int) -> np.ndarray:
    """Return values whose magnitude is the same in all of every 8 × 8 elements."""
    random = np.random.default_rng(seed)
    small = [*shape[:-2], *(max(1, one // 8) for one in shape[-2:])]
    signs = random.choice([-1.0, 1.0], shape)
    coarse = random.uniform(0.01, 1, small)
    for axis in range(len(shape) - min(2, len(shape)), len(shape)):
        coarse = coarse.repeat(shape[axis] // small[axis], axis)
    return (signs * coarse).astype(np.float32)


def document(folded: bool) -> Document:
    shapes: dict[str, tuple[int, ...]] = {"a.q": (1024, 1544), "a.k": (264, 1544)}
    if folded:
        shapes |= {"a.experts": (6, 128, 256), "a.tall": (2048, 64), "a.line": (4096,)}
    arrays = {name: even(n, *shape) for n, (name, shape) in enumerate(shapes.items())}
    return safetensors({name: ("F32", array) for name, array in arrays.items()})


def plan_of(folded: bool = False, view: View | None = None) -> ScenePlan:
    scene = place(document(folded), 1600, FOLDS, gap=8)
    return plan_scene(scene if view is None else with_view(scene, view), registry())


def with_view(scene: Scene, view: View) -> Scene:
    from dataclasses import replace

    return replace(scene, view=view)


def sketched(plan: ScenePlan, key: TileKey, budget: Budget) -> dict[str, Any]:
    sketch = RENDERER.sketch(plan, key, registry().decoders, budget)
    assert len(sketch.crops) <= budget.reads
    assert sum(crop.size for crop in sketch.crops) <= budget.bytes
    parts = read_crops(plan.sources, sketch.crops)
    decoders = registry().decoders
    return dict(RENDERER.sketched(plan, key, sketch, parts, decoders, plan.view))


def exact(plan: ScenePlan, key: TileKey) -> dict[str, Any]:
    planes = Subtree(plan, registry(), Reader(plan.sources)).planes(key)
    assert planes is not None
    return dict(planes)


@pytest.mark.parametrize("overview", ["mean", "rms", "max"])
@pytest.mark.parametrize("scale", ["model", "role"])
def test_where_strips_are_all_alike_a_sketch_is_exact(overview: str, scale: str) -> None:
    plan = plan_of(view=View(overview=overview, scale=scale))
    for key in (TileKey(0, 0, 0), TileKey(1, 0, 0), TileKey(1, 1, 1)):
        found, true = sketched(plan, key, PLENTY), exact(plan, key)
        assert found.keys() == true.keys()
        for name, plane in found.items():
            assert plane.dtype == true[name].dtype
            np.testing.assert_allclose(plane, true[name], rtol=1e-4, atol=1e-5, err_msg=name)


@given(st.integers(1, 600), st.integers(1 << 10, 1 << 20), st.booleans())
@settings(max_examples=10, deadline=None)
def test_counts_are_right_whatever_is_read(reads: int, size: int, folded: bool) -> None:
    plan = plan_of(folded)
    found, true = (
        sketched(plan, TileKey(0, 0, 0), Budget(size, reads)),
        exact(plan, TileKey(0, 0, 0)),
    )
    lies = true["count"] > 0
    assert (found["count"] > 0)[lies].mean() > 0.97  # lines may fall into the gaps of a fold
    assert not found["count"][~lies].any() or folded
    assert found["count"].sum() == pytest.approx(true["count"].sum(), rel=0.05)
    means = [one["sum_abs"].sum() / one["count"].sum() for one in (found, true)]
    assert means[0] == pytest.approx(means[1], rel=2)


def test_values_that_are_not_finite_are_flagged_where_they_are_read() -> None:
    array = even(0, 1024, 1024)
    array[:, 100] = np.nan
    array[:, 900] = -np.inf
    plan = plan_scene(place(safetensors({"a.q": ("F32", array)}), 2000), registry())
    found = sketched(plan, TileKey(0, 0, 0), PLENTY)
    assert set(np.unique(found["flags"][:, 50])) == {1}
    assert set(np.unique(found["flags"][:, 450])) == {4}
    assert np.isfinite(found["sum_abs"]).all()
    assert found["count"][0, 50] == 2


def test_what_nobody_can_decode_is_hatched_and_not_read() -> None:
    from dataclasses import replace

    scene = place(document(folded=False), 1600)
    strange: Region = replace(scene.placements[0].region, encoding="strange")
    placements = (replace(scene.placements[0], region=strange), *scene.placements[1:])
    plan = plan_scene(replace(scene, placements=placements), registry())
    found = sketched(plan, TileKey(0, 0, 0), PLENTY)
    box = scene.placements[0].box
    scale = 1 << plan.canvas.max_zoom
    assert (found["flags"][: box.height // scale, : box.width // scale] == HATCHED).all()
    assert not found["count"][: box.height // scale, : box.width // scale].any()


def test_tensors_that_are_not_read_look_as_is_typical_of_them() -> None:
    arrays = {f"{n}.q": even(n, 64, 64) * (1 + n % 7) for n in range(400)}
    scene = place(safetensors({name: ("F32", one) for name, one in arrays.items()}), 2000)
    plan = plan_scene(scene, registry())
    budget = Budget(1 << 20, 40)
    sketch = RENDERER.sketch(plan, TileKey(0, 0, 0), registry().decoders, budget)
    read = {(crop.source, crop.start) for crop in sketch.crops}
    assert 30 <= len(read) <= 40
    found, true = sketched(plan, TileKey(0, 0, 0), budget), exact(plan, TileKey(0, 0, 0))
    np.testing.assert_array_equal(found["count"] > 0, true["count"] > 0)
    lies = true["count"] > 0
    ratio = (
        found["sum_abs"][lies] / found["count"][lies] * true["count"][lies] / true["sum_abs"][lies]
    )
    assert 0.5 < np.median(ratio) < 2
    assert np.percentile(ratio, 5) > 0.1

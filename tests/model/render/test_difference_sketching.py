"""Sketches of differences, against the planes of the whole."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from canvases import place, registry, safetensors
from test_differences import scene as uneven

from arbvis_core.api import Budget, Document, Region, ScenePlan, TileKey, View
from arbvis_core.engine.blocks import Subtree
from arbvis_core.pipeline.planning import plan_scene
from arbvis_core.reading import Reader, read_crops
from modelweightvis.folds import columns_fold, grid_fold, rows_fold
from modelweightvis.kernels.compare import CHANGED, NOT_FINITE
from modelweightvis.render.differences import METRICS, TOLD_FLAG, DifferenceRenderer
from modelweightvis.tensors import DIFFERENCE

RENDERER = DifferenceRenderer()
PLENTY = Budget(1 << 30, 1 << 20)
SHAPES: dict[str, tuple[int, ...]] = {
    "q": (1024, 1544),
    "k": (264, 1544),
    "experts": (6, 128, 256),
    "tall": (2048, 64),
    "line": (4096,),
}
FOLDS = {
    "experts": grid_fold((6, 128, 256), 3, 4),
    "tall": rows_fold((2048, 64), 512, 4, 4),
    "line": columns_fold((4096,), 1024),
}


def even(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Return values that are the same in all of every 8 × 8 elements."""
    small = [*shape[:-2], *(max(1, one // 8) for one in shape[-2:])]
    values = random.standard_normal(small)
    for axis in range(len(shape) - min(2, len(shape)), len(shape)):
        values = values.repeat(shape[axis] // small[axis], axis)
    return values.astype(np.float32)


def plan_of(
    pairs: dict[str, tuple[np.ndarray, np.ndarray]], width: int = 1600, gap: int = 8
) -> ScenePlan:
    sides = {
        f"{side}.{name}": ("F32", one)
        for name, both in pairs.items()
        for side, one in zip("ab", both, strict=True)
    }
    document = safetensors(sides)
    found = {region.name: region for region in document.regions}
    regions = tuple(
        Region(
            name,
            both[0].shape,
            DIFFERENCE,
            operands=(found[f"a.{name}"], found[f"b.{name}"]),
            attributes=found[f"a.{name}"].attributes,
        )
        for name, both in pairs.items()
    )
    placed: Document = replace(document, regions=regions)
    folds = {name: fold for name, fold in FOLDS.items() if name in pairs}
    scene = replace(place(placed, width, folds, gap), renderer="differences")
    return plan_scene(scene, registry())


def pairs_of_blocks() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    random = np.random.default_rng(3)
    left = {name: even(random, shape) for name, shape in SHAPES.items()}
    return {
        name: (one, (one + even(random, one.shape) * (even(random, one.shape) > 0)))
        for name, one in left.items()
    }


def sketched(
    plan: ScenePlan, key: TileKey, budget: Budget, view: View | None = None
) -> dict[str, Any]:
    decoders = registry().decoders
    sketch = RENDERER.sketch(plan, key, decoders, budget)
    assert len(sketch.crops) <= budget.reads
    assert sum(crop.size for crop in sketch.crops) <= budget.bytes
    parts = read_crops(plan.sources, sketch.crops)
    return dict(RENDERER.sketched(plan, key, sketch, parts, decoders, view or plan.view))


def exact(plan: ScenePlan, key: TileKey, view: View | None = None) -> dict[str, Any]:
    planes = Subtree(plan, registry(), Reader(plan.sources), view or plan.view).planes(key)
    assert planes is not None
    return dict(planes)


@pytest.mark.parametrize("metric", METRICS)
def test_where_strips_are_all_alike_a_sketch_is_exact(metric: str) -> None:
    pairs = pairs_of_blocks()
    plan, view = plan_of({name: pairs[name] for name in "qk"}), View(metric=metric)
    for key in (TileKey(0, 0, 0), TileKey(1, 0, 0), TileKey(1, 1, 1)):
        found, true = sketched(plan, key, PLENTY, view), exact(plan, key, view)
        assert found.keys() == true.keys()
        assert true["magnitude"].any()
        for name, plane in found.items():
            assert plane.dtype == true[name].dtype
            np.testing.assert_allclose(plane, true[name], rtol=1e-4, atol=1e-4, err_msg=name)


def test_what_only_one_side_has_is_striped_and_the_rest_counted() -> None:
    plan = plan_scene(uneven(), registry())
    key = TileKey(0, 0, 0)
    found, true = sketched(plan, key, PLENTY), exact(plan, key)
    assert found["count"].sum() == pytest.approx(true["count"].sum(), rel=0.02)
    striped, told = (one["flags"] & TOLD_FLAG > 0 for one in (true, found))
    assert (told & striped).sum() > 0.7 * striped.sum() > 0  # where lines meet it
    assert (told & ~striped).sum() < 0.1 * striped.sum()


def test_folded_pairs_are_seen_whole() -> None:
    plan, key = plan_of(pairs_of_blocks()), TileKey(0, 0, 0)
    found, true = sketched(plan, key, PLENTY), exact(plan, key)
    assert (found["count"] > 0)[true["count"] > 0].mean() > 0.97  # lines may fall into gaps
    for name in ("count", "magnitude"):
        assert found[name].sum() == pytest.approx(true[name].sum(), rel=0.05), name


def test_what_changed_and_what_is_not_finite_is_flagged_where_it_is_read() -> None:
    left = even(np.random.default_rng(1), (1024, 1024))
    right = left.copy()
    right[:, 100] = np.nan
    right[:, 900] += 1
    plan = plan_of({"q": (left, right)}, 2000)
    found = sketched(plan, TileKey(0, 0, 0), PLENTY)
    assert set(np.unique(found["flags"][:, 50])) == {NOT_FINITE}
    assert set(np.unique(found["flags"][:, 450])) == {CHANGED}
    assert not np.delete(found["flags"], (50, 450), axis=1).any()
    assert found["count"][0, 50] == 2
    assert np.isfinite(found["magnitude"]).all()


def test_pairs_that_are_not_read_look_as_those_of_their_role_that_are() -> None:
    random = np.random.default_rng(4)
    pairs = {}
    for number in range(400):
        left = even(random, (64, 64))
        pairs[f"{number}.q"] = left, left + np.float32(0.01) * even(random, (64, 64))
    plan, key, budget = plan_of(pairs, 2000), TileKey(0, 0, 0), Budget(1 << 20, 80)
    found, true = sketched(plan, key, budget), exact(plan, key)
    np.testing.assert_array_equal(found["count"] > 0, true["count"] > 0)
    assert found["count"].sum() == pytest.approx(true["count"].sum(), rel=1e-3)
    assert found["magnitude"].sum() == pytest.approx(true["magnitude"].sum(), rel=0.2)


def test_nothing_is_read_of_what_is_not_compared() -> None:
    pairs = pairs_of_blocks()
    plan = plan_of({"q": pairs["q"], "k": pairs["k"]})
    first = plan.placements[0]
    alone = replace(first.region, operands=first.region.operands[:1], attributes={"side": "A"})
    plan = replace(plan, placements=(replace(first, region=alone), *plan.placements[1:]))
    key = TileKey(0, 0, 0)
    found, true = sketched(plan, key, PLENTY), exact(plan, key)
    np.testing.assert_array_equal(found["flags"], true["flags"])
    np.testing.assert_allclose(found["count"], true["count"])

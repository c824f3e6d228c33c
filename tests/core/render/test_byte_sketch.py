"""Sketches of bytes, against the planes of the whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arbvis_core import api
from arbvis_core.engine.blocks import Subtree
from arbvis_core.reading import Reader, read_crops
from arbvis_core.registry import load
from arbvis_core.values import Budget, ScenePlan, TileKey

BARE = load((), ())
RENDERER = BARE.renderer("bytes")
WHOLE = Budget(1 << 30, 1 << 12)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> ScenePlan:
    """Two files, and a canvas of two squares of which the second is not full.

    Aligned runs of 4096 bytes are all alike.
    """
    folder = tmp_path_factory.mktemp("sketch")
    random = np.random.default_rng(0)
    for name, runs in (("a", 1100), ("b", 700)):
        path = folder / name
        path.write_bytes(random.integers(0, 255, runs).astype(np.uint8).repeat(4096).tobytes())
    request = api.Request((str(folder / "a"), str(folder / "b")))
    return api.plan(request, registry=BARE).scenes[0]


def planes(plan: ScenePlan, key: TileKey, budget: Budget) -> dict[str, np.ndarray]:
    sketch = RENDERER.sketch(plan, key, {}, budget)
    assert sketch is not None
    assert len(sketch.crops) <= budget.reads
    assert sum(crop.size for crop in sketch.crops) <= budget.bytes
    assert all(crop.rows == 1 for crop in sketch.crops)
    parts = read_crops(plan.sources, sketch.crops)
    return dict(RENDERER.sketched(plan, key, sketch, parts, {}, plan.view))


@pytest.mark.parametrize("key", [TileKey(0, 0, 0), TileKey(1, 0, 0), TileKey(1, 1, 0)])
def test_where_stretches_are_all_alike_a_sketch_is_exact(plan: ScenePlan, key: TileKey) -> None:
    exact = Subtree(plan, BARE, Reader(plan.sources)).planes(key)
    assert exact is not None
    for name, plane in planes(plan, key, WHOLE).items():
        assert plane.dtype == exact[name].dtype
        np.testing.assert_allclose(plane, exact[name], rtol=1e-4, atol=1e-3)


@given(st.integers(2, 5000), st.integers(1, 1 << 20), st.sampled_from(range(3)))
@settings(max_examples=30, deadline=None)
def test_counts_are_exact_whatever_is_read(
    plan: ScenePlan, reads: int, size: int, zoom: int
) -> None:
    key = TileKey(zoom, 0, 0)
    budget = Budget(max(size, reads), reads)
    found = planes(plan, key, budget)
    exact = Subtree(plan, BARE, Reader(plan.sources)).planes(key)
    assert exact is not None
    np.testing.assert_array_equal(found["count"], exact["count"])
    for light in ("red", "green", "blue"):
        assert (found[light] >= 0).all()
        assert (found[light] <= found["count"] * 1.0001).all()


def test_past_the_end_nothing_is_read(tmp_path: Path) -> None:
    path = tmp_path / "short"
    path.write_bytes(bytes(4_200_000))
    plan = api.plan(api.Request((str(path),)), registry=BARE).scenes[0]
    columns, rows = plan.canvas.tiles(plan.canvas.max_zoom - 1)
    read = 0
    for y in range(rows):
        for x in range(columns):
            sketch = RENDERER.sketch(plan, TileKey(plan.canvas.max_zoom - 1, x, y), {}, WHOLE)
            assert sketch is not None
            assert all(crop.stop <= 4_200_000 for crop in sketch.crops)
            read += sum(crop.size for crop in sketch.crops)
    assert read == 4_200_000

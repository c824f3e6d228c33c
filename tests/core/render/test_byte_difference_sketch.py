"""Sketches of what differs between files, against the planes of the whole."""

from __future__ import annotations

import json
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
RENDERER = BARE.renderer("byte-differences")
WHOLE = Budget(1 << 30, 1 << 13)
#: Bytes that are all alike.
RUN = 4096


def compared(left: Path, right: Path) -> ScenePlan:
    request = api.Request((str(left), str(right)), diff=True)
    (found,) = api.plan(request, registry=BARE).scenes
    assert found.renderer == "byte-differences"
    return found


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> ScenePlan:
    """Two folders of two files each, of which one ends sooner on one side, and one more on the other."""
    folder = tmp_path_factory.mktemp("compared")
    random = np.random.default_rng(0)
    for name, lengths in {"a": (1100, 1100), "b": (700, 400), "c": (0, 300)}.items():
        values = random.integers(0, 255, max(lengths)).astype(np.uint8)
        moved = np.where(
            random.random(values.size) < 0.3, random.integers(0, 255, values.size), values
        )
        for side, (length, content) in enumerate(zip(lengths, (values, moved), strict=True)):
            place = folder / "lr"[side]
            place.mkdir(exist_ok=True)
            if length:
                data = content[:length].astype(np.uint8).repeat(RUN).tobytes()
                (place / name).write_bytes(data)
    return compared(folder / "l", folder / "r")


def planes(plan: ScenePlan, key: TileKey, budget: Budget) -> dict[str, np.ndarray]:
    sketch = RENDERER.sketch(plan, key, {}, budget)
    assert sketch is not None
    assert len(sketch.crops) <= budget.reads
    assert sum(crop.size for crop in sketch.crops) <= budget.bytes
    parts = read_crops(plan.sources, sketch.crops)
    return dict(RENDERER.sketched(plan, key, sketch, parts, {}, plan.view))


def exact(plan: ScenePlan, key: TileKey) -> dict[str, np.ndarray]:
    found = Subtree(plan, BARE, Reader(plan.sources)).planes(key)
    assert found is not None
    return dict(found)


@pytest.mark.parametrize("key", [TileKey(0, 0, 0), TileKey(1, 0, 0), TileKey(1, 0, 1)])
def test_where_stretches_are_all_alike_a_sketch_is_exact(plan: ScenePlan, key: TileKey) -> None:
    found, true = planes(plan, key, WHOLE), exact(plan, key)
    assert found.keys() == true.keys()
    for name, plane in found.items():
        assert plane.dtype == true[name].dtype
        np.testing.assert_allclose(plane, true[name], rtol=1e-4, atol=1e-3, err_msg=name)
    if key.zoom == 0:
        assert all(plane.any() for plane in true.values())


@given(st.integers(4, 5000), st.integers(1, 1 << 20), st.sampled_from(range(3)))
@settings(max_examples=30, deadline=None)
def test_every_byte_is_counted_whatever_is_read(
    plan: ScenePlan, reads: int, size: int, zoom: int
) -> None:
    key = TileKey(zoom, 0, 0)
    found, true = planes(plan, key, Budget(max(size, reads), reads)), exact(plan, key)
    counted = [one["both"] + one["left"] + one["right"] for one in (found, true)]
    np.testing.assert_allclose(*counted, rtol=1e-5)
    assert all((plane >= 0).all() for plane in found.values())


def test_what_is_laid_beside_each_other_in_pieces_is_read_where_it_lies(
    tmp_path: Path,
) -> None:
    """JSON is compared value by value: what was put in between moves the rest."""
    values = [f"{number:0500}" for number in range(9000)]
    (tmp_path / "l.json").write_text(json.dumps(values), "utf-8")
    between = [
        *values[:3000],
        *(f"{number:0500}" for number in range(90000, 90600)),
        *values[3000:],
    ]
    (tmp_path / "r.json").write_text(json.dumps(between), "utf-8")
    plan, key = compared(tmp_path / "l.json", tmp_path / "r.json"), TileKey(0, 0, 0)
    assert any("pieces" in one.region.attributes for one in plan.placements)
    found, true = planes(plan, key, WHOLE), exact(plan, key)
    assert true["right"].sum() >= 600 * 500
    for name in ("both", "right"):
        assert found[name].sum() == pytest.approx(true[name].sum(), rel=0.05), name
    assert found["grew"].sum() == found["shrank"].sum() == true["grew"].sum() == 0

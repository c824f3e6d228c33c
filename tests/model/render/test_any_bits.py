"""Weights that nobody has initialised: every pattern of bits occurs, and sums exceed a float32."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from arbvis_core import api
from arbvis_core.reading import read_crops
from arbvis_core.registry import load
from arbvis_core.sinks.memory import MemorySink
from arbvis_core.values import Budget, Indexed, TileKey
from modelweightvis.profile import MODELWEIGHTVIS

#: Bytes of an element.
SIZES = {"BF16": 2, "F16": 2, "F32": 4, "F64": 8}
SHAPE = (260, 250)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    random, folder = np.random.default_rng(0), tmp_path_factory.mktemp("models")
    found = [folder / name for name in ("a.safetensors", "b.safetensors")]
    for path in found:
        header, data = {}, b""
        for dtype, size in SIZES.items():
            start, data = len(data), data + random.bytes(SHAPE[0] * SHAPE[1] * size)
            offsets = [start, len(data)]
            header[dtype] = {"dtype": dtype, "shape": SHAPE, "data_offsets": offsets}
        text = json.dumps(header).encode()
        path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return found


@pytest.mark.parametrize("diff", [False, True])
def test_they_are_drawn_and_measured(models: list[Path], diff: bool) -> None:
    inputs = [str(path) for path in (models if diff else models[:1])]
    plan = api.plan(api.Request(tuple(inputs), profile=MODELWEIGHTVIS, diff=diff))
    sink = MemorySink()
    api.render(plan, sink, executor="serial")
    (scene,) = json.loads(sink.blobs["manifest.json"])["scenes"]
    assert [one["name"] for one in scene["placements"]] == [*SIZES]
    for one in scene["placements"]:
        assert 0 < one["stats"]["count"] <= SHAPE[0] * SHAPE[1]


@pytest.mark.parametrize("overview", ["mean", "rms", "max", "balance"])
@pytest.mark.parametrize("scale", ["model", "tensor"])
def test_they_are_estimated(models: list[Path], overview: Any, scale: Any) -> None:
    registry = load()
    plan = api.plan(api.Request((str(models[0]),), profile=MODELWEIGHTVIS)).scenes[0]
    renderer, view = registry.renderer("elements"), api.View(overview=overview, scale=scale)
    key, budget = TileKey(0, 0, 0), Budget(1 << 16, 200)
    sketch = renderer.sketch(plan, key, registry.decoders, budget)
    assert sketch is not None
    parts = read_crops(plan.sources, sketch.crops)
    found = renderer.sketched(plan, key, sketch, parts, registry.decoders, view)
    shown = renderer.shade(plan, key, found, view)
    assert isinstance(shown, Indexed)
    assert (shown.codes > 0).sum() > 0.8 * (found["count"] > 0).sum() > 0


def test_what_is_typical_of_them_is_a_number(models: list[Path]) -> None:
    plan = api.plan(api.Request((str(models[0]),), profile=MODELWEIGHTVIS))
    decisions = plan.scenes[0].decisions
    stored = np.fromfile(models[0], np.uint8)
    start = 8 + int.from_bytes(stored[:8].tobytes(), "little")
    codes = stored[start : start + 2 * SHAPE[0] * SHAPE[1]].view(np.uint16).astype(np.uint32)
    finite = (codes[(codes & 0x7F80) < 0x7F80] << 16).view(np.float32).astype(np.float64)
    own = decisions["placements"]["BF16"]
    assert own["mean"] == pytest.approx(finite.mean())
    facts = [*decisions["placements"].values(), *decisions["roles"].values()]
    assert all(map(np.isfinite, (one for fact in facts for one in fact.values())))

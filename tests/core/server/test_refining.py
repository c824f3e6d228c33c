"""Sampled at first, exact in the end: over a real socket, with a file that counts as large."""

from __future__ import annotations

import time
from typing import Any

import pytest

from arbvis_core import api
from arbvis_core.server import scenes
from arbvis_core.server.refining import Refiner
from arbvis_core.sinks.memory import MemorySink
from arbvis_core.values import Budget, Plan, TileKey, View


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the file of the tests be one that is too large to be read for a tile."""
    monkeypatch.setattr(scenes, "SMALL", 0)
    monkeypatch.setattr(scenes, "CHEAP", 1 << 20)
    monkeypatch.setattr(scenes, "SCREEN", Budget(16 << 16, 16 * 64))
    monkeypatch.setattr(scenes, "LEAST", Budget(1, 1))
    monkeypatch.setenv("ARBVIS_CACHE_SIZE", "0")


def overview(plan: Plan) -> tuple[str, bytes]:
    sink = MemorySink()
    api.render(plan, sink, jobs=1, executor="serial")
    path = f"tiles/{plan.scenes[0].key}/0/0/0.png"
    return f"/{path}", sink.blobs[path]


@pytest.mark.usefixtures("large")
def test_a_tile_is_sampled_then_exact(serve: Any, plan: Plan) -> None:
    path, exact = overview(plan)
    with serve(lambda: plan) as running:
        first = running.get(path)
        sample = dict(one.split("=") for one in first.headers["arbvis-sample"].split("; "))
        assert 0 < int(sample["bytes"]) <= 1 << 16
        assert 0 < int(sample["reads"]) <= 64
        assert int(sample["of"]) == sum(one["size"] for one in plan.inputs)
        assert first.body != exact
        for _ in range(600):
            progress = running.get("/api/progress?since=0").json
            if progress["state"] == "exact":
                break
            assert progress["state"] == "running"
            time.sleep(0.05)
        assert progress["tiles"] == [[plan.scenes[0].key, 0, 0, 0]]
        assert progress["edition"] == 1
        assert running.get("/api/progress?since=1").json["tiles"] == []
        last = running.get(f"{path}?v=1")
        assert "arbvis-sample" not in last.headers
        assert last.body == exact


@pytest.mark.usefixtures("large")
def test_nobody_looking_means_nothing_to_do(serve: Any, plan: Plan) -> None:
    path, _ = overview(plan)
    with serve(lambda: plan) as running:
        assert "arbvis-sample" in running.get(path).headers
        time.sleep(0.3)
        asked = running.get("/api/progress?looking=0").json
        assert (asked["state"], asked["done"], asked["waiting"]) == ("paused", 0, 1)


@pytest.mark.usefixtures("large")
def test_leaves_and_what_is_cheap_are_exact_at_once(serve: Any, plan: Plan) -> None:
    sink = MemorySink()
    api.render(plan, sink, jobs=1, executor="serial")
    zoom = plan.scenes[0].canvas.max_zoom
    tiles = {
        path: data
        for path, data in sink.blobs.items()
        if path.startswith("tiles/") and int(path.split("/")[2]) >= zoom - 1
    }
    with serve(lambda: plan) as running:
        for path, data in tiles.items():
            answer = running.get(f"/{path}")
            assert "arbvis-sample" not in answer.headers
            assert answer.body == data


@pytest.mark.parametrize("query", ["since=-1", "since=x", "since=" + 30 * "9"])
def test_what_is_no_edition_is_refused(running: Any, query: str) -> None:
    assert running.get(f"/api/progress?{query}").status == 400


class Scenes:
    """Tells what is measured, and takes its time."""

    def __init__(self, costs: dict[TileKey, int]) -> None:
        self.costs = costs

    def cost(self, key: TileKey) -> int:
        return self.costs[key]

    def planes(self, view: View) -> tuple[str, ...]:
        return (view.overview or "mean",)


def test_what_covers_least_comes_first() -> None:
    keys = [TileKey(3, 0, 0), TileKey(1, 0, 0), TileKey(2, 0, 0)]
    fake: Any = Scenes({keys[0]: 10, keys[1]: 1000, keys[2]: 100})
    refiner = Refiner({"a": fake})
    refiner.stop()
    for key in (keys[1], keys[0], keys[2]):
        refiner.want("a", key, View())
        refiner.want("a", key, View(gain=2.0))
    assert refiner.progress(0, looking=False)["waiting"] == 3
    order = []
    while (found := refiner._next()) is not None:
        order.append(found.key)
        del refiner._wanted[found]
    assert order == [keys[0], keys[2], keys[1]]

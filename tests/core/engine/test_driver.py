"""The engine's books: in order, bounded, whole or not at all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from arbvis_core import api
from arbvis_core.engine import driver, estimate
from arbvis_core.engine.blocks import SPAN, Subtree, blocks_of, children
from arbvis_core.engine.executors import KINDS, SerialExecutor, make_executor
from arbvis_core.errors import ArbvisError, SinkError, UsageError
from arbvis_core.kernels import jit
from arbvis_core.reading import Reader
from arbvis_core.registry import load
from arbvis_core.sinks.memory import MemorySink
from arbvis_core.values import TILE, Blob, Canvas, TileKey

BARE = load((), ())


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> api.Plan:
    """A canvas of 4096 × 4096: four blocks, the last of them without a byte."""
    path = tmp_path_factory.mktemp("engine") / "file.bin"
    path.write_bytes(bytes(range(256)) * 36_000)
    return api.plan(api.Request((str(path),)), registry=BARE)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (512, 513), (5000, 300), (2048, 9000)])
def test_blocks_cover_every_leaf_once(width: int, height: int) -> None:
    canvas = Canvas(width, height)
    columns, rows = canvas.tiles(canvas.max_zoom)
    covered: list[tuple[int, int]] = []
    for block in blocks_of(canvas):
        box = block.box(canvas)
        assert box.width == box.height <= SPAN * TILE
        covered += [
            (x, y)
            for y in range(box.y // TILE, min((box.y + box.height) // TILE, rows))
            for x in range(box.x // TILE, min((box.x + box.width) // TILE, columns))
        ]
    assert sorted(covered) == [(x, y) for x in range(columns) for y in range(rows)]


def test_children_lie_on_the_canvas_under_their_parent() -> None:
    canvas = Canvas(1100, 600)
    assert canvas.max_zoom == 2
    assert list(children(TileKey(1, 1, 0), canvas)) == [TileKey(2, 2, 0), TileKey(2, 2, 1)]


def test_where_no_tile_lies_planes_are_zero(plan: api.Plan) -> None:
    (scene,) = plan.scenes
    tree = Subtree(scene, BARE, Reader(scene.sources))
    planes = tree.quarter(TileKey(0, 0, 0))
    assert planes is not None
    assert planes["count"].sum(dtype=float) == 256 * 36_000
    empty = planes["count"] == 0
    assert empty.any()
    assert not planes["red"][empty].any()


class Backwards(Executor):
    """Finishes tasks in the reverse order of their submission, as late as it can."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Future[Any], Callable[[], Any]]] = []
        self.most = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Late = Late(self)
        self.waiting.append((future, lambda: fn(*args, **kwargs)))
        self.most = max(self.most, len(self.waiting))
        return future


class Late(Future[Any]):
    def __init__(self, pool: Backwards) -> None:
        super().__init__()
        self._pool = pool

    def result(self, timeout: float | None = None) -> Any:
        while self._pool.waiting:
            future, task = self._pool.waiting.pop()
            future.set_result(task())
        return super().result(timeout)


def test_the_order_of_completion_changes_nothing(plan: api.Plan) -> None:
    ordered, backwards = MemorySink(), MemorySink()
    first = api.render(plan, ordered, registry=BARE, executor="serial")
    second = api.render(plan, backwards, registry=BARE, executor=Backwards())
    assert first.manifest == second.manifest
    assert ordered.blobs == backwards.blobs


def test_blocks_in_flight_are_bounded_by_memory(
    plan: api.Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared = BARE.renderer("bytes").planes(plan.scenes[0], plan.scenes[0].view)
    monkeypatch.setattr(driver, "IN_FLIGHT", driver.block_cost(plan.scenes[0], declared))
    pool = Backwards()
    api.render(plan, MemorySink(), registry=BARE, executor=pool, jobs=8)
    assert pool.most == 1


def test_progress_adds_up_to_the_canvas(plan: api.Plan) -> None:
    done: list[int] = []
    report = api.render(plan, MemorySink(), registry=BARE, on_progress=done.append)
    assert sum(done) == api.estimate(plan, registry=BARE).area == 36 * TILE * TILE
    assert report.pixels == api.estimate(plan, registry=BARE).pixels == 9_216_000


def test_what_compiles_a_kernel_is_drawn_on_trial_once_more(
    plan: api.Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes a second and happens once says nothing about the others."""
    drawn: list[int] = []
    blobs = estimate.tile_blobs

    def compiling(*given: Any) -> Any:
        drawn.append(1)
        if len(drawn) == 1:
            for listener in jit.on_compile:
                listener("a kernel")
        return blobs(*given)

    monkeypatch.setattr(estimate, "tile_blobs", compiling)
    api.estimate(plan, registry=BARE)
    assert len(drawn) == 2  # of so few tiles, one subtree is tried
    assert not jit.on_compile


def test_the_area_is_known_without_a_trial(plan: api.Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = api.estimate(plan, registry=BARE).area
    monkeypatch.delattr(estimate, "tile_blobs")
    assert estimate.area(plan, BARE) == expected


def test_tiles_without_content_are_neither_written_nor_listed(plan: api.Plan) -> None:
    sink = MemorySink()
    report = api.render(plan, sink, registry=BARE)
    level = report.manifest["scenes"][0]["canvas"]["levels"][-1]
    assert level["present"] != "all"
    assert sum(path.startswith("tiles/bytes/3/") for path in sink.blobs) == -(-9_216_000 // TILE**2)
    assert report.tiles == sum(path.startswith("tiles/") for path in sink.blobs)


class Failing(MemorySink):
    """Refuses a tile, and notices a worker that writes after it was told to give up."""

    def __init__(self, refuse: str) -> None:
        super().__init__()
        self.refuse = refuse
        self.aborted = threading.Event()
        self.late = False

    def put(self, blob: Blob) -> None:
        self.late = self.late or self.aborted.is_set()
        if blob.path.startswith(self.refuse):
            raise SinkError(f"{blob.path}: no space left")
        super().put(blob)

    def abort(self) -> None:
        self.aborted.set()
        super().abort()


@pytest.mark.parametrize("refuse", ["tiles/bytes/3/", "tiles/bytes/0/", "manifest.json"])
def test_a_sink_that_fails_is_told_once_nobody_writes_any_more(plan: api.Plan, refuse: str) -> None:
    sink = Failing(refuse)
    with ThreadPoolExecutor(3) as pool, pytest.raises(SinkError, match="no space left"):
        api.render(plan, sink, registry=BARE, executor=pool, jobs=3)
    assert sink.aborted.is_set()
    assert not sink.late


def test_a_file_that_shrinks_under_the_render_is_named(tmp_path: Path) -> None:
    path = tmp_path / "shrinking.bin"
    path.write_bytes(bytes(range(256)) * 36_000)
    plan = api.plan(api.Request((str(path),)), registry=BARE)
    path.write_bytes(b"short")
    sink = MemorySink()
    with pytest.raises(api.SourceChangedError, match=r"shrinking\.bin"):
        api.render(plan, sink, registry=BARE)
    assert not sink.blobs


def test_a_worker_that_dies_is_one_sentence(plan: api.Plan) -> None:
    from concurrent.futures.process import BrokenProcessPool

    class Dead(SerialExecutor):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            raise BrokenProcessPool

    with pytest.raises(ArbvisError, match="worker process was ended"):
        api.render(plan, MemorySink(), registry=BARE, executor=Dead())


def test_executors_are_refused_by_name_and_number() -> None:
    with pytest.raises(UsageError, match="serial, threads, processes"):
        make_executor("forks", 2)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="at least one job"):
        make_executor("threads", 0)
    assert KINDS == ("serial", "threads", "processes")

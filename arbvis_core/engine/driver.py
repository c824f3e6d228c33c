"""Runs the blocks of a scene, folds the levels above them and keeps the books."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Executor, Future, wait
from contextlib import closing
from dataclasses import field
from math import prod
from typing import TYPE_CHECKING, Any

from arbvis_core.engine.blocks import (
    SPAN,
    Block,
    BlockResult,
    BlockTask,
    Subtree,
    children,
    cropped_blocks,
)
from arbvis_core.engine.gathering import Gathering
from arbvis_core.engine.work import run_block, tile_blobs
from arbvis_core.interrupts import undisturbed
from arbvis_core.reading import Reader
from arbvis_core.registry import guard
from arbvis_core.slotted import dataclass
from arbvis_core.values import TILE, Canvas, Plane, ScenePlan, TileFormat, TileKey, parts_of

if TYPE_CHECKING:
    from arbvis_core.engine.blocks import Planes
    from arbvis_core.protocols import LeafRenderer, Sink
    from arbvis_core.registry import Registry

#: Memory that blocks in flight may take together, in bytes.
IN_FLIGHT = 512 << 20

#: Called with the pixels of the maximum zoom that were finished since the last call.
OnProgress = Callable[[int], None]


def silent(_pixels: int) -> None:
    """Report progress to nobody."""


@dataclass(frozen=True, slots=True)
class Run:
    """How plans are drawn.

    Attributes:
        registry: what the names in a plan stand for.
        sink: where tiles go; None where a plan is only measured.
        executor: where blocks run.
        jobs: its workers.
        tile_format: of the levels above the leaves.
        on_progress: told of finished pixels.
        keep: of every scene the levels up to so many tiles are kept in memory as well.
    """

    registry: Registry
    sink: Sink | None
    executor: Executor
    jobs: int = 1
    tile_format: TileFormat = "png"
    on_progress: OnProgress = silent
    keep: int = 0

    def kept(self, canvas: Canvas) -> int:
        """Return the last zoom of a canvas whose tiles are kept; -1 if none is."""
        zoom = -1
        while zoom < canvas.max_zoom and prod(canvas.tiles(zoom + 1)) <= self.keep:
            zoom += 1
        return zoom


@dataclass(slots=True)
class Drawn:
    """What was drawn of one scene.

    Attributes:
        tiles: every tile that was written, in the order of their blocks.
        size: bytes of the tiles, encoded.
        statistics: the renderer's, merged over all leaves.
        kept: tiles that were kept, by their paths in a bundle.
    """

    tiles: list[TileKey] = field(default_factory=list)
    size: int = 0
    statistics: Any = None
    kept: dict[str, bytes] = field(default_factory=dict)

    def add(self, tiles: list[TileKey], size: int) -> None:
        """Enter finished tiles."""
        self.tiles.extend(tiles)
        self.size += size


def draw_scene(plan: ScenePlan, run: Run) -> Drawn:
    """Draw every tile of a scene into the sink.

    Results are taken in the order in which the blocks were submitted, never in the order in which
    they finish, so that sums of statistics do not depend on timing.
    """
    owner = run.registry.renderer_entry(plan.renderer)
    drawn = Drawn()
    summit = _Summit(plan, run, drawn)
    with closing(_in_order(plan, run)) as results:
        for block, result in results:
            drawn.add(result.tiles, result.size)
            drawn.kept |= result.kept
            if run.sink:
                for blob in result.blobs:
                    run.sink.put(blob)
            with guard(owner, "render", f"the statistics of scene {plan.key!r}"):
                drawn.statistics = _merge(owner.item, drawn.statistics, result.statistics)
            summit.add(block.apex, result.apex)
            run.on_progress(_drawn(result, plan.canvas))
    return drawn


def _in_order(plan: ScenePlan, run: Run) -> Generator[tuple[Block, BlockResult], None, None]:
    declared = Subtree(plan, run.registry, Reader(plan.sources)).declared
    limit = max(1, min(IN_FLIGHT // block_cost(plan, declared), 2 * run.jobs + 1))
    waiting: deque[tuple[Block, Future[BlockResult]]] = deque()
    remote = run.sink if run.sink and run.sink.portable else None
    told = (remote, run.kept(plan.canvas), run.sink is not None)
    try:
        for block, cropped in cropped_blocks(plan):
            if not cropped.placements:
                yield block, BlockResult()
                continue
            task = BlockTask(cropped, block, run.registry.spec, run.tile_format, *told)
            waiting.append((block, run.executor.submit(run_block, task)))
            if len(waiting) >= limit:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()
    finally:
        # Whoever cleans up after an error must not meet a worker that still writes.
        with undisturbed():
            wait([future for _, future in waiting if not future.cancel()])


def block_cost(plan: ScenePlan, declared: tuple[Plane, ...]) -> int:
    """Estimate the bytes a block takes while it is drawn: input, leaves, planes of one path.

    Rows that it shares with the blocks beside it are counted once, as the cache of the reader holds them.
    """
    import numpy as np

    pixels = (SPAN * TILE) ** 2
    parts = (part for one in plan.placements for part in parts_of(one.region))
    stored = sum(part.stop - part.start for part in parts) // max(1, plan.elements)
    planes = sum(np.dtype(plane.dtype).itemsize for plane in declared)
    return pixels * (max(4, stored) + 2) + pixels * planes // 2


def _drawn(result: BlockResult, canvas: Canvas) -> int:
    """Count the pixels of the leaves of a block."""
    last = canvas.max_zoom
    return TILE * TILE * sum([key.zoom == last for key in result.tiles])


def _merge(renderer: LeafRenderer, left: Any, right: Any) -> Any:
    if left is None or right is None:
        return right if left is None else left
    return renderer.merge(left, right)


class _Summit:
    """The levels above the blocks, each tile shaded as soon as its last child has come."""

    def __init__(self, plan: ScenePlan, run: Run, drawn: Drawn) -> None:
        self._tree = Subtree(plan, run.registry, Reader(plan.sources))
        self._run = run
        self._drawn = drawn
        self._waiting: dict[TileKey, int] = {}
        self._gathering: dict[TileKey, Gathering] = {}

    def add(self, child: TileKey, quarter: Planes | None) -> None:
        """Take the apex of a block at half size, or nothing if no element lies in it."""
        if child.zoom > 0:
            self._put(child, quarter, folded=True)

    def _put(self, child: TileKey, planes: Planes | None, *, folded: bool) -> None:
        """Take what lies under a quarter of a tile; after the last one it is written and folded."""
        key = TileKey(child.zoom - 1, child.x // 2, child.y // 2)
        if planes is not None:
            gathering = self._gathering.setdefault(key, Gathering(self._tree.declared))
            gathering.put(child, planes, folded=folded)
        if key not in self._waiting:
            self._waiting[key] = sum(1 for _ in children(key, self._tree.plan.canvas))
        self._waiting[key] -= 1
        if self._waiting[key]:
            return
        del self._waiting[key]
        gathered = self._gathering.pop(key).planes() if key in self._gathering else None
        if gathered is not None:
            self._write(key, gathered)
        if key.zoom > 0:
            self._put(key, gathered, folded=False)

    def _write(self, key: TileKey, planes: Planes) -> None:
        plan = self._tree.plan
        tile = self._tree.shade(key, planes)
        ((_, blob),) = tile_blobs(plan, [(key, tile)], self._run.tile_format)
        if self._run.sink:
            self._run.sink.put(blob)
        if key.zoom <= self._run.kept(plan.canvas):
            self._drawn.kept[blob.path] = bytes(blob.data)
        self._drawn.add([key], len(blob.data))

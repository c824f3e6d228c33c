"""What a run will cost, told before it starts, from a few tiles drawn on trial."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from arbvis_core.deferring import resolved
from arbvis_core.engine.blocks import Subtree, cropped_blocks
from arbvis_core.engine.work import tile_blobs
from arbvis_core.reading import Reader
from arbvis_core.registry import guard
from arbvis_core.slotted import dataclass
from arbvis_core.values import TILE, Plan, ScenePlan, Tile, TileFormat, TileKey

if TYPE_CHECKING:
    from arbvis_core.registry import Registry

#: Subtrees drawn on trial per scene, spread over the canvas; and of so many no more than one.
TRIALS, SPARSE = 3, 16
#: What a file and its share of a folder take besides their content, in bytes.
PER_FILE = 4096


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a bundle will take.

    Attributes:
        pixels: drawn at the maximum zoom, one per element, over all scenes.
        area: of the tiles that they lie in, in pixels; what progress is told of.
        files: tiles of every zoom.
        bytes: on disk, with some room.
        seconds: of drawing.
    """

    pixels: int
    area: int
    files: int
    bytes: int
    seconds: float


def estimate(
    plan: Plan, registry: Registry, *, jobs: int = 1, tile_format: TileFormat = "png"
) -> Estimate:
    """Say what drawing a plan will take."""
    scenes = [_scene(scene, registry, jobs, tile_format) for scene in plan.scenes]
    return Estimate(
        pixels=sum(one.pixels for one in scenes),
        area=sum(one.area for one in scenes),
        files=sum(one.files for one in scenes),
        bytes=sum(one.bytes for one in scenes),
        seconds=sum(one.seconds for one in scenes),
    )


def area(plan: Plan, registry: Registry) -> int:
    """Return the pixels of the tiles that will be drawn at the maximum zoom, over all scenes."""
    return sum(len(_present(scene, registry)) for scene in plan.scenes) * TILE * TILE


def most_bytes(plan: Plan) -> int:
    """Return how many bytes the tiles of a plan take at most, whatever is drawn on them.

    Every pixel of every tile is counted, with its opacity, stored as it is.
    """
    tiles = sum(
        math.prod(scene.canvas.tiles(zoom))
        for scene in plan.scenes
        for zoom in range(scene.canvas.max_zoom + 1)
    )
    return tiles * (4 * TILE * TILE + PER_FILE)


def _scene(plan: ScenePlan, registry: Registry, jobs: int, tile_format: TileFormat) -> Estimate:
    level = _present(plan, registry)
    counts = [len(level)]
    trial_level = level
    for zoom in range(plan.canvas.max_zoom - 1, -1, -1):
        level = {TileKey(zoom, key.x // 2, key.y // 2) for key in level}
        counts.append(len(level))
        trial_level = level if len(counts) == 2 else trial_level
    seconds, sizes = _trial(plan, registry, sorted(trial_level), tile_format)
    leaf_size, upper_size = sizes
    total = counts[0] * leaf_size + sum(counts[1:]) * upper_size + sum(counts) * PER_FILE
    return Estimate(
        pixels=plan.elements,
        area=counts[0] * TILE * TILE,
        files=sum(counts),
        bytes=int(total * 1.1),
        seconds=seconds * counts[0] / jobs,
    )


def _present(plan: ScenePlan, registry: Registry) -> set[TileKey]:
    """Return the tiles of the maximum zoom that will be drawn."""
    owner = registry.renderer_entry(plan.renderer)
    with guard(owner, "plan", f"scene {plan.key!r}"):
        present = resolved(owner.item).present  # asked for every tile
        return {
            key
            for block, cropped in cropped_blocks(plan)
            if cropped.placements
            for key in block.leaves(plan.canvas)
            if present(cropped, key)
        }


def _trial(
    plan: ScenePlan, registry: Registry, keys: list[TileKey], tile_format: TileFormat
) -> tuple[float, tuple[float, float]]:
    """Draw a few subtrees, each with a leaf or more; return seconds per leaf and mean bytes of a leaf and of other tiles."""
    from arbvis_core.kernels import jit

    if not keys:
        return 0.0, (0.0, 0.0)
    trials = min(TRIALS, -(-len(keys) // SPARSE))
    chosen = [keys[(2 * i + 1) * len(keys) // (2 * trials)] for i in range(trials)]
    sizes: dict[bool, list[int]] = {True: [], False: []}

    tree = Subtree(plan, registry, Reader(plan.sources))
    seconds, compiled = math.inf, list[str]()
    jit.on_compile.append(compiled.append)
    try:
        while chosen:
            start, before = time.perf_counter(), len(sizes[True])
            drawn: list[tuple[TileKey, Tile]] = []
            tree.quarter(chosen[-1], lambda *tile, drawn=drawn: drawn.append(tile))
            for key, blob in tile_blobs(plan, drawn, tile_format):
                sizes[key.zoom == plan.canvas.max_zoom].append(len(blob.data))
            seconds = min(
                seconds, (time.perf_counter() - start) / max(1, len(sizes[True]) - before)
            )
            if compiled:
                compiled.clear()
                seconds = math.inf  # what the whole run does once; once more without
            else:
                chosen.pop()
    finally:
        jit.on_compile.remove(compiled.append)
    leaf, upper = (sum(some) / max(1, len(some)) for some in (sizes[True], sizes[False]))
    return seconds, (leaf, upper or 3.0 * TILE * TILE)

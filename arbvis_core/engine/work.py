"""What a worker does with a block: paint, fold, encode, write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from arbvis_core.encode import encode_tiles
from arbvis_core.engine.blocks import BlockResult, BlockTask, Subtree
from arbvis_core.engine.memory import keep_freed_blocks
from arbvis_core.reading import Reader
from arbvis_core.registry import load
from arbvis_core.values import Blob, ScenePlan, Tile, TileFormat, TileKey


def run_block(task: BlockTask) -> BlockResult:
    """Draw one block; every argument and result can travel to another process."""
    keep_freed_blocks()
    plan = task.plan
    tree = Subtree(plan, load(*task.registry), Reader(plan.sources))
    drawn: list[tuple[TileKey, Tile]] = []
    apex = tree.quarter(task.block.apex, lambda *tile: drawn.append(tile))
    result = BlockResult(apex, tree.statistics, [key for key, _ in drawn])
    wanted = [(key, tile) for key, tile in drawn if task.drawn or key.zoom <= task.kept]
    for key, blob in tile_blobs(plan, wanted, task.tile_format):
        if key.zoom <= task.kept:
            result.kept[blob.path] = bytes(blob.data)
        if not task.drawn:
            continue
        result.size += len(blob.data)
        if task.sink is None:  # it may go to another process
            result.blobs.append(replace(blob, data=bytes(blob.data)))
        else:
            task.sink.put(blob)
    return result


def tile_blobs(
    plan: ScenePlan, tiles: Iterable[tuple[TileKey, Tile]], tile_format: TileFormat
) -> Iterator[tuple[TileKey, Blob]]:
    """Encode tiles and name them; leaves are lossless in every format."""
    last = plan.canvas.max_zoom
    for zoom, level in groupby(tiles, lambda one: one[0].zoom):
        keys, pictures = zip(*level, strict=True)
        files = encode_tiles(pictures, tile_format, lossless=zoom == last)
        for key, (extension, media_type, data) in zip(keys, files, strict=True):
            path = f"tiles/{plan.key}/{key.zoom}/{key.x}/{key.y}.{extension}"
            yield key, Blob(path, media_type, data)

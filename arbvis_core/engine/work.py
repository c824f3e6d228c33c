"""What a worker does with a block: paint, fold, encode, write."""

from __future__ import annotations

from arbvis_core.encode import encode_tile
from arbvis_core.engine.blocks import BlockResult, BlockTask, Subtree
from arbvis_core.engine.memory import keep_freed_blocks
from arbvis_core.reading import Reader
from arbvis_core.registry import load
from arbvis_core.values import Blob, Canvas, Tile, TileFormat, TileKey


def run_block(task: BlockTask) -> BlockResult:
    """Draw one block; every argument and result can travel to another process."""
    keep_freed_blocks()
    registry = load(*task.registry)
    result = BlockResult()
    plan = task.plan

    def emit(key: TileKey, tile: Tile) -> None:
        result.tiles.append(key)
        if not task.drawn and key.zoom > task.kept:
            return
        blob = tile_blob(plan.key, plan.canvas, key, tile, task.tile_format)
        if key.zoom <= task.kept:
            result.kept[blob.path] = blob.data
        if not task.drawn:
            return
        result.size += len(blob.data)
        if task.sink is None:
            result.blobs.append(blob)
        else:
            task.sink.put(blob)

    tree = Subtree(plan, registry, Reader(plan.sources))
    result.apex = tree.quarter(task.block.apex, emit)
    result.statistics = tree.statistics
    return result


def tile_blob(
    scene: str, canvas: Canvas, key: TileKey, tile: Tile, tile_format: TileFormat
) -> Blob:
    """Encode a tile and name it; leaves are lossless in every format."""
    lossless = key.zoom == canvas.max_zoom
    extension, media_type, data = encode_tile(tile, tile_format, lossless=lossless)
    path = f"tiles/{scene}/{key.zoom}/{key.x}/{key.y}.{extension}"
    return Blob(path, media_type, data)

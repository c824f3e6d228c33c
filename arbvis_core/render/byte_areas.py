"""Byte tiles, one at a time or all under a tile at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from arbvis_core.kernels import byte_area, byte_tile
from arbvis_core.render.bytes import AREA, PLANES, entry
from arbvis_core.values import TILE, Indexed, Leaf, ScenePlan, TileKey, TrueColour

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


def paint_tile(data: NDArray[np.uint8], size: int, state: int) -> Leaf:
    """Paint a tile of the maximum zoom.

    Args:
        data: its bytes in the order of the curve, zeros after the last, (AREA,), read-only.
        size: how many of them are data.
        state: in which the curve enters the tile.
    """
    codes, sums, count, histogram = byte_tile.paint(data, size, state)
    planes = dict(zip(PLANES, (*sums, count), strict=True))
    return Leaf(Indexed(codes, byte_tile.PALETTE), planes, histogram)


def paint(plan: ScenePlan, key: TileKey, data: NDArray[np.uint8], size: int) -> Leaf:
    """Paint all leaves under a tile: with the zooms above, if it is full and as large as areas are.

    Args:
        plan: the scene.
        key: the tile, above the maximum zoom.
        data: the bytes under it in the order of the curve, zeros after the last, read-only.
        size: how many of them are data.
    """
    if size == byte_area.SIDE**2:
        return _paint_full(data, entry(plan, key)[1])
    side = TILE << (plan.canvas.max_zoom - key.zoom)
    codes = np.full((side, side), byte_tile.PADDING, np.uint8)
    planes = {name: np.zeros((side // 2, side // 2), np.float32) for name in PLANES}
    histogram = np.zeros(256, np.int64)
    first = entry(plan, key)[0]
    for leaf in _leaves(plan, key):
        start, state = entry(plan, leaf)
        start -= first
        if start >= size:
            continue
        own = paint_tile(data[start : start + AREA], min(size - start, AREA), state)
        top, left = TILE * leaf.y % side, TILE * leaf.x % side
        codes[top : top + TILE, left : left + TILE] = own.tile.codes  # type: ignore[union-attr]
        halves = tuple(slice(at // 2, (at + TILE) // 2) for at in (top, left))
        for name, plane in own.planes.items():
            planes[name][halves] = plane
        histogram += own.statistics
    return Leaf(Indexed(codes, byte_tile.PALETTE), planes, histogram)


def _paint_full(data: NDArray[np.uint8], state: int) -> Leaf:
    area = byte_area.paint(data, state)
    side = byte_area.SIDE // 8
    count = np.broadcast_to(np.float32(64), (side, side))
    planes = dict(zip(PLANES, (*area.sums, count), strict=True))
    above = TrueColour(area.near), TrueColour(area.far)
    return Leaf(Indexed(area.codes, byte_tile.PALETTE), planes, area.histogram, above)


def _leaves(plan: ScenePlan, key: TileKey) -> Iterator[TileKey]:
    """Yield the tiles of the maximum zoom under a tile."""
    above = plan.canvas.max_zoom - key.zoom
    columns, rows = plan.canvas.tiles(plan.canvas.max_zoom)
    for y in range(key.y << above, min((key.y + 1) << above, rows)):
        for x in range(key.x << above, min((key.x + 1) << above, columns)):
            yield TileKey(plan.canvas.max_zoom, x, y)

"""All leaves under a tile painted at once, and every level above them shaded.

Where a renderer can do that, a row of a tensor is read and painted in one piece, and what it takes to
ask for a tile is paid once for sixteen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from arbvis_core.engine.gathering import half_size
from arbvis_core.values import TILE, Indexed, Leaf, Tile, TileKey, TrueColour

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from arbvis_core.engine.blocks import Emit, Subtree

    Planes = Mapping[str, NDArray[Any]]


#: The alpha of what one does not see through.
OPAQUE = 255


def draw_area(
    tree: Subtree, key: TileKey, leaves: Sequence[TileKey], emit: Emit | None
) -> Planes | None:
    """Draw a tile with all that lies under it; return its planes at half size.

    Args:
        tree: what paints and shades.
        key: the tile.
        leaves: those under it, in the order in which they are handed over.
        emit: called with every tile under which an element lies.
    """
    there = [one for one in leaves if tree.present(one)]
    if not there:
        return None
    area = tree.paint(key)
    with tree.blamed(key):
        _check(area, tree.plan.canvas.max_zoom - key.zoom, key)
    if emit:
        for one in there:
            emit(one, _cut(area.tile, one, key))
    planes = area.planes
    for level, zoom in enumerate(range(tree.plan.canvas.max_zoom - 1, key.zoom - 1, -1)):
        there = list(dict.fromkeys(TileKey(zoom, one.x // 2, one.y // 2) for one in there))
        if emit:
            corner = TileKey(zoom, key.x << zoom - key.zoom, key.y << zoom - key.zoom)
            shaded = area.above[level] if area.above else tree.shade(corner, planes)
            for one in there:
                emit(one, _cut(shaded, one, key))
        if not area.above:
            planes = {one.name: half_size(planes[one.name], one) for one in tree.declared}
    return planes


def _check(area: Leaf, zooms: int, key: TileKey) -> None:
    """Refuse pictures of which tiles cannot be cut."""
    if area.above and len(area.above) != zooms:
        raise ValueError(
            f"all under tile {key.zoom}/{key.x}/{key.y} was painted with {len(area.above)} zooms above, "
            f"not {zooms}"
        )
    for above, one in enumerate((area.tile, *area.above)):
        side = TILE << (zooms - above)
        shape = (one.codes if isinstance(one, Indexed) else one.pixels).shape
        if shape[:2] != (side, side):
            raise ValueError(
                f"all under tile {key.zoom}/{key.x}/{key.y} was painted as {shape[0]} × {shape[1]} "
                f"pixels at zoom {key.zoom + zooms - above}, not {side} × {side}"
            )


def _cut(area: Tile, one: TileKey, key: TileKey) -> Tile:
    """Return a tile of all that lies under another, at its own zoom."""
    shift = one.zoom - key.zoom
    top, left = (TILE * (own - (all_ << shift)) for own, all_ in ((one.y, key.y), (one.x, key.x)))
    place = slice(top, top + TILE), slice(left, left + TILE)
    if isinstance(area, Indexed):
        return Indexed(area.codes[place], area.palette)
    pixels = area.pixels[place]
    opaque = pixels.shape[2] == 4 and pixels[..., 3].min() == OPAQUE
    return TrueColour(pixels[..., :3] if opaque else pixels)

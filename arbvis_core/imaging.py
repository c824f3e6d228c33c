"""Single tiles and whole images, through the same renderer that draws bundles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from arbvis_core.engine.blocks import Subtree
from arbvis_core.errors import UsageError
from arbvis_core.reading import Reader
from arbvis_core.values import TILE, Box, Indexed, Plan, ScenePlan, Tile, TileKey, View

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from arbvis_core.registry import Registry


def scene_of(plan: Plan, key: str | None) -> ScenePlan:
    """Return a scene by key, or the first.

    Raises:
        UsageError: there is no such scene.
    """
    if key is None:
        return plan.scenes[0]
    try:
        return plan.scene(key)
    except KeyError:
        known = ", ".join(scene.key for scene in plan.scenes)
        raise UsageError(f"no scene is called {key!r}; there are: {known}") from None


def tile(
    plan: Plan, scene: str, key: TileKey, view: View | None = None, *, registry: Registry
) -> Tile:
    """Draw one tile of a plan, as `render` does.

    A tile above the maximum zoom is folded from every element under it, so it is exact, and the
    further out the more there is to read.

    Raises:
        UsageError: the scene, the tile or the view is not one of the plan's.
    """
    planned = scene_of(plan, scene)
    _check_key(planned, key)
    painted: dict[TileKey, Tile] = {}
    side = TILE << (planned.canvas.max_zoom - key.zoom)
    cropped = planned.crop(Box(key.x * side, key.y * side, side, side))
    tree = Subtree(cropped, registry, Reader(cropped.sources), view)
    planes = tree.planes(key, lambda one, drawn: _keep(painted, key, one, drawn))
    return painted[key] if planes is not None else blank_tile()


def _keep(painted: dict[TileKey, Tile], wanted: TileKey, key: TileKey, drawn: Tile) -> None:
    if key == wanted:
        painted[key] = drawn


def _check_key(planned: ScenePlan, key: TileKey) -> None:
    canvas = planned.canvas
    if 0 <= key.zoom <= canvas.max_zoom:
        columns, rows = canvas.tiles(key.zoom)
        if 0 <= key.x < columns and 0 <= key.y < rows:
            return
    raise UsageError(
        f"scene {planned.key!r} has no tile {key.zoom}/{key.x}/{key.y}: "
        f"zooms are 0 to {canvas.max_zoom}"
    )


def blank_tile() -> Tile:
    """Return a tile in which nothing lies."""
    import numpy as np

    palette = np.zeros((1, 4), np.uint8)
    return Indexed(np.zeros((TILE, TILE), np.uint8), palette)


def pixels(drawn: Tile) -> NDArray[np.uint8]:
    """Return a tile's colours, uint8 (height, width, 4): red, green, blue, alpha."""
    import numpy as np

    if isinstance(drawn, Indexed):
        colours: NDArray[Any] = drawn.palette[drawn.codes]
        return colours
    if drawn.pixels.shape[2] == 4:
        return drawn.pixels
    opaque = np.full((*drawn.pixels.shape[:2], 1), 255, np.uint8)
    return np.concatenate([drawn.pixels, opaque], axis=2)


def thumbnail(planned: ScenePlan, registry: Registry) -> Image:
    """Return the whole scene as one Pillow image of at most 512 pixels a side."""
    from PIL import Image

    plan = Plan(planned.label, "", (), (planned,))
    drawn = tile(plan, planned.key, TileKey(0, 0, 0), registry=registry)
    width, height = planned.canvas.size(0)
    return Image.fromarray(pixels(drawn)[:height, :width])

"""Pictures of a report: whole scenes and single tensors, cut out of tiles that were drawn anyway."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING

from arbvis_core.api import TILE

if TYPE_CHECKING:
    from PIL.Image import Image

    from arbvis_core.api import Box, Canvas, Placement, ScenePlan

#: The longest side of a whole scene, and of a tensor, in pixels.
WHOLE, SINGLE = 1024, 320
#: Of WebP, up to 100.
QUALITY = 80


class Album:
    """The tiles of one scene that were kept."""

    def __init__(self, scene: ScenePlan, kept: Mapping[str, bytes]) -> None:
        self._canvas: Canvas = scene.canvas
        self._tiles: dict[tuple[int, int, int], bytes] = {}
        for path, data in kept.items():
            folder, key, zoom, x, name = path.split("/")
            if (folder, key) == ("tiles", scene.key):
                self._tiles[int(zoom), int(x), int(name.partition(".")[0])] = data
        self._finest = max((zoom for zoom, _, _ in self._tiles), default=-1)

    def whole(self) -> str:
        """Return the scene as a data address; empty if nothing was kept."""
        zoom = 0
        while zoom < self._finest and max(self._canvas.size(zoom)) < WHOLE:
            zoom += 1
        width, height = self._canvas.size(zoom)
        return self._picture(zoom, (0, 0, width, height), WHOLE)

    def tensor(self, placement: Placement) -> str:
        """Return one tensor as a data address, no finer than was kept."""
        box: Box = placement.box
        zoom = self._finest
        while (
            zoom > 0 and max(box.width, box.height) >> (self._canvas.max_zoom - zoom) > 2 * SINGLE
        ):
            zoom -= 1
        shift = max(0, self._canvas.max_zoom - zoom)
        right, bottom = box.x + box.width, box.y + box.height
        area = (box.x >> shift, box.y >> shift, -(-right >> shift), -(-bottom >> shift))
        return self._picture(zoom, area, SINGLE)

    def _picture(self, zoom: int, area: tuple[int, int, int, int], longest: int) -> str:
        if zoom < 0:
            return ""
        from PIL import Image

        left, top, right, bottom = area
        width, height = max(1, right - left), max(1, bottom - top)
        whole = Image.new("RGBA", (width, height))
        for x in range(left // TILE, (right - 1) // TILE + 1):
            for y in range(top // TILE, (bottom - 1) // TILE + 1):
                data = self._tiles.get((zoom, x, y))
                if data is not None:
                    with Image.open(io.BytesIO(data)) as tile:
                        whole.paste(tile.convert("RGBA"), (x * TILE - left, y * TILE - top))
        return _address(_fitted(whole, longest))


def _fitted(image: Image, longest: int) -> Image:
    """Shrink a large picture, and enlarge the pixels of a small one."""
    from PIL import Image

    width, height = image.size
    ratio = longest / max(width, height)
    if ratio >= 2:
        return image.resize((width * int(ratio), height * int(ratio)), Image.Resampling.NEAREST)
    if ratio >= 1:
        return image
    smaller = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    return image.resize(smaller, Image.Resampling.BOX)


def _address(image: Image) -> str:
    """Encode a picture: noise, which a lossless format would hardly make smaller."""
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=QUALITY)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")

"""The whole canvas as one PNG, one pixel per element."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from arbvis_core.encode import encode_tile
from arbvis_core.engine.blocks import Subtree
from arbvis_core.errors import SinkError, UsageError
from arbvis_core.imaging import pixels
from arbvis_core.reading import Reader
from arbvis_core.values import TILE, Buffer, Indexed, ScenePlan, Tile, TileKey, TrueColour

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.registry import Registry

#: Bytes of pixels in one image: few programs open more.
LIMIT = 1 << 28


def export_png(
    planned: ScenePlan,
    path: str | os.PathLike[str],
    *,
    registry: Registry,
    on_progress: Callable[[int], None] = lambda _pixels: None,
) -> None:
    """Write a scene's whole canvas as one PNG.

    Raises:
        UsageError: the canvas is too large for one image.
        SinkError: the file cannot be written; nothing half-written is left.
    """
    image = _assemble(planned, registry, on_progress)
    _, _, data = encode_tile(image, "png", lossless=True)
    _write(Path(path), data)


def _assemble(planned: ScenePlan, registry: Registry, on_progress: Callable[[int], None]) -> Tile:
    """Draw every leaf into one image: of codes as long as all leaves share a palette."""
    canvas = planned.canvas
    _check_size(planned, 1)
    tree = Subtree(planned, registry, Reader(planned.sources))
    sheet = _Sheet(planned)
    columns, rows = canvas.tiles(canvas.max_zoom)
    for y in range(rows):
        for x in range(columns):
            tree.leaf(TileKey(canvas.max_zoom, x, y), sheet.put)
        on_progress(canvas.width * min(TILE, canvas.height - y * TILE))
    return sheet.image()


def _check_size(planned: ScenePlan, channels: int) -> None:
    width, height = planned.canvas.width, planned.canvas.height
    if width * height * channels > LIMIT:
        raise UsageError(
            f"--png: {width} × {height} pixels are too many for one image; "
            f"the limit is {LIMIT // channels:,} pixels. Render a bundle with --out instead"
        )


class _Sheet:
    """One image that tiles are put into; it turns to true colour when a tile asks for it."""

    def __init__(self, planned: ScenePlan) -> None:
        self._planned = planned
        self._palette: NDArray[np.uint8] | None = None
        self._image: NDArray[np.uint8] | None = None

    def put(self, key: TileKey, drawn: Tile) -> None:
        """Put a leaf in its place."""
        canvas = self._planned.canvas
        image = self._begin(drawn) if self._image is None else self._image
        if self._palette is not None and not _shares(drawn, self._palette):
            _check_size(self._planned, 4)
            image, self._palette = self._palette[image], None
        if self._palette is not None and isinstance(drawn, Indexed):
            content = drawn.codes
        else:
            content = pixels(drawn)
        height = min(TILE, canvas.height - key.y * TILE)
        width = min(TILE, canvas.width - key.x * TILE)
        top, left = key.y * TILE, key.x * TILE
        image[top : top + height, left : left + width] = content[:height, :width]
        self._image = image

    def _begin(self, drawn: Tile) -> NDArray[np.uint8]:
        """Make an image in which nothing lies: of the first tile's codes if one of them is clear."""
        import numpy as np

        canvas = self._planned.canvas
        shape = (canvas.height, canvas.width)
        if isinstance(drawn, Indexed) and not drawn.palette[:, 3].all():
            _check_size(self._planned, 1)
            self._palette = drawn.palette
            return np.full(shape, drawn.palette[:, 3].argmin(), np.uint8)
        _check_size(self._planned, 4)
        return np.zeros((*shape, 4), np.uint8)

    def image(self) -> Tile:
        """Return what was put together."""
        import numpy as np

        if self._image is None:
            canvas = self._planned.canvas
            return TrueColour(np.zeros((canvas.height, canvas.width, 4), np.uint8))
        if self._palette is None:
            return TrueColour(self._image)
        return Indexed(self._image, self._palette)


def _shares(drawn: Tile, palette: NDArray[np.uint8]) -> bool:
    import numpy as np

    return isinstance(drawn, Indexed) and np.array_equal(drawn.palette, palette)


def _write(path: Path, data: Buffer) -> None:
    """Write beside the target, then rename, so that the file appears whole or not at all."""
    partial = path.with_name(f".{path.name[:40]}.{secrets.token_hex(4)}")
    try:
        with partial.open("xb") as file:
            file.write(data)
        partial.replace(path)
    except OSError as error:
        raise SinkError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)

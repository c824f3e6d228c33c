"""A tile put together from quarters that were shaded one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arbvis_core.engine.gathering import quarter
from arbvis_core.values import TILE, Tile, TileKey, TrueColour

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_OPAQUE = 255


class Mosaic:
    """Colours of a tile while its quarters come; those that never do are clear."""

    def __init__(self) -> None:
        self._pieces: dict[TileKey, NDArray[np.uint8]] = {}

    def put(self, child: TileKey, piece: Tile) -> None:
        """Take the colours of a quarter.

        Args:
            child: the tile under it.
            piece: (TILE / 2, TILE / 2, 3) or, with alpha, (TILE / 2, TILE / 2, 4).
        """
        if not isinstance(piece, TrueColour):
            raise TypeError("what is shaded pixel by pixel has colours, not codes")
        self._pieces[child] = piece.pixels

    def tile(self) -> TrueColour:
        """Return the tile, (TILE, TILE, 3) or, if anything may be seen through, (TILE, TILE, 4)."""
        import numpy as np

        opaque = {piece.shape[2] for piece in self._pieces.values()} == {3}
        channels = 3 if opaque and len(self._pieces) == 4 else 4
        pixels = (np.empty if channels == 3 else np.zeros)((TILE, TILE, channels), np.uint8)
        for child, piece in self._pieces.items():
            place = pixels[quarter(child.y & 1, child.x & 1)]
            place[..., : piece.shape[2]] = piece
            if piece.shape[2] < channels:
                place[..., 3] = _OPAQUE
        return TrueColour(pixels)

"""Tiles to files: PNG put together here, AVIF by Pillow.

Rows are not filtered: neither tiles of codes nor overviews of bytes get smaller by it.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from arbvis_core.values import Indexed, Tile, TileFormat, TrueColour

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    _Pieces = tuple[bytes | memoryview, ...]

#: PNG's colour types.
_RGB, _INDEXED, _RGBA = 2, 3, 6

_AVIF_QUALITY = 85
_AVIF_SPEED = 10


def encode_tile(tile: Tile, tile_format: TileFormat, *, lossless: bool) -> tuple[str, str, bytes]:
    """Return a tile's file: extension, media type, content.

    Tiles that are to be lossless are PNG in every format.
    """
    if tile_format == "avif" and not lossless:
        return "avif", "image/avif", _avif(tile)
    data = _indexed(tile) if isinstance(tile, Indexed) else _true_colour(tile)
    return "png", "image/png", data


def _indexed(tile: Indexed) -> bytes:
    import numpy as np

    codes = np.ascontiguousarray(tile.codes)
    palette = tile.palette[: int(codes.max()) + 1]
    clear = np.flatnonzero(palette[:, 3] < 255)
    used = [code for code in clear.tolist() if (codes == code).any()]
    chunks = _chunk(b"PLTE", palette[:, :3].tobytes())
    if used:
        chunks += _chunk(b"tRNS", palette[: used[-1] + 1, 3].tobytes())
    return _png(codes, _INDEXED, chunks)


def _true_colour(tile: TrueColour) -> bytes:
    colour = _RGBA if tile.pixels.shape[2] == 4 else _RGB
    rows = tile.pixels.reshape(tile.pixels.shape[0], -1)
    return _png(rows, colour, (), width=tile.pixels.shape[1])


def _png(
    rows: NDArray[np.uint8], colour: int, chunks: _Pieces, *, width: int | None = None
) -> bytes:
    """Put a file together from unfiltered rows, (height, bytes per row)."""
    import numpy as np

    from arbvis_core.kernels import deflate

    height, row_bytes = rows.shape
    filtered = np.empty((height, row_bytes + 1), dtype=np.uint8)
    filtered[:, 0] = 0  # "none"
    filtered[:, 1:] = rows
    header = struct.pack(">IIBBBBB", width or row_bytes, height, 8, colour, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            *_chunk(b"IHDR", header),
            *chunks,
            *_chunk(b"IDAT", deflate.compress(filtered.reshape(-1))),
            *_chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes | memoryview) -> _Pieces:
    from isal import isal_zlib

    check = isal_zlib.crc32(data, isal_zlib.crc32(kind))
    return struct.pack(">I", len(data)), kind, data, struct.pack(">I", check)


def _avif(tile: Tile) -> bytes:
    import io

    from PIL import Image

    file = io.BytesIO()
    pixels = tile.palette[tile.codes] if isinstance(tile, Indexed) else tile.pixels
    image = Image.fromarray(pixels)
    image.save(file, "AVIF", quality=_AVIF_QUALITY, speed=_AVIF_SPEED, max_threads=1)
    return file.getvalue()

"""Tiles to files: PNG put together here, AVIF by Pillow.

Rows are not filtered: neither tiles of codes nor overviews of bytes get smaller by it.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import TYPE_CHECKING
from zlib import crc32

from arbvis_core.values import Indexed, Tile, TileFormat, TrueColour

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: PNG's colour types.
_RGB, _INDEXED, _RGBA = 2, 3, 6

#: The alpha of what one does not see through.
_OPAQUE = 255

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
    return _png(codes, codes.shape[1], _INDEXED, _palette_chunks(tile.palette.tobytes()))


@lru_cache(maxsize=256)
def _palette_chunks(palette: bytes) -> bytes:
    """Describe all colours, also those that a tile does not use: to look for them takes longer."""
    colours = bytes(byte for place, byte in enumerate(palette) if place % 4 < 3)
    alpha = palette[3::4].rstrip(bytes([_OPAQUE]))
    return _chunk(b"PLTE", colours) + (_chunk(b"tRNS", alpha) if alpha else b"")


def _true_colour(tile: TrueColour) -> bytes:
    import numpy as np

    height, width, channels = tile.pixels.shape
    rows = np.ascontiguousarray(tile.pixels).reshape(height, -1)
    return _png(rows, width, _RGBA if channels == 4 else _RGB, b"")


def _png(rows: NDArray[np.uint8], width: int, colour: int, chunks: bytes) -> bytes:
    """Put a file together from unfiltered rows, (height, bytes per row)."""
    from isal import isal_zlib

    from arbvis_core.kernels import deflate

    head = _head(len(rows), width, colour) + chunks
    begin = len(head) + 4  # after the length of the chunk
    file = deflate.compress(rows, begin + 4, _TAIL).data
    data = file[begin:-_TAIL]
    data[:4] = b"IDAT"
    file[:begin] = head + (data.nbytes - 4).to_bytes(4, "big")
    file[-_TAIL:] = isal_zlib.crc32(data).to_bytes(4, "big") + _END
    return bytes(file)


@lru_cache(maxsize=64)
def _head(height: int, width: int, colour: int) -> bytes:
    facts = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", facts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc32(kind + data))


#: The chunk at the end of every file.
_END = _chunk(b"IEND", b"")
#: Bytes after the compressed ones: their checksum, and that chunk.
_TAIL = 4 + len(_END)


def _avif(tile: Tile) -> bytes:
    import io

    from PIL import Image

    file = io.BytesIO()
    pixels = tile.palette[tile.codes] if isinstance(tile, Indexed) else tile.pixels
    image = Image.fromarray(pixels)
    image.save(file, "AVIF", quality=_AVIF_QUALITY, speed=_AVIF_SPEED, max_threads=1)
    return file.getvalue()

"""Tiles to files: PNG put together here, AVIF by Pillow.

Rows are not filtered: neither tiles of codes nor overviews of bytes get smaller by it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any
from zlib import crc32

from arbvis_core.values import Buffer, Indexed, Tile, TileFormat, TrueColour

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Extension, media type, content.
Encoded = tuple[str, str, Buffer]

#: PNG's colour types.
_RGB, _INDEXED, _RGBA = 2, 3, 6

#: The alpha of what one does not see through.
_OPAQUE = 255

_AVIF_QUALITY = 85
_AVIF_SPEED = 10


def encode_tile(tile: Tile, tile_format: TileFormat, *, lossless: bool) -> Encoded:
    """Return a tile's file: extension, media type, content.

    Tiles that are to be lossless are PNG in every format. Whoever keeps a tile copies it: more memory may
    hang on it than it takes.
    """
    return next(encode_tiles([tile], tile_format, lossless=lossless))


def encode_tiles(
    tiles: Iterable[Tile], tile_format: TileFormat, *, lossless: bool
) -> Iterator[Encoded]:
    """Yield the files of tiles; those that are cut from one array are made in one call."""
    if tile_format == "avif" and not lossless:
        yield from (("avif", "image/avif", _avif(tile)) for tile in tiles)
        return
    for _, alike in groupby(tiles, _kind):
        yield from (("png", "image/png", file) for file in _pngs(list(alike)))


def _kind(tile: Tile) -> tuple[Any, ...]:
    """Return what tiles have in common whose files differ in their pixels alone."""
    if isinstance(tile, Indexed):
        return tile.codes.shape, tile.palette.tobytes()
    return (tile.pixels.shape,)


def _pngs(tiles: Sequence[Tile]) -> Iterator[Buffer]:
    first = tiles[0]
    if isinstance(first, Indexed):
        palette = _palette_chunks(first.palette.tobytes())
        codes = [one.codes for one in tiles if isinstance(one, Indexed)]
        return _filled(codes, first.codes.shape[1], _INDEXED, palette)
    height, width, channels = first.pixels.shape
    rows = [one.pixels.reshape(height, -1) for one in tiles if isinstance(one, TrueColour)]
    return _filled(rows, width, _RGBA if channels == 4 else _RGB, b"")


@lru_cache(maxsize=256)
def _palette_chunks(palette: bytes) -> bytes:
    """Describe all colours, also those that a tile does not use: to look for them takes longer."""
    colours = bytes(byte for place, byte in enumerate(palette) if place % 4 < 3)
    alpha = palette[3::4].rstrip(bytes([_OPAQUE]))
    return _chunk(b"PLTE", colours) + (_chunk(b"tRNS", alpha) if alpha else b"")


def _filled(
    tiles: Sequence[NDArray[np.uint8]], width: int, colour: int, chunks: bytes
) -> Iterator[Buffer]:
    """Yield files, put together from unfiltered rows, (height, bytes per row) each."""
    from isal import isal_zlib

    from arbvis_core.kernels import deflate

    head = _head(len(tiles[0]), width, colour) + chunks
    begin = len(head) + 4  # after the length of the chunk
    for stream in deflate.compress_all(tiles, begin + 4, _TAIL):
        file = stream.data
        data = file[begin:-_TAIL]
        data[:4] = b"IDAT"
        file[:begin] = head + (data.nbytes - 4).to_bytes(4, "big")
        file[-_TAIL:] = isal_zlib.crc32(data).to_bytes(4, "big") + _END
        yield file


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

"""Files of tiles, read back by Pillow."""

from __future__ import annotations

import io
from typing import Literal

import numpy as np
import pytest
from PIL import Image

from arbvis_core.encode import encode_tile, encode_tiles
from arbvis_core.values import Indexed, TrueColour

RNG = np.random.default_rng(4)


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def chunks(data: bytes) -> list[bytes]:
    found, at = [], 8
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        found.append(data[at + 4 : at + 8])
        at += size + 12
    return found


@pytest.mark.parametrize("shape", [(512, 512), (3, 7), (1, 1)])
@pytest.mark.parametrize("alpha", [False, True])
def test_codes_come_back_as_colours(shape: tuple[int, int], alpha: bool) -> None:
    palette = RNG.integers(0, 256, (200, 4), dtype=np.uint8)
    palette[:, 3] = 255
    if alpha:
        palette[::3, 3] = 7
    codes = RNG.integers(0, 200, shape, dtype=np.uint8)
    extension, media_type, data = encode_tile(Indexed(codes, palette), "avif", lossless=True)
    assert (extension, media_type) == ("png", "image/png")
    assert np.array_equal(np.asarray(opened(data).convert("RGBA")), palette[codes])


def test_alpha_is_stored_up_to_the_last_colour_that_one_sees_through() -> None:
    palette = np.full((256, 4), 255, np.uint8)
    codes = np.array([[0, 1, 9]], np.uint8)
    _, _, data = encode_tile(Indexed(codes, palette), "png", lossless=True)
    assert chunks(data) == [b"IHDR", b"PLTE", b"IDAT", b"IEND"]
    palette[1, 3] = 0
    _, _, data = encode_tile(Indexed(codes, palette), "png", lossless=True)
    assert chunks(data) == [b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"]
    alpha = np.asarray(opened(data).convert("RGBA"))[..., 3]
    assert alpha.tolist() == [[255, 0, 255]]


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize(("tile_format", "lossless"), [("png", False), ("avif", True)])
def test_colours_come_back(
    channels: int, tile_format: Literal["png", "avif"], lossless: bool
) -> None:
    pixels = RNG.integers(0, 256, (20, 31, channels), dtype=np.uint8)
    extension, _, data = encode_tile(TrueColour(pixels), tile_format, lossless=lossless)
    assert extension == "png"
    assert np.array_equal(np.asarray(opened(data)), pixels)


def test_avif_keeps_size_and_alpha_and_is_close() -> None:
    pixels = np.full((64, 48, 4), 200, np.uint8)
    pixels[:32] = 0
    extension, media_type, data = encode_tile(TrueColour(pixels), "avif", lossless=False)
    assert (extension, media_type) == ("avif", "image/avif")
    image = np.asarray(opened(data).convert("RGBA")).astype(int)
    assert np.abs(image[:, :, 3] - pixels[:, :, 3]).max() <= 2
    assert np.abs(image[34:] - pixels[34:]).max() <= 4


def test_the_same_tile_gives_the_same_bytes() -> None:
    codes = RNG.integers(0, 9, (50, 50), dtype=np.uint8)
    palette = RNG.integers(0, 256, (9, 4), dtype=np.uint8)
    first = encode_tile(Indexed(codes, palette), "png", lossless=True)
    assert encode_tile(Indexed(codes.copy(), palette), "png", lossless=True) == first


def test_a_view_of_a_larger_array_is_encoded_too() -> None:
    codes = RNG.integers(0, 9, (50, 50), dtype=np.uint8)
    palette = RNG.integers(0, 256, (9, 4), dtype=np.uint8)
    _, _, data = encode_tile(Indexed(codes[3:20, 5:], palette), "png", lossless=True)
    assert opened(data).size == (45, 17)


def test_overviews_of_codes_are_avif_too_where_that_is_the_format() -> None:
    codes = np.zeros((64, 64), np.uint8)
    codes[:, 32:] = 1
    palette = np.array([[10, 200, 30, 255], [0, 0, 0, 0]], np.uint8)
    extension, _, data = encode_tile(Indexed(codes, palette), "avif", lossless=False)
    decoded = np.asarray(Image.open(io.BytesIO(data)).convert("RGBA")).astype(int)
    assert extension == "avif"
    assert np.abs(decoded[:, :28] - palette[0]).max() < 20
    assert decoded[:, 36:, 3].max() < 20


@pytest.mark.parametrize("tile_format", ["png", "avif"])
def test_many_are_encoded_as_each_is(tile_format: Literal["png", "avif"]) -> None:
    palettes = RNG.integers(0, 256, (2, 9, 4), dtype=np.uint8)
    sheet = RNG.integers(0, 9, (64, 64), dtype=np.uint8)
    pixels = RNG.integers(0, 256, (64, 64, 4), dtype=np.uint8)
    tiles = [Indexed(sheet[y : y + 16, 8:40], palettes[y // 32]) for y in range(0, 64, 16)]
    tiles += [TrueColour(pixels[:16, :16, :3]), TrueColour(pixels[16:32, :16]), tiles[0]]
    for lossless in (True, False):
        together = list(encode_tiles(tiles, tile_format, lossless=lossless))
        assert together == [encode_tile(tile, tile_format, lossless=lossless) for tile in tiles]

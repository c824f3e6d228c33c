"""Streams, against zlib."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from arbvis_core.kernels import deflate


def fibonacci(symbols: int) -> np.ndarray:
    """Bytes whose best code is as lopsided as can be: one bit longer for each symbol."""
    counts = [1, 1]
    while len(counts) < symbols:
        counts.append(counts[-1] + counts[-2])
    return np.repeat(np.arange(symbols), counts).astype(np.uint8)


def noise(low: int, high: int, size: int) -> np.ndarray:
    return np.random.default_rng(7).integers(low, high, size, dtype=np.uint8)


def rows(data: np.ndarray) -> tuple[np.ndarray, bytes]:
    """Cut bytes into rows, and return what a stream of them holds."""
    width = max(1, data.size // 7)
    cut = data[: data.size // width * width].reshape(-1, width)
    return cut, b"".join(b"\0" + row.tobytes() for row in cut)


@pytest.mark.parametrize(
    "data",
    [
        noise(0, 256, 4099),
        noise(0, 5, 4099),
        np.random.default_rng(7).normal(128, 20, 4001).astype(np.uint8),
        np.zeros(5000, np.uint8),
        np.arange(256, dtype=np.uint8),
        np.full(1, 9, np.uint8),
        fibonacci(20),
        np.resize(noise(0, 256, 700), 9001),
    ],
    ids=["noise", "few", "normal", "zeros", "each once", "one", "lopsided", "repeating"],
)
def test_zlib_reads_it(data: np.ndarray) -> None:
    cut, content = rows(data)
    assert zlib.decompress(deflate.compress(cut)) == content


@pytest.mark.parametrize("width", [4, 7, 12, 512, 513, 514])
@pytest.mark.parametrize("high", [3, 130, 256])
def test_rows_of_every_width(width: int, high: int) -> None:
    cut = noise(0, high, 9 * width).reshape(9, width) % 131
    content = b"".join(b"\0" + row.tobytes() for row in cut)
    assert zlib.decompress(deflate.compress(cut)) == content


@settings(deadline=None)  # the first example compiles
@given(arrays(np.uint8, st.integers(1, 300), elements=st.integers(0, 255)))
def test_zlib_reads_anything(data: np.ndarray) -> None:
    cut, content = rows(data)
    assert zlib.decompress(deflate.compress(cut)) == content


@pytest.mark.parametrize("data", [noise(0, 256, 700), noise(0, 9, 700), np.zeros(700, np.uint8)])
def test_room_is_left_around_a_stream(data: np.ndarray) -> None:
    cut, content = rows(data)
    stream = deflate.compress(cut, 5, 9)
    assert zlib.decompress(stream[5:-9]) == content
    assert stream[5:-9].tobytes() == deflate.compress(cut).tobytes()


def test_a_code_made_for_the_data_is_as_short_as_zlibs() -> None:
    cut, content = rows(np.random.default_rng(7).normal(128, 20, 50_000).astype(np.uint8))
    best = zlib.compressobj(9, zlib.DEFLATED, 15, 9, zlib.Z_HUFFMAN_ONLY)
    size = len(best.compress(content) + best.flush())
    assert len(deflate.compress(cut)) <= 1.01 * size


def test_what_repeats_is_found() -> None:
    data = np.tile(np.arange(4, dtype=np.uint8).repeat(50), 100)
    assert len(deflate.compress(rows(data)[0])) < data.size / 50


def test_what_cannot_be_shortened_is_stored() -> None:
    cut, content = rows(noise(0, 256, 60_000))
    assert len(deflate.compress(cut)) < len(content) + 64


@pytest.mark.parametrize("width", [1, 5, 2047, 2048, 2049, 4097])
@pytest.mark.parametrize("bright", [True, False])
def test_rows_are_copied_and_summed_up(width: int, bright: bool) -> None:
    size = 40 * (width + 3)
    sheet = np.full(size, 255, np.uint8) if bright else noise(0, 256, size)
    data = np.full(37 * (width + 1), 77, np.uint8)
    sizes = np.uint64(2), np.uint64(width + 3), np.uint64(width)
    check = deflate.copy_rows(sheet, *sizes, data, deflate.WEIGHTS)
    cut = sheet[2 : 2 + 37 * (width + 3)].reshape(37, -1)[:, :width]
    assert data.tobytes() == b"".join(b"\0" + row.tobytes() for row in cut)
    assert check == zlib.adler32(data.tobytes())


def test_tiles_that_are_cut_from_one_array_are_packed_as_copies_are() -> None:
    sheet = np.random.default_rng(7).normal(128, 20, (40, 70)).astype(np.uint8)
    sheet[20:, 30:] = 0  # this one repeats
    cut = [sheet[y : y + 20, x : x + 30] for y in (0, 20) for x in (5, 40)]
    cut += [sheet[:, ::-1][:20, :30], np.asfortranarray(sheet)[:20, :30], sheet[::2, :30]]
    packed = deflate.compress_all(cut, 3, 4)
    for tile, stream in zip(cut, packed, strict=True):
        assert stream.tobytes()[3:-4] == deflate.compress(tile.copy()).tobytes()
        content = b"".join(b"\0" + row.tobytes() for row in tile)
        assert zlib.decompress(stream[3:-4]) == content


@pytest.mark.parametrize("few", [np.s_[:, 5:6], np.s_[::-900, :], np.s_[700:701, ::-1]])
def test_a_single_row_or_column_may_lie_anyhow_in_its_array(few: tuple[slice, ...]) -> None:
    sheet = np.random.default_rng(7).normal(128, 9, (900, 800)).astype(np.uint8)
    for whole in (sheet, np.asfortranarray(sheet)):
        tile = whole[few]
        content = b"".join(b"\0" + row.tobytes() for row in tile)
        assert zlib.decompress(deflate.compress(tile)) == content

"""DEFLATE (RFC 1951) for pictures that do not repeat: one block of Huffman codes, no matches.

Tiles of real files and of weights are noise to a search for repeats, which finds next to nothing in
them and takes most of the time. A Huffman code made for the tile is as short, at several times the
speed. What does repeat is left to zlib, and what no code can shorten is stored.

A code begins where the one before ends, so that each has to wait for all before it. Therefore the two
halves of a tile are encoded side by side, and the bits of the second are then moved to their place.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.bits import append, write_halves
from arbvis_core.kernels.huffman import (
    LIMIT,
    PAIRS,
    code_lengths,
    code_table,
    pair_table,
)
from arbvis_core.kernels.jit import kernel

#: The code is made from so many samples of so many bytes: counting all of them would take a quarter
#: of the time and save a thousandth of the size.
SAMPLES, SAMPLE = 200, 64

#: Where this share of the bytes equals the one before, there are repeats worth a search: it takes five
#: times as long.
REPETITIVE = 0.9

#: zlib's last level without lazy search: as fast as the first, and a little shorter.
LEVEL = 3

_END = 256
_SYMBOLS = _END + 1
_NODES = 2 * _SYMBOLS - 1

#: The lengths of codes, 0–15, are themselves stored in a code of 4 bits each.
_LENGTHS = np.array([int(f"{value:04b}"[::-1], 2) for value in range(16)], np.uint64)

#: 16 bits: a zlib stream, fastest. 1: the last block. 2: with codes of its own. 5: 257 codes for
#: literals. 5: 2 for distances. 4: 19 for lengths, then 3 bits for the length of each of these:
#: 0 for the three that stand for repeats, 4 for all others.
_HEADER = 0x0178 | 1 << 16 | 2 << 17 | 0 << 19 | 1 << 24 | 15 << 29
_HEADER |= sum(4 << (33 + 3 * place) for place in range(3, 19))
_HEADER_SIZE = 33 + 3 * 19
_HEADER_BYTES = np.frombuffer(_HEADER.to_bytes(_HEADER_SIZE // 8 + 1, "little"), np.uint8)

#: Bytes of a stream beside the codes, at most.
_BESIDE = _HEADER_BYTES.size + 4 * (_SYMBOLS + 2) // 8 + 32

#: Words that `huffman` works in: four histograms; of each symbol the count, the code's length and
#: the key by which it is sorted; of each node of the tree the depth, the weight and the parent.
_WORK = 4 * 256 + 3 * _SYMBOLS + 3 * _NODES

#: Weights of the bytes of a block in the second sum of Adler-32, whose sum fits into 32 bits.
WEIGHTS = np.arange(2048, 0, -1).astype(np.int16)
WEIGHTS.flags.writeable = False


def compress(rows: NDArray[np.uint8], before: int = 0, after: int = 0) -> NDArray[np.uint8]:
    """Return rows, each after a byte of 0, as a zlib stream (RFC 1950), with room around it.

    The byte is PNG's for a row that is not filtered.

    Args:
        rows: (h, w).
        before: bytes that are left free before the stream.
        after: bytes that are left free after it.
    """
    return compress_all([rows], before, after)[0]


def compress_all(
    tiles: Sequence[NDArray[np.uint8]], before: int = 0, after: int = 0
) -> list[NDArray[np.uint8]]:
    """Do what `compress` does to tiles of one shape; those that are cut from one array, in one call."""
    height, width = tiles[0].shape
    tiles = [tile if _is_cut(tile) else tile.copy() for tile in tiles]
    size = height * (width + 1)
    longest = LIMIT * size // 8 + _BESIDE
    work = (
        np.empty(size, np.uint8),
        np.empty(longest // 16 + 4, np.uint64),
        np.empty(_WORK, np.int64),
        np.empty(_SYMBOLS, np.uint64),
        np.empty(PAIRS, np.uint32),
    )
    packed: list[tuple[NDArray[np.uint8], int]] = []
    for sheet, pitch, corners in _sheets(tiles):
        streams = np.empty((len(corners), before + longest + after), np.uint8)
        ends = np.empty(len(corners), np.int64)
        compress_sheet(sheet, pitch, corners, width, streams, before, ends, *work, WEIGHTS)
        packed += zip(streams, ends.tolist(), strict=True)
    return [
        stream[: end + after] if end > 0 else _by_zlib(tile, -end, before, after)
        for tile, (stream, end) in zip(tiles, packed, strict=True)
    ]


def _sheets(
    tiles: Sequence[NDArray[np.uint8]],
) -> Iterator[tuple[NDArray[np.uint8], int, NDArray[np.int64]]]:
    """Yield the arrays that tiles are cut from, flat, how far apart rows are, and where tiles begin."""
    for (_, pitch), group in groupby(tiles, lambda tile: (id(_owner(tile)), tile.strides[0])):
        cut = list(group)
        owner = _owner(cut[0])
        sheet = owner.reshape(-1).view()
        sheet.flags.writeable = False
        start = owner.ctypes.data
        places = [tile.ctypes.data - start for tile in cut]
        yield sheet, pitch, np.array(places, np.int64)


def _owner(tile: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the array that owns the memory of a tile whose rows lie in one piece each."""
    base = tile.base
    return base if isinstance(base, np.ndarray) and base.dtype == np.uint8 else tile


def _is_cut(tile: NDArray[np.uint8]) -> bool:
    """Tell whether rows lie in one piece each, one after the other in the array that owns them."""
    pitch, step = tile.strides
    return step == 1 and pitch >= tile.shape[1] and _owner(tile).flags.c_contiguous


def _by_zlib(tile: NDArray[np.uint8], level: int, before: int, after: int) -> NDArray[np.uint8]:
    filtered = np.zeros((tile.shape[0], tile.shape[1] + 1), np.uint8)
    filtered[:, 1:] = tile
    packed = zlib.compress(filtered.data, level)
    stream = np.empty(before + len(packed) + after, np.uint8)
    stream[before : before + len(packed)] = np.frombuffer(packed, np.uint8)
    return stream


@kernel
def compress_sheet(  # noqa: PLR0913, PLR0917 - kernels take no keywords and no records
    sheet: NDArray[np.uint8],
    pitch: int,
    corners: NDArray[np.int64],
    width: int,
    streams: NDArray[np.uint8],
    start: int,
    ends: NDArray[np.int64],
    data: NDArray[np.uint8],
    second: NDArray[np.uint64],
    work: NDArray[np.int64],
    table: NDArray[np.uint64],
    pairs: NDArray[np.uint32],
    weights: NDArray[np.int16],
) -> None:
    """Write tiles as zlib streams.

    Args:
        sheet: what they are cut from, (bytes,).
        pitch: how far apart their rows lie in it.
        corners: where each begins, (n,).
        width: of a row, in bytes.
        streams: written: a stream each, see `huffman`, (n, bytes).
        start: of each.
        ends: written: of each; or, negative, the level of zlib that is to make it instead, (n,).
        data: to work in: a tile, with the byte before each row, (bytes,).
        second: the same, see `huffman`.
        work: the same.
        table: the same.
        pairs: the same.
        weights: WEIGHTS.
    """
    halves = data[: data.size // 8 * 8].view(np.uint16)
    for tile in range(corners.size):
        corner, stream = np.uint64(corners[tile]), streams[tile]
        check = copy_rows(sheet, corner, np.uint64(pitch), np.uint64(width), data, weights)
        end = huffman(data, halves, check, stream, start, second, work, table, pairs)
        ends[tile] = end if end - start <= data.size else 0


@kernel
def copy_rows(
    sheet: NDArray[np.uint8],
    start: np.uint64,
    pitch: np.uint64,
    width: np.uint64,
    data: NDArray[np.uint8],
    weights: NDArray[np.int16],
) -> int:
    """Copy rows, each after a byte of 0, and return the Adler-32 of the copy (RFC 1950).

    Args:
        sheet: what they are copied from, (bytes,).
        start: of the first.
        pitch: how far apart they lie.
        width: of a row, in bytes.
        data: written, (rows × (width + 1),).
        weights: how often each of so many bytes is counted in the second sum: WEIGHTS.
    """
    base, unit = np.int64(65521), np.uint64(1)
    one, other = np.int64(1), np.int64(0)
    for row in range(np.uint64(0), np.uint64(data.size), width + unit):
        data[row] = 0
        other += one
        for at in range(np.uint64(0), width, np.uint64(weights.size)):
            size = min(width - at, np.uint64(weights.size))
            skipped, total, weighted = np.uint64(weights.size) - size, np.int32(0), np.int32(0)
            for i in range(size):
                byte = sheet[start + at + i]
                data[row + unit + at + i] = byte
                total += np.int32(np.int16(byte))
                weighted += np.int32(np.int16(byte)) * np.int32(weights[skipped + i])
            other = (other + np.int64(size) * one + np.int64(weighted)) % base
            one = (one + np.int64(total)) % base
        start += pitch
    return int(other % base << np.int64(16) | one)


@kernel
def huffman(
    data: NDArray[np.uint8],
    halves: NDArray[np.uint16],
    check: int,
    stream: NDArray[np.uint8],
    start: int,
    second: NDArray[np.uint64],
    work: NDArray[np.int64],
    table: NDArray[np.uint64],
    pairs: NDArray[np.uint32],
) -> int:
    """Write bytes as a zlib stream of one block of Huffman codes.

    Args:
        data: (n,).
        halves: the same, in pairs, as far as these come in fours, (n // 8 * 4,).
        check: their Adler-32.
        stream: room for LIMIT bits for each of them, and for _BESIDE.
        start: of the stream in it.
        second: room for the codes of half of them, (words,).
        work: to work in, (_WORK,).
        table: the same, (_SYMBOLS,).
        pairs: the same, (PAIRS,).

    Returns:
        Where the stream ends; −LEVEL if there is none.
    """
    lanes, tree = work[: 4 * 256], work[4 * 256 + 2 * _SYMBOLS :]
    counts = work[4 * 256 : 4 * 256 + _SYMBOLS]
    lengths = work[4 * 256 + _SYMBOLS : 4 * 256 + 2 * _SYMBOLS]
    lanes[:] = 0
    sampled, repeats = count(data, lanes)
    if repeats > REPETITIVE * (sampled * 3 // 4):  # of four, the first was not compared
        return -LEVEL
    # One more of each: a byte that the sample has missed gets a code too, and none gets too long.
    for byte in range(256):
        found = lanes[byte] + lanes[256 + byte] + lanes[512 + byte] + lanes[768 + byte]
        counts[byte] = 2 * found + 1
    counts[_END] = 1
    code_lengths(counts, lengths, tree)
    code_table(lengths, table)
    pair_table(table, pairs)
    for byte in range(_HEADER_BYTES.size):
        stream[start + byte] = _HEADER_BYTES[byte]
    at = start + _HEADER_BYTES.size - 1
    bits, used = np.uint64(stream[at]), np.uint64(_HEADER_SIZE & 7)
    bits, used, at = _write_lengths(lengths, stream, bits, used, at)
    bits, used, place = write_halves(halves, pairs, stream, second, bits, used, np.uint64(at))
    for i in range(np.uint64(2 * halves.size), np.uint64(data.size)):
        bits, used, place = append(table[data[i]], stream, bits, used, place)
    bits, used, place = append(table[_END], stream, bits, used, place)
    at = int(np.int64(place + (used + np.uint64(7)) // np.uint64(8)))
    for byte in range(4):
        stream[at + byte] = (check >> (24 - 8 * byte)) & 255
    return at + 4


@kernel
def count(data: NDArray[np.uint8], lanes: NDArray[np.int64]) -> tuple[int, int]:
    """Add a sample of some bytes to four histograms, (4 × 256,).

    In a single one a byte would wait for one like it before it.

    Returns:
        How many bytes were counted, and how many of them equal the one before.
    """
    one, two, three = np.uint64(1), np.uint64(2), np.uint64(3)
    stride = max(data.size // SAMPLES | 1, SAMPLE)  # odd, so as not to fall in step with the rows
    samples = (data.size + stride - SAMPLE) // stride
    repeats = 0
    for start in range(np.uint64(0), np.uint64(samples * stride), np.uint64(stride)):
        for i in range(start, start + np.uint64(SAMPLE), np.uint64(4)):
            a, b, c, d = data[i], data[i + one], data[i + two], data[i + three]
            lanes[a] += 1
            lanes[np.uint64(256) + b] += 1
            lanes[np.uint64(512) + c] += 1
            lanes[np.uint64(768) + d] += 1
            repeats += int(a == b) + int(b == c) + int(c == d)
    return samples * SAMPLE, repeats


@kernel
def _write_lengths(
    lengths: NDArray[np.int64], stream: NDArray[np.uint8], bits: np.uint64, used: np.uint64, at: int
) -> tuple[np.uint64, np.uint64, int]:
    """Append the lengths of the codes, and of two for distances, to a stream of bits.

    No distances are used; like zlib, declare two of one bit, for readers that want a whole code.

    Args:
        lengths: of the codes.
        stream: where to.
        bits: of the unfinished byte.
        used: how many these are.
        at: where the unfinished byte lies.

    Returns:
        The last three, as they are then.
    """
    for symbol in range(lengths.size + 2):
        length = lengths[symbol] if symbol < lengths.size else 1
        bits |= _LENGTHS[length] << used
        used += np.uint64(4)
        if used >= np.uint64(8):
            stream[at] = bits & np.uint64(255)
            bits, used, at = bits >> np.uint64(8), used - np.uint64(8), at + 1
    return bits, used, at

"""DEFLATE (RFC 1951) for pictures that do not repeat: one block of Huffman codes, no matches.

Tiles of real files and of weights are noise to a search for repeats, which finds next to nothing in
them and takes most of the time. A Huffman code made for the tile is as short, at several times the
speed. What does repeat is left to ISA-L, and what no code can shorten is stored.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.huffman import (
    PAIR_LENGTH,
    PAIRS,
    code_lengths,
    code_table,
    pair_table,
)
from arbvis_core.kernels.jit import kernel

#: The code is made from so many samples of so many bytes: counting all of them would take a quarter
#: of the time and save a thousandth of the size.
SAMPLES, SAMPLE = 400, 64

#: Where this share of the bytes equals the one before, there are repeats worth a search.
REPETITIVE = 0.5

#: ISA-L's fastest level with codes made for the data.
ISAL_LEVEL = 1

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

#: Bytes of a stream beside the codes of its rows, at most.
_BESIDE = _HEADER_BYTES.size + 4 * (_SYMBOLS + 2) // 8 + 16

#: Words that `huffman` works in: four histograms; of each symbol the count, the code's length and
#: the key by which it is sorted; of each node of the tree the depth, the weight and the parent.
_WORK = 4 * 256 + 3 * _SYMBOLS + 3 * _NODES

#: What `huffman` leaves to others.
_REPEATS, _TOO_LONG = -1, -2

#: Adler-32: the modulus, and how many bytes are added up before a sum could exceed 32 bits.
_MODULUS, _ADDED = 65521, 4096


def compress(rows: NDArray[np.uint8], before: int = 0, after: int = 0) -> NDArray[np.uint8]:
    """Return rows, each after a byte of 0, as a zlib stream (RFC 1950), with room around it.

    The byte is PNG's for a row that is not filtered.

    Args:
        rows: (h, w), C-contiguous.
        before: bytes that are left free before the stream.
        after: bytes that are left free after it.
    """
    size = rows.shape[0] * (rows.shape[1] + 1)
    stream = np.empty(before + _BESIDE + size + 2 * rows.shape[1] + after, np.uint8)
    work, table = np.empty(_WORK, np.int64), np.empty(_SYMBOLS, np.uint64)
    data, pairs = rows.reshape(-1), np.empty(PAIRS, np.uint32)
    halves = (data if rows.shape[1] % 4 == 0 else data[:0]).view("<u2")
    end = huffman(data, halves, rows.shape[1], stream, before, work, table, pairs)
    if end < 0 or end - before > size:
        packed = _repeating(rows) if end == _REPEATS else zlib.compress(_filtered(rows), 0)
        end = before + len(packed)
        stream = np.empty(end + after, np.uint8)
        stream[before:end] = np.frombuffer(packed, np.uint8)
    return stream[: end + after]


def _repeating(rows: NDArray[np.uint8]) -> bytes:
    from isal import isal_zlib

    return isal_zlib.compress(_filtered(rows), ISAL_LEVEL)


def _filtered(rows: NDArray[np.uint8]) -> memoryview:
    filtered = np.zeros((rows.shape[0], rows.shape[1] + 1), np.uint8)
    filtered[:, 1:] = rows
    return filtered.reshape(-1).data


@kernel
def huffman(
    data: NDArray[np.uint8],
    halves: NDArray[np.uint16],
    width: int,
    stream: NDArray[np.uint8],
    start: int,
    work: NDArray[np.int64],
    table: NDArray[np.uint64],
    pairs: NDArray[np.uint32],
) -> int:
    """Write rows, each after a byte of 0, as a zlib stream of one block of Huffman codes.

    Args:
        data: the rows one after the other, (h × width,).
        halves: the same, in pairs, (h × width / 2,); (0,) if the width is not a multiple of 4.
        width: of a row.
        stream: room for as many bytes as they are, for _BESIDE, and for twice a row.
        start: of the stream in it.
        work: to work in, (_WORK,).
        table: the same, (_SYMBOLS,).
        pairs: the same, (PAIRS,).

    Returns:
        Where the stream ends; _REPEATS or _TOO_LONG if there is none.
    """
    lanes, tree = work[: 4 * 256], work[4 * 256 + 2 * _SYMBOLS :]
    counts = work[4 * 256 : 4 * 256 + _SYMBOLS]
    lengths = work[4 * 256 + _SYMBOLS : 4 * 256 + 2 * _SYMBOLS]
    lanes[:] = 0
    sampled, repeats = count(data, lanes)
    if repeats > REPETITIVE * (sampled * 3 // 4):  # of four, the first was not compared
        return _REPEATS
    # One more of each: a byte that the sample has missed gets a code too, and none gets too long.
    for byte in range(256):
        found = lanes[byte] + lanes[256 + byte] + lanes[512 + byte] + lanes[768 + byte]
        counts[byte] = 2 * found + 1
    counts[0] += 2 * sampled // width
    counts[_END] = 1
    code_lengths(counts, lengths, tree)
    code_table(lengths, table)
    for byte in range(_HEADER_BYTES.size):
        stream[start + byte] = _HEADER_BYTES[byte]
    at = start + _HEADER_BYTES.size - 1
    bits, used = np.uint64(stream[at]), np.uint64(_HEADER_SIZE & 7)
    bits, used, at = _write_lengths(lengths, stream, bits, used, at)
    if halves.size:
        pair_table(table, pairs)
        bits, used, at = _write_pairs(halves, width, table, pairs, stream, bits, used, at)
    else:
        bits, used, at = _write_rows(data, width, table, stream, bits, used, at)
    if at < 0:
        return _TOO_LONG
    bits |= (table[_END] >> np.uint64(8)) << used
    _store(bits, stream, np.uint64(at))
    at += int(np.int64((used + (table[_END] & np.uint64(255)) + np.uint64(7)) >> np.uint64(3)))
    check = adler32(data, width)
    for byte in range(4):
        stream[at + byte] = check >> np.uint32(24 - 8 * byte)
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


@kernel
def _write_rows(
    data: NDArray[np.uint8],
    width: int,
    table: NDArray[np.uint64],
    stream: NDArray[np.uint8],
    bits: np.uint64,
    used: np.uint64,
    start: int,
) -> tuple[np.uint64, np.uint64, int]:
    """Append the codes of rows, each after a byte of 0, to a stream of bits.

    Args:
        data: the rows one after the other, (h × width,).
        width: of a row.
        table: as from `code_table`.
        stream: where to.
        bits: of the unfinished byte.
        used: how many these are.
        start: where the unfinished byte lies.

    Returns:
        The last three, as they are then; the last is negative if there was not room enough.
    """
    at = np.uint64(start)
    for first in range(0, data.size, width):
        if np.int64(at) + 2 * width + 16 > stream.size:
            return bits, used, -1
        bits, used, at = _append(table[0], stream, bits, used, at)
        for i in range(np.uint64(first), np.uint64(first + width)):
            bits, used, at = _append(table[data[i]], stream, bits, used, at)
    return bits, used, int(np.int64(at))


@kernel
def _write_pairs(
    halves: NDArray[np.uint16],
    width: int,
    table: NDArray[np.uint64],
    pairs: NDArray[np.uint32],
    stream: NDArray[np.uint8],
    bits: np.uint64,
    used: np.uint64,
    start: int,
) -> tuple[np.uint64, np.uint64, int]:
    """Do what `_write_rows` does, four bytes at a time.

    Args:
        halves: the rows in pairs of bytes, (h × width / 2,).
        width: of a row, a multiple of 4.
        table: as from `code_table`.
        pairs: as from `pair_table`.
        stream: as of `_write_rows`, like all that follow.
        bits: ditto.
        used: ditto.
        start: ditto.
    """
    at, three, six = np.uint64(start), np.uint64(3), np.uint64(PAIR_LENGTH)
    low = np.uint64(63)
    for first in range(0, halves.size, width // 2):
        if np.int64(at) + 2 * width + 16 > stream.size:
            return bits, used, -1
        bits, used, at = _append(table[0], stream, bits, used, at)
        for i in range(np.uint64(first), np.uint64(first + width // 2), np.uint64(2)):
            a, b = np.uint64(pairs[halves[i]]), np.uint64(pairs[halves[i + np.uint64(1)]])
            bits |= (a >> six | (b >> six) << (a & low)) << (used & low)
            used += a + b  # the codes go into bits that do not count
            _store(bits, stream, at)
            whole = used & np.uint64(56)
            at += whole >> three
            bits >>= whole
            used &= np.uint64(7)
    return bits, used, int(np.int64(at))


@kernel
def _append(
    entry: np.uint64, stream: NDArray[np.uint8], bits: np.uint64, used: np.uint64, at: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64]:
    """Append one code to a stream of bits."""
    bits |= (entry >> np.uint64(8)) << used
    used += entry & np.uint64(255)
    _store(bits, stream, at)
    return bits >> (used & np.uint64(56)), used & np.uint64(7), at + (used >> np.uint64(3))


@kernel
def _store(word: np.uint64, stream: NDArray[np.uint8], at: np.uint64) -> None:
    """Put eight bytes into a stream, the lowest first; it is compiled to a single store."""
    for byte in range(np.uint64(8)):
        stream[at + byte] = word >> (np.uint64(8) * byte)


@kernel
def adler32(data: NDArray[np.uint8], width: int) -> np.uint32:
    """Return the checksum of rows, each after a byte of 0 (RFC 1950)."""
    low, high = np.uint32(1), np.uint32(0)
    for first in range(0, data.size, width):
        row = data[first : first + width]
        high = np.uint32(high + low)
        for start in range(0, row.size, _ADDED):
            size = min(row.size - start, _ADDED)
            total, weighted = np.uint32(0), np.uint32(0)
            for i in range(np.uint64(size)):
                byte = np.uint32(row[np.uint64(start) + i])
                total += byte
                weighted += byte * np.uint32(np.uint64(size) - i)
            high = np.uint32(
                (np.uint64(high) + np.uint64(low) * np.uint64(size) + weighted) % _MODULUS
            )
            low = np.uint32((low + total) % _MODULUS)
        high = np.uint32(high % _MODULUS)
    return np.uint32(high << np.uint32(16)) | low

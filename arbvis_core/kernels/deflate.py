"""DEFLATE (RFC 1951) for pictures that do not repeat: one block of Huffman codes, no matches.

Tiles of real files and of weights are noise to a search for repeats, which finds next to nothing in
them and takes most of the time. A Huffman code made for the tile is as short, at several times the
speed. What does repeat is left to zlib, and what no code can shorten is stored.

A code begins where the one before ends, so that each has to wait for all before it. Therefore the two
halves of a tile are encoded side by side, and the bits of the second are then moved to their place.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.huffman import (
    LIMIT,
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

#: Where this share of the bytes equals the one before, there are repeats worth a search: it takes five
#: times as long.
REPETITIVE = 0.8

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

#: What `huffman` leaves to others.
_REPEATS = -1


def compress(rows: NDArray[np.uint8], before: int = 0, after: int = 0) -> NDArray[np.uint8]:
    """Return rows, each after a byte of 0, as a zlib stream (RFC 1950), with room around it.

    The byte is PNG's for a row that is not filtered.

    Args:
        rows: (h, w).
        before: bytes that are left free before the stream.
        after: bytes that are left free after it.
    """
    from isal import isal_zlib

    data = _filtered(rows)
    longest = LIMIT * data.size // 8 + _BESIDE
    stream = np.empty(before + longest + after, np.uint8)
    second = np.empty(longest // 16 + 4, np.uint64)
    work, table = np.empty(_WORK, np.int64), np.empty(_SYMBOLS, np.uint64)
    pairs, halves = np.empty(PAIRS, np.uint32), data[: data.size // 8 * 8].view("<u2")
    check = isal_zlib.adler32(data)
    end = huffman(data, halves, check, stream, before, second, work, table, pairs)
    if end < 0 or end - before > data.size:
        packed = zlib.compress(data.data, LEVEL if end < 0 else 0)
        end = before + len(packed)
        stream = np.empty(end + after, np.uint8)
        stream[before:end] = np.frombuffer(packed, np.uint8)
    return stream[: end + after]


def _filtered(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    filtered = np.empty((rows.shape[0], rows.shape[1] + 1), np.uint8)
    filtered[:, 0] = 0
    filtered[:, 1:] = rows
    return filtered.reshape(-1)


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
        Where the stream ends; _REPEATS if there is none.
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
    counts[_END] = 1
    code_lengths(counts, lengths, tree)
    code_table(lengths, table)
    pair_table(table, pairs)
    for byte in range(_HEADER_BYTES.size):
        stream[start + byte] = _HEADER_BYTES[byte]
    at = start + _HEADER_BYTES.size - 1
    bits, used = np.uint64(stream[at]), np.uint64(_HEADER_SIZE & 7)
    bits, used, at = _write_lengths(lengths, stream, bits, used, at)
    bits, used, place = _write_halves(halves, pairs, stream, second, bits, used, np.uint64(at))
    for i in range(np.uint64(2 * halves.size), np.uint64(data.size)):
        bits, used, place = _append(table[data[i]], stream, bits, used, place)
    bits, used, place = _append(table[_END], stream, bits, used, place)
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


@kernel
def _write_halves(
    halves: NDArray[np.uint16],
    pairs: NDArray[np.uint32],
    stream: NDArray[np.uint8],
    second: NDArray[np.uint64],
    bits: np.uint64,
    used: np.uint64,
    at: np.uint64,
) -> tuple[np.uint64, np.uint64, np.uint64]:
    """Append the codes of pairs of bytes to a stream of bits.

    The second half of them is encoded at the same time, and moved behind the first.

    Args:
        halves: the pairs, (4n,).
        pairs: as from `pair_table`.
        stream: where to.
        second: room for the second half.
        bits: of the unfinished byte.
        used: how many these are.
        at: where the unfinished byte lies.

    Returns:
        The last three, as they are then.
    """
    other, middle = second.view(np.uint8), np.uint64(halves.size // 2)
    more, taken, there = np.uint64(0), np.uint64(0), np.uint64(0)
    for i in range(np.uint64(0), middle, np.uint64(2)):
        a, b = pairs[halves[i]], pairs[halves[i + np.uint64(1)]]
        c, d = pairs[halves[middle + i]], pairs[halves[middle + i + np.uint64(1)]]
        bits, used, at = _append_four(a, b, stream, bits, used, at)
        more, taken, there = _append_four(c, d, other, more, taken, there)
    rest = np.uint64(63) - used
    for word in range(there // np.uint64(8)):  # `used` bits are waiting before each
        _store(bits | second[word] << used, stream, at)
        bits = second[word] >> np.uint64(1) >> rest
        at += np.uint64(8)
    for byte in range(there & ~np.uint64(7), there):
        bits, used, at = _append(
            np.uint64(other[byte]) << np.uint64(8) | np.uint64(8), stream, bits, used, at
        )
    return _append(more << np.uint64(8) | taken, stream, bits, used, at)


@kernel
def _append_four(
    first: np.uint32,
    second: np.uint32,
    stream: NDArray[np.uint8],
    bits: np.uint64,
    used: np.uint64,
    at: np.uint64,
) -> tuple[np.uint64, np.uint64, np.uint64]:
    """Append the codes of two pairs of bytes to a stream of bits."""
    low, six = np.uint64(63), np.uint64(PAIR_LENGTH)
    a, b = np.uint64(first), np.uint64(second)
    bits |= (a >> six | (b >> six) << (a & low)) << (used & low)
    used += a + b  # the codes go into bits that do not count
    _store(bits, stream, at)
    whole = used & np.uint64(56)
    return bits >> whole, used & np.uint64(7), at + (whole >> np.uint64(3))


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

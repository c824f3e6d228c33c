"""DEFLATE (RFC 1951) for pictures that do not repeat: one block of Huffman codes, no matches.

Tiles of real files and of weights are noise to a search for repeats, which finds next to nothing in
them and takes most of the time. A Huffman code made for the tile is as short, at several times the
speed. What does repeat is left to ISA-L, and what no code can shorten is stored.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.jit import kernel

#: The longest code, in bits: four of them fit into a word with what is left of a byte. The format
#: allows one more.
LIMIT = 14

#: The code is made from the first SAMPLE of every STRIDE bytes: counting them all would take a
#: quarter of the time and save a thousandth of the size. No row of a tile is a multiple of STRIDE.
SAMPLE, STRIDE = 96, 800

#: Where this share of the bytes equals the one before, there are repeats worth a search.
REPETITIVE = 0.5

#: ISA-L's fastest level with codes made for the data.
ISAL_LEVEL = 1

_END = 256

#: The lengths of codes, 0–15, are themselves stored in a code of 4 bits each.
_LENGTHS = np.array([int(f"{value:04b}"[::-1], 2) << 8 | 4 for value in range(16)], np.uint64)

#: 16 bits: a zlib stream, fastest. 1: the last block. 2: with codes of its own. 5: 257 codes for
#: literals. 5: 2 for distances. 4: 19 for lengths, then 3 bits for the length of each of these:
#: 0 for the three that stand for repeats, 4 for all others.
_HEADER = 0x0178 | 1 << 16 | 2 << 17 | 0 << 19 | 1 << 24 | 15 << 29
_HEADER |= sum(4 << (33 + 3 * place) for place in range(3, 19))
_HEADER_SIZE = 33 + 3 * 19


def compress(data: NDArray[np.uint8]) -> bytes | memoryview:
    """Return bytes (n,) as a zlib stream (RFC 1950)."""
    from isal import isal_zlib

    lanes = np.zeros((4, 256), dtype=np.uint32)
    repeats = count(data, STRIDE if data.size > 64 * STRIDE else SAMPLE, lanes.reshape(-1))
    sample = lanes.sum(axis=0, dtype=np.int64)
    if repeats > REPETITIVE * (sample.sum() * 3 // 4):
        return isal_zlib.compress(data.data, ISAL_LEVEL)
    # Some more of each: a byte that the sample has missed gets a code too, and none gets too long.
    counts = sample * (STRIDE // SAMPLE) + (data.size >> 14) + 1
    stream = _huffman(data, _code_lengths(np.append(counts, 1 + (data.size >> 14))))
    return zlib.compress(data.data, 0) if stream is None else stream


def _huffman(data: NDArray[np.uint8], lengths: NDArray[np.int64]) -> memoryview | None:
    """Return the stream, or None where it is no shorter than the data."""
    from isal import isal_zlib

    whole = _HEADER_SIZE // 8
    stream = np.empty(whole + 4 * (_END + 3) // 8 + data.size + 16, dtype=np.uint8)
    header = _HEADER.to_bytes(whole + 1, "little")
    stream[:whole] = np.frombuffer(header, dtype=np.uint8, count=whole)
    state = np.array((header[whole], _HEADER_SIZE - 8 * whole, whole), dtype=np.uint64)
    # No distances are used; like zlib, declare two of one bit, for readers that want a whole code.
    write(np.append(lengths, (1, 1)).astype(np.uint8), _LENGTHS, stream, state)
    table = np.zeros(_END + 1, dtype=np.uint64)
    code_table(lengths, table)
    write(data, table, stream, state)
    partial, used, full = (int(value) for value in state)
    if full >= stream.size - 8:
        return None
    end = int(table[_END])
    check = isal_zlib.adler32(data.data)
    partial |= (end >> 8) << used
    tail = partial.to_bytes(-(-(used + (end & 255)) // 8), "little") + check.to_bytes(4, "big")
    stream[full : full + len(tail)] = np.frombuffer(tail, dtype=np.uint8)
    return stream[: full + len(tail)].data


def _code_lengths(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the length of each symbol's code; all of them occur."""
    weights = counts
    while True:
        order = np.argsort(weights, kind="stable")
        depth = np.zeros(2 * weights.size - 1, dtype=np.int64)
        code_lengths(weights[order], depth, np.zeros_like(depth), np.zeros_like(depth))
        if depth[0] <= LIMIT:
            lengths = np.empty_like(weights)
            lengths[order] = depth[: weights.size]
            return lengths
        weights = (weights + 1) // 2  # flatter, until the longest code is short enough


@kernel
def count(data: NDArray[np.uint8], stride: int, lanes: NDArray[np.uint32]) -> np.uint64:
    """Add the first SAMPLE of every `stride` bytes to four histograms, (4 × 256,).

    In a single one a byte would wait for one like it before it.

    Returns:
        How many bytes equal the one before, where that lies in the same four.
    """
    one, two, three = np.uint64(1), np.uint64(2), np.uint64(3)
    repeats = np.uint64(0)
    for sample in range(np.uint64((data.size + stride - SAMPLE) // stride)):
        start = sample * np.uint64(stride)
        for i in range(start, start + np.uint64(SAMPLE), np.uint64(4)):
            a, b, c, d = data[i], data[i + one], data[i + two], data[i + three]
            lanes[a] += np.uint32(1)
            lanes[np.uint64(256) + b] += np.uint32(1)
            lanes[np.uint64(512) + c] += np.uint32(1)
            lanes[np.uint64(768) + d] += np.uint32(1)
            repeats += np.uint64(a == b) + np.uint64(b == c) + np.uint64(c == d)
    return repeats


@kernel
def code_lengths(
    weights: NDArray[np.int64],
    depth: NDArray[np.int64],
    weight: NDArray[np.int64],
    parent: NDArray[np.int64],
) -> None:
    """Find the lengths of Huffman codes.

    Args:
        weights: of the n > 1 symbols, ascending.
        depth: written: zeros, (2n - 1,); the first n become the lengths, descending.
        weight: zeros, (2n - 1,), to work in.
        parent: the same.
    """
    leaves = weights.size
    leaf, inner = 0, leaves
    for node in range(leaves, 2 * leaves - 1):
        for _ in range(2):  # join the two lightest that have no parent
            if leaf < leaves and (inner >= node or weights[leaf] <= weight[inner]):
                weight[node] += weights[leaf]
                parent[leaf] = node
                leaf += 1
            else:
                weight[node] += weight[inner]
                parent[inner] = node
                inner += 1
    for node in range(2 * leaves - 3, -1, -1):
        depth[node] = depth[parent[node]] + 1


@kernel
def code_table(lengths: NDArray[np.int64], table: NDArray[np.uint64]) -> None:
    """Give each symbol its canonical code: reversed, shifted left by 8, with its length below."""
    code = 0
    for length in range(1, 16):
        code <<= 1
        for symbol in range(lengths.size):
            if lengths[symbol] == length:
                backwards = 0
                for bit in range(length):
                    backwards |= ((code >> bit) & 1) << (length - 1 - bit)
                table[symbol] = backwards << 8 | length
                code += 1


@kernel
def write(
    data: NDArray[np.uint8],
    table: NDArray[np.uint64],
    stream: NDArray[np.uint8],
    state: NDArray[np.uint64],
) -> None:
    """Append the codes of some bytes to a stream of bits, four at a time.

    Args:
        data: the bytes, (n,).
        table: as from `code_table`, with codes of at most 14 bits.
        stream: all is written if in the end more than eight bytes are free.
        state: read and written: the bits of the unfinished byte, their number (0–7), and how many
            bytes are finished.
    """
    one, two, three, eight = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(8)
    last, low = np.uint64(63), np.uint64(255)
    bits, used, at = state[0], state[1], state[2]
    room = np.uint64(stream.size - 8)
    size = np.uint64(data.size)
    whole = size - size % np.uint64(4)
    for i in range(np.uint64(0), whole, np.uint64(4)):
        if at >= room:
            break
        a, b = table[data[i]], table[data[i + one]]
        c, d = table[data[i + two]], table[data[i + three]]
        left, right = (a + b) & low, (c + d) & low
        code = a >> eight | (b >> eight) << (a & last)
        code |= (c >> eight | (d >> eight) << (c & last)) << left
        bits |= code << used
        used += left + right
        _store(bits, stream, at)
        at += used >> three
        bits >>= used & np.uint64(56)
        used &= np.uint64(7)
    for i in range(whole, size):
        if at >= room:
            break
        bits |= (table[data[i]] >> eight) << used
        used += table[data[i]] & low
        _store(bits, stream, at)
        at += used >> three
        bits >>= used & np.uint64(56)
        used &= np.uint64(7)
    state[0], state[1], state[2] = bits, used, at


@kernel
def _store(word: np.uint64, stream: NDArray[np.uint8], at: np.uint64) -> None:
    """Put eight bytes into a stream, the lowest first; it is compiled to a single store."""
    for byte in range(np.uint64(8)):
        stream[at + byte] = word >> (np.uint64(8) * byte)

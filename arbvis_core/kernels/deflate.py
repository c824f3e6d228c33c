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

#: The longest code that the format allows, in bits.
LIMIT = 15

#: The code is made from the first SAMPLE of every STRIDE bytes: counting them all would take a
#: quarter of the time and save a thousandth of the size.
SAMPLE, STRIDE = 96, 384

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

    sample = _sampled(data)
    repeated = np.count_nonzero(sample[:, 1:] == sample[:, :-1])
    if repeated > REPETITIVE * sample.size:
        return isal_zlib.compress(data.data, ISAL_LEVEL)
    lanes = np.zeros((4, 256), dtype=np.uint32)
    count(sample, lanes.reshape(-1))
    # Some more of each: a byte that the sample has missed gets a code too, and none gets too long.
    counts = lanes.sum(axis=0, dtype=np.int64) * (STRIDE // SAMPLE) + (data.size >> 14) + 1
    stream = _huffman(data, _code_lengths(np.append(counts, 1 + (data.size >> 14))))
    return zlib.compress(data.data, 0) if stream is None else stream


def _sampled(data: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return rows of bytes to judge the data by, their length a multiple of four."""
    rows = data.size // STRIDE
    if rows < 64:
        return data[: data.size - data.size % 4].reshape(1, -1)
    return data[: rows * STRIDE].reshape(rows, STRIDE)[:, :SAMPLE]


def _huffman(data: NDArray[np.uint8], lengths: NDArray[np.int64]) -> memoryview | None:
    """Return the stream, or None where it is no shorter than the data."""
    from isal import isal_zlib

    words = np.empty((_HEADER_SIZE + 4 * (_END + 3) + 8 * data.size) // 64 + 2, dtype=np.uint64)
    words[0] = _HEADER & (1 << 64) - 1
    state = np.array((_HEADER >> 64, _HEADER_SIZE - 64, 1), dtype=np.uint64)
    # No distances are used; like zlib, declare two of one bit, for readers that want a whole code.
    write(np.append(lengths, (1, 1)).astype(np.uint8), _LENGTHS, words, state)
    table = np.zeros(_END + 1, dtype=np.uint64)
    code_table(lengths, table)
    write(data, table, words, state)
    partial, used, full = (int(value) for value in state)
    if full >= words.size - 2:
        return None
    end = int(table[_END])
    check = isal_zlib.adler32(data.data)
    partial |= (end >> 8) << used
    tail = partial.to_bytes(-(-(used + (end & 255)) // 8), "little") + check.to_bytes(4, "big")
    stop = 8 * full + len(tail)
    stream = words.astype("<u8", copy=False).view(np.uint8)
    stream[8 * full : stop] = np.frombuffer(tail, dtype=np.uint8)
    return stream[:stop].data


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
def count(rows: NDArray[np.uint8], lanes: NDArray[np.uint32]) -> None:
    """Add rows of bytes, a multiple of four each, to four histograms, (4 × 256,).

    In a single one a byte would wait for one like it before it.
    """
    one, two, three = np.uint64(1), np.uint64(2), np.uint64(3)
    for row in range(np.uint64(rows.shape[0])):
        for i in range(np.uint64(0), np.uint64(rows.shape[1]), np.uint64(4)):
            lanes[rows[row, i]] += np.uint32(1)
            lanes[np.uint64(256) + rows[row, i + one]] += np.uint32(1)
            lanes[np.uint64(512) + rows[row, i + two]] += np.uint32(1)
            lanes[np.uint64(768) + rows[row, i + three]] += np.uint32(1)


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
    words: NDArray[np.uint64],
    state: NDArray[np.uint64],
) -> None:
    """Append the codes of some bytes to a stream of bits, four at a time.

    Args:
        data: the bytes, (n,).
        table: as from `code_table`, with codes of at most 15 bits.
        words: the stream. All is written if in the end at least two words are free.
        state: read and written: the bits of the unfinished word, their number (0–63), and how many
            words are finished.
    """
    one, two, three, six = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(6)
    eight, last, low = np.uint64(8), np.uint64(63), np.uint64(255)
    bits, used, word = state[0], state[1], state[2]
    room = np.uint64(words.size - 2)
    size = np.uint64(data.size)
    whole = size - size % np.uint64(4)
    for i in range(np.uint64(0), whole, np.uint64(4)):
        if word >= room:
            break
        a, b = table[data[i]], table[data[i + one]]
        c, d = table[data[i + two]], table[data[i + three]]
        left, right = (a + b) & low, (c + d) & low
        code = a >> eight | (b >> eight) << (a & last)
        code |= (c >> eight | (d >> eight) << (c & last)) << left
        bits |= code << used
        words[word] = bits
        total = used + left + right
        if total >> six:
            bits = (code >> one) >> (last - used)
        word += total >> six
        used = total & last
    for i in range(whole, size):
        if word >= room:
            break
        a = table[data[i]]
        bits |= (a >> eight) << used
        words[word] = bits
        total = used + (a & low)
        if total >> six:
            bits = ((a >> eight) >> one) >> (last - used)
        word += total >> six
        used = total & last
    state[0], state[1], state[2] = bits, used, word

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

#: The longest codes that the format allows for literals, and for the lengths of codes.
LITERAL_LIMIT, LENGTH_LIMIT = 15, 7

#: Where this share of the bytes equals the one before, there are repeats worth a search.
REPETITIVE = 0.5

#: ISA-L's fastest level with codes made for the data.
ISAL_LEVEL = 1

_END = 256

#: 16 bits: a zlib stream, fastest. 1: the last block. 2: with codes of its own. 5: 257 codes for
#: literals. 5: 2 for distances. 4: 19 for the lengths of codes.
_FIXED = 0x0178 | 1 << 16 | 2 << 17 | 0 << 19 | 1 << 24 | 15 << 29
_FIXED_SIZE = 33

#: The order in which the lengths of the length codes are stored.
_LENGTH_ORDER = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)


def compress(data: NDArray[np.uint8]) -> bytes | memoryview:
    """Return bytes (n,) as a zlib stream (RFC 1950)."""
    from isal import isal_zlib

    repeated = np.count_nonzero(data[1:] == data[:-1])
    if repeated > REPETITIVE * data.size:
        return isal_zlib.compress(data.data, ISAL_LEVEL)
    counts = np.empty(_END + 1, dtype=np.int64)
    count(data, counts)
    counts[_END] = 1
    lengths = _lengths(counts, LITERAL_LIMIT)
    bits = int(counts @ lengths)
    if bits >= 8 * data.size:
        return zlib.compress(data.data, 0)
    return _huffman(data, lengths, bits, isal_zlib.adler32(data.data))


def _huffman(
    data: NDArray[np.uint8], lengths: NDArray[np.int64], bits: int, check: int
) -> memoryview:
    # No distances are used; like zlib, declare two of one bit, for readers that want a whole code.
    declared = np.append(lengths, (1, 1)).astype(np.uint8)
    length_counts = np.bincount(declared, minlength=len(_LENGTH_ORDER))
    length_lengths = _lengths(length_counts, LENGTH_LIMIT)
    header, size = _header(length_lengths)
    words = np.empty((size + int(length_counts @ length_lengths) + bits) // 64 + 3, np.uint64)
    words[0] = header & (1 << 64) - 1
    state = np.array((header >> 64, size - 64, 1), dtype=np.uint64)
    write(declared, _table(length_lengths), words, state)
    table = _table(lengths)
    write(data, table, words, state)
    partial, used, full = (int(value) for value in state)
    end = int(table[_END])
    partial |= (end >> 8) << used
    tail = partial.to_bytes(-(-(used + (end & 255)) // 8), "little") + check.to_bytes(4, "big")
    stop = 8 * full + len(tail)
    stream = words.astype("<u8", copy=False).view(np.uint8)
    stream[8 * full : stop] = np.frombuffer(tail, dtype=np.uint8)
    return stream[:stop].data


def _header(length_lengths: NDArray[np.int64]) -> tuple[int, int]:
    """Return what comes before the lengths of the codes: a number of so many bits."""
    lengths = length_lengths.tolist()
    header = _FIXED
    for place, symbol in enumerate(_LENGTH_ORDER):
        header |= lengths[symbol] << (_FIXED_SIZE + 3 * place)
    return header, _FIXED_SIZE + 3 * len(_LENGTH_ORDER)


def _lengths(counts: NDArray[np.int64], limit: int) -> NDArray[np.int64]:
    """Return the length of each symbol's code, 0 for those that do not occur."""
    lengths = np.zeros(counts.size, dtype=np.int64)
    symbols = np.flatnonzero(counts)
    if symbols.size == 1:
        lengths[symbols] = 1
        return lengths
    weights = counts[symbols]
    while True:
        order = np.argsort(weights, kind="stable")
        found = np.empty(order.size, dtype=np.int64)
        code_lengths(weights[order], found)
        if found[0] <= limit:
            lengths[symbols[order]] = found
            return lengths
        weights = (weights + 1) // 2  # flatter, until the longest code is short enough


def _table(lengths: NDArray[np.int64]) -> NDArray[np.uint64]:
    table = np.zeros(lengths.size, dtype=np.uint64)
    code_table(lengths, table)
    return table


@kernel
def count(data: NDArray[np.uint8], counts: NDArray[np.int64]) -> None:
    """Count how often each byte value occurs; `counts` has at least 256 places."""
    lanes = np.zeros(4 * 256, dtype=np.uint32)  # four, as a byte would wait for one like it
    whole = np.uint64(data.size - data.size % 4)
    one, two, three = np.uint64(1), np.uint64(2), np.uint64(3)
    for i in range(np.uint64(0), whole, np.uint64(4)):
        lanes[data[i]] += 1
        lanes[np.uint64(256) + data[i + one]] += 1
        lanes[np.uint64(512) + data[i + two]] += 1
        lanes[np.uint64(768) + data[i + three]] += 1
    for i in range(whole, np.uint64(data.size)):
        lanes[data[i]] += 1
    for value in range(256):
        counts[value] = lanes[value] + lanes[256 + value] + lanes[512 + value] + lanes[768 + value]


@kernel
def code_lengths(weights: NDArray[np.int64], lengths: NDArray[np.int64]) -> None:
    """Find the lengths of Huffman codes: `weights` (n,), n > 1, ascending; `lengths` descending."""
    leaves = weights.size
    weight = np.empty(2 * leaves - 1, dtype=np.int64)
    parent = np.empty(2 * leaves - 1, dtype=np.int64)
    leaf, inner = 0, leaves
    for node in range(leaves, 2 * leaves - 1):
        weight[node] = 0
        for _ in range(2):  # join the two lightest that have no parent
            if leaf < leaves and (inner >= node or weights[leaf] <= weight[inner]):
                lightest, leaf = leaf, leaf + 1
                weight[node] += weights[lightest]
            else:
                lightest, inner = inner, inner + 1
                weight[node] += weight[lightest]
            parent[lightest] = node
    depth = np.zeros(2 * leaves - 1, dtype=np.int64)
    for node in range(2 * leaves - 3, -1, -1):
        depth[node] = depth[parent[node]] + 1
        if node < leaves:
            lengths[node] = depth[node]


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
        words: the stream, with room for a word more than it fills.
        state: read and written: the bits of the unfinished word, their number (0–63), and how many
            words are finished.
    """
    one, two, three, six = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(6)
    eight, last, low = np.uint64(8), np.uint64(63), np.uint64(255)
    bits, used, word = state[0], state[1], state[2]
    size = np.uint64(data.size)
    whole = size - size % np.uint64(4)
    for i in range(np.uint64(0), whole, np.uint64(4)):
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
        a = table[data[i]]
        bits |= (a >> eight) << used
        words[word] = bits
        total = used + (a & low)
        if total >> six:
            bits = ((a >> eight) >> one) >> (last - used)
        word += total >> six
        used = total & last
    state[0], state[1], state[2] = bits, used, word

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
    end = huffman(rows.reshape(-1), rows.shape[1], stream, before, work, table)
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
    width: int,
    stream: NDArray[np.uint8],
    start: int,
    work: NDArray[np.int64],
    table: NDArray[np.uint64],
) -> int:
    """Write rows, each after a byte of 0, as a zlib stream of one block of Huffman codes.

    Args:
        data: the rows one after the other, (h × width,).
        width: of a row.
        stream: room for as many bytes as they are, for _BESIDE, and for twice a row.
        start: of the stream in it.
        work: to work in, (_WORK,).
        table: the same, (_SYMBOLS,).

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
def code_lengths(
    counts: NDArray[np.int64], lengths: NDArray[np.int64], work: NDArray[np.int64]
) -> None:
    """Find the lengths of Huffman codes of at most LIMIT bits.

    Args:
        counts: of the symbols, all of which occur, (n > 1,); flattened if codes get too long.
        lengths: written: the length of each symbol's code, (n,).
        work: to work in, (7n,).
    """
    leaves = counts.size
    keys, rest = work[:leaves], work[leaves:]
    while True:
        for symbol in range(leaves):
            keys[symbol] = counts[symbol] << 16 | symbol
        _sort(keys)
        if _depths(keys, rest) <= LIMIT:
            break
        for symbol in range(leaves):
            counts[symbol] = (counts[symbol] + 1) >> 1
    for place in range(leaves):
        lengths[keys[place] & 0xFFFF] = rest[place]


@kernel
def _sort(keys: NDArray[np.int64]) -> None:
    """Sort by insertion over gaps that shrink."""
    for gap in (132, 57, 23, 10, 4, 1):
        for i in range(gap, keys.size):
            key, j = keys[i], i
            while j >= gap and keys[j - gap] > key:
                keys[j] = keys[j - gap]
                j -= gap
            keys[j] = key


@kernel
def _depths(keys: NDArray[np.int64], work: NDArray[np.int64]) -> int:
    """Find how deep in the tree the symbols lie, in the order of their keys: the first (n,) of `work`.

    Returns:
        The greatest depth.
    """
    leaves = keys.size
    nodes = 2 * leaves - 1
    depth, weight, parent = work[:nodes], work[nodes : 2 * nodes], work[2 * nodes : 3 * nodes]
    leaf, inner = 0, leaves
    for node in range(leaves, nodes):
        weight[node] = 0
        for _ in range(2):  # join the two lightest that have no parent
            if leaf < leaves and (inner >= node or keys[leaf] >> 16 <= weight[inner]):
                weight[node] += keys[leaf] >> 16
                parent[leaf] = node
                leaf += 1
            else:
                weight[node] += weight[inner]
                parent[inner] = node
                inner += 1
    depth[nodes - 1] = 0
    for node in range(nodes - 2, -1, -1):
        depth[node] = depth[parent[node]] + 1
    return int(depth[0])


@kernel
def code_table(lengths: NDArray[np.int64], table: NDArray[np.uint64]) -> None:
    """Give each symbol its canonical code: reversed, shifted left by 8, with its length below."""
    code = 0
    for length in range(1, LIMIT + 1):
        code <<= 1
        for symbol in range(lengths.size):
            if lengths[symbol] == length:
                backwards = 0
                for bit in range(length):
                    backwards |= ((code >> bit) & 1) << (length - 1 - bit)
                table[symbol] = backwards << 8 | length
                code += 1


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
    at, whole = np.uint64(start), np.uint64(width & -4)
    one, two, three, eight = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(8)
    last, low = np.uint64(63), np.uint64(255)
    for first in range(0, data.size, width):
        if np.int64(at) + 2 * width + 16 > stream.size:
            return bits, used, -1
        row = data[first : first + width]
        bits, used, at = _append(table[0], stream, bits, used, at)
        for i in range(np.uint64(0), whole, np.uint64(4)):  # four at a time
            a, b = table[row[i]], table[row[i + one]]
            c, d = table[row[i + two]], table[row[i + three]]
            left, right = (a + b) & low, (c + d) & low
            code = a >> eight | (b >> eight) << (a & last)
            code |= (c >> eight | (d >> eight) << (c & last)) << left
            bits |= code << used
            used += left + right
            _store(bits, stream, at)
            at += used >> three
            bits >>= used & np.uint64(56)
            used &= np.uint64(7)
        for i in range(whole, np.uint64(width)):
            bits, used, at = _append(table[row[i]], stream, bits, used, at)
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

"""Huffman codes: how long they are, what they are, and those of two bytes at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.jit import kernel

#: The longest code, in bits: two of them fit into 32 bits with their length, and four into a word with
#: what is left of a byte. The format allows two more.
LIMIT = 13

#: How many pairs of bytes there are, and the bits in which the length of their codes is kept.
PAIRS, PAIR_LENGTH = 1 << 16, 6


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
def pair_table(table: NDArray[np.uint64], pairs: NDArray[np.uint32]) -> None:
    """Join the codes of every two bytes, shifted left by PAIR_LENGTH, with their length below.

    Args:
        table: as from `code_table`.
        pairs: written, (PAIRS,): at the first byte plus 256 times the second.
    """
    for second in range(np.uint64(256)):
        after, more = (
            np.uint32(table[second] >> np.uint64(8)),
            np.uint32(table[second] & np.uint64(255)),
        )
        for first in range(np.uint64(256)):
            entry = np.uint32(table[first])
            length = entry & np.uint32(31)
            code = entry >> np.uint32(8) | after << length
            pairs[second * np.uint64(256) + first] = code << np.uint32(PAIR_LENGTH) | length + more

"""Streams of bits: codes are appended to what is left of a byte, the lowest bit first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.huffman import PAIR_LENGTH
from arbvis_core.kernels.jit import kernel


@kernel
def write_halves(
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
        bits, used, at = append_four(a, b, stream, bits, used, at)
        more, taken, there = append_four(c, d, other, more, taken, there)
    rest = np.uint64(63) - used
    for word in range(there // np.uint64(8)):  # `used` bits are waiting before each
        store(bits | second[word] << used, stream, at)
        bits = second[word] >> np.uint64(1) >> rest
        at += np.uint64(8)
    for byte in range(there & ~np.uint64(7), there):
        bits, used, at = append(
            np.uint64(other[byte]) << np.uint64(8) | np.uint64(8), stream, bits, used, at
        )
    return append(more << np.uint64(8) | taken, stream, bits, used, at)


@kernel
def append_four(
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
    store(bits, stream, at)
    whole = used & np.uint64(56)
    return bits >> whole, used & np.uint64(7), at + (whole >> np.uint64(3))


@kernel
def append(
    entry: np.uint64, stream: NDArray[np.uint8], bits: np.uint64, used: np.uint64, at: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64]:
    """Append one code to a stream of bits."""
    bits |= (entry >> np.uint64(8)) << used
    used += entry & np.uint64(255)
    store(bits, stream, at)
    return bits >> (used & np.uint64(56)), used & np.uint64(7), at + (used >> np.uint64(3))


@kernel
def store(word: np.uint64, stream: NDArray[np.uint8], at: np.uint64) -> None:
    """Put eight bytes into a stream, the lowest first; it is compiled to a single store."""
    for byte in range(np.uint64(8)):
        stream[at + byte] = word >> (np.uint64(8) * byte)

"""Codes packed in words and streams of bits, and what scales make of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.jit import kernel


@kernel
def unpack_halves(packed: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
    """Split bytes into codes of 4 bits, the low one first: (n,) to (2n,)."""
    for i in range(packed.size):
        out[2 * i] = packed[i] & 15
        out[2 * i + 1] = packed[i] >> 4


@kernel
def unpack_bits(packed: NDArray[np.uint8], bits: int, out: NDArray[np.uint8]) -> None:
    """Split a stream of bits into codes of 1 to 8 bits, least significant first: (n,) to (8n/bits,)."""
    mask, last = (1 << bits) - 1, packed.size - 1
    for i in range(out.size):
        at = i * bits
        byte = at >> 3
        word = np.uint32(packed[byte]) | np.uint32(np.uint32(packed[min(byte + 1, last)]) << 8)
        out[i] = (word >> (at & 7)) & mask


@kernel
def unpack_interleaved(packed: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
    """Split words of eight codes as AWQ packs them, 0 2 4 6 1 3 5 7 from the lowest: (4n,) to (8n,)."""
    for word in range(packed.size >> 2):
        for byte in range(4):
            both = packed[4 * word + byte]
            at = 8 * word + 4 * (byte & 1) + (byte >> 1)
            out[at] = both & 15
            out[at + 2] = both >> 4


@kernel
def multiply_blocks(
    values: NDArray[np.float32],
    scales: NDArray[np.float32],
    top: int,
    tall: int,
    left: int,
    wide: int,
    out: NDArray[np.float32],
) -> None:
    """Multiply each block of a matrix by its scale.

    Args:
        values: (rows, columns).
        scales: one per block that the matrix meets, (…, …).
        top: rows of the first block above the matrix.
        tall: rows of a block.
        left: columns of the first block before the matrix.
        wide: columns of a block.
        out: written: (rows, columns).
    """
    for y in range(values.shape[0]):
        start = 0
        for block in range(scales.shape[1]):
            scale = scales[(top + y) // tall, block]
            stop = min(values.shape[1], (block + 1) * wide - left)
            for x in range(np.uint64(start), np.uint64(stop)):
                out[y, x] = values[y, x] * scale
            start = stop


@kernel
def scale_blocks(
    codes: NDArray[np.uint8],
    scales: NDArray[np.float32],
    biases: NDArray[np.float32],
    left: int,
    wide: int,
    out: NDArray[np.float32],
) -> None:
    """Compute code × scale + bias, where both are shared by blocks of a row.

    Args:
        codes: (rows, columns).
        scales: one per block that the matrix meets, (rows, …).
        biases: as the scales.
        left: columns of the first block before the matrix.
        wide: columns of a block.
        out: written: (rows, columns).
    """
    for y in range(codes.shape[0]):
        start = 0
        for block in range(scales.shape[1]):
            scale, bias = scales[y, block], biases[y, block]
            stop = min(codes.shape[1], (block + 1) * wide - left)
            for x in range(np.uint64(start), np.uint64(stop)):
                out[y, x] = np.float32(codes[y, x]) * scale + bias
            start = stop


@kernel
def scale_groups(
    codes: NDArray[np.uint8],
    group: NDArray[np.int64],
    zeros: NDArray[np.uint8],
    scales: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """Compute (code - zero) × scale, where a row says which group's zeros and scales it has.

    Args:
        codes: (rows, columns).
        group: of each row, (rows,), all of them valid.
        zeros: (groups, columns).
        scales: (groups, columns).
        out: written: (rows, columns).
    """
    for y in range(codes.shape[0]):
        g = group[y]
        for x in range(np.uint64(codes.shape[1])):
            difference = np.int32(codes[y, x]) - np.int32(zeros[g, x])
            out[y, x] = np.float32(np.int32(difference)) * scales[g, x]

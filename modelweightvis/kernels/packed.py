"""Codes packed across byte boundaries, and codes less a zero times a scale."""

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

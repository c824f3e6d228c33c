"""GGML's blocks with one scale: Q1_0, Q2_0, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q8_1.

Layouts are those of `ggml-common.h`; the order of operations is that of `gguf.quants`, so that
values are equal to the last bit. Every kernel takes blocks, uint8 (n, bytes), and writes values,
float32 (n, elements). Codes are narrowed to eight bits before they become floats, which is what lets
the loops run on wide registers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.jit import kernel
from modelweightvis.kernels.floats import half


@kernel
def q1_0(blocks: NDArray[np.uint8], out: NDArray[np.float32]) -> None:
    """A half, then a bit per element: its sign."""
    for i in range(blocks.shape[0]):
        scale = half(blocks[i, 0], blocks[i, 1])
        for j in range(128):
            out[i, j] = scale if (blocks[i, 2 + (j >> 3)] >> (j & 7)) & 1 else -scale


@kernel
def q2_0(blocks: NDArray[np.uint8], out: NDArray[np.float32]) -> None:
    """A half, then two bits per element: one more than its multiple."""
    for i in range(blocks.shape[0]):
        scale = half(blocks[i, 0], blocks[i, 1])
        for j in range(64):
            code = (blocks[i, 2 + (j >> 2)] >> (2 * (j & 3))) & 3
            out[i, j] = scale * np.float32(np.int8(code - 1))


@kernel
def q4_0(blocks: NDArray[np.uint8], out: NDArray[np.float32]) -> None:
    """A half, then low halves of 16 bytes, then high ones; 8 means zero."""
    for i in range(blocks.shape[0]):
        scale = half(blocks[i, 0], blocks[i, 1])
        for j in range(16):
            out[i, j] = scale * np.float32(np.int8((blocks[i, 2 + j] & 15) - 8))
        for j in range(16):
            out[i, 16 + j] = scale * np.float32(np.int8((blocks[i, 2 + j] >> 4) - 8))


@kernel
def q4_1(blocks: NDArray[np.uint8], out: NDArray[np.float32]) -> None:
    """Scale and minimum, then as Q4_0."""
    for i in range(blocks.shape[0]):
        scale = half(blocks[i, 0], blocks[i, 1])
        least = half(blocks[i, 2], blocks[i, 3])
        for j in range(16):
            out[i, j] = scale * np.float32(np.uint8(blocks[i, 4 + j] & 15)) + least
        for j in range(16):
            out[i, 16 + j] = scale * np.float32(np.uint8(blocks[i, 4 + j] >> 4)) + least


@kernel
def _fifth_bits(blocks: NDArray[np.uint8], i: int, at: int) -> np.uint32:
    """Return the four bytes that hold the fifth bit of 32 codes."""
    bits = np.uint32(0)
    for byte in range(4):
        bits |= np.uint32(np.uint32(blocks[i, at + byte]) << (8 * byte))
    return bits


@kernel
def q5_0(blocks: NDArray[np.uint8], out: NDArray[np.float32]) -> None:
    """A half, a fifth bit per element, then as Q4_0; 16 means zero."""
    for i in range(blocks.shape[0]):
        scale = half(blocks[i, 0], blocks[i, 1])
        bits = _fifth_bits(blocks, i, 2)
        for j in range(16):
            code = (blocks[i, 6 + j] & 15) | (((bits >> j) & 1) << 4)
            out[i, j] = scale * np.float32(np.int8(code - 16))
        for j in range(16):
            code = (blocks[i, 6 + j] >> 4) | (((bits >> (16 + j)) & 1) << 4)
            out[i, 16 + j] = scale * np.float32(np.int8(code - 16))


@kernel
def q5_1(blocks: NDArray[np.uint8], out: NDArray[np.float32]) -> None:
    """Scale and minimum, a fifth bit per element, then as Q4_0."""
    for i in range(blocks.shape[0]):
        scale = half(blocks[i, 0], blocks[i, 1])
        least = half(blocks[i, 2], blocks[i, 3])
        bits = _fifth_bits(blocks, i, 4)
        for j in range(16):
            code = (blocks[i, 8 + j] & 15) | (((bits >> j) & 1) << 4)
            out[i, j] = scale * np.float32(np.uint8(code)) + least
        for j in range(16):
            code = (blocks[i, 8 + j] >> 4) | (((bits >> (16 + j)) & 1) << 4)
            out[i, 16 + j] = scale * np.float32(np.uint8(code)) + least


@kernel
def q8_0(blocks: NDArray[np.uint8], out: NDArray[np.float32]) -> None:
    """A half, then a signed byte per element."""
    for i in range(blocks.shape[0]):
        scale = half(blocks[i, 0], blocks[i, 1])
        for j in range(32):
            out[i, j] = scale * np.float32(np.int8(blocks[i, 2 + j]))


@kernel
def q8_1(blocks: NDArray[np.uint8], out: NDArray[np.float32]) -> None:
    """A half, its product with the sum of the codes, then a signed byte per element."""
    for i in range(blocks.shape[0]):
        scale = half(blocks[i, 0], blocks[i, 1])
        for j in range(32):
            out[i, j] = scale * np.float32(np.int8(blocks[i, 4 + j]))

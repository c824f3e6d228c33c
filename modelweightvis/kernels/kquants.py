"""GGML's K quants: blocks of 256 elements whose scales are quantised too.

Layouts are those of `ggml-common.h`; the order of operations is that of `gguf.quants`, so that
values are equal to the last bit. Every kernel takes blocks, uint8 (n, bytes), and writes values,
float32 (n, 256). Codes are narrowed to eight bits before they become floats, which is what lets the
loops run on wide registers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.jit import kernel
from modelweightvis.kernels.floats import half


@kernel
def q2_k(blocks: NDArray[np.uint8], out: NDArray[np.float32]) -> None:
    """16 bytes of scale and minimum, 4 bits each; 64 bytes of codes; a half for each of the two."""
    for i in range(blocks.shape[0]):
        scales = half(blocks[i, 80], blocks[i, 81])
        minima = half(blocks[i, 82], blocks[i, 83])
        for group in range(16):
            scale = scales * np.float32(blocks[i, group] & 15)
            least = minima * np.float32(blocks[i, group] >> 4)
            at, shift = 16 + 32 * (group >> 3) + 16 * (group & 1), 2 * ((group >> 1) & 3)
            for j in range(16):
                code = np.uint8((blocks[i, at + j] >> shift) & 3)
                out[i, 16 * group + j] = scale * np.float32(code) - least


@kernel
def q3_k(blocks: NDArray[np.uint8], out: NDArray[np.float32]) -> None:
    """32 bytes of third bits, 64 of codes, 12 of scales of 6 bits, and a half."""
    for i in range(blocks.shape[0]):
        scales = half(blocks[i, 108], blocks[i, 109])
        for group in range(16):
            low = blocks[i, 96 + (group & 7)] >> (4 * (group >> 3)) & 15
            high = blocks[i, 104 + (group & 3)] >> (2 * (group >> 2)) & 3
            scale = scales * np.float32((low | (high << 4)) - 32)
            at, shift = 32 + 32 * (group >> 3) + 16 * (group & 1), 2 * ((group >> 1) & 3)
            third, bit = 16 * (group & 1), group >> 1
            for j in range(16):
                code = (blocks[i, at + j] >> shift) & 3
                code |= ((blocks[i, third + j] >> bit) & 1) << 2  # set means: nothing to take off
                out[i, 16 * group + j] = scale * np.float32(np.int8(code - 4))


@kernel
def q4_k(blocks: NDArray[np.uint8], out: NDArray[np.float32]) -> None:
    """Two halves, 12 bytes of scales and minima of 6 bits, 128 of codes."""
    for i in range(blocks.shape[0]):
        scales = half(blocks[i, 0], blocks[i, 1])
        minima = half(blocks[i, 2], blocks[i, 3])
        for group in range(8):
            scale = scales * np.float32(_scale(blocks, i, group))
            least = minima * np.float32(_minimum(blocks, i, group))
            at, shift = 16 + 32 * (group >> 1), 4 * (group & 1)
            for j in range(32):
                code = np.uint8((blocks[i, at + j] >> shift) & 15)
                out[i, 32 * group + j] = scale * np.float32(code) - least


@kernel
def q5_k(blocks: NDArray[np.uint8], out: NDArray[np.float32]) -> None:
    """As Q4_K, with 32 bytes of fifth bits before the codes."""
    for i in range(blocks.shape[0]):
        scales = half(blocks[i, 0], blocks[i, 1])
        minima = half(blocks[i, 2], blocks[i, 3])
        for group in range(8):
            scale = scales * np.float32(_scale(blocks, i, group))
            least = minima * np.float32(_minimum(blocks, i, group))
            at, shift = 48 + 32 * (group >> 1), 4 * (group & 1)
            for j in range(32):
                code = (blocks[i, at + j] >> shift) & 15
                code |= ((blocks[i, 16 + j] >> group) & 1) << 4
                out[i, 32 * group + j] = scale * np.float32(np.uint8(code)) - least


@kernel
def _scale(blocks: NDArray[np.uint8], i: int, group: int) -> np.uint8:
    """Return one of the eight scales of Q4_K and Q5_K, 0 to 63."""
    if group < 4:
        return np.uint8(blocks[i, 4 + group] & 63)
    return np.uint8((blocks[i, 8 + group] & 15) | ((blocks[i, group] >> 6) << 4))


@kernel
def _minimum(blocks: NDArray[np.uint8], i: int, group: int) -> np.uint8:
    """Return one of the eight minima of Q4_K and Q5_K, 0 to 63."""
    if group < 4:
        return np.uint8(blocks[i, 8 + group] & 63)
    return np.uint8((blocks[i, 8 + group] >> 4) | ((blocks[i, 4 + group] >> 6) << 4))


@kernel
def q6_k(blocks: NDArray[np.uint8], out: NDArray[np.float32]) -> None:
    """128 bytes of low halves, 64 of high pairs of bits, 16 signed scales, and a half."""
    for i in range(blocks.shape[0]):
        scales = half(blocks[i, 208], blocks[i, 209])
        for group in range(16):
            scale = scales * np.float32(np.int8(blocks[i, 192 + group]))
            row = group >> 1
            low = 64 * (row >> 2) + 32 * (row & 1) + 16 * (group & 1)
            high = 128 + 32 * (row >> 2) + 16 * (group & 1)
            low_shift, high_shift = 4 * ((row >> 1) & 1), 2 * (row & 3)
            for j in range(16):
                code = (blocks[i, low + j] >> low_shift) & 15
                code |= ((blocks[i, high + j] >> high_shift) & 3) << 4
                out[i, 16 * group + j] = scale * np.float32(np.int8(code - 32))


@kernel
def q8_k(blocks: NDArray[np.uint8], out: NDArray[np.float32]) -> None:
    """A float32, then a signed byte per element, then sums that nothing needs."""
    for i in range(blocks.shape[0]):
        bits = np.uint32(0)
        for byte in range(4):
            bits |= np.uint32(np.uint32(blocks[i, byte]) << (8 * byte))
        scale = np.uint32(bits).view(np.float32)
        for j in range(256):
            out[i, j] = scale * np.float32(np.int8(blocks[i, 4 + j]))

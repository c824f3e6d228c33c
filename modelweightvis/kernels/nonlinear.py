"""GGML's blocks whose codes stand for unevenly spaced values: IQ4_NL, IQ4_XS, MXFP4.

Layouts are those of `ggml-common.h`; the order of operations is that of `gguf.quants`, so that
values are equal to the last bit. Every kernel takes blocks, uint8 (n, bytes), and writes values,
float32 (n, elements).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.jit import kernel
from modelweightvis.kernels.floats import E2M1, half

#: `kvalues_iq4nl` of `ggml-common.h`, float32, (16,).
IQ4_VALUES = np.array(
    [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113], dtype=np.float32
)

#: GGML takes E2M1 twice as large and without a negative zero, float32, (16,) …
TWICE_E2M1 = 2 * E2M1 + np.float32(0)
#: … and E8M0 half as large and without a NaN, float32, (256,).
HALF_E8M0 = (2.0 ** (np.arange(256) - 128.0)).astype(np.float32)


@kernel
def iq4_nl(blocks: NDArray[np.uint8], out: NDArray[np.float32]) -> None:
    """A half, then low halves of 16 bytes, then high ones."""
    for i in range(blocks.shape[0]):
        scale = half(blocks[i, 0], blocks[i, 1])
        for j in range(16):
            out[i, j] = scale * IQ4_VALUES[blocks[i, 2 + j] & 15]
        for j in range(16):
            out[i, 16 + j] = scale * IQ4_VALUES[blocks[i, 2 + j] >> 4]


@kernel
def iq4_xs(blocks: NDArray[np.uint8], out: NDArray[np.float32]) -> None:
    """A half; eight scales of 6 bits, high pairs before low halves; 16 bytes of codes for each."""
    for i in range(blocks.shape[0]):
        scales = half(blocks[i, 0], blocks[i, 1])
        for group in range(8):
            high = (blocks[i, 2 + (group >> 2)] >> (2 * (group & 3))) & 3
            low = (blocks[i, 4 + (group >> 1)] >> (4 * (group & 1))) & 15
            scale = scales * np.float32((low | (high << 4)) - 32)
            at, to = 8 + 16 * group, 32 * group
            for j in range(16):
                out[i, to + j] = scale * IQ4_VALUES[blocks[i, at + j] & 15]
            for j in range(16):
                out[i, to + 16 + j] = scale * IQ4_VALUES[blocks[i, at + j] >> 4]


@kernel
def mxfp4(blocks: NDArray[np.uint8], out: NDArray[np.float32]) -> None:
    """An exponent, then low halves of 16 bytes, then high ones."""
    for i in range(blocks.shape[0]):
        scale = HALF_E8M0[blocks[i, 0]]
        for j in range(16):
            out[i, j] = scale * TWICE_E2M1[blocks[i, 1 + j] & 15]
        for j in range(16):
            out[i, 16 + j] = scale * TWICE_E2M1[blocks[i, 1 + j] >> 4]

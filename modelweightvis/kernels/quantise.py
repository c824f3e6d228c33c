"""What quantisation makes of values: MLX's affine codes and MXFP4, and floats of 16 bits.

Formulas: `mlx/backend/cpu/quantized.cpp`. All functions take and return float32, (…, n), where n is a
whole number of groups.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: The magnitudes of E2M1, and where one gives way to the next.
E2M1 = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6], np.float32)
CUTS = np.array([0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5], np.float32)
#: The least distance between two codes.
LEAST = np.float32(1e-7)


def rounded(values: NDArray[np.float32], dtype: str) -> NDArray[np.float32]:
    """Return values as `F16`, `BF16` or `F32` hold them."""
    if dtype == "F16":
        with np.errstate(all="ignore"):
            return values.astype(np.float16).astype(np.float32)
    if dtype == "BF16":
        bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
        kept = (bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)
        quiet = (bits & np.uint32(0xFFFF0000)) | np.uint32(0x400000)
        return np.where(np.isnan(values), quiet, kept).astype(np.uint32).view(np.float32)
    return values


def affine(values: NDArray[np.float32], bits: int, group: int, dtype: str) -> NDArray[np.float32]:
    """Return code × scale + bias, with one scale and one bias per group.

    Args:
        values: what is quantised.
        bits: of a code.
        group: how many values share a scale.
        dtype: what scales and biases are stored as, `F16`, `BF16` or `F32`.
    """
    most = np.float32((1 << bits) - 1)
    groups = values.reshape(*values.shape[:-1], -1, group)
    low, high = groups.min(-1, keepdims=True), groups.max(-1, keepdims=True)
    with np.errstate(all="ignore"):
        scale = np.maximum((high - low) / most, LEAST)
        lower = np.abs(low) > np.abs(high)
        edge = np.where(lower, low, high)
        scale = np.where(lower, scale, -scale)
        first = np.rint(edge / scale)
        scale = np.where(first != 0, edge / np.where(first != 0, first, 1), scale)
        bias = np.where(first != 0, edge, np.float32(0))
        codes = np.clip(np.rint((groups - bias) / scale), 0, most)
        made = codes * rounded(scale, dtype) + rounded(bias, dtype)
    decoded: NDArray[np.float32] = made.reshape(values.shape).astype(np.float32)
    return decoded


def mxfp4(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return E2M1 × a power of two per group of 32."""
    groups = values.reshape(*values.shape[:-1], -1, 32)
    most = np.abs(groups).max(-1, keepdims=True)
    with np.errstate(all="ignore"):
        power = np.clip(np.rint(np.log2(most / np.float32(6))), -127, 127)
        scale = np.where(most > 0, np.exp2(power), 1).astype(np.float32)
        steps = np.searchsorted(CUTS, np.abs(groups) / scale)
        made = np.copysign(E2M1[steps], groups) * scale
        made = np.where(np.isfinite(most), made, np.float32(np.nan))
    decoded: NDArray[np.float32] = made.reshape(values.shape).astype(np.float32)
    return decoded

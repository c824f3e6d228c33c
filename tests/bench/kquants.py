"""Values to K quants by rounding: valid blocks of realistic scales, not the best that there are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BLOCK = 256


def q4_k(tensor: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the blocks of a tensor, (rows, columns // 256 * 144)."""
    groups = tensor.reshape(-1, 8, 32)
    least = np.minimum(groups.min(axis=2), 0)
    steps = (groups.max(axis=2) - least) / 15
    halves = np.stack([steps.max(axis=1), -least.min(axis=1)], 1) / 63
    halves = np.maximum(halves, 1e-6).astype("<f2")
    unit = halves.astype(np.float32)
    scales = np.clip(np.rint(steps / unit[:, :1]), 1, 63).astype(np.uint8)
    minima = np.clip(np.rint(-least / unit[:, 1:]), 0, 63).astype(np.uint8)
    groups = groups + (unit[:, 1:] * minima)[..., None]
    groups /= (unit[:, :1] * scales)[..., None]
    codes = np.clip(np.rint(groups, out=groups), 0, 15).astype(np.uint8).reshape(-1, 4, 2, 32)
    packed = np.concatenate(
        [
            halves.view(np.uint8),
            (scales[:, :4] & 63) | (scales[:, 4:] >> 4 << 6),
            (minima[:, :4] & 63) | (minima[:, 4:] >> 4 << 6),
            (scales[:, 4:] & 15) | (minima[:, 4:] & 15) << 4,
            (codes[:, :, 0] | codes[:, :, 1] << 4).reshape(-1, 128),
        ],
        axis=1,
    )
    return packed.reshape(len(tensor), -1)


def q6_k(tensor: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the blocks of a tensor, (rows, columns // 256 * 210)."""
    groups = tensor.reshape(-1, 16, 16)
    steps = np.abs(groups).max(axis=2) / 31
    half = np.maximum(steps.max(axis=1) / 127, 1e-6).astype("<f2")
    unit = half.astype(np.float32)[:, None]
    scales = np.clip(np.rint(steps / unit), 1, 127).astype(np.int8)
    groups = groups / (unit * scales)[..., None]
    codes = np.clip(np.rint(groups, out=groups) + 32, 0, 63).astype(np.uint8).reshape(-1, 2, 4, 32)
    low, high = codes & 15, codes >> 4
    packed = np.concatenate(
        [
            (low[:, :, :2] | low[:, :, 2:] << 4).reshape(-1, 128),
            (high[:, :, 0] | high[:, :, 1] << 2 | high[:, :, 2] << 4 | high[:, :, 3] << 6).reshape(
                -1, 64
            ),
            scales.view(np.uint8),
            half.view(np.uint8).reshape(-1, 2),
        ],
        axis=1,
    )
    return packed.reshape(len(tensor), -1)

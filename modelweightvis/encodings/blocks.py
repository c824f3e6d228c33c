"""What one element of a quantisation block of GGML's is computed from: scale, minimum and code.

Written element by element and with integers of Python's, for one at a time; the kernels decode whole
blocks. A value is `scale` × `code` + `min`, or `scale` × `level` where codes stand for levels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from modelweightvis.kernels.nonlinear import HALF_E8M0, IQ4_VALUES, TWICE_E2M1


class Group(NamedTuple):
    """How the elements of a block share scales: those from `start` on have the same."""

    scale: np.float32
    code: int
    least: np.float32 | None = None


def explain(name: str, block: bytes, at: int) -> dict[str, Any]:
    """Return what an element of a block is computed from; nothing of types not told here.

    Args:
        name: of the type.
        block: its bytes.
        at: the element in it.
    """
    if name in _LEVELS:
        scale, code = _LEVELS[name](block, at)
        levels = TWICE_E2M1 if name == "MXFP4" else IQ4_VALUES
        return {"scale": float(scale), "code": code, "level": float(levels[code])}
    if name not in _GROUPS:
        return {}
    found = _GROUPS[name](block, at)
    least = 0.0 if found.least is None else float(found.least)
    return {"scale": float(found.scale), "min": least, "code": found.code}


def _half(block: bytes, at: int) -> np.float32:
    return np.float32(np.frombuffer(block, "<f2", 1, at)[0])


def _nibble(block: bytes, at: int, start: int) -> int:
    """Return a code of four bits: low halves of 16 bytes, then high ones."""
    return block[start + at % 16] >> 4 * (at // 16) & 15


def _fifth(block: bytes, at: int, start: int) -> int:
    return (block[start + at // 8] >> at % 8 & 1) << 4


def _q1_0(block: bytes, at: int) -> Group:
    return Group(_half(block, 0), 2 * (block[2 + at // 8] >> at % 8 & 1) - 1)


def _q2_0(block: bytes, at: int) -> Group:
    return Group(_half(block, 0), (block[2 + at // 4] >> 2 * (at % 4) & 3) - 1)


def _q4_0(block: bytes, at: int) -> Group:
    return Group(_half(block, 0), _nibble(block, at, 2) - 8)


def _q4_1(block: bytes, at: int) -> Group:
    return Group(_half(block, 0), _nibble(block, at, 4), _half(block, 2))


def _q5_0(block: bytes, at: int) -> Group:
    return Group(_half(block, 0), (_nibble(block, at, 6) | _fifth(block, at, 2)) - 16)


def _q5_1(block: bytes, at: int) -> Group:
    code = _nibble(block, at, 8) | _fifth(block, at, 4)
    return Group(_half(block, 0), code, _half(block, 2))


def _q8_0(block: bytes, at: int) -> Group:
    return Group(_half(block, 0), _signed(block[2 + at]))


def _q8_1(block: bytes, at: int) -> Group:
    return Group(_half(block, 0), _signed(block[4 + at]))


def _q2_k(block: bytes, at: int) -> Group:
    group, scales = at // 16, block[at // 16]
    start = 16 + 32 * (group >> 3) + 16 * (group & 1)
    code = block[start + at % 16] >> 2 * (group >> 1 & 3) & 3
    least = _half(block, 82) * np.float32(scales >> 4)
    return Group(_half(block, 80) * np.float32(scales & 15), code, -least)


def _q3_k(block: bytes, at: int) -> Group:
    group = at // 16
    low = block[96 + (group & 7)] >> 4 * (group >> 3) & 15
    high = block[104 + (group & 3)] >> 2 * (group >> 2) & 3
    start = 32 + 32 * (group >> 3) + 16 * (group & 1)
    code = block[start + at % 16] >> 2 * (group >> 1 & 3) & 3
    code |= (block[16 * (group & 1) + at % 16] >> (group >> 1) & 1) << 2
    return Group(_half(block, 108) * np.float32((low | high << 4) - 32), code - 4)


def _k_scales(block: bytes, group: int) -> tuple[np.float32, np.float32]:
    """Return scale and minimum of a group of Q4_K or Q5_K: 6 bits each, times a half."""
    if group < 4:
        scale, least = block[4 + group] & 63, block[8 + group] & 63
    else:
        scale = block[8 + group] & 15 | block[group] >> 6 << 4
        least = block[8 + group] >> 4 | block[4 + group] >> 6 << 4
    return _half(block, 0) * np.float32(scale), -_half(block, 2) * np.float32(least)


def _q4_k(block: bytes, at: int) -> Group:
    scale, least = _k_scales(block, at // 32)
    code = block[16 + 32 * (at // 64) + at % 32] >> 4 * (at // 32 & 1) & 15
    return Group(scale, code, least)


def _q5_k(block: bytes, at: int) -> Group:
    scale, least = _k_scales(block, at // 32)
    code = block[48 + 32 * (at // 64) + at % 32] >> 4 * (at // 32 & 1) & 15
    return Group(scale, code | (block[16 + at % 32] >> at // 32 & 1) << 4, least)


def _q6_k(block: bytes, at: int) -> Group:
    half, row = at // 128, at // 32 % 4
    low = block[64 * half + 32 * (row & 1) + at % 32] >> 4 * (row >> 1) & 15
    high = block[128 + 32 * half + at % 32] >> 2 * row & 3
    scale = _half(block, 208) * np.float32(_signed(block[192 + at // 16]))
    return Group(scale, (low | high << 4) - 32)


def _q8_k(block: bytes, at: int) -> Group:
    return Group(np.frombuffer(block, "<f4", 1)[0], _signed(block[4 + at]))


def _iq4_nl(block: bytes, at: int) -> tuple[np.float32, int]:
    return _half(block, 0), _nibble(block, at, 2)


def _iq4_xs(block: bytes, at: int) -> tuple[np.float32, int]:
    group = at // 32
    high = block[2 + (group >> 2)] >> 2 * (group & 3) & 3
    low = block[4 + (group >> 1)] >> 4 * (group & 1) & 15
    code = _nibble(block, at % 32, 8 + 16 * group)
    return _half(block, 0) * np.float32((low | high << 4) - 32), code


def _mxfp4(block: bytes, at: int) -> tuple[np.float32, int]:
    return HALF_E8M0[block[0]], _nibble(block, at, 1)


def _signed(byte: int) -> int:
    return byte - 256 if byte > 127 else byte


_GROUPS: dict[str, Callable[[bytes, int], Group]] = {
    "Q1_0": _q1_0,
    "Q2_0": _q2_0,
    "Q4_0": _q4_0,
    "Q4_1": _q4_1,
    "Q5_0": _q5_0,
    "Q5_1": _q5_1,
    "Q8_0": _q8_0,
    "Q8_1": _q8_1,
    "Q2_K": _q2_k,
    "Q3_K": _q3_k,
    "Q4_K": _q4_k,
    "Q5_K": _q5_k,
    "Q6_K": _q6_k,
    "Q8_K": _q8_k,
}
_LEVELS: dict[str, Callable[[bytes, int], tuple[np.float32, int]]] = {
    "IQ4_NL": _iq4_nl,
    "IQ4_XS": _iq4_xs,
    "MXFP4": _mxfp4,
}

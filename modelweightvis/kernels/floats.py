"""Floats of 16 bits and fewer to float32. Every one of them is exact."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arbvis_core.kernels.jit import kernel


@kernel
def half(low: np.uint8, high: np.uint8) -> np.float32:
    """Return the IEEE half stored in two bytes."""
    magnitude = np.uint32(low) | np.uint32(np.uint32(high & np.uint8(0x7F)) << 8)
    bits = np.uint32(magnitude << 13) + np.uint32(0x38000000)
    if magnitude >= 0x7C00:
        bits |= np.uint32(0x7F800000)
    value = np.uint32(bits).view(np.float32)
    if magnitude < 0x0400:
        value = np.float32(magnitude) * np.float32(2.0**-24)
    return -value if high & np.uint8(0x80) else value


@kernel
def float16(stored: NDArray[np.uint16], out: NDArray[np.float32]) -> None:
    """Widen IEEE halves, (n,) to (n,)."""
    bits = out.view(np.uint32)
    for i in range(stored.size):
        magnitude = np.uint32(stored[i] & 0x7FFF)
        widened = np.uint32(magnitude << 13) + np.uint32(0x38000000)
        if magnitude >= 0x7C00:
            widened |= np.uint32(0x7F800000)
        # Through an integer, as a float32 that is not normal would cost a hundred cycles.
        small = np.float32(np.int32(magnitude)) * np.float32(2.0**-24)
        if magnitude < 0x0400:
            widened = np.float32(small).view(np.uint32)
        bits[i] = np.uint32(widened) | np.uint32(np.uint32(stored[i] & 0x8000) << 16)


@kernel
def look_up(codes: NDArray[np.uint8], table: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Give every byte its value: (n,) by a table of 256 to (n,)."""
    for i in range(codes.size):
        out[i] = table[codes[i]]


@kernel
def look_up_halves(
    codes: NDArray[np.uint8], first: int, table: NDArray[np.float32], out: NDArray[np.float32]
) -> None:
    """Give both halves of every byte their value.

    Args:
        codes: (n,).
        first: the lowest bit of the half that comes first, 0 or 4.
        table: (16,).
        out: written: (2n,).
    """
    for i in range(codes.size):
        out[2 * i] = table[(codes[i] >> first) & 15]
        out[2 * i + 1] = table[(codes[i] >> (4 - first)) & 15]


def small_floats(exponent: int, mantissa: int, bias: int) -> NDArray[np.float32]:
    """Return the value of every code of a format with a sign, if no code were special.

    Args:
        exponent: its width in bits.
        mantissa: its width in bits.
        bias: of the exponent.
    """
    codes = np.arange(1 << (1 + exponent + mantissa))
    power = (codes >> mantissa) & ((1 << exponent) - 1)
    fraction = (codes & ((1 << mantissa) - 1)) / (1 << mantissa)
    magnitude = np.where(power > 0, 1.0 + fraction, fraction) * 2.0 ** (np.maximum(power, 1) - bias)
    signed = np.where(codes >> (exponent + mantissa), -magnitude, magnitude)
    return np.asarray(signed, np.float32)


def _e4m3() -> NDArray[np.float32]:
    values = small_floats(4, 3, 7)
    values[[0x7F, 0xFF]] = np.nan
    return values


def _e5m2() -> NDArray[np.float32]:
    values = small_floats(5, 2, 15)
    values[[0x7C, 0xFC]] = np.inf, -np.inf
    values[[0x7D, 0x7E, 0x7F, 0xFD, 0xFE, 0xFF]] = np.nan
    return values


def _fnuz(exponent: int, mantissa: int, bias: int) -> NDArray[np.float32]:
    """No infinities, no negative zero: its place is taken by the only NaN."""
    values = small_floats(exponent, mantissa, bias)
    values[0x80] = np.nan
    return values


def _e8m0() -> NDArray[np.float32]:
    values = (2.0 ** (np.arange(256) - 127.0)).astype(np.float32, copy=False)
    values[255] = np.nan
    return values


def _tables() -> dict[str, NDArray[np.float32]]:
    with np.errstate(over="ignore"):
        return {
            "F8_E4M3": _e4m3(),
            "F8_E5M2": _e5m2(),
            "F8_E4M3FNUZ": _fnuz(4, 3, 8),
            "F8_E5M2FNUZ": _fnuz(5, 2, 16),
            "F8_E8M0": _e8m0(),
        }


#: The values of the formats of one byte, float32, (256,) each.
BYTE_FLOATS = _tables()

#: The values of E2M1, float32, (16,).
E2M1 = small_floats(2, 1, 1)

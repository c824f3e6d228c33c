"""Stored units to values, for every element type of the table whose values are known."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import prod
from typing import TYPE_CHECKING, Any

from modelweightvis.encodings.table import TYPES, ElementType

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Blocks handed to `gguf.quants` at once: enough to keep numpy busy, few enough for the cache.
_CHUNK = 1 << 16

#: What numpy casts by itself, as stored.
_NUMPY = {
    "F64": "<f8",
    "F32": "<f4",
    "I64": "<i8",
    "U64": "<u8",
    "I32": "<i4",
    "U32": "<u4",
    "I16": "<i2",
    "U16": "<u2",
    "I8": "i1",
    "U8": "u1",
}


def decode_units(name: str, units: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the values of stored units.

    Args:
        name: of a decoded type of the table.
        units: uint8, (…, bytes of a unit), of any strides.

    Returns:
        float32, (…, elements of a unit), in the order of the file. Not to be written to: of F32 it
        may be the units themselves. What is too large for a float32 becomes infinite.

    Raises:
        KeyError: the table has no such type, or nobody knows its values.
    """
    import numpy as np

    stored = TYPES[name]
    if not stored.decoded:
        raise KeyError(name)
    if units.shape[-1] != stored.bytes:
        raise ValueError(f"units of {units.shape[-1]} bytes, where {name} has {stored.bytes}")
    flat = _kernel_ready(units.reshape(prod(units.shape[:-1]), stored.bytes))
    values = _decoder(stored)(flat)
    return np.asarray(values).reshape(*units.shape[:-1], stored.elements)


@cache
def code_values(name: str) -> NDArray[np.float32]:
    """Return what every code of a type of 16 bits means, float32, (65536,)."""
    import numpy as np

    codes = np.arange(1 << 16, dtype="<u2").view(np.uint8).reshape(-1, 2)
    values = decode_units(name, codes).reshape(-1)
    values.flags.writeable = False
    return values


def _kernel_ready(units: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the units contiguous, aligned and read-only, so that each kernel is compiled once."""
    import numpy as np

    ready = np.ascontiguousarray(units)
    if ready.ctypes.data % 8:  # bytes are always aligned, but not what they are looked at as
        ready = ready.copy()
    ready = ready.view()
    ready.flags.writeable = False
    return ready


def _decoder(stored: ElementType) -> Callable[[NDArray[np.uint8]], NDArray[Any]]:
    """Return what turns units (n, bytes) into values, (n, elements) or flat."""
    if dtype := _NUMPY.get(stored.name):
        return lambda units: _cast(units, dtype)
    if stored.kind == "boolean":
        return lambda units: _cast(units != 0, "?")
    if stored.kind == "float":
        return lambda units: _floats(stored.name, units)
    return lambda units: _blocks(stored, units)


def _cast(units: NDArray[Any], dtype: str) -> NDArray[np.float32]:
    import numpy as np

    with np.errstate(all="ignore"):
        return units.view(dtype).astype(np.float32, copy=False)


def _floats(name: str, units: NDArray[np.uint8]) -> NDArray[np.float32]:
    import numpy as np

    if name == "BF16":  # the upper half of a float32
        bits = units.reshape(-1).view("<u2").astype(np.uint32)
        bits <<= 16
        return bits.view(np.float32)

    from modelweightvis.kernels import floats

    out = np.empty(units.shape[0] * TYPES[name].elements, np.float32)
    if name == "F16":
        floats.float16(units.reshape(-1).view("<u2"), out)
    elif name == "F4":
        floats.look_up_halves(units.reshape(-1), 0, floats.E2M1, out)
    else:
        floats.look_up(units.reshape(-1), floats.BYTE_FLOATS[name], out)
    return out


def _blocks(stored: ElementType, units: NDArray[np.uint8]) -> NDArray[np.float32]:
    import numpy as np

    out = np.empty((units.shape[0], stored.elements), np.float32)
    compiled = _kernels().get(stored.name)
    if compiled is not None:
        compiled(units, out)
        return out
    chunk = max(1, _CHUNK // stored.elements)
    for start in range(0, len(units), chunk):
        out[start : start + chunk] = _reference(stored, units[start : start + chunk])
    return out


def _kernels() -> dict[str, Callable[[NDArray[np.uint8], NDArray[np.float32]], None]]:
    """Return the kernels of block types; each is compiled when it is first called."""
    from modelweightvis.kernels import kquants, legacy, nonlinear

    return {
        "Q1_0": legacy.q1_0,
        "Q2_0": legacy.q2_0,
        "Q4_0": legacy.q4_0,
        "Q4_1": legacy.q4_1,
        "Q5_0": legacy.q5_0,
        "Q5_1": legacy.q5_1,
        "Q8_0": legacy.q8_0,
        "Q8_1": legacy.q8_1,
        "Q2_K": kquants.q2_k,
        "Q3_K": kquants.q3_k,
        "Q4_K": kquants.q4_k,
        "Q5_K": kquants.q5_k,
        "Q6_K": kquants.q6_k,
        "Q8_K": kquants.q8_k,
        "IQ4_NL": nonlinear.iq4_nl,
        "IQ4_XS": nonlinear.iq4_xs,
        "MXFP4": nonlinear.mxfp4,
    }


def _reference(stored: ElementType, units: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Decode by the `gguf` package, as one wide row: it works in groups of rows, whatever their width."""
    import numpy as np
    from gguf import GGMLQuantizationType
    from gguf.quants import dequantize

    with np.errstate(all="ignore"):
        values = dequantize(units.reshape(1, -1), GGMLQuantizationType[stored.name])
    return np.asarray(values, np.float32).reshape(-1, stored.elements)

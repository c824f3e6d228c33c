"""Makes `ggml_vectors.npz`: weights quantised and dequantised by llama.cpp's own library.

Run as `python make_ggml_vectors.py path/to/libggml-base.so`. The file in the repository was made with
the llama.cpp that llama-cpp-python 0.3.36 carries (`cmake --build b --target ggml-base`).
"""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path
from typing import Any

import numpy as np

from modelweightvis.encodings.table import GGML_TYPES, TYPES

COUNT = 512


class Traits(ctypes.Structure):
    """struct ggml_type_traits of ggml.h."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("elements", ctypes.c_int64),
        ("interleave", ctypes.c_int64),
        ("bytes", ctypes.c_size_t),
        ("quantised", ctypes.c_bool),
        ("to_float", ctypes.c_void_p),
        ("from_float", ctypes.c_void_p),
    )


def main(library: str) -> None:
    """Write the file beside this one."""
    ggml = ctypes.CDLL(library)
    row = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
    ggml.ggml_get_type_traits.restype = ctypes.POINTER(Traits)
    generator = np.random.default_rng(20)
    weights = (generator.standard_normal(COUNT) * np.exp(generator.normal(-4, 0.5, COUNT))).astype(
        np.float32
    )
    importance = np.ones(COUNT, np.float32)
    vectors: dict[str, Any] = {}
    for number, name in GGML_TYPES.items():
        if TYPES[name].kind != "quantised" or not TYPES[name].decoded:
            continue
        if name == "Q8_1":
            continue  # never stored by llama.cpp, which has no way back to floats
        traits = ggml.ggml_get_type_traits(number).contents
        packed = np.zeros(COUNT // traits.elements * traits.bytes, np.uint8)
        values = np.zeros(COUNT, np.float32)
        if name == "Q8_K":
            row(("quantize_row_q8_K_ref", ggml))(weights.ctypes.data, packed.ctypes.data, COUNT)
            row(("dequantize_row_q8_K", ggml))(packed.ctypes.data, values.ctypes.data, COUNT)
        else:
            ggml.ggml_quantize_init(number)
            ggml.ggml_quantize_chunk(
                number,
                ctypes.c_void_p(weights.ctypes.data),
                ctypes.c_void_p(packed.ctypes.data),
                ctypes.c_int64(0),
                ctypes.c_int64(1),
                ctypes.c_int64(COUNT),
                ctypes.c_void_p(importance.ctypes.data),
            )
            row(traits.to_float)(packed.ctypes.data, values.ctypes.data, COUNT)
        vectors[f"{name}.packed"], vectors[f"{name}.values"] = packed, values
    np.savez_compressed(Path(__file__).with_name("ggml_vectors.npz"), **vectors)


if __name__ == "__main__":
    main(sys.argv[1])

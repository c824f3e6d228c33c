"""Every stored type against an implementation that is not ours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import ml_dtypes
import numpy as np
import pytest
from numpy.typing import NDArray

from modelweightvis.encodings.table import TYPES
from modelweightvis.encodings.units import code_values, decode_units

VECTORS = Path(__file__).with_name("ggml_vectors.npz")
#: Where the halves of each block type lie, so that they can be made to be those of real weights.
HALVES = {
    "Q4_1": (0, 2),
    "Q5_1": (0, 2),
    "Q2_K": (80, 82),
    "Q3_K": (108,),
    "Q4_K": (0, 2),
    "Q5_K": (0, 2),
    "Q6_K": (208,),
    "TQ1_0": (52,),
    "TQ2_0": (64,),
}
GGUF_TYPES = [
    one.name
    for one in gguf.GGMLQuantizationType
    if one in gguf.quants._type_traits and one.name != "BF16"
]
QUANTISED = [one.name for one in TYPES.values() if one.kind == "quantised" and one.decoded]
#: What gguf can write itself.
WRITTEN = ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "TQ1_0", "TQ2_0", "MXFP4"]


def _weights(seed: int, *shape: int) -> NDArray[np.float32]:
    generator = np.random.default_rng(seed)
    spread = np.exp(generator.normal(-4, 1, (shape[0], 1)))
    return (generator.standard_normal(shape) * spread).astype(np.float32)


def _blocks(name: str, count: int, *, real: bool) -> NDArray[np.uint8]:
    generator = np.random.default_rng(len(name))
    blocks = generator.integers(0, 256, (count, TYPES[name].bytes), np.uint8)
    if real and name in {"MXFP4", "NVFP4"}:
        blocks[:, : (1 if name == "MXFP4" else 4)] = generator.integers(0x20, 0x7C, (count, 1))
    elif real and name not in {"IQ1_M", "F8_E4M3"}:  # IQ1_M strews its half over its scales
        for at in HALVES.get(name, (0,)):
            halves = generator.normal(1e-3, 1e-4, count).astype("<f2")
            blocks[:, at : at + 2] = halves[:, None].view(np.uint8)
    return blocks


def _same(ours: NDArray[np.float32], theirs: NDArray[Any]) -> None:
    """Equal to the last bit, the payload of NaNs aside."""
    theirs = np.asarray(theirs, np.float32).reshape(-1)
    ours = ours.reshape(-1)
    assert ours.dtype == np.float32
    assert ours.shape == theirs.shape
    numbers = ~np.isnan(theirs)
    np.testing.assert_array_equal(np.isnan(ours), ~numbers)
    np.testing.assert_array_equal(ours[numbers].view(np.uint32), theirs[numbers].view(np.uint32))


@pytest.mark.parametrize("real", [True, False], ids=["real", "random"])
@pytest.mark.parametrize("name", GGUF_TYPES)
def test_blocks_are_what_gguf_makes_of_them(name: str, real: bool) -> None:
    blocks = _blocks(name, 1500 if name[0] == "Q" else 300, real=real)
    with np.errstate(all="ignore"):
        theirs = gguf.quants.dequantize(blocks, gguf.GGMLQuantizationType[name])
    if not real and name not in {"MXFP4", "NVFP4"}:
        assert not np.isfinite(theirs).all()
    _same(decode_units(name, blocks), theirs)


@pytest.mark.parametrize("name", WRITTEN)
def test_weights_quantised_by_gguf_come_back(name: str) -> None:
    weights = _weights(3, 8, 1024)
    packed = gguf.quants.quantize(weights, gguf.GGMLQuantizationType[name])
    theirs = gguf.quants.dequantize(packed, gguf.GGMLQuantizationType[name])
    ours = decode_units(name, packed.reshape(8, -1, TYPES[name].bytes))
    assert ours.shape == (8, 1024 // TYPES[name].elements, TYPES[name].elements)
    _same(ours, theirs)


@pytest.mark.parametrize("name", [name for name in QUANTISED if name != "Q8_1"])
def test_weights_quantised_by_llama_cpp_are_what_it_makes_of_them(name: str) -> None:
    """Every type but Q8_1, from which llama.cpp has no way back; see `make_ggml_vectors.py`."""
    with np.load(VECTORS) as vectors:
        packed, values = vectors[f"{name}.packed"], vectors[f"{name}.values"]
    _same(decode_units(name, packed.reshape(-1, TYPES[name].bytes)), values)


def _halves(blocks: NDArray[np.uint8], at: int) -> NDArray[np.float32]:
    return np.ascontiguousarray(blocks[:, at : at + 2]).view("<f2").astype(np.float32)


def _q8_1(blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    """block_q8_1 of ggml-common.h: ggml_half d, s; int8_t qs[32]. y = d * q."""
    return _halves(blocks, 0) * blocks[:, 4:].view(np.int8).astype(np.float32)


def _q8_k(blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    """dequantize_row_q8_K of ggml-quants.c: float d; int8_t qs[256]; int16_t bsums[16]. y = d * q."""
    scale = np.ascontiguousarray(blocks[:, :4]).view("<f4")
    return scale * blocks[:, 4:260].view(np.int8).astype(np.float32)


def _q1_0(blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    """dequantize_row_q1_0 of ggml-quants.c: ggml_half d; uint8_t qs[16]. y = bit ? d : -d."""
    bits = np.unpackbits(blocks[:, 2:], axis=1, bitorder="little")
    return (2 * bits.astype(np.float32) - 1) * _halves(blocks, 0)


def _q2_0(blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    """dequantize_row_q2_0 of ggml-quants.c: ggml_half d; uint8_t qs[16]. y = (q - 1) * d."""
    bits = np.unpackbits(blocks[:, 2:], axis=1, bitorder="little").reshape(len(blocks), 64, 2)
    codes = bits[..., 0].astype(np.float32) + 2 * bits[..., 1].astype(np.float32)
    return (codes - 1) * _halves(blocks, 0)


@pytest.mark.parametrize("real", [True, False], ids=["real", "random"])
@pytest.mark.parametrize(
    ("name", "formula"), [("Q8_1", _q8_1), ("Q8_K", _q8_k), ("Q1_0", _q1_0), ("Q2_0", _q2_0)]
)
def test_blocks_that_gguf_lacks_are_what_ggml_makes_of_them(
    name: str, formula: Callable[[NDArray[np.uint8]], NDArray[np.float32]], real: bool
) -> None:
    blocks = _blocks(name, 500, real=real)
    if real and name == "Q8_K":
        blocks[:, :4] = _weights(1, 500, 1).view(np.uint8)
    with np.errstate(all="ignore"):
        theirs = formula(blocks)
    _same(decode_units(name, blocks), theirs)


@pytest.mark.parametrize("name", ["F16", "BF16"])
def test_every_float_of_two_bytes(name: str) -> None:
    codes = np.arange(1 << 16, dtype="<u2")
    dtype = np.float16 if name == "F16" else ml_dtypes.bfloat16
    with np.errstate(all="ignore"):
        theirs = codes.view(dtype).astype(np.float32)
    _same(decode_units(name, codes.view(np.uint8).reshape(-1, 2)), theirs)
    _same(code_values(name), theirs)


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("F8_E4M3", ml_dtypes.float8_e4m3fn),
        ("F8_E5M2", ml_dtypes.float8_e5m2),
        ("F8_E4M3FNUZ", ml_dtypes.float8_e4m3fnuz),
        ("F8_E5M2FNUZ", ml_dtypes.float8_e5m2fnuz),
        ("F8_E8M0", ml_dtypes.float8_e8m0fnu),
    ],
)
def test_every_float_of_one_byte(name: str, dtype: Any) -> None:
    codes = np.arange(256, dtype=np.uint8)
    _same(decode_units(name, codes[:, None]), codes.view(dtype).astype(np.float32))


def test_every_pair_of_floats_of_half_a_byte() -> None:
    codes = np.arange(256, dtype=np.uint8)
    pairs = np.stack([codes & 15, codes >> 4], axis=1).view(ml_dtypes.float4_e2m1fn)
    _same(decode_units("F4", codes[:, None]), pairs.astype(np.float32))


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("F64", "<f8"),
        ("F32", "<f4"),
        ("I64", "<i8"),
        ("U64", "<u8"),
        ("I32", "<i4"),
        ("U32", "<u4"),
        ("I16", "<i2"),
        ("U16", "<u2"),
        ("I8", "i1"),
        ("U8", "u1"),
    ],
)
def test_numbers_that_numpy_has(name: str, dtype: str) -> None:
    stored = np.random.default_rng(0).integers(0, 256, (4096, np.dtype(dtype).itemsize), np.uint8)
    with np.errstate(all="ignore"):
        theirs = stored.view(dtype).astype(np.float32)
    _same(decode_units(name, stored), theirs)


def test_a_boolean_is_one_unless_it_is_zero() -> None:
    values = decode_units("BOOL", np.array([[0], [1], [2], [255]], np.uint8))
    np.testing.assert_array_equal(values, [[0], [1], [1], [1]])


@pytest.mark.parametrize("name", ["F16", "F32", "F64", "F8_E4M3", "Q4_K", "Q6_K", "IQ2_S"])
def test_where_units_lie_does_not_matter(name: str) -> None:
    blocks = _blocks(name, 60, real=True)
    expected = decode_units(name, blocks)
    apart = np.zeros((60, 2 * blocks.shape[1]), np.uint8)[:, : blocks.shape[1]]
    apart[:] = blocks
    askew = np.zeros(blocks.size + 1, np.uint8)[1:].reshape(blocks.shape)
    askew[:] = blocks
    askew.flags.writeable = False
    _same(decode_units(name, apart), expected)
    _same(decode_units(name, askew), expected)
    _same(decode_units(name, apart.reshape(3, 4, 5, -1)), expected)
    assert decode_units(name, blocks[:0]).shape == (0, TYPES[name].elements)


@pytest.mark.parametrize("name", ["Q4_0_4_4", "C64", "F6_E2M3", "nothing"])
def test_a_type_without_values_is_refused(name: str) -> None:
    with pytest.raises(KeyError):
        decode_units(name, np.zeros((1, 8), np.uint8))


def test_units_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match="143 bytes, where Q4_K has 144"):
        decode_units("Q4_K", np.zeros((1, 143), np.uint8))

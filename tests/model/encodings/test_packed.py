"""Packed families against the formulas of those who made them, worked out again with numpy."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from numpy.typing import NDArray
from stored_files import File, floats, some_scales

from arbvis_core.errors import FormatError
from arbvis_core.values import Region
from modelweightvis.encodings import packed

RANDOM = np.random.default_rng(11)


# FP8 with scales: DeepSeek-V3's inference/kernel.py, weight_dequant: y = x.to(float32) * s, where s
# has an element for every 128 × 128 of x; compressed-tensors and fbgemm multiply by `weight_scale`.


@pytest.mark.parametrize("kind", ["F32", "BF16"])
def test_fp8_with_a_scale_per_block(kind: str) -> None:
    codes = RANDOM.integers(0, 256, (300, 200), np.uint8).view(ml_dtypes.float8_e4m3fn)
    scales = some_scales(RANDOM, 3, 2, kind=kind)
    row, column = np.arange(300) // 128, np.arange(200) // 128
    expected = floats(codes) * floats(scales)[row[:, None], column]
    file = File()
    weight, inverse = file.add("w", "F8_E4M3", codes), file.add("w_scale_inv", kind, scales)
    region = packed.scaled("w", weight, [inverse], dtype="F8_E4M3", block=(128, 128))
    file.check(region, expected)
    assert region.attributes["bits"] == pytest.approx(8 + 8 * scales.nbytes / codes.size)


@pytest.mark.parametrize("shape", [(), (1,), (1, 1), (24,), (24, 1), (24, 2)])
def test_fp8_with_a_scale_per_tensor_or_channel_or_group(shape: tuple[int, ...]) -> None:
    codes = RANDOM.integers(0, 256, (24, 32), np.uint8).view(ml_dtypes.float8_e5m2)
    scales = some_scales(RANDOM, *shape).reshape(shape)
    groups = 2 if shape == (24, 2) else 1
    spread = np.broadcast_to(scales.reshape(-1, groups), (24, groups)).repeat(32 // groups, axis=1)
    expected = floats(codes) * spread
    file = File()
    weight, scale = file.add("w", "F8_E5M2", codes), file.add("s", "F32", scales)
    file.check(packed.scaled("w", weight, [scale], dtype="F8_E5M2"), expected)


def test_fp8_of_experts_with_exponents_for_scales() -> None:
    codes = RANDOM.integers(0, 256, (3, 8, 64), np.uint8).view(ml_dtypes.float8_e4m3fn)
    scales = RANDOM.integers(110, 130, (3, 8, 2), np.uint8)
    expected = floats(codes) * floats(2.0 ** (scales - 127.0)).repeat(32, axis=2)
    file = File()
    weight, scale = file.add("w", "F8_E4M3", codes), file.add("s", "F8_E8M0", scales)
    region = packed.scaled("w", weight, [scale], dtype="MXFP8", block=(32,))
    file.check(region, expected)


def test_fp8_with_a_scale_per_expert() -> None:
    codes = RANDOM.integers(0, 100, (3, 4, 6), np.uint8).view(ml_dtypes.float8_e4m3fn)
    scales = some_scales(RANDOM, 3)
    file = File()
    weight, scale = file.add("w", "F8_E4M3", codes), file.add("s", "F32", scales)
    region = packed.scaled("w", weight, [scale], dtype="F8_E4M3")
    file.check(region, floats(codes) * scales[:, None, None])


def test_mxfp4_as_in_gpt_oss() -> None:
    """gpt_oss/torch/weights.py, _get_mxfp4_tensor: ldexp(FP4_VALUES[nibble], scale - 127), low first.

    The loaders of transformers transpose the result; here it stays (experts, out, in).
    """
    table = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0]
    values = np.array(table + [-value for value in table], np.float32)
    blocks = RANDOM.integers(0, 256, (2, 6, 3, 16), np.uint8)
    scales = RANDOM.integers(100, 140, (2, 6, 3), np.uint8)
    pairs = np.stack([values[blocks & 15], values[blocks >> 4]], axis=-1).reshape(2, 6, 3, 32)
    expected = np.ldexp(pairs, scales[..., None].astype(np.int32) - 127).reshape(2, 6, 96)
    file = File()
    codes, exponents = file.add("w_blocks", "U8", blocks), file.add("w_scales", "U8", scales)
    exponents = file_as(exponents, "F8_E8M0")
    region = packed.scaled(
        "w", codes, [exponents], dtype="MXFP4", stored_as="F4", shape=(2, 6, 96), block=(32,)
    )
    file.check(region, expected)
    assert region.attributes["bits"] == 4.25


def file_as(region: Region, kind: str) -> Region:
    return Region(region.name, region.shape, kind, region.parts)


@pytest.mark.parametrize("divided", [False, True])
def test_nvfp4_with_two_levels_of_scales(divided: bool) -> None:
    """NVIDIA's modelopt, NVFP4QTensor.dequantize: E2M1 × (weight_scale × weight_scale_2).

    compressed-tensors, dequantize: E2M1 × (weight_scale / weight_global_scale).
    """
    codes = RANDOM.integers(0, 256, (6, 16), np.uint8)
    fours = np.stack([codes & 15, codes >> 4], axis=-1).view(ml_dtypes.float4_e2m1fn)
    scales = RANDOM.integers(0x20, 0x7E, (6, 2), np.uint8).view(ml_dtypes.float8_e4m3fn)
    second = np.float32(0.0123)
    both = floats(scales) / second if divided else floats(scales) * second
    expected = floats(fours).reshape(6, 32) * both.repeat(16, axis=1)
    file = File()
    weight, first = file.add("w", "U8", codes), file.add("s", "F8_E4M3", scales)
    region = packed.scaled(
        "w",
        weight,
        [first, file.add("s2", "F32", np.array(second))],
        dtype="NVFP4",
        stored_as="F4",
        shape=(6, 32),
        block=(1, 16),
        divided=divided,
    )
    file.check(region, expected)


def test_int8_of_bitsandbytes() -> None:
    """bitsandbytes/functional.py, int8_vectorwise_dequant: A * stats.view(-1, 1) * (1 / 127)."""
    codes = RANDOM.integers(-127, 128, (10, 12)).astype(np.int8)
    scb = some_scales(RANDOM, 10)
    expected = floats(codes) * scb[:, None] * np.float32(7.874015718698502e-3)
    file = File()
    file.check(packed.int8("w", file.add("w", "I8", codes), file.add("SCB", "F32", scb)), expected)


# MLX: mlx/ops.cpp, affine_dequantize: scale * code + bias; mlx/backend/cpu/quantized.cpp packs 8 codes
# of 3 bits in 3 bytes, 8 of 5 in 5, 4 of 6 in 3, the first code lowest.


def _mlx_words(codes: NDArray[np.int64], bits: int) -> NDArray[np.uint32]:
    flat = (codes[..., None] >> np.arange(bits)) & 1
    stream = flat.astype(np.uint8).reshape(*codes.shape[:-1], -1)
    return np.packbits(stream, axis=-1, bitorder="little").view("<u4")


@pytest.mark.parametrize("kind", ["F16", "BF16", "F32"])
@pytest.mark.parametrize("group", [32, 64, 128])
@pytest.mark.parametrize("bits", [2, 3, 4, 5, 6, 8])
def test_mlx(bits: int, group: int, kind: str) -> None:
    codes = RANDOM.integers(0, 1 << bits, (7, 256))
    scales, biases = (
        some_scales(RANDOM, 7, 256 // group, kind=kind),
        -some_scales(RANDOM, 7, 256 // group, kind=kind),
    )
    expected = floats(codes) * floats(scales).repeat(group, 1) + floats(biases).repeat(group, 1)
    file = File()
    region = packed.mlx(
        "w",
        file.add("w", "U32", _mlx_words(codes, bits)),
        file.add("scales", kind, scales),
        file.add("biases", kind, biases),
        bits=bits,
    )
    file.check(region, expected)


def test_mlx_of_experts() -> None:
    codes = RANDOM.integers(0, 16, (3, 4, 64))
    scales, biases = some_scales(RANDOM, 3, 4, 2), some_scales(RANDOM, 3, 4, 2)
    expected = floats(codes) * scales.repeat(32, 2) + biases.repeat(32, 2)
    file = File()
    words = file.add("w", "U32", _mlx_words(codes, 4))
    others = file.add("scales", "F32", scales), file.add("biases", "F32", biases)
    file.check(packed.mlx("w", words, *others, bits=4), expected)


# bitsandbytes: csrc/kernels.cu, kDequantizeBlockwise: code[high half], code[low half], each times
# absmax[block]; functional.py, dequantize_4bit: absmax = dequantize_blockwise(nested) + offset.


@pytest.mark.parametrize("nested", [0, 4, 256])
@pytest.mark.parametrize(("shape", "block"), [((12, 128), 64), ((5, 96), 64), ((3, 7, 5), 64)])
def test_bitsandbytes(shape: tuple[int, ...], block: int, nested: int) -> None:
    count = int(np.prod(shape))
    codes = RANDOM.integers(0, 16, count + count % 2)
    table = np.sort(RANDOM.standard_normal(16)).astype(np.float32)
    blocks = -(-count // block)
    state: dict[str, Any] = {"shape": list(shape), "blocksize": block, "quant_type": "nf4"}
    file = File()
    weight = file.add("w", "U8", (codes[::2] << 4 | codes[1::2]).astype(np.uint8)[:, None])
    mapped, more = file.add("quant_map", "F32", table), {}
    if nested:
        state |= {"nested_blocksize": nested, "nested_offset": 0.0371, "nested_dtype": "float32"}
        second = np.sort(RANDOM.standard_normal(256)).astype(np.float32)
        stored = RANDOM.integers(0, 256, blocks, np.uint8)
        factors = some_scales(RANDOM, -(-blocks // nested))
        scales = second[stored] * factors[np.arange(blocks) // nested] + np.float32(0.0371)
        absmax = file.add("absmax", "U8", stored)
        more["nested_absmax"] = file.add("nested_absmax", "F32", factors)
        more["nested_quant_map"] = file.add("nested_quant_map", "F32", second)
    else:
        scales = some_scales(RANDOM, blocks)
        absmax = file.add("absmax", "F32", scales)
    expected = (table[codes[:count]] * scales[np.arange(count) // block]).reshape(shape)
    region = packed.bitsandbytes("w", weight, absmax, mapped, state=state, **more)
    file.check(region, expected)
    assert region.attributes["dtype"] == "NF4"


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"shape": [4, 4]},
        {"shape": "x", "blocksize": 64},
        {"shape": [4, 4], "blocksize": 0},
        {"shape": [4, 4], "blocksize": 64, "nested_blocksize": "many"},
        {"shape": [-4, 4], "blocksize": 64},
    ],
)
def test_a_state_that_is_not_valid_is_named(state: dict[str, Any]) -> None:
    file = File()
    tensor = file.add("w", "U8", np.zeros(8, np.uint8))
    with pytest.raises(FormatError, match=r"layer\.weight: its quantisation state is not valid"):
        packed.bitsandbytes("layer.weight", tensor, tensor, tensor, state=state)


def test_parts_that_do_not_fit_are_named() -> None:
    file = File()
    bytes_ = file.add("codes", "U8", np.zeros((4, 6), np.uint8))
    words = file.add("qweight", "I32", np.zeros((4, 6), np.int32))
    scales = file.add("scales", "F32", np.zeros((3, 6), np.float32))
    flat = file.add("flat", "F32", np.zeros(16, np.float32))
    with pytest.raises(FormatError, match=r"w: scales of shape \(3, 6\) do not fit"):
        packed.scaled("w", bytes_, [scales], dtype="")
    one, many = (file.add("s", "F32", np.zeros((4, n), np.float32)) for n in (1, 6))
    with pytest.raises(FormatError, match=r"w: scales of shape \(4, 6\) for such of \(4, 1\)"):
        packed.scaled("w", bytes_, [one, many], dtype="")
    with pytest.raises(FormatError, match="24 bytes are not 96 elements of F4"):
        packed.scaled("w", bytes_, [], dtype="", stored_as="F4", shape=(4, 24))
    with pytest.raises(FormatError, match="rows of 5 elements"):
        packed.scaled("w", bytes_, [], dtype="", stored_as="F4", shape=(4, 5))
    with pytest.raises(FormatError, match="no codes of 7 bits"):
        packed.mlx("w", words, scales, scales, bits=7)
    with pytest.raises(FormatError, match="no row of codes of 5 bits"):
        packed.mlx("w", words, scales, scales, bits=5)
    with pytest.raises(FormatError, match=r"scales of shape \(3, 6\) and biases of shape \(3, 6\)"):
        packed.mlx("w", words, scales, scales, bits=4)
    with pytest.raises(FormatError, match="codes: 24 bytes, where w needs 8"):
        packed.bitsandbytes("w", bytes_, flat, flat, state={"shape": [4, 4], "blocksize": 64})

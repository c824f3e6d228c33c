"""Packed families against the formulas of those who made them, worked out again with numpy."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from numpy.typing import NDArray
from stored_files import File

from arbvis_core.errors import FormatError
from arbvis_core.values import Region
from modelweightvis.encodings import packed

RANDOM = np.random.default_rng(11)
SCALES: dict[str, Any] = {"F32": np.float32, "F16": np.float16, "BF16": ml_dtypes.bfloat16}


def _scales(*shape: int, kind: str = "F32") -> NDArray[Any]:
    return np.exp(RANDOM.normal(-4, 1, shape)).astype(SCALES[kind])


def _float(array: NDArray[Any]) -> NDArray[np.float32]:
    return np.asarray(array, np.float32)


def _words(codes: NDArray[np.int64], bits: int, axis: int) -> NDArray[np.uint32]:
    """Pack codes along an axis into words, the first one lowest."""
    moved = np.moveaxis(codes, axis, -1).astype(np.uint64)
    apart = moved.reshape(*moved.shape[:-1], -1, 32 // bits)
    shifts = np.arange(0, 32, bits, dtype=np.uint64)
    words = np.bitwise_or.reduce(apart << shifts, axis=-1).astype(np.uint32)
    return np.ascontiguousarray(np.moveaxis(words, -1, axis))


# FP8 with scales: DeepSeek-V3's inference/kernel.py, weight_dequant: y = x.to(float32) * s, where s
# has an element for every 128 × 128 of x; compressed-tensors and fbgemm multiply by `weight_scale`.


@pytest.mark.parametrize("kind", ["F32", "BF16"])
def test_fp8_with_a_scale_per_block(kind: str) -> None:
    codes = RANDOM.integers(0, 256, (300, 200), np.uint8).view(ml_dtypes.float8_e4m3fn)
    scales = _scales(3, 2, kind=kind)
    row, column = np.arange(300) // 128, np.arange(200) // 128
    expected = _float(codes) * _float(scales)[row[:, None], column]
    file = File()
    weight, inverse = file.add("w", "F8_E4M3", codes), file.add("w_scale_inv", kind, scales)
    region = packed.scaled("w", weight, [inverse], dtype="F8_E4M3", block=(128, 128))
    file.check(region, expected)
    assert region.attributes["bits"] == pytest.approx(8 + 8 * scales.nbytes / codes.size)


@pytest.mark.parametrize("shape", [(), (1,), (1, 1), (24,), (24, 1), (24, 2)])
def test_fp8_with_a_scale_per_tensor_or_channel_or_group(shape: tuple[int, ...]) -> None:
    codes = RANDOM.integers(0, 256, (24, 32), np.uint8).view(ml_dtypes.float8_e5m2)
    scales = _scales(*shape).reshape(shape)
    groups = 2 if shape == (24, 2) else 1
    spread = np.broadcast_to(scales.reshape(-1, groups), (24, groups)).repeat(32 // groups, axis=1)
    expected = _float(codes) * spread
    file = File()
    weight, scale = file.add("w", "F8_E5M2", codes), file.add("s", "F32", scales)
    file.check(packed.scaled("w", weight, [scale], dtype="F8_E5M2"), expected)


def test_fp8_of_experts_with_exponents_for_scales() -> None:
    codes = RANDOM.integers(0, 256, (3, 8, 64), np.uint8).view(ml_dtypes.float8_e4m3fn)
    scales = RANDOM.integers(110, 130, (3, 8, 2), np.uint8)
    expected = _float(codes) * _float(2.0 ** (scales - 127.0)).repeat(32, axis=2)
    file = File()
    weight, scale = file.add("w", "F8_E4M3", codes), file.add("s", "F8_E8M0", scales)
    region = packed.scaled("w", weight, [scale], dtype="MXFP8", block=(32,))
    file.check(region, expected)


def test_fp8_with_a_scale_per_expert() -> None:
    codes = RANDOM.integers(0, 100, (3, 4, 6), np.uint8).view(ml_dtypes.float8_e4m3fn)
    scales = _scales(3)
    file = File()
    weight, scale = file.add("w", "F8_E4M3", codes), file.add("s", "F32", scales)
    region = packed.scaled("w", weight, [scale], dtype="F8_E4M3")
    file.check(region, _float(codes) * scales[:, None, None])


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


def test_nvfp4_with_two_levels_of_scales() -> None:
    """NVIDIA's modelopt: E2M1 × weight_scale (E4M3, 16 inputs) × weight_scale_2 (float32)."""
    codes = RANDOM.integers(0, 256, (6, 16), np.uint8)
    fours = np.stack([codes & 15, codes >> 4], axis=-1).view(ml_dtypes.float4_e2m1fn)
    scales = RANDOM.integers(0x20, 0x7E, (6, 2), np.uint8).view(ml_dtypes.float8_e4m3fn)
    second = np.float32(0.0123)
    expected = _float(fours).reshape(6, 32) * _float(scales).repeat(16, axis=1) * second
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
    )
    file.check(region, expected)


def test_int8_of_bitsandbytes() -> None:
    """bitsandbytes/functional.py, int8_vectorwise_dequant: A * stats.view(-1, 1) * (1 / 127)."""
    codes = RANDOM.integers(-127, 128, (10, 12)).astype(np.int8)
    scb = _scales(10)
    expected = _float(codes) * scb[:, None] * np.float32(7.874015718698502e-3)
    file = File()
    file.check(packed.int8("w", file.add("w", "I8", codes), file.add("SCB", "F32", scb)), expected)


# GPTQ: AutoGPTQ's qlinear_cuda_old.py: weight = scales * (weight - ((zeros + 1) & maxq)), with words
# that hold the first code lowest; GPTQModel's version 2 does not add the one.


@pytest.mark.parametrize("indexed", [False, True])
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("bits", [2, 4, 8])
def test_gptq(bits: int, version: int, indexed: bool) -> None:
    inputs, outputs, group = 96, 48, 32
    codes = RANDOM.integers(0, 1 << bits, (inputs, outputs))
    zeros = RANDOM.integers(0, 1 << bits, (inputs // group, outputs))
    zeros[0, :2] = 0, (1 << bits) - 1
    scales = _scales(inputs // group, outputs, kind="F16")
    index = np.arange(inputs) // group
    if indexed:
        index = RANDOM.permutation(index)
    expected = _float(codes - zeros[index]) * _float(scales)[index]
    kept = (zeros - 1) % (1 << bits) if version == 1 else zeros
    file = File()
    region = packed.gptq(
        "w",
        file.add("qweight", "I32", _words(codes, bits, 0)),
        file.add("qzeros", "I32", _words(kept, bits, 1)),
        file.add("scales", "F16", scales),
        bits=bits,
        g_idx=file.add("g_idx", "I32", index.astype(np.int32)) if indexed else None,
        version=version,
    )
    file.check(region, np.ascontiguousarray(expected.T))


def test_gptq_with_a_last_group_that_is_not_full() -> None:
    codes, zeros = RANDOM.integers(0, 16, (80, 16)), RANDOM.integers(0, 16, (3, 16))
    scales = _scales(3, 16, kind="F16")
    index = np.arange(80) // 32
    expected = _float(codes - zeros[index]) * _float(scales)[index]
    file = File()
    tensors = (
        file.add("qweight", "I32", _words(codes, 4, 0)),
        file.add("qzeros", "I32", _words(zeros, 4, 1)),
        file.add("scales", "F16", scales),
    )
    region = packed.gptq("w", *tensors, bits=4, group=32, version=2)
    file.check(region, np.ascontiguousarray(expected.T))
    with pytest.raises(FormatError, match="3 groups of 26 are not 80 inputs"):
        packed.gptq("w", *tensors, bits=4, version=2)


@pytest.mark.parametrize("wrong", [-1, 3, 1 << 30])
def test_an_index_of_a_group_that_is_not_there_is_refused(wrong: int) -> None:
    file = File()
    index = np.array([0] * 47 + [wrong], np.int32)
    region = packed.gptq(
        "layer.weight",
        file.add("qweight", "I32", np.zeros((6, 8), np.uint32)),
        file.add("qzeros", "I32", np.zeros((3, 1), np.uint32)),
        file.add("scales", "F16", _scales(3, 8, kind="F16")),
        bits=4,
        g_idx=file.add("g_idx", "I32", index),
    )
    with pytest.raises(FormatError, match=rf"layer\.weight.*group {wrong}, but there are 3"):
        file.values(region)


# AWQ: AutoAWQ's awq/utils/packing_utils.py: nibble p of a word holds column [0, 2, 4, 6, 1, 3, 5, 7][p];
# weight = (weight - zeros) * scales.


def _awq_words(codes: NDArray[np.int64]) -> NDArray[np.uint32]:
    order = [0, 2, 4, 6, 1, 3, 5, 7]
    shuffled = codes.reshape(codes.shape[0], -1, 8)[..., order].reshape(codes.shape)
    return _words(shuffled, 4, 1)


def test_awq() -> None:
    inputs, outputs, group = 64, 40, 16
    codes = RANDOM.integers(0, 16, (inputs, outputs))
    zeros = RANDOM.integers(0, 16, (inputs // group, outputs))
    scales = _scales(inputs // group, outputs, kind="F16")
    index = np.arange(inputs) // group
    expected = _float(codes - zeros[index]) * _float(scales)[index]
    file = File()
    region = packed.awq(
        "w",
        file.add("qweight", "I32", _awq_words(codes)),
        file.add("qzeros", "I32", _awq_words(zeros)),
        file.add("scales", "F16", scales),
    )
    file.check(region, np.ascontiguousarray(expected.T))
    assert file.asked(region, ((0, 8), (0, 16))) == 16 * 4 + 4 + 8 * 2


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
    scales, biases = _scales(7, 256 // group, kind=kind), -_scales(7, 256 // group, kind=kind)
    expected = _float(codes) * _float(scales).repeat(group, 1) + _float(biases).repeat(group, 1)
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
    scales, biases = _scales(3, 4, 2), _scales(3, 4, 2)
    expected = _float(codes) * scales.repeat(32, 2) + biases.repeat(32, 2)
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
        factors = _scales(-(-blocks // nested))
        scales = second[stored] * factors[np.arange(blocks) // nested] + np.float32(0.0371)
        absmax = file.add("absmax", "U8", stored)
        more["nested_absmax"] = file.add("nested_absmax", "F32", factors)
        more["nested_quant_map"] = file.add("nested_quant_map", "F32", second)
    else:
        scales = _scales(blocks)
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
    with pytest.raises(FormatError, match="3 bits cannot be decoded"):
        packed.gptq("w", words, words, scales, bits=3)
    with pytest.raises(FormatError, match="do not fit a matrix of 6 × 32"):
        packed.gptq("w", words, words, scales, bits=4)
    with pytest.raises(FormatError, match="flat has 1 axes instead of two"):
        packed.awq("w", flat, words, scales)
    with pytest.raises(FormatError, match="codes: 24 bytes, where w needs 8"):
        packed.bitsandbytes("w", bytes_, flat, flat, state={"shape": [4, 4], "blocksize": 64})

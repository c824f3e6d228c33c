"""Matrices with groups of inputs against the formulas of those who made them, in numpy."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from stored_files import File, floats, some_scales, words_of

from arbvis_core.errors import FormatError
from modelweightvis.encodings import packed_grouped

RANDOM = np.random.default_rng(12)


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
    scales = some_scales(RANDOM, inputs // group, outputs, kind="F16")
    index = np.arange(inputs) // group
    if indexed:
        index = RANDOM.permutation(index)
    expected = floats(codes - zeros[index]) * floats(scales)[index]
    kept = (zeros - 1) % (1 << bits) if version == 1 else zeros
    file = File()
    region = packed_grouped.gptq(
        "w",
        file.add("qweight", "I32", words_of(codes, bits, 0)),
        file.add("qzeros", "I32", words_of(kept, bits, 1)),
        file.add("scales", "F16", scales),
        bits=bits,
        g_idx=file.add("g_idx", "I32", index.astype(np.int32)) if indexed else None,
        version=version,
    )
    file.check(region, np.ascontiguousarray(expected.T))


def test_gptq_with_a_last_group_that_is_not_full() -> None:
    codes, zeros = RANDOM.integers(0, 16, (80, 16)), RANDOM.integers(0, 16, (3, 16))
    scales = some_scales(RANDOM, 3, 16, kind="F16")
    index = np.arange(80) // 32
    expected = floats(codes - zeros[index]) * floats(scales)[index]
    file = File()
    tensors = (
        file.add("qweight", "I32", words_of(codes, 4, 0)),
        file.add("qzeros", "I32", words_of(zeros, 4, 1)),
        file.add("scales", "F16", scales),
    )
    region = packed_grouped.gptq("w", *tensors, bits=4, group=32, version=2)
    file.check(region, np.ascontiguousarray(expected.T))
    with pytest.raises(FormatError, match="3 groups of 26 are not 80 inputs"):
        packed_grouped.gptq("w", *tensors, bits=4, version=2)


@pytest.mark.parametrize("wrong", [-1, 3, 1 << 30])
def test_inputs_of_a_group_that_is_not_there_have_no_values(wrong: int) -> None:
    file = File()
    index = np.array([0] * 46 + [wrong, 2], np.int32)
    region = packed_grouped.gptq(
        "layer.weight",
        file.add("qweight", "I32", np.zeros((6, 8), np.uint32)),
        file.add("qzeros", "I32", np.zeros((3, 1), np.uint32)),
        file.add("scales", "F16", np.arange(1, 25, dtype=np.float16).reshape(3, 8)),
        bits=4,
        g_idx=file.add("g_idx", "I32", index),
    )
    expected = -np.arange(1, 9, dtype=np.float32)[:, None].repeat(48, axis=1)
    expected[:, 46], expected[:, 47] = np.nan, expected[:, 47] - 16
    file.check(region, expected)


# AWQ: AutoAWQ's awq/utils/packing_utils.py: nibble p of a word holds column [0, 2, 4, 6, 1, 3, 5, 7][p];
# weight = (weight - zeros) * scales.


def _awq_words(codes: NDArray[np.int64]) -> NDArray[np.uint32]:
    order = [0, 2, 4, 6, 1, 3, 5, 7]
    shuffled = codes.reshape(codes.shape[0], -1, 8)[..., order].reshape(codes.shape)
    return words_of(shuffled, 4, 1)


def test_awq() -> None:
    inputs, outputs, group = 64, 40, 16
    codes = RANDOM.integers(0, 16, (inputs, outputs))
    zeros = RANDOM.integers(0, 16, (inputs // group, outputs))
    scales = some_scales(RANDOM, inputs // group, outputs, kind="F16")
    index = np.arange(inputs) // group
    expected = floats(codes - zeros[index]) * floats(scales)[index]
    file = File()
    region = packed_grouped.awq(
        "w",
        file.add("qweight", "I32", _awq_words(codes)),
        file.add("qzeros", "I32", _awq_words(zeros)),
        file.add("scales", "F16", scales),
    )
    file.check(region, np.ascontiguousarray(expected.T))
    assert file.asked(region, ((0, 8), (0, 16))) == 16 * 4 + 4 + 8 * 2


# compressed-tensors: compressors/pack_quantized: codes and zeros are stored plus 2^(bits - 1), codes
# packed along the inputs, zeros along the outputs; quantization/lifecycle/forward.py, dequantize:
# (x - zero_point) * scale.


@pytest.mark.parametrize("indexed", [False, True])
@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize(
    ("bits", "shape"), [(2, (32, 64)), (4, (40, 96)), (4, (20, 90)), (8, (6, 32))]
)
def test_compressed(bits: int, shape: tuple[int, int], symmetric: bool, indexed: bool) -> None:
    (rows, columns), group, half, per = shape, 32, 1 << (bits - 1), 32 // bits
    groups = -(-columns // group)
    codes = RANDOM.integers(-half, half, shape)
    zeros = RANDOM.integers(-half, half, (rows, groups)) * (not symmetric)
    scales = some_scales(RANDOM, rows, groups, kind="BF16")
    index = np.arange(columns) // group
    index = RANDOM.permutation(index) if indexed else index
    expected = floats(codes - zeros[:, index]) * floats(scales)[:, index]
    file = File()
    padded = np.pad(codes + half, ((0, 0), (0, -columns % per)))
    upright = np.pad(zeros + half, ((0, -rows % per), (0, 0)))
    region = packed_grouped.compressed(
        "w",
        file.add("packed", "I32", words_of(padded, bits, 1)),
        file.add("scale", "BF16", scales),
        bits=bits,
        shape=shape,
        zeros=None if symmetric else file.add("zero_point", "I32", words_of(upright, bits, 0)),
        g_idx=file.add("g_idx", "I32", index.astype(np.int32)) if indexed else None,
        group=group,
    )
    file.check(region, expected)


def test_compressed_reads_rows_as_they_lie() -> None:
    file = File()
    codes = file.add("packed", "I32", np.zeros((16, 8), np.uint32))
    scales = file.add("scale", "F16", np.zeros((16, 2), np.float16))
    region = packed_grouped.compressed("w", codes, scales, bits=4, shape=(16, 64))
    assert file.asked(region, ((0, 4), (0, 64))) == 4 * (8 * 4 + 2 * 2)


def test_parts_that_do_not_fit_are_named() -> None:
    file = File()
    words = file.add("qweight", "I32", np.zeros((4, 6), np.int32))
    scales = file.add("scales", "F32", np.zeros((3, 6), np.float32))
    flat = file.add("flat", "F32", np.zeros(16, np.float32))
    with pytest.raises(FormatError, match="3 bits cannot be decoded"):
        packed_grouped.gptq("w", words, words, scales, bits=3)
    with pytest.raises(FormatError, match="do not fit a matrix of 6 × 32"):
        packed_grouped.gptq("w", words, words, scales, bits=4)
    with pytest.raises(FormatError, match="flat has 1 axes instead of two"):
        packed_grouped.awq("w", flat, words, scales)
    with pytest.raises(FormatError, match="3 bits cannot be decoded"):
        packed_grouped.compressed("w", words, scales, bits=3, shape=(4, 48))
    with pytest.raises(FormatError, match=r"w: qweight of shape \(4, 6\) for one of \(4, 56\)"):
        packed_grouped.compressed("w", words, scales, bits=4, shape=(4, 56))
    with pytest.raises(FormatError, match=r"w: scales of shape \(3, 6\) for one of \(4, 48\)"):
        packed_grouped.compressed("w", words, scales, bits=4, shape=(4, 48))

"""Weights of many tensors, through the files: where pieces lie, and what is said of them."""

from __future__ import annotations

import io
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from little_checkpoints import (
    LAYER,
    RANDOM,
    Stored,
    fp8,
    grouped,
    mlx,
    opened,
    stored,
    tensors_of,
    values,
)

torch = pytest.importorskip("torch")


def decoded(tensors: dict[str, Stored], plus: int = 1) -> np.ndarray[Any, Any]:
    """Return the values of such a matrix."""
    words, zeros, scales, index = (one for _, one in tensors.values())
    shifts = np.arange(0, 32, 4)
    codes = (words[:, None] >> shifts[None, :, None] & 15).reshape(-1, words.shape[1]).astype(int)
    zero = ((zeros[:, :, None] >> shifts & 15).reshape(len(zeros), -1).astype(int) + plus) & 15
    made = (codes - zero[index]).astype(np.float32) * scales.astype(np.float32)[index]
    return np.ascontiguousarray(made.T)


def test_pieces_in_different_shards_are_one_weight() -> None:
    tensors = grouped()
    names = [f"model-{number:05}-of-00002.safetensors" for number in (1, 2)]
    items = [("norm.weight", ("F32", np.ones(4, np.float32))), *tensors.items()]
    table = {name: names[number > 2] for number, (name, _) in enumerate(items)}
    document = opened(
        {
            names[0]: stored(dict(items[:3])),
            names[1]: stored(dict(items[3:])),
            "model.safetensors.index.json": {"weight_map": table},
            "config.json": {"quantization_config": {"quant_method": "gptq", "bits": 4}},
        }
    )
    assert list(tensors_of(document)) == ["norm.weight", f"{LAYER}.weight"]
    region = tensors_of(document)[f"{LAYER}.weight"]
    assert region.attributes["stored_as"] == tuple(tensors)
    assert region.shape == (32, 64)
    assert document.warnings == ()
    np.testing.assert_array_equal(values(document, region.name), decoded(tensors))
    alone = opened(
        {names[0]: stored(dict(items[:3])), "model.safetensors.index.json": {"weight_map": table}}
    )
    assert list(tensors_of(alone)) == [name for name, _ in items[:3]]
    assert any("'.scales' is not here" in one for one in alone.warnings)


def test_pieces_in_a_pickle_and_in_an_archive_of_arrays() -> None:
    tensors = grouped()
    arrays = {
        name: np.array(one.view(np.int32) if one.dtype == np.uint32 else one)
        for name, (_, one) in tensors.items()
    }
    pickled, zipped = io.BytesIO(), io.BytesIO()
    state = {name: torch.from_numpy(one) for name, one in arrays.items()}
    state[f"{LAYER}.scales"] = state[f"{LAYER}.scales"].clone()
    torch.save(state, pickled)
    np.savez(zipped, **arrays)  # type: ignore[arg-type]
    for name, content in (("pytorch_model.bin", pickled), ("weights.npz", zipped)):
        document = opened({name: content.getvalue()})
        np.testing.assert_array_equal(values(document, f"{LAYER}.weight"), decoded(tensors))


def test_pieces_that_are_stored_column_by_column_stay_as_they_are() -> None:
    tensors = grouped()
    file = io.BytesIO()
    state = {
        name: torch.from_numpy(np.array(one.view(np.int32) if one.dtype == np.uint32 else one))
        for name, (_, one) in tensors.items()
    }
    state[f"{LAYER}.qweight"] = state[f"{LAYER}.qweight"].t().contiguous().t()
    torch.save(state, file)
    document = opened({"pytorch_model.bin": file.getvalue()})
    assert f"{LAYER}.weight" not in tensors_of(document)
    assert "'.qweight' is not stored row by row" in document.warnings[0]


def test_tensors_that_share_their_storage_still_do() -> None:
    words = torch.arange(16, dtype=torch.uint8).reshape(4, 4)
    state = {}
    for stem in ("embed", "head"):
        state[f"{stem}.weight"] = words.view(torch.float8_e4m3fn)
        state[f"{stem}.weight_scale"] = torch.ones(1)
    file = io.BytesIO()
    torch.save(state, file)
    document = opened({"pytorch_model.bin": file.getvalue()})
    assert tensors_of(document)["head.weight"].attributes["same_as"] == "embed.weight"


# What is said nowhere, and what shapes say.


@pytest.mark.parametrize(("zero", "plus"), [(7, 1), (8, 0)])
def test_symmetric_zeros_tell_the_version_of_gptq(zero: int, plus: int) -> None:
    tensors = grouped(zero=zero)
    document = opened({"model.safetensors": stored(tensors)})
    assert document.warnings == ()
    np.testing.assert_array_equal(values(document, f"{LAYER}.weight"), decoded(tensors, plus))


def test_other_zeros_do_not_and_nothing_is_made_up() -> None:
    tensors = grouped(zero=5)
    document = opened({"model.safetensors": stored(tensors)})
    assert list(tensors_of(document)) == list(tensors)
    (warning,) = document.warnings
    assert warning == (
        f"model.safetensors: '{LAYER}.qweight' will be shown as stored: nothing says which version "
        f"of GPTQ it is: config.json is not beside it"
    )
    for told, plus in (({}, 1), ({"checkpoint_format": "gptq_v2"}, 0)):
        config = {"quantization_config": {"quant_method": "gptq", **told}}
        document = opened({"model.safetensors": stored(tensors), "config.json": config})
        np.testing.assert_array_equal(values(document, f"{LAYER}.weight"), decoded(tensors, plus))


def test_settings_stand_in_older_files_and_in_parts_of_a_configuration() -> None:
    tensors = grouped(zero=5)
    for name, config in (
        ("quantize_config.json", {"bits": 4, "group_size": 32}),
        ("config.json", {"text_config": {"quantization_config": {"quant_method": "gptq"}}}),
    ):
        document = opened({"model.safetensors": stored(tensors), name: config})
        assert f"{LAYER}.weight" in tensors_of(document)


@pytest.mark.parametrize(
    ("words", "groups", "told", "dtype"),
    [
        (32, 1, {}, "MLX 8-bit g128"),
        (10, 2, {}, "MLX 5-bit g32"),
        (16, 2, {}, None),
        (16, 2, {"bits": 4, "group_size": 64}, "MLX 4-bit g64"),
        (16, 2, {"bits": 2, "group_size": 128}, "MLX 2-bit g128"),
        (
            16,
            2,
            {"bits": 4, "group_size": 64, LAYER: {"bits": 8, "group_size": 32}},
            "MLX 8-bit g32",
        ),
        (24, 2, {"bits": 4, "group_size": 64}, "MLX 6-bit g64"),
        (16, 2, {"bits": "4", "group_size": -1}, None),
        (16, 2, {"bits": 5, "group_size": 48}, None),
    ],
)
def test_how_many_bits_mlx_has(
    words: int, groups: int, told: dict[str, Any], dtype: str | None
) -> None:
    files = {"model.safetensors": stored(mlx(words, groups)), "config.json": {"quantization": told}}
    document = opened(files)
    region = tensors_of(document)[f"{LAYER}.weight"]
    assert region.attributes["dtype"] == (dtype or "U32")
    assert len(tensors_of(document)) == (1 if dtype else 3)
    assert len(document.warnings) == (0 if dtype else 1)


@pytest.mark.parametrize(
    ("shape", "scale", "told", "dtype"),
    [
        ((300, 200), (3, 2), {"weight_block_size": [128, 128]}, "FP8 E4M3 (128x128)"),
        ((300, 260), (3, 3), {}, None),  # 128 or 100, who knows
        ((576, 260), (5, 3), {}, "FP8 E4M3 (128x128)"),
        ((64, 96), (2, 3), {"weight_block_size": [32, 32]}, "FP8 E4M3 (32x32)"),
        ((64, 96), (2, 3), {"weight_block_size": [128, 128]}, "FP8 E4M3 (128x128)"),
        ((64, 96), (), {}, "FP8 E4M3 (per tensor)"),
        ((64, 96), (64, 1), {}, "FP8 E4M3 (per channel)"),
        ((64, 96), (64,), {}, "FP8 E4M3 (per channel)"),
        ((64, 96), (64, 3), {}, "FP8 E4M3 (g32)"),
        ((4, 64, 96), (4,), {}, "FP8 E4M3 (per expert)"),
        ((4, 64, 96), (4, 1, 96), {}, "FP8 E4M3 (per channel)"),
        ((4, 256, 384), (4, 2, 3), {"weight_block_size": [128, 128]}, "FP8 E4M3 (128x128)"),
        ((64, 96), (7,), {}, None),
        ((64, 96), (1, 1, 1), {}, "FP8 E4M3 (per tensor)"),
        ((64, 96), (1, 1, 2), {}, None),
    ],
)
def test_what_shares_a_scale(
    shape: tuple[int, ...], scale: tuple[int, ...], told: dict[str, Any], dtype: str | None
) -> None:
    tensors = fp8(shape, scale)
    config = {"quantization_config": told} if told else {}
    document = opened({"model.safetensors": stored(tensors), "config.json": config})
    region = tensors_of(document)[f"{LAYER}.weight"]
    assert region.attributes["dtype"] == (dtype or "F8_E4M3")
    assert len(tensors_of(document)) == (1 if dtype else 2)


def test_blocks_of_deepseek_that_are_not_full() -> None:
    """DeepSeek-V3's inference/kernel.py, weight_dequant: s of (row / 128, column / 128)."""
    tensors = fp8((300, 200), (3, 2))
    config = {"quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128]}}
    (_, codes), (_, scales) = tensors.values()
    row, column = np.arange(300) // 128, np.arange(200) // 128
    expected = codes.view(ml_dtypes.float8_e4m3fn).astype(np.float32) * scales[row[:, None], column]
    document = opened({"model.safetensors": stored(tensors), "config.json": config})
    np.testing.assert_array_equal(values(document, f"{LAYER}.weight"), expected)


@pytest.mark.parametrize(
    ("weight", "scale"),
    [
        ("a.weight", "a.weight_scale"),
        ("a.weight", "a.weight_scale_inv"),
        ("a.weight", "a.scale"),
        ("a.weight", "a.scale_weight"),
        ("experts.gate_up_proj", "experts.gate_up_proj_scale"),
        ("experts.gate_up_proj", "experts.gate_up_proj_scale_inv"),
        ("experts.gate_up_proj", "experts.gate_up_proj_weight_scale"),
    ],
)
def test_what_scales_are_called(weight: str, scale: str) -> None:
    beside = weight.replace("weight", "input_scale").replace("up_proj", "up_proj_input_scale")
    tensors: dict[str, Stored] = {
        weight: ("F8_E5M2", np.full((2, 4), 0x40, np.uint8)),
        scale: ("F32", np.array([3], np.float32)),
        beside: ("F32", np.array(1, np.float32)),
    }
    document = opened({"model.safetensors": stored(tensors)})
    assert values(document, weight).tolist() == [[6] * 4] * 2
    assert tensors_of(document)[weight].attributes["stored_as"] == (weight, scale, beside)


def test_scales_of_caches_and_of_what_is_not_packed_are_left_alone() -> None:
    one = np.ones(4, np.float32)
    tensors: dict[str, Stored] = {
        "a.k_scale": ("F32", one),
        "norm.scale": ("F32", one),
        "norm.weight": ("F32", one),
        "ls.weight_scale": ("F32", one),
        "down_blocks": ("U8", np.zeros((2, 16), np.uint8)),
        "attn.scales": ("F32", one),
        "attn.weight": ("F32", one),
    }
    document = opened({"model.safetensors": stored(tensors)})
    assert list(tensors_of(document)) == list(tensors)
    assert document.warnings == ()


def test_gpt_oss_as_openai_stores_it() -> None:
    blocks = RANDOM.integers(0, 256, (2, 6, 3, 16), np.uint8)
    scales = RANDOM.integers(110, 130, (2, 6, 3), np.uint8)
    tensors = {"mlp1_weight.blocks": ("U8", blocks), "mlp1_weight.scales": ("U8", scales)}
    document = opened({"model.safetensors": stored(tensors)})
    pairs = np.stack([blocks & 15, blocks >> 4], -1).reshape(2, 6, 96)
    codes = pairs.view(ml_dtypes.float4_e2m1fn).astype(np.float32)
    expected = codes * np.float32(2.0 ** (scales - 127.0)).repeat(32, -1)
    np.testing.assert_array_equal(values(document, "mlp1_weight"), expected)

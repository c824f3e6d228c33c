"""Pieces that do not fit each other stay what they are, and cost nothing else."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from little_checkpoints import (
    DECODERS,
    LAYER,
    RANDOM,
    Stored,
    fp8,
    grouped,
    mlx,
    opened,
    stored,
    tensors_of,
)

from arbvis_core.testing import region_values


def changed(name: str, dtype: str, array: np.ndarray[Any, Any]) -> dict[str, Stored]:
    return {f"{LAYER}.{name}": (dtype, array)}


NF4 = "weight.quant_state.bitsandbytes__nf4"


def bitsandbytes(state: object = None) -> dict[str, Stored]:
    told = {"quant_type": "nf4", "blocksize": 64, "shape": [8, 16], "dtype": "bfloat16"}
    text = json.dumps(told if state is None else state).encode()
    return {
        f"{LAYER}.weight": ("U8", np.zeros((64, 1), np.uint8)),
        f"{LAYER}.weight.absmax": ("F32", np.ones(2, np.float32)),
        f"{LAYER}.weight.quant_map": ("F32", np.arange(16, dtype=np.float32)),
        f"{LAYER}.{NF4}": ("U8", np.frombuffer(text, np.uint8)),
    }


ZEROS = np.zeros((2, 4), np.int32)
MISFITS: dict[str, tuple[dict[str, Stored], str]] = {
    "rows": (grouped() | changed("scales", "F16", np.ones((3, 32), np.float16)), "zeros of shape"),
    "columns": (
        grouped() | changed("qweight", "I32", np.zeros((2, 5), np.int32)),
        "laid out neither as",
    ),
    "bytes": (grouped() | changed("qweight", "I8", np.zeros((8, 32), np.int8)), "is of type 'I8'"),
    "floats": (
        grouped() | changed("scales", "I16", np.ones((2, 32), np.int16)),
        "is of type 'I16'",
    ),
    "axes": (grouped() | changed("qweight", "I32", np.zeros((1, 8, 32), np.int32)), "no matrix"),
    "empty": (grouped() | changed("scales", "F16", np.ones((0, 32), np.float16)), "no matrix"),
    "index": (grouped() | changed("g_idx", "I32", np.zeros(9, np.int32)), "an index of shape"),
    "3 bits": (grouped() | changed("qzeros", "I32", np.zeros((2, 3), np.int32)), "3 bits"),
    "taken": (
        grouped() | changed("weight", "F32", np.ones(2, np.float32)),
        "weight's name is here",
    ),
    "shape": (
        changed("weight_packed", "I32", ZEROS)
        | changed("weight_scale", "F16", np.ones((2, 1), np.float16))
        | changed("weight_shape", "I64", np.array([2, -5])),
        "do not tell how many bits",
    ),
    "shapes": (
        changed("weight_packed", "I32", ZEROS)
        | changed("weight_scale", "F16", np.ones((2, 1), np.float16))
        | changed("weight_shape", "I64", np.arange(600)),
        "too large to be read",
    ),
    "state": (bitsandbytes({"shape": [8, 16]}), "quantisation state is not valid"),
    "no state": (bitsandbytes([1]), "no JSON object"),
    "endless state": (bitsandbytes({"shape": [1] * 1500}), "too large to be read"),
    "long state": (bitsandbytes({"shape": [8, 16] + [1] * 70, "blocksize": 64}), "72 axes"),
    "vast state": (bitsandbytes({"shape": [2**40, 2**30], "blocksize": 64}), "bytes, where"),
    "no absmax": (
        {name: one for name, one in bitsandbytes().items() if "absmax" not in name},
        "'.absmax' is not here",
    ),
    "SCB": (
        changed("weight", "I8", np.zeros((4, 4), np.int8))
        | changed("SCB", "F32", np.ones(3, np.float32)),
        "an .SCB of shape",
    ),
    "order": (
        changed("weight", "I8", np.zeros((4, 4), np.int8))
        | changed("SCB", "F32", np.ones(4, np.float32))
        | changed("weight_format", "U8", np.array(2, np.uint8)),
        "graphics card",
    ),
    "bytes with scales": (
        changed("weight", "U8", np.zeros((4, 4), np.uint8))
        | changed("weight_scale", "F32", np.ones(4, np.float32)),
        "neither MXFP4 nor NVFP4",
    ),
    "zeros": (
        changed("weight", "I8", np.zeros((4, 4), np.int8))
        | changed("weight_scale", "F32", np.ones((4, 1), np.float32))
        | changed("weight_zero_point", "I8", np.zeros((4, 1), np.int8)),
        "zero points",
    ),
    "words with scales": (
        changed("weight", "I32", ZEROS) | changed("weight_scale", "F32", np.ones(2, np.float32)),
        "codes in words",
    ),
    "blocks": (
        changed("down_proj_blocks", "U8", np.zeros((2, 4, 2, 16), np.uint8))
        | changed("down_proj_scales", "U8", np.zeros((2, 4, 3), np.uint8)),
        "blocks of shape",
    ),
    "scales": (mlx(10, 2) | changed("scales", "F32", np.ones((3, 1), np.float32)), "do not fit"),
    "bytes as scales": (
        mlx(16, 2) | changed("scales", "U8", np.ones((4, 3), np.uint8)),
        "no known",
    ),
}


@pytest.mark.parametrize("misfit", MISFITS)
def test_what_does_not_fit_stays_as_it_is_and_is_told(misfit: str) -> None:
    tensors, sentence = MISFITS[misfit]
    good = {f"good.{name}": one for name, one in fp8((4, 4), (1,)).items()}
    document = opened({"model.safetensors": stored(tensors | good)})
    assert list(tensors_of(document)) == [*tensors, f"good.{LAYER}.weight"]
    (warning,) = document.warnings
    assert sentence in warning
    assert "will be shown as stored" in warning


def test_two_weights_of_one_name_are_one_weight_and_its_rivals_pieces() -> None:
    rival = (
        changed("weight_packed", "I32", np.zeros((8, 8), np.int32))
        | changed("weight_scale", "F16", np.ones((8, 2), np.float16))
        | changed("weight_shape", "I64", np.array([8, 64]))
    )
    alone = opened({"model.safetensors": stored(rival)})
    assert list(tensors_of(alone)) == [f"{LAYER}.weight"]
    document = opened({"model.safetensors": stored(grouped() | rival)})
    assert list(tensors_of(document)) == [f"{LAYER}.weight", *rival]
    assert "weight's name is here" in document.warnings[0]


def test_many_reasons_are_told_in_few_sentences() -> None:
    tensors: dict[str, Stored] = {}
    for number in range(1, 40):
        scale = np.ones(number, np.float32)
        tensors[f"{number}.weight"] = ("F8_E4M3", np.zeros((41, 43), np.uint8))
        tensors[f"{number}.weight_scale"] = ("F32", scale)
    document = opened({"model.safetensors": stored(tensors)})
    assert 2 < len(document.warnings) <= 9
    assert max(map(len, document.warnings)) < 400


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"quant_method": "aqlm"}, "quantised by 'aqlm'"),
        ({"quant_method": "fp8"}, "no scales are here for 'model.layers.0.mlp.up_proj.weight'"),
    ],
)
def test_codes_that_are_shown_as_they_are_are_told(told: dict[str, Any], sentence: str) -> None:
    tensors = {name: one for name, one in fp8((4, 4), (1,)).items() if "scale" not in name}
    config = {"quantization_config": told}
    document = opened({"model.safetensors": stored(tensors), "config.json": config})
    assert sentence in document.warnings[0]


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"quant_method": "awq", "version": "gemv"}, "AWQ's version 'gemv'"),
        ({"quant_method": "gptq", "checkpoint_format": "marlin"}, "GPTQ's format 'marlin'"),
    ],
)
def test_other_layouts_of_the_same_names(told: dict[str, Any], sentence: str) -> None:
    awq: dict[str, Stored] = {
        f"{LAYER}.qweight": ("I32", np.zeros((64, 4), np.int32)),
        f"{LAYER}.qzeros": ("I32", np.zeros((2, 4), np.int32)),
        f"{LAYER}.scales": ("F16", np.ones((2, 32), np.float16)),
    }
    tensors: dict[str, Stored] = awq if told["quant_method"] == "awq" else grouped()
    config = {"quantization_config": told}
    document = opened({"model.safetensors": stored(tensors), "config.json": config})
    assert list(tensors_of(document)) == list(tensors)
    assert sentence in document.warnings[0]


@pytest.mark.parametrize(
    "config",
    [
        b"",
        b"[]",
        b'{"quantization_config": 3}',
        b"[" * 100_000,
        b"\xff",
        b'{"quantization_config": {"quant_method": [], "bits": {}, "config_groups": [1]}}',
        b'{"quantization_config": {"weight_block_size": ["a", null]}, "quantization": [{}]}',
    ],
)
def test_a_configuration_of_any_kind_is_survived(config: bytes) -> None:
    tensors = fp8((256, 256), (2, 2)) | bitsandbytes()
    document = opened({"model.safetensors": stored(tensors), "config.json": config})
    assert f"{LAYER}.weight" in tensors_of(document)


NAMES = ("weight", "qweight", "qzeros", "scales", "biases", "g_idx", "weight_packed", "weight_scale",
         "weight_shape", "weight_scale_inv", "weight_zero_point", "weight_scale_2", "SCB", "absmax",
         "weight_blocks", "weight_scales", "weight.absmax", "weight.quant_map", NF4)  # fmt: skip
SIZES = {
    "F32": 4,
    "F16": 2,
    "I32": 4,
    "U32": 4,
    "U8": 1,
    "I8": 1,
    "F8_E4M3": 1,
    "I64": 8,
    "F8_E8M0": 1,
}


@settings(max_examples=300, deadline=None)
@given(
    tensors=st.dictionaries(
        st.sampled_from(NAMES),
        st.tuples(
            st.sampled_from(sorted(SIZES)),
            st.lists(st.sampled_from([0, 1, 2, 3, 4, 8, 16, 32, 64]), max_size=3),
        ),
        min_size=2,
    ),
    told=st.dictionaries(
        st.sampled_from(["bits", "group_size", "quant_method", "weight_block_size", "desc_act"]),
        st.sampled_from([0, 4, 8, 32, -1, "gptq", "awq", [2, 2], False, None]),
    ),
)
def test_pieces_of_any_shape_are_survived(
    tensors: dict[str, tuple[str, list[int]]], told: dict[str, Any]
) -> None:
    """What comes of them is valid, reads nothing that is not its own, and decodes."""
    made: dict[str, Stored] = {}
    for name, (dtype, shape) in tensors.items():
        data = RANDOM.integers(0, 256, (int(np.prod(shape)), SIZES[dtype]), np.uint8)
        kind = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}[SIZES[dtype]]
        made[f"a.{name}"] = (dtype, data.view(kind).reshape(shape))
    document = opened({"x.safetensors": stored(made), "config.json": {"quantization_config": told}})
    for region in tensors_of(document).values():
        region_values(region, document.sources, DECODERS)

"""What llama.cpp's converter does to values is undone: its formulas, applied with numpy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from arbvis_core import api
from arbvis_core.reading import read_crops
from arbvis_core.regions import window_crops, window_values
from arbvis_core.registry import load
from modelweightvis.profile import MODELWEIGHTVIS

gguf = pytest.importorskip("gguf")

RANDOM = np.random.default_rng(3)
HIDDEN, HEADS, KV_HEADS, INNER, WORDS = 64, 4, 2, 96, 50

Arrays = dict[str, np.ndarray]
Convert = Callable[[str, np.ndarray], np.ndarray]


def _random(*shape: int) -> np.ndarray:
    return (RANDOM.standard_normal(shape) * 0.05).astype(np.float32)


def _permuted(weights: np.ndarray, heads: int) -> np.ndarray:
    """LlamaModel.permute of conversion/llama.py."""
    split = weights.reshape(heads, 2, weights.shape[0] // heads // 2, *weights.shape[1:])
    return split.swapaxes(1, 2).reshape(weights.shape)


def _by_projection(weights: np.ndarray) -> np.ndarray:
    """GPTNeoXModel.modify_tensors: (heads, 3, each) to (3, heads, each)."""
    each = weights.shape[0] // 3 // HEADS
    split = weights.reshape(HEADS, 3, each, *weights.shape[1:])
    return np.concatenate([split[:, one].reshape(-1, *weights.shape[1:]) for one in range(3)])


def _llama(name: str, array: np.ndarray) -> np.ndarray:
    if "attn_q." in name:
        return _permuted(array, HEADS)
    return _permuted(array, KV_HEADS) if "attn_k." in name else array


def _gemma(name: str, array: np.ndarray) -> np.ndarray:
    return array + np.float32(1) if "norm" in name else array


def _neox(name: str, array: np.ndarray) -> np.ndarray:
    return _by_projection(array) if "attn_qkv" in name else array


def _gpt2(name: str, array: np.ndarray) -> np.ndarray:
    inside = name.startswith("blk.") and name.endswith(".weight") and array.ndim == 2
    return np.ascontiguousarray(array.T) if inside else array


def _same(_name: str, array: np.ndarray) -> np.ndarray:
    return array


LLAMA = {
    "model.embed_tokens.weight": ("token_embd.weight", (WORDS, HIDDEN)),
    "model.norm.weight": ("output_norm.weight", (HIDDEN,)),
    "model.layers.0.self_attn.q_proj.weight": ("blk.0.attn_q.weight", (HIDDEN, HIDDEN)),
    "model.layers.0.self_attn.k_proj.weight": ("blk.0.attn_k.weight", (HIDDEN // 2, HIDDEN)),
    "model.layers.0.self_attn.v_proj.weight": ("blk.0.attn_v.weight", (HIDDEN // 2, HIDDEN)),
    "model.layers.0.self_attn.o_proj.weight": ("blk.0.attn_output.weight", (HIDDEN, HIDDEN)),
    "model.layers.0.mlp.gate_proj.weight": ("blk.0.ffn_gate.weight", (INNER, HIDDEN)),
    "model.layers.0.mlp.up_proj.weight": ("blk.0.ffn_up.weight", (INNER, HIDDEN)),
    "model.layers.0.mlp.down_proj.weight": ("blk.0.ffn_down.weight", (HIDDEN, INNER)),
    "model.layers.0.input_layernorm.weight": ("blk.0.attn_norm.weight", (HIDDEN,)),
    "model.layers.0.post_attention_layernorm.weight": ("blk.0.ffn_norm.weight", (HIDDEN,)),
}
QWEN = {
    **LLAMA,
    "model.layers.0.self_attn.q_proj.bias": ("blk.0.attn_q.bias", (HIDDEN,)),
    "model.layers.0.self_attn.k_proj.bias": ("blk.0.attn_k.bias", (HIDDEN // 2,)),
}
GEMMA = {name: value for name, value in LLAMA.items() if "post_attention" not in name} | {
    "model.layers.0.post_attention_layernorm.weight": (
        "blk.0.post_attention_norm.weight",
        (HIDDEN,),
    ),
    "model.layers.0.pre_feedforward_layernorm.weight": ("blk.0.ffn_norm.weight", (HIDDEN,)),
    "model.layers.0.post_feedforward_layernorm.weight": ("blk.0.post_ffw_norm.weight", (HIDDEN,)),
    "model.layers.0.self_attn.q_norm.weight": ("blk.0.attn_q_norm.weight", (HIDDEN // HEADS,)),
}
NEOX = {
    "gpt_neox.embed_in.weight": ("token_embd.weight", (WORDS, HIDDEN)),
    "gpt_neox.layers.0.attention.query_key_value.weight": (
        "blk.0.attn_qkv.weight",
        (3 * HIDDEN, HIDDEN),
    ),
    "gpt_neox.layers.0.attention.query_key_value.bias": ("blk.0.attn_qkv.bias", (3 * HIDDEN,)),
    "gpt_neox.layers.0.attention.dense.weight": ("blk.0.attn_output.weight", (HIDDEN, HIDDEN)),
    "gpt_neox.layers.0.mlp.dense_h_to_4h.weight": ("blk.0.ffn_up.weight", (INNER, HIDDEN)),
}
GPT2 = {
    "transformer.wte.weight": ("token_embd.weight", (WORDS, HIDDEN)),
    "transformer.h.0.attn.c_attn.weight": ("blk.0.attn_qkv.weight", (HIDDEN, 3 * HIDDEN)),
    "transformer.h.0.attn.c_proj.weight": ("blk.0.attn_output.weight", (HIDDEN, HIDDEN)),
    "transformer.h.0.mlp.c_fc.weight": ("blk.0.ffn_up.weight", (HIDDEN, INNER)),
    "transformer.h.0.mlp.c_proj.weight": ("blk.0.ffn_down.weight", (INNER, HIDDEN)),
}


def _write(path: Path, architecture: str, arrays: Arrays) -> None:
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_block_count(1)
    writer.add_embedding_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    for name, array in arrays.items():
        writer.add_tensor(name, array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _converted(
    folder: Path,
    architecture: str,
    names: Mapping[str, tuple[str, tuple[int, ...]]],
    convert: Convert,
) -> tuple[Arrays, tuple[Path, Path]]:
    """Write a model as it was, and as it was converted."""
    arrays: Any = {name: _random(*shape) for name, (_, shape) in names.items()}
    original, converted = folder / "model.safetensors", folder / "model.gguf"
    save_file(arrays, original)
    (folder / "config.json").write_text("{}")
    _write(
        converted,
        architecture,
        {stored: convert(stored, arrays[name]) for name, (stored, _) in names.items()},
    )
    return arrays, (original, converted)


def _largest(left: Path, right: Path) -> dict[str, float]:
    """Return the greatest difference of every pair."""
    request = api.Request((str(left), str(right)), profile=MODELWEIGHTVIS, diff=True)
    (document,), _ = api.documents(request)
    found = {}
    for region in document.regions:
        assert len(region.operands) == 2, region.name
        window = tuple((0, size) for size in region.shape)
        found[region.name] = float(np.abs(api.values(document, region, window)).max())
    return found


CONVERSIONS = pytest.mark.parametrize(
    ("architecture", "names", "convert"),
    [
        ("llama", LLAMA, _llama),
        ("granite", LLAMA, _llama),
        ("qwen2", QWEN, _same),
        ("gemma", LLAMA, _gemma),
        ("gemma3", GEMMA, _gemma),
        ("nemotron", LLAMA, _gemma),
        ("gptneox", NEOX, _neox),
        ("gpt2", GPT2, _gpt2),
    ],
)


@CONVERSIONS
@pytest.mark.parametrize("turned", [False, True], ids=["original-first", "gguf-first"])
def test_a_converted_model_differs_by_nothing(
    tmp_path: Path,
    architecture: str,
    names: Mapping[str, tuple[str, tuple[int, ...]]],
    convert: Convert,
    turned: bool,
) -> None:
    arrays, pair = _converted(tmp_path, architecture, names, convert)
    if turned:
        pair = pair[1], pair[0]
    found = _largest(*pair)
    assert len(found) == len(names)
    assert set(found.values()) == {0.0}, found
    changed = {
        name
        for name, (stored, _) in names.items()
        if convert(stored, arrays[name]).shape != arrays[name].shape
        or (convert(stored, arrays[name]) != arrays[name]).any()
    }
    assert bool(changed) == (convert is not _same), "the conversion does nothing: a weak test"


@CONVERSIONS
def test_both_models_are_seen_in_the_order_of_the_original(
    tmp_path: Path,
    architecture: str,
    names: Mapping[str, tuple[str, tuple[int, ...]]],
    convert: Convert,
) -> None:
    arrays, pair = _converted(tmp_path, architecture, names, convert)
    request = api.Request(tuple(map(str, pair)), profile=MODELWEIGHTVIS, diff=True, live=True)
    decoders = load().decoders
    change, *models = api.plan(request).scenes
    assert [one.renderer for one in models] == ["elements", "elements"]
    for scene in models:
        assert scene.canvas == change.canvas
        assert [(one.name, one.box, one.fold) for one in scene.placements] == [
            (one.name, one.box, one.fold) for one in change.placements
        ]
        for one in scene.placements:
            window = tuple((0, size) for size in one.region.shape)
            parts = read_crops(scene.sources, window_crops(one.region, window, decoders))
            values = window_values(one.region, window, parts, decoders)
            np.testing.assert_allclose(values, arrays[one.name], rtol=0, atol=1e-6)

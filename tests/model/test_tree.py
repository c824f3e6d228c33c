from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from checkpoints import folder, llama
from hypothesis import given
from hypothesis import strategies as st

import modelweightvis
from modelweightvis.tree import MANY, Line, spans, tree


def shown(lines: list[Line]) -> list[str]:
    return [f"{'. ' * line.depth}{line.label} {line.shape}".strip() for line in lines]


def of(path: Path, tensors: dict[str, np.ndarray], *, every_layer: bool = False) -> list[Line]:
    model = modelweightvis.open(folder(path, tensors))
    lines = tree(model, every_layer=every_layer)
    leaves = Counter(one.name for line in lines if not line.heading for one in line.tensors)
    assert leaves == Counter([*model])  # whatever the tree looks like, all are in it, and once
    return lines


def test_equal_layers_are_one(tmp_path: Path) -> None:
    assert shown(of(tmp_path / "m", llama())) == [
        "model.embed_tokens.weight 96 × 32",
        "model.layers.0–2  ×3",
        ". self_attn.q_proj.weight 32 × 32",
        ". self_attn.k_proj.weight 16 × 32",
        ". self_attn.v_proj.weight 16 × 32",
        ". self_attn.o_proj.weight 32 × 32",
        ". mlp.gate_proj.weight 48 × 32",
        ". mlp.up_proj.weight 48 × 32",
        ". mlp.down_proj.weight 32 × 48",
        ". input_layernorm.weight 32",
        ". post_attention_layernorm.weight 32",
        "model.norm.weight 32",
        "lm_head.weight 96 × 32",
    ]


def test_every_layer_is_shown_if_asked(tmp_path: Path) -> None:
    lines = of(tmp_path / "m", llama(), every_layer=True)
    headings = [line.label for line in lines if line.heading]
    assert headings == ["model.layers.0", "model.layers.1", "model.layers.2"]
    assert len(lines) == 3 + 3 * 10


def test_layers_that_differ_in_type_are_one_and_say_so(tmp_path: Path) -> None:
    tensors = llama()
    name = "model.layers.1.mlp.up_proj.weight"
    lines = of(tmp_path / "m", tensors | {name: tensors[name].astype("f2")})
    assert sum(line.heading for line in lines) == 1
    (line,) = (line for line in lines if line.label == "mlp.up_proj.weight")
    assert line.dtype == "F32 ×2, F16 ×1"
    assert line.role == "mlp.up"


def test_layers_of_other_shapes_or_tensors_stand_apart(tmp_path: Path) -> None:
    tensors = llama(layers=6)
    tensors["model.layers.3.mlp.up_proj.weight"] = np.ones((50, 32), "f4")
    tensors["model.layers.5.self_attn.q_proj.bias"] = np.ones(32, "f4")
    headings = [line.label for line in of(tmp_path / "m", tensors) if line.heading]
    assert headings == ["model.layers.0–2, 4  ×4", "model.layers.3", "model.layers.5"]


def test_experts_are_one_line(tmp_path: Path) -> None:
    lines = of(tmp_path / "m", llama(experts=4))
    (line,) = (line for line in lines if "experts" in line.label and "w2" in line.label)
    assert line.label == "block_sparse_moe.experts.0–3.w2.weight"
    assert len(line.tensors) == 12


def test_numbers_that_are_no_layers_stay(tmp_path: Path) -> None:
    """T5 numbers the halves of a block; in layers 0 and 1 these look like layers too."""
    held = {}
    for side in ("encoder", "decoder"):
        for block in (0, 1):
            held[f"{side}.block.{block}.layer.0.SelfAttention.q.weight"] = np.ones((4, 4), "f4")
            held[f"{side}.block.{block}.layer.0.layer_norm.weight"] = np.ones(4, "f4")
            held[f"{side}.block.{block}.layer.1.layer_norm.weight"] = np.ones(4, "f4")
            held[f"{side}.block.{block}.layer.1.DenseReluDense.wo.weight"] = np.ones((4, 8), "f4")
    lines = shown(of(tmp_path / "m", held | {"shared.weight": np.ones((8, 4), "f4")}))
    assert lines[:6] == [
        "shared.weight 8 × 4",
        "encoder",
        ". encoder.block.0–1  ×2",
        ". . layer.0.SelfAttention.q.weight 4 × 4",
        ". . layer.1.DenseReluDense.wo.weight 4 × 8",
        ". . layer.0.layer_norm.weight 4",
    ]
    assert lines[7] == "decoder"


def test_what_has_no_layers_is_put_under_first_words(tmp_path: Path) -> None:
    held = {
        f"stage{stage}.conv{n}.weight": np.ones((2, 2), "f4")
        for stage in (1, 2)
        for n in range(MANY)
    }
    lines = of(tmp_path / "m", held)
    assert [line.label for line in lines if line.heading] == ["stage1", "stage2"]
    inside = [line.label for line in lines if line.label.startswith("stage1.")]
    assert inside == [f"stage1.conv{n}.weight" for n in range(MANY)]


def test_models_of_a_folder_have_headings(tmp_path: Path) -> None:
    for name in ("unet", "vae"):
        folder(tmp_path / name, llama(layers=1))
    lines = tree(modelweightvis.open(tmp_path))
    assert [line.label for line in lines if line.depth == 0] == [
        "unet/model.safetensors",
        "vae/model.safetensors",
    ]


@pytest.mark.parametrize(
    "names",
    [
        ["model.layers.١.mlp.up_proj.weight", "model.layers.0.mlp.up_proj.weight"],
        [f"model.layers.{'9' * 5000}.mlp.up_proj.weight", "model.layers.0.mlp.up_proj.weight"],
        ["model.layers.00.mlp.up_proj.weight", "model.layers.0.mlp.up_proj.weight"],
        ["0", "1", "", "layers.", "layers.0", "model.layers.0.", "blk.3.attn_q.weight"],
    ],
)
def test_odd_names_are_all_there(tmp_path: Path, names: list[str]) -> None:
    of(tmp_path / "m", {name: np.ones((2, 2), "f4") for name in names if name})


@given(st.sets(st.integers(0, 60)))
def test_spans_say_every_number(numbers: set[int]) -> None:
    said: list[int] = []
    for span in spans(sorted(numbers)).split(", ") if numbers else []:
        lo, _, hi = span.partition("–")
        said += range(int(lo), int(hi or lo) + 1)
    assert said == sorted(numbers)

"""LoRA adapters against peft: what they change is what peft merges."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

import modelweightvis
from arbvis_core import api
from arbvis_core.api import FormatError

RANDOM = np.random.default_rng(8)
STEM = "model.layers.0.self_attn"
SHAPES = {"q_proj": (48, 32), "k_proj": (32, 32), "o_proj": (32, 48)}
BASE = {
    **{
        f"{STEM}.{name}.weight": (RANDOM.standard_normal(shape) * 0.02).astype("f4")
        for name, shape in SHAPES.items()
    },
    "model.embed_tokens.weight": (RANDOM.standard_normal((40, 32)) * 0.02).astype("f4"),
    "model.norm.weight": np.ones(32, "f4"),
}
CONFIG: dict[str, Any] = {"peft_type": "LORA", "r": 4, "lora_alpha": 12, "use_rslora": False}


def _factors(module: str, rank: int, shape: tuple[int, int], kind: str = "") -> dict[str, Any]:
    tail = "" if kind else ".weight"
    return {
        f"base_model.model.{module}.lora_{kind}A{tail}": RANDOM.standard_normal(
            (rank, shape[1])
        ).astype("f4"),
        f"base_model.model.{module}.lora_{kind}B{tail}": RANDOM.standard_normal(
            (shape[0], rank)
        ).astype("f4"),
    }


def _write(tmp_path: Path, adapter: dict[str, Any], config: dict[str, Any] | None) -> list[str]:
    (tmp_path / "base").mkdir()
    (tmp_path / "adapter").mkdir()
    save_file(BASE, tmp_path / "base" / "model.safetensors")
    save_file(adapter, tmp_path / "adapter" / "adapter_model.safetensors")
    if config is not None:
        (tmp_path / "adapter" / "adapter_config.json").write_text(json.dumps(config))
    return [str(tmp_path / "base"), str(tmp_path / "adapter")]


def _deltas(paths: list[str]) -> tuple[dict[str, np.ndarray], Any]:
    """Return what every tensor becomes, less what it was."""
    comparison = modelweightvis.diff(*paths)
    (scene,) = comparison.picture().plan.scenes
    document = api.Document("", "", tuple(scene.sources.values()), ())
    found = {}
    for placement in scene.placements:
        left, right = placement.region.operands
        window = tuple((0, size) for size in left.shape)
        values = [api.values(document, one, window).astype(np.float64) for one in (right, left)]
        found[placement.name] = values[0] - values[1]
    return found, comparison.table()


def _base(torch: Any) -> Any:
    """Return a torch module that holds the base."""
    nn = torch.nn

    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            for name, (rows, columns) in SHAPES.items():
                setattr(self, name, nn.Linear(columns, rows, bias=False))

    class Layer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.self_attn = Attention()

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = nn.Module()
            self.model.layers = nn.ModuleList([Layer()])
            self.model.embed_tokens = nn.Embedding(40, 32)

    torch.manual_seed(0)
    model = Model()
    weights = {name: torch.from_numpy(one) for name, one in BASE.items() if "norm" not in name}
    model.load_state_dict(weights)
    return model


@pytest.mark.parametrize("rslora", [False, True])
def test_deltas_are_those_that_peft_merges(tmp_path: Path, rslora: bool) -> None:
    torch = pytest.importorskip("torch")
    peft = pytest.importorskip("peft")
    model = _base(torch)
    config = peft.LoraConfig(
        r=4,
        lora_alpha=12,
        target_modules=["q_proj", "o_proj", "embed_tokens"],
        rank_pattern={"o_proj": 6},
        alpha_pattern={r"layers\.0\.self_attn\.o_proj": 9},
        use_rslora=rslora,
    )
    tuned = peft.get_peft_model(model, config)
    for name, one in tuned.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(one, std=0.1)
    (tmp_path / "base").mkdir()
    save_file(BASE, tmp_path / "base" / "model.safetensors")
    tuned.save_pretrained(str(tmp_path / "adapter"), save_embedding_layers=False)
    merged = tuned.merge_and_unload().state_dict()
    found, table = _deltas([str(tmp_path / "base"), str(tmp_path / "adapter")])
    for name, base in BASE.items():
        expected = merged[name].numpy() - base.astype(np.float64) if name in merged else 0
        np.testing.assert_allclose(found[name], expected + np.zeros(base.shape), atol=2e-7)
    rules = {row["name"]: row["pairing"] for row in table}
    assert rules[f"{STEM}.k_proj.weight"] == "not adapted"
    assert rules[f"{STEM}.q_proj.weight"].startswith("adapted")
    changed = {row["name"] for row in table if row["changed"]}
    assert changed == {f"{STEM}.{one}.weight" for one in ("q_proj", "o_proj")} | {
        "model.embed_tokens.weight"
    }


def test_weights_stored_as_inputs_by_outputs(tmp_path: Path) -> None:
    adapter = _factors(f"{STEM}.q_proj", 4, (32, 48))
    found, _ = _deltas(_write(tmp_path, adapter, {**CONFIG, "fan_in_fan_out": True}))
    a, b = adapter.values()
    np.testing.assert_allclose(found[f"{STEM}.q_proj.weight"], (b @ a).T * 3, atol=2e-6)


def test_tensors_that_an_adapter_replaces_are_compared(tmp_path: Path) -> None:
    adapter = _factors(f"{STEM}.k_proj", 4, (32, 32))
    adapter["base_model.model.model.norm.weight"] = np.full(32, 1.5, "f4")
    found, _ = _deltas(_write(tmp_path, adapter, CONFIG))
    np.testing.assert_allclose(found["model.norm.weight"], 0.5)


@pytest.mark.parametrize(
    ("adapter", "config", "said"),
    [
        ({}, None, "adapter_config.json, which says how to scale it, is not beside it"),
        ({}, {**CONFIG, "use_dora": True}, "is a DoRA adapter"),
        ({}, {**CONFIG, "r": 5}, "factors of rank 4, adapter_config.json says 5"),
        ({}, {**CONFIG, "lora_alpha": "much"}, "no numbers"),
        ({}, {**CONFIG, "rank_pattern": {"(a+)+": 4}}, "is not understood"),
        ({}, {**CONFIG, "rank_pattern": {"[": 4}}, "is no regular expression"),
        (
            {f"base_model.model.{STEM}.o_proj.lora_A.weight": np.zeros((4, 48), "f4")},
            CONFIG,
            "has one of the factors A and B",
        ),
    ],
)
def test_what_is_no_plain_lora(
    tmp_path: Path, adapter: dict[str, Any], config: dict[str, Any] | None, said: str
) -> None:
    whole = {**_factors(f"{STEM}.k_proj", 4, (32, 32)), **adapter}
    with pytest.raises(FormatError, match=said):
        modelweightvis.diff(*_write(tmp_path, whole, config))

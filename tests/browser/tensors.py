"""A small Llama, written by numpy, whose figures numpy knows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arbvis_core import api

LAYERS, WIDTH, HEADS, SHARED, HIDDEN, VOCABULARY = 3, 64, 4, 2, 96, 320

Arrays = dict[str, NDArray[np.float32]]


def arrays() -> Arrays:
    """Weights that differ from layer to layer; a zero row, a NaN and an outlier are among them."""
    chance = np.random.default_rng(17)
    head = WIDTH // HEADS
    shapes = {
        "input_layernorm": (WIDTH,),
        "self_attn.q_proj": (WIDTH, WIDTH),
        "self_attn.k_proj": (SHARED * head, WIDTH),
        "self_attn.v_proj": (SHARED * head, WIDTH),
        "self_attn.o_proj": (WIDTH, WIDTH),
        "post_attention_layernorm": (WIDTH,),
        "mlp.gate_proj": (HIDDEN, WIDTH),
        "mlp.up_proj": (HIDDEN, WIDTH),
        "mlp.down_proj": (WIDTH, HIDDEN),
    }
    found = {"model.embed_tokens.weight": chance.normal(0, 0.05, (VOCABULARY, WIDTH))}
    for layer in range(LAYERS):
        for name, shape in shapes.items():
            values = chance.normal(0.001 * layer, 0.02 * (layer + 1), shape)
            found[f"model.layers.{layer}.{name}.weight"] = values
    found["model.norm.weight"] = chance.normal(1, 0.1, WIDTH)
    found["lm_head.weight"] = chance.normal(0, 0.1, (VOCABULARY, WIDTH))
    found["model.layers.1.self_attn.q_proj.weight"][5] = 0
    found["model.layers.2.mlp.up_proj.weight"][7, 9] = 3.5
    found["model.layers.2.mlp.down_proj.weight"][1, 2] = np.nan
    return {name: values.astype(np.float32) for name, values in found.items()}


def write_model(folder: Path) -> Path:
    """Write the model as a checkpoint with its configuration."""
    from safetensors.numpy import save_file

    folder.mkdir()
    save_file(arrays(), folder / "model.safetensors")
    config = {
        "model_type": "llama",
        "architectures": ["LlamaForCausalLM"],
        "num_hidden_layers": LAYERS,
        "hidden_size": WIDTH,
        "num_attention_heads": HEADS,
        "num_key_value_heads": SHARED,
        "intermediate_size": HIDDEN,
        "vocab_size": VOCABULARY,
    }
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    return folder


def render(model: Path, out: Path) -> Path:
    """Draw a checkpoint, one pixel per element."""
    from modelweightvis.profile import MODELWEIGHTVIS

    api.open(model, profile=MODELWEIGHTVIS).render(out)
    return out


def placements(bundle: Path) -> dict[str, dict[str, Any]]:
    """What the manifest says of each tensor, by name."""
    manifest = json.loads((bundle / "manifest.json").read_text("utf-8"))
    return {one["name"]: one for one in manifest["scenes"][0]["placements"]}


def number(text: str) -> float:
    """A figure as the page writes it."""
    plain = text.replace("\u2212", "-").replace(",", "").strip()
    if plain.endswith("%"):
        return float(plain.removesuffix("%").replace("<", "").replace(">", "")) / 100
    return float(plain)


def expected(values: NDArray[np.float32]) -> dict[str, float]:
    """The figures of a tensor, by numpy, from its finite elements."""
    finite = values[np.isfinite(values)].astype(np.float64)
    spread = finite.std()
    return {
        "count": values.size,
        "non-finite": values.size - finite.size,
        "zeros": float((values == 0).mean()),
        "min": finite.min(),
        "max": finite.max(),
        "mean": finite.mean(),
        "std": spread,
        "rms": np.sqrt((finite**2).mean()),
        "mean abs": abs(finite).mean(),
        "max abs": abs(finite).max(),
        "kurtosis": ((finite - finite.mean()) ** 4).mean() / spread**4,
    }

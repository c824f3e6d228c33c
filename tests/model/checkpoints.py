"""Small checkpoints, written by the libraries of their formats, and sources that count."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

import modelweightvis
from arbvis_core.api import Buffer, Range, Source
from modelweightvis.model import Model, named

CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 96,
    "max_position_embeddings": 128,
}


def llama(*, layers: int = 3, experts: int = 0, seed: int = 0) -> dict[str, NDArray[np.float32]]:
    """Return the tensors of a Llama, or of a Mixtral, by their names."""
    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (96, 32)}
    mlp = {"gate": (48, 32), "up": (48, 32), "down": (32, 48)}
    for layer in range(layers):
        block = f"model.layers.{layer}"
        for name, rows in (("q", 32), ("k", 16), ("v", 16), ("o", 32)):
            shapes[f"{block}.self_attn.{name}_proj.weight"] = (rows, 32)
        for name, shape in {} if experts else mlp.items():
            shapes[f"{block}.mlp.{name}_proj.weight"] = shape
        for expert in range(experts):
            for name, shape in zip(("w1", "w3", "w2"), mlp.values(), strict=True):
                shapes[f"{block}.block_sparse_moe.experts.{expert}.{name}.weight"] = shape
        if experts:
            shapes[f"{block}.block_sparse_moe.gate.weight"] = (experts, 32)
        shapes[f"{block}.input_layernorm.weight"] = (32,)
        shapes[f"{block}.post_attention_layernorm.weight"] = (32,)
    shapes |= {"model.norm.weight": (32,), "lm_head.weight": (96, 32)}
    random = np.random.default_rng(seed)
    return {name: random.normal(0, 0.02, shape).astype("f4") for name, shape in shapes.items()}


def folder(path: Path, tensors: Mapping[str, NDArray[Any]]) -> Path:
    """Write a folder as Hugging Face has it."""
    path.mkdir(exist_ok=True)
    save_file({**tensors}, path / "model.safetensors")
    (path / "config.json").write_text(json.dumps(CONFIG))
    return path


@dataclass
class Counting:
    """A source that keeps what is asked of it."""

    inner: Source
    asked: list[Range] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def read(self, ranges: Sequence[Range]) -> Sequence[Buffer]:
        self.asked += ranges
        return self.inner.read(ranges)

    @property
    def size_asked(self) -> int:
        return sum(stop - start for start, stop in self.asked)


def counted(path: Path) -> tuple[Model, Counting]:
    """Open a model of one file whose reads are counted."""
    model = modelweightvis.open(path)
    (document,) = model.documents
    counting = Counting(document.sources[0])
    document = replace(document, sources=(counting,))
    return Model(model.path, [document], named([document])), counting

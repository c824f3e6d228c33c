"""Checkpoints shaped like a Llama, of values as trained models have them, made from a seed.

Every tensor has a scale of its own, and a few of its input channels are much larger than the rest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path

import gguf
import numpy as np
from kquants import q4_k, q6_k
from numpy.typing import NDArray

#: Share of the input channels that are outliers, and how much larger these are.
OUTLIERS, LARGER = 0.004, 8.0
#: What a finetune adds, as a share of a tensor's scale.
FINETUNED = 0.02
HEAD = 64

#: Tensors of a block in either naming.
NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a Llama.

    Attributes:
        hidden: width of the residual stream.
        inner: width of the MLP.
        vocabulary: how many tokens.
        layers: how many blocks.
    """

    hidden: int
    inner: int
    vocabulary: int
    layers: int

    @property
    def heads(self) -> int:
        """How many heads of queries; of keys there are a quarter."""
        return self.hidden // HEAD

    @property
    def elements(self) -> int:
        """How many weights there are."""
        return sum(prod(size) for size in self.tensors().values())

    def tensors(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of all tensors by their names on the Hub."""
        wide, inner, keys = self.hidden, self.inner, self.hidden // 4
        sizes = [(wide, wide), (keys, wide), (keys, wide), (wide, wide)]
        sizes += [(inner, wide), (inner, wide), (wide, inner)]
        found: dict[str, tuple[int, ...]] = {"model.embed_tokens": (self.vocabulary, wide)}
        for layer in range(self.layers):
            for name, size in zip(NAMES, (*sizes, (wide,), (wide,)), strict=True):
                found[f"model.layers.{layer}.{name}"] = size
        return found | {"model.norm": (wide,), "lm_head": (self.vocabulary, wide)}

    @property
    def config(self) -> str:
        """What stands in `config.json`."""
        facts = {
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            "hidden_size": self.hidden,
            "intermediate_size": self.inner,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "num_key_value_heads": self.heads // 4,
            "vocab_size": self.vocabulary,
        }
        return json.dumps(facts)


def shape_of(size: int) -> Shape:
    """Return a Llama of about so many bytes in BF16, of many tensors."""
    small = size < 256 << 20
    shape = Shape(512, 1536, 8192, 0) if small else Shape(1024, 2816, 32000, 0)
    layer = Shape(shape.hidden, shape.inner, 0, 1).elements
    layers = max(1, round((size // 2 - shape.elements) / layer))
    return Shape(shape.hidden, shape.inner, shape.vocabulary, layers)


def values(shape: Shape, seed: int) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield the tensors by their names on the Hub, the same for the same seed."""
    for number, (name, size) in enumerate(shape.tensors().items()):
        random = np.random.default_rng((seed, number))
        tensor = random.standard_normal(size, np.float32)
        if len(size) == 1:
            yield name, 1 + tensor / 8
            continue
        tensor *= np.float32(random.uniform(0.01, 0.04))
        channels = random.choice(size[1], max(1, round(OUTLIERS * size[1])), replace=False)
        tensor[:, channels] *= np.float32(LARGER)
        yield name, tensor


def write_safetensors(folder: Path, shape: Shape, *, finetuned: bool = False) -> Path:
    """Write the model in BF16, or as a finetune leaves it, and its configuration beside it."""
    folder.mkdir()
    (folder / "config.json").write_text(shape.config, encoding="utf-8")
    path = folder / "model.safetensors"
    with path.open("wb") as file:
        file.write(_header(shape))
        changes = values(shape, 1)
        for _, tensor in values(shape, 0):
            if finetuned:
                np.add(tensor, np.float32(FINETUNED) * next(changes)[1], out=tensor)
            file.write(_bfloat16(tensor).data)
    return path


def _bfloat16(tensor: NDArray[np.float32]) -> NDArray[np.uint16]:
    bits = tensor.view(np.uint32)
    bits += 0x7FFF + ((bits >> 16) & 1)
    return (bits >> 16).astype("<u2")


def write_sparse(folder: Path, shape: Shape) -> Path:
    """Write a model of zeros that takes no room on disk."""
    folder.mkdir()
    (folder / "config.json").write_text(shape.config, encoding="utf-8")
    path = folder / "model.safetensors"
    with path.open("wb") as file:
        header = _header(shape)
        file.write(header)
        file.truncate(len(header) + 2 * shape.elements)
    return path


def _header(shape: Shape) -> bytes:
    facts, start = {}, 0
    for name, size in shape.tensors().items():
        stop = start + 2 * prod(size)
        fact = {"dtype": "BF16", "shape": size, "data_offsets": (start, stop)}
        facts[f"{name}.weight"], start = fact, stop
    text = json.dumps(facts).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def write_q4_k_m(path: Path, shape: Shape) -> Path:
    """Write the model as llama.cpp's Q4_K_M has it: a part of the tensors is Q6_K, norms are F32."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(shape.layers)
    writer.add_embedding_length(shape.hidden)
    writer.add_feed_forward_length(shape.inner)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.heads // 4)
    for name, tensor in values(shape, 0):
        if tensor.ndim == 1:
            writer.add_tensor(_gguf_name(name), tensor)
        elif _is_fine(name, shape.layers):
            writer.add_tensor(
                _gguf_name(name), q6_k(tensor), raw_dtype=gguf.GGMLQuantizationType.Q6_K
            )
        else:
            writer.add_tensor(
                _gguf_name(name), q4_k(tensor), raw_dtype=gguf.GGMLQuantizationType.Q4_K
            )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _gguf_name(name: str) -> str:
    outer = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
    if name in outer:
        return f"{outer[name]}.weight"
    _, _, layer, inner = name.split(".", 3)
    return f"blk.{layer}.{NAMES[inner]}.weight"


def _is_fine(name: str, layers: int) -> bool:
    """Tell whether a tensor gets more bits: the head, and in some blocks values and down."""
    if name == "lm_head":
        return True
    if not name.endswith(("v_proj", "down_proj")):
        return False
    layer, eighth = int(name.split(".")[2]), layers // 8
    return layer < eighth or layer >= 7 * eighth or (layer - eighth) % 3 == 2

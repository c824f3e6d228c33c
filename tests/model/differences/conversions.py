"""Random models, llama.cpp's own conversion of them, and both of them executed.

What is needed: torch and transformers, which make and run the originals; the source of llama.cpp,
whose `convert_hf_to_gguf.py` makes the GGUF files; `llama_cpp` (llama-cpp-python), which runs and
quantises them. Nothing of the project is used here: this is what it is tested against.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]
#: A tokenizer that every converter takes, for the converter asks for one.
TOKENIZER = Path(__file__).parents[3] / "examples" / "models" / "llama-code"
WORDS = 768
TOKENS = [1, 300, 411, 522, 90, 700, 33, 450, 600, 12, 345, 678]
_SHAPE = {
    "hidden_size": 256, "intermediate_size": 512, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 64, "vocab_size": WORDS, "max_position_embeddings": 256,
    "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0,
}  # fmt: skip
HEADS, KV_HEADS = _SHAPE["num_attention_heads"], _SHAPE["num_key_value_heads"]


class Family(NamedTuple):
    """A shape of model.

    Attributes:
        model: what transformers calls it.
        settings: its config beyond what all share.
        rotary: llama.cpp stores the two halves of each rotary pair side by side.
        shift: what llama.cpp adds to the weights of norms.
        norm: what llama.cpp calls the norm after attention.
    """

    model: str
    settings: Mapping[str, Any]
    rotary: bool = False
    shift: float = 0.0
    norm: str = "ffn_norm"


FAMILIES = {
    "llama": Family("llama", {}, rotary=True),
    "qwen2": Family("qwen2", {}),
    "qwen3": Family("qwen3", {}),
    "gemma": Family("gemma", {}, shift=1.0),
    "gemma3": Family(
        "gemma3_text",
        {"sliding_window": 64, "query_pre_attn_scalar": 64},
        shift=1.0,
        norm="post_attention_norm",
    ),
    "mixtral": Family("mixtral", {"num_local_experts": 4, "num_experts_per_tok": 2}, rotary=True),
}


def make(family: str, dtype: str, folder: Path) -> Any:
    """Write a random model as transformers does, and return it as float32.

    Args:
        family: of `FAMILIES`.
        dtype: what it is stored as: `float32`, `float16` or `bfloat16`.
        folder: where the checkpoint and a tokenizer are put.
    """
    import torch
    import transformers

    chosen = FAMILIES[family]
    config = transformers.CONFIG_MAPPING[chosen.model](**{**_SHAPE, **chosen.settings})
    torch.manual_seed(1)
    model = transformers.AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            middle = 1 - chosen.shift if name.endswith("norm.weight") else 0
            parameter.normal_(middle, 0.2 if parameter.dim() == 1 else 0.06)
    model = model.to(getattr(torch, dtype))
    model.save_pretrained(folder)
    for path in TOKENIZER.glob("tokenizer*"):
        shutil.copy(path, folder)
    return model.float().eval()


def logits_of(model: Any) -> Values:
    """Return what transformers computes: (tokens, words)."""
    import torch

    with torch.no_grad():
        return np.asarray(model(torch.tensor([TOKENS])).logits[0].numpy())


def convert(source: Path, folder: Path, out: Path, outtype: str) -> None:
    """Run llama.cpp's converter: `source` is its repository, `folder` the checkpoint."""
    command = [sys.executable, str(source / "convert_hf_to_gguf.py"), str(folder)]
    command += ["--outfile", str(out), "--outtype", outtype]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode or not out.exists():
        raise RuntimeError(done.stderr[-2000:])


def run(path: Path) -> Values:
    """Return what llama.cpp computes, attention in float32: (tokens, words)."""
    import llama_cpp.llama_cpp as api

    _quiet()
    model = api.llama_model_load_from_file(os.fsencode(path), api.llama_model_default_params())
    settings = api.llama_context_default_params()
    settings.n_ctx = settings.n_batch = settings.n_ubatch = 64
    settings.n_threads = settings.n_threads_batch = 1
    settings.type_k = settings.type_v = 0  # float32
    settings.flash_attn_type = 0  # none
    context = api.llama_init_from_model(model, settings)
    batch = api.llama_batch_init(len(TOKENS), 0, 1)
    batch.n_tokens = len(TOKENS)
    for index, token in enumerate(TOKENS):
        batch.token[index], batch.pos[index] = token, index
        batch.n_seq_id[index], batch.seq_id[index][0] = 1, 0
        batch.logits[index] = 1
    if api.llama_decode(context, batch):
        raise RuntimeError(f"llama.cpp did not run {path}")
    found = np.ctypeslib.as_array(api.llama_get_logits(context), (len(TOKENS), WORDS)).copy()
    api.llama_batch_free(batch)
    api.llama_free(context)
    api.llama_model_free(model)
    return found


def quantise(path: Path, out: Path, kind: str) -> None:
    """Let llama.cpp quantise a GGUF file; `kind` is the end of the name of a file type: `Q4_K_M`.

    Every column is as important as the others, which is what types of two bits have to be told.
    """
    import llama_cpp.llama_cpp as api

    _quiet()
    settings = api.llama_model_quantize_default_params()
    settings.ftype = getattr(api, f"LLAMA_FTYPE_MOSTLY_{kind}")
    settings.nthread = 1
    settings.allow_requantize = True
    names = dict(_columns(path))
    flat = (ctypes.c_float * max(names.values()))(*([1.0] * max(names.values())))
    rows = (api.llama_model_imatrix_data * (len(names) + 1))()
    for row, (name, count) in zip(rows, names.items(), strict=False):
        row.name, row.data, row.size = name.encode(), flat, count
    settings.imatrix = rows
    if api.llama_model_quantize(os.fsencode(path), os.fsencode(out), settings):
        raise RuntimeError(f"llama.cpp did not quantise {path} to {kind}")


def _columns(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the matrices of a GGUF file with how many columns they have, banks once per expert."""
    import gguf

    for tensor in gguf.GGUFReader(path).tensors:
        if len(tensor.shape) > 1:
            yield tensor.name, int(tensor.shape[0]) * int(np.prod(tensor.shape[2:]))


def _quiet() -> None:
    import llama_cpp

    llama_cpp.llama_log_set(_SILENT, ctypes.c_void_p())


def _silent() -> Any:
    try:
        import llama_cpp
    except ImportError:
        return None
    return llama_cpp.llama_log_callback(lambda *_: None)


_SILENT = _silent()


def originals(folder: Path) -> dict[str, Values]:
    """Return every tensor of a checkpoint, as float32."""
    import torch
    from safetensors import safe_open

    with safe_open(folder / "model.safetensors", "pt") as file:
        return {name: file.get_tensor(name).to(torch.float32).numpy() for name in file.keys()}  # noqa: SIM118


def dequantised(path: Path) -> dict[str, tuple[str, Values]]:
    """Return type and values of every tensor of a GGUF file, as the gguf package decodes them."""
    import gguf

    return {
        one.name: (
            one.tensor_type.name,
            gguf.quants.dequantize(one.data, one.tensor_type)
            .astype(np.float32)
            .reshape([int(size) for size in reversed(one.shape)]),
        )
        for one in gguf.GGUFReader(path).tensors
    }


def as_original(family: str, name: str, stored: Mapping[str, tuple[str, Values]]) -> Values:
    """Return what a GGUF file holds for a tensor of the original, its rows in the same order.

    Written down by hand from what the converter does, with numpy alone.
    """
    for ours, theirs in (*NAMES.items(), ("post_attention_layernorm", FAMILIES[family].norm)):
        name = name.replace(ours, theirs)
    words = name.removeprefix("blk.").split(".")
    if "experts" in name:
        layer, expert, word = words[0], int(words[-3]), words[-2]
        bank = {"w1": "ffn_gate_exps", "w2": "ffn_down_exps", "w3": "ffn_up_exps"}[word]
        values: Values = stored[f"blk.{layer}.{bank}.weight"][1][expert]
        return values
    values = stored[name][1]
    for word, heads in (("attn_q.", HEADS), ("attn_k.", KV_HEADS)):
        if FAMILIES[family].rotary and word in name:
            pairs = values.reshape(heads, values.shape[0] // heads // 2, 2, -1)
            return np.ascontiguousarray(pairs.swapaxes(1, 2)).reshape(values.shape)
    return values


#: Parts of names of Hugging Face and what GGUF has in their place, in the order of replacing.
NAMES = {
    "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
    "model.layers.": "blk.", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm", "pre_feedforward_layernorm": "ffn_norm",
    "post_feedforward_layernorm": "post_ffw_norm", "block_sparse_moe.gate": "ffn_gate_inp",
}  # fmt: skip


def figures(
    family: str, wanted: Mapping[str, Values], stored: Mapping[str, tuple[str, Values]]
) -> dict[str, dict[str, float | None]]:
    """Return by how much a GGUF file differs from its original, in float64, by tensor."""
    found = {}
    for name, original in wanted.items():
        # What was added is added to the other side: to take it off again would not give it back.
        shift = FAMILIES[family].shift if name.endswith("norm.weight") else 0
        a = (original + np.float32(shift)).astype(np.float64)
        delta = as_original(family, name, stored).astype(np.float64) - a
        b = a + delta
        noise, signal = float((delta * delta).sum()), float((a * a).sum())
        found[name] = {
            "relative_frobenius": (noise / signal) ** 0.5,
            "sqnr_db": 10 * np.log10(signal / noise) if noise else None,
            "cosine": float((a * b).sum()) / (signal * float((b * b).sum())) ** 0.5,
            "max_abs": float(np.abs(delta).max()),
            "changed": float((delta != 0).mean()),
            "mean": float(delta.mean()),
            "std": float(delta.std()),
        }
    return found


def spoil(path: Path, out: Path, name: str) -> None:
    """Copy a GGUF file with the halves of a matrix's rotary pairs apart, as its original has them."""
    import gguf

    data = bytearray(path.read_bytes())
    (tensor,) = (one for one in gguf.GGUFReader(path).tensors if one.name == name)
    values = np.array(tensor.data, np.float32)
    heads = HEADS if "attn_q" in name else KV_HEADS
    apart = values.reshape(heads, values.shape[0] // heads // 2, 2, -1).swapaxes(1, 2)
    start = int(tensor.data_offset)
    data[start : start + values.nbytes] = np.ascontiguousarray(apart).tobytes()
    out.write_bytes(data)

"""The figures of quantisations, against numpy and the gguf package's own decoding."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gguf
import ml_dtypes  # noqa: F401  numpy knows bfloat16 by it
import numpy as np
import pytest
import safetensors
from numpy.typing import NDArray
from safetensors.numpy import save_file

from arbvis_core.cli.app import start
from modelweightvis.profile import MODELWEIGHTVIS

MODELS = Path(__file__).parents[3] / "examples" / "models"
BASE = MODELS / "llama-code"
ROWS, COLUMNS = 8, 1024

Values = NDArray[np.float64]


def decodable() -> list[gguf.GGMLQuantizationType]:
    """Return the types with blocks that the gguf package decodes."""
    found = []
    for kind, (elements, size) in gguf.GGML_QUANT_SIZES.items():
        try:
            gguf.quants.dequantize(np.zeros((1, size), np.uint8), kind)
        except NotImplementedError:
            continue
        found += [kind] if elements > 1 else []
    return found


KINDS = decodable()


def figures(a: Values, b: Values) -> dict[str, float]:
    """Return by how much b differs from a."""
    delta = b - a
    noise, signal = float((delta * delta).sum()), float((a * a).sum())
    return {
        "relative_frobenius": (noise / signal) ** 0.5,
        "sqnr_db": 10 * float(np.log10(signal / noise)),
        "cosine": float((a * b).sum()) / (signal * float((b * b).sum())) ** 0.5,
        "max_abs": float(np.abs(delta).max()),
        "changed": float((delta != 0).mean()),
        "mean": float(delta.mean()),
        "std": float(delta.std()),
    }


def measured(folder: Path, left: Path, right: Path) -> dict[str, dict[str, Any]]:
    """Return the rows of a report, by name."""
    out = folder / "report.json"
    assert start(MODELWEIGHTVIS, ["--diff", str(left), str(right), "-q", "--report", str(out)]) == 0
    return {row["name"]: row for row in json.loads(out.read_text(encoding="utf-8"))["tensors"]}


def check(row: dict[str, Any], a: Values, b: Values) -> None:
    for column, value in figures(a, b).items():
        assert row[column] == pytest.approx(value, rel=1e-6, abs=1e-12), (row["name"], column)


def stored(path: Path) -> dict[str, tuple[str, Values]]:
    """Return type and values of every tensor of a GGUF file, shaped as numpy has them."""
    return {
        one.name: (
            one.tensor_type.name,
            gguf.quants.dequantize(one.data, one.tensor_type)
            .astype(np.float64)
            .reshape([int(size) for size in reversed(one.shape)]),
        )
        for one in gguf.GGUFReader(path).tensors
    }


#: What llama.cpp calls the tensors of the example.
NAMES = {
    "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
    "model.layers.": "blk.", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}  # fmt: skip


def as_original(name: str, values: Values, config: dict[str, int]) -> Values:
    """Take rotary pairs apart again, of which llama.cpp stores the halves side by side."""
    for word, heads in (("q_proj", "num_attention_heads"), ("k_proj", "num_key_value_heads")):
        if word in name:
            pairs = values.reshape(config[heads], -1, 2, values.shape[1])
            return pairs.swapaxes(1, 2).reshape(values.shape)
    return values


@pytest.mark.skipif(not MODELS.is_dir(), reason="a source distribution leaves the models out")
@pytest.mark.parametrize("kind", ["Q8_0", "Q4_K_M", "IQ4_XS"])
def test_quantisations_that_llama_cpp_made(tmp_path: Path, kind: str) -> None:
    path = MODELS / "llama-code-gguf" / f"llama-code-{kind}.gguf"
    rows, quantised = measured(tmp_path, BASE, path), stored(path)
    config = json.loads((BASE / "config.json").read_text(encoding="utf-8"))
    with safetensors.safe_open(BASE / "model.safetensors", "numpy") as file:
        originals = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    assert rows.keys() == originals.keys()
    seen = set()
    for name, original in originals.items():
        theirs = name
        for ours, word in NAMES.items():
            theirs = theirs.replace(ours, word)
        type_, values = quantised[theirs]
        if type_ == "F32":
            assert (rows[name]["max_abs"], rows[name]["changed"]) == (0, 0)
        else:
            check(rows[name], original.astype(np.float64), as_original(name, values, config))
            seen.add(type_)
    assert (
        seen >= {"Q8_0": {"Q8_0"}, "Q4_K_M": {"Q4_K", "Q6_K"}, "IQ4_XS": {"IQ4_XS", "Q6_K"}}[kind]
    )


def blocks(kind: gguf.GGMLQuantizationType) -> NDArray[np.uint8]:
    """Return random blocks that mean numbers of an ordinary size, (ROWS, bytes of a row)."""
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    wanted = ROWS * COLUMNS // elements
    random = np.random.default_rng(int(kind))
    found: list[NDArray[np.uint8]] = []
    while sum(map(len, found)) < wanted:
        noise = random.integers(0, 256, (4 * wanted, size), dtype=np.uint8)
        with np.errstate(all="ignore"):
            values = gguf.quants.dequantize(noise, kind).reshape(len(noise), -1)
            peak = np.abs(values).max(axis=1)
        found.append(noise[np.isfinite(values).all(axis=1) & (peak > 1e-3) & (peak < 100)])
    return np.concatenate(found)[:wanted].reshape(ROWS, -1)


@pytest.fixture(scope="module")
def every_type(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a model and a GGUF file with random blocks of every type, a layer of each."""
    folder = tmp_path_factory.mktemp("types")
    random = np.random.default_rng(37)
    names = {f"model.layers.{layer}.mlp.up_proj.weight": kind for layer, kind in enumerate(KINDS)}
    (folder / "original").mkdir()
    originals = {name: random.standard_normal((ROWS, COLUMNS)).astype("f4") for name in names}
    save_file(originals, folder / "original" / "model.safetensors")
    writer = gguf.GGUFWriter(folder / "model.gguf", "qwen2")
    for layer, kind in enumerate(KINDS):
        writer.add_tensor(f"blk.{layer}.ffn_up.weight", blocks(kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return folder / "original", folder / "model.gguf"


def test_random_blocks_of_every_type(every_type: tuple[Path, Path], tmp_path: Path) -> None:
    left, right = every_type
    rows, quantised = measured(tmp_path, left, right), stored(right)
    with safetensors.safe_open(left / "model.safetensors", "numpy") as file:
        for layer, kind in enumerate(KINDS):
            name = f"model.layers.{layer}.mlp.up_proj.weight"
            type_, values = quantised[f"blk.{layer}.ffn_up.weight"]
            assert type_ == rows[name]["other_dtype"].upper() == kind.name
            check(rows[name], file.get_tensor(name).astype(np.float64), values)
    assert {kind.name for kind in KINDS} >= {"Q2_K", "Q3_K", "IQ2_XXS", "IQ2_S", "IQ1_M", "TQ2_0"}

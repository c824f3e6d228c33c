"""GGUF names and Hugging Face names of one tensor have one canonical name.

The pairs come from the `gguf` package, which llama.cpp's own converter names tensors with.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modelweightvis.names import parse_names

gguf = pytest.importorskip("gguf", reason="the pairs of names come from the gguf package")

DATA = Path(__file__).parents[2] / "data" / "names"
#: The architectures under the names that llama.cpp has for them.
FAMILIES = {
    "llama": "LLAMA", "mistral": "LLAMA", "qwen2": "QWEN2", "qwen3": "QWEN3", "gemma": "GEMMA",
    "gemma2": "GEMMA2", "phi": "PHI2", "phi3": "PHI3", "olmo2": "OLMO2", "glm4": "GLM4",
    "stablelm": "STABLELM", "falcon": "FALCON", "gpt2": "GPT2", "gpt_neox": "GPTNEOX",
    "bloom": "BLOOM", "mpt": "MPT", "mixtral": "LLAMA", "phimoe": "PHIMOE",
    "qwen2_moe": "QWEN2MOE", "qwen3_moe": "QWEN3MOE", "olmoe": "OLMOE",
    "deepseek_v3": "DEEPSEEK2", "gpt_oss": "GPT_OSS", "llama4_text": "LLAMA4",
    "granitemoe": "GRANITE_MOE", "mamba": "MAMBA", "mamba2": "MAMBA2", "jamba": "JAMBA",
    "qwen3_next": "QWEN3NEXT", "bert": "BERT", "roberta": "BERT", "distilbert": "BERT",
    "modernbert": "MODERN_BERT", "t5": "T5", "starcoder2": "STARCODER2", "exaone4": "EXAONE4",
    "cohere2": "COHERE2", "nemotron": "NEMOTRON", "seed_oss": "SEED_OSS",
    "ernie4_5_moe": "ERNIE4_5_MOE", "hunyuan_v1_moe": "HUNYUAN_MOE", "lfm2": "LFM2",
    "falcon_h1": "FALCON_H1",
}  # fmt: skip
#: What the converter takes off the front of a name before it looks it up.
PREFIXES = ("", "bert.", "roberta.", "distilbert.", "transformer.", "model.")


def stored_names(architecture: str) -> Iterator[str]:
    """Yield the names of an architecture, experts fused into banks as the converter does."""
    for template, *_, layers, _ in json.loads((DATA / f"{architecture}.json").read_text()):
        for layer in layers or [0]:
            yield template.replace("experts.{E}.", "experts.").replace("{L}", str(layer))


def converted(architecture: str, family: Any) -> dict[str, str]:
    """Return the GGUF name of each tensor that the library can name."""
    table = gguf.get_tensor_name_map(family, 8)
    pairs = {}
    for name in stored_names(architecture):
        spelt = name.replace("e_score_correction_bias", "e_score_correction.bias")
        spelt = re.sub(r"\.dt_bias$", ".dt_proj.bias", spelt)
        for prefix in PREFIXES:
            if spelt.startswith(prefix) and name not in pairs:
                found = table.get_name(spelt[len(prefix) :], try_suffixes=(".weight", ".bias"))
                pairs |= {name: found} if found else {}
    return pairs


@pytest.mark.parametrize("architecture", sorted(FAMILIES))
def test_one_tensor_has_one_canonical_name(architecture: str) -> None:
    family = getattr(gguf.MODEL_ARCH, FAMILIES[architecture])
    pairs = converted(architecture, family)
    assert len(pairs) >= 20
    metadata = {"general.architecture": gguf.MODEL_ARCH_NAMES[family]}
    ours, theirs = parse_names(list(pairs)), parse_names(list(pairs.values()), metadata)
    for hf, gg in zip(ours, theirs, strict=True):
        assert (gg.canonical, gg.order, gg.place) == (hf.canonical, hf.order, hf.place), gg.source
        assert gg.block_kind == hf.block_kind


def test_every_tensor_that_llama_cpp_knows_in_a_block_has_a_role() -> None:
    names = [
        template.format(bid=3) + ".weight"
        for template in gguf.TENSOR_NAMES.values()
        if template.startswith(("blk.", "enc.blk.", "dec.blk."))
    ]
    unknown = [name.source for name in parse_names(names) if name.group == "other"]
    assert unknown == []

"""Model configurations: every spelling, and nothing that can go wrong does."""

from __future__ import annotations

import json
import runpy
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelweightvis.config import ModelConfig, parse_config, read_config

LLAMA_8B = {  # as published beside the weights
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 4096,
    "intermediate_size": 14336, "num_attention_heads": 32, "num_key_value_heads": 8,
    "num_hidden_layers": 32, "rms_norm_eps": 1e-05, "rope_theta": 500000.0,
    "tie_word_embeddings": False, "vocab_size": 128256, "max_position_embeddings": 131072,
}  # fmt: skip
LLAMA_8B_GGUF = {
    "general.architecture": "llama", "general.name": "Llama 3.1 8B", "llama.block_count": 32,
    "llama.embedding_length": 4096, "llama.feed_forward_length": 14336,
    "llama.attention.head_count": 32, "llama.attention.head_count_kv": 8,
    "llama.attention.layer_norm_rms_epsilon": 1e-05, "llama.rope.freq_base": 500000.0,
    "llama.context_length": 131072, "llama.vocab_size": 128256,
}  # fmt: skip
GPT2 = {
    "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "n_embd": 768, "n_head": 12,
    "n_layer": 12, "n_positions": 1024, "vocab_size": 50257, "layer_norm_epsilon": 1e-05,
}  # fmt: skip
DEEPSEEK = {
    "model_type": "deepseek_v3", "hidden_size": 7168, "num_hidden_layers": 61,
    "num_attention_heads": 128, "num_key_value_heads": 128, "q_lora_rank": 1536,
    "kv_lora_rank": 512, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128,
    "n_routed_experts": 256, "n_shared_experts": 1, "num_experts_per_tok": 8,
    "moe_intermediate_size": 2048, "first_k_dense_replace": 3, "intermediate_size": 18432,
}  # fmt: skip


def test_a_published_config_is_read() -> None:
    config = read_config(LLAMA_8B)
    assert config.architecture == "LlamaForCausalLM"
    assert (config.hidden_size, config.layers, config.intermediate_size) == (4096, 32, 14336)
    assert (config.heads, config.kv_heads, config.head_dim) == (32, 8, 128)
    assert (config.rope_theta, config.norm_eps, config.tied) == (500000.0, 1e-05, False)
    assert config.warnings == ()


def test_gguf_metadata_say_the_same_as_the_config() -> None:
    ours, theirs = read_config(LLAMA_8B), read_config(LLAMA_8B_GGUF)
    told = {f.name for f in fields(ModelConfig)} - {"architecture", "tied"}
    assert {name: getattr(ours, name) for name in told} == {
        name: getattr(theirs, name) for name in told
    }


def test_older_spellings_are_read() -> None:
    config = read_config(GPT2)
    assert (config.hidden_size, config.layers, config.heads, config.head_dim) == (768, 12, 12, 64)
    assert (config.max_positions, config.norm_eps) == (1024, 1e-05)


def test_latent_attention_has_heads_of_two_sizes() -> None:
    config = read_config(DEEPSEEK)
    assert (config.q_head_dim, config.v_head_dim) == (192, 128)
    assert (config.experts, config.shared_experts, config.experts_per_token) == (256, 1, 8)
    assert (config.moe_intermediate_size, config.first_dense_layers) == (2048, 3)


def test_one_head_of_keys_for_all_queries() -> None:
    config = read_config({"hidden_size": 4544, "num_attention_heads": 71, "multi_query": True})
    assert (config.kv_heads, config.head_dim) == (1, 64)


def test_nested_configs_are_those_of_the_stacks() -> None:
    config = read_config(
        {
            "model_type": "some_vlm",
            "text_config": {"hidden_size": 2048, "num_hidden_layers": 24},
            "vision_config": {"hidden_size": 1152, "depth": 27, "num_heads": 16},
        }
    )
    assert (config.hidden_size, config.layers) == (2048, 24)
    assert (config.of("vision").layers, config.of("vision").head_dim) == (27, 72)
    assert config.of("text").layers == 24
    assert config.of("vision.global").layers == 27
    assert config.of("projector") is config


def test_encoder_and_decoder_have_a_config_each() -> None:
    config = read_config(
        {"d_model": 384, "encoder_layers": 4, "decoder_layers": 6, "encoder_attention_heads": 6,
         "decoder_attention_heads": 8, "is_encoder_decoder": True}
    )  # fmt: skip
    assert (config.of("encoder").layers, config.of("encoder").head_dim) == (4, 64)
    assert (config.of("decoder").layers, config.of("decoder").head_dim) == (6, 48)


def test_gguf_towers_and_lists_for_each_layer() -> None:
    config = read_config(
        {"general.architecture": "clip", "clip.vision.block_count": 27,
         "clip.vision.embedding_length": 1152, "clip.vision.attention.head_count": 16}
    )  # fmt: skip
    assert config.of("vision").layers == 27
    per_layer = read_config(
        {"general.architecture": "x", "x.attention.head_count": [0, 24, 24],
         "tokenizer.ggml.tokens": ["a", "b"]}
    )  # fmt: skip
    assert (per_layer.heads, per_layer.vocab_size) == (24, 2)


@pytest.mark.parametrize("bad", ["many", [], {}, -1, 1.5, True, 2**41, float("nan"), 10**4000])
def test_a_wrong_value_costs_its_own_fact_alone(bad: object) -> None:
    config = read_config(LLAMA_8B | {"num_hidden_layers": bad})
    assert config.layers is None
    assert (config.hidden_size, config.heads) == (4096, 32)
    assert len(config.warnings) == 1
    assert "num_hidden_layers" in config.warnings[0]


def test_null_says_nothing_and_is_no_mistake() -> None:
    config = read_config(LLAMA_8B | {"rope_theta": None, "head_dim": None})
    assert (config.rope_theta, config.head_dim, config.warnings) == (None, 128, ())


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{", b"[1, 2]", b"null", b"\xff\xfe", b'"text"', b"[" * 100_000,
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000, b"NaN",
    ],
)  # fmt: skip
def test_what_is_no_config_is_told_and_never_raised(data: bytes) -> None:
    config = parse_config(data, "x/config.json")
    assert config.layers is None
    assert len(config.warnings) == 1
    assert config.warnings[0].startswith("x/config.json")


def test_a_number_of_many_digits_costs_itself_alone() -> None:
    data = b'{"hidden_size": 64, "num_hidden_layers": ' + b"9" * 100_000 + b"}"
    config = parse_config(data)
    assert (config.hidden_size, config.layers) == (64, None)
    assert len(config.warnings) == 1


def test_configs_nested_without_end_stop() -> None:
    nested: dict[str, object] = {"hidden_size": 8}
    for _ in range(500):
        nested = {"text_config": nested, "vision_config": nested}
    assert any("nested too deeply" in warning for warning in read_config(nested).warnings)


KEYS = st.sampled_from(
    ["architectures", "model_type", "hidden_size", "num_hidden_layers", "num_attention_heads",
     "text_config", "vision_config", "thinker_config", "decoder_layers", "rope_parameters",
     "attn_config", "general.architecture", "llama.block_count", "tokenizer.ggml.tokens", "visual"]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(JSON)
def test_anything_json_can_say_is_survived(value: object) -> None:
    config = parse_config(json.dumps(value).encode())
    assert isinstance(config, ModelConfig)
    for name in ("hidden_size", "layers", "heads", "kv_heads", "head_dim"):
        size = getattr(config, name)
        assert size is None or (type(size) is int and 0 <= size <= 2**40)


def test_what_transformers_saves_is_what_it_means() -> None:
    reason = "the comparison runs where torch and transformers are"
    pytest.importorskip("torch", reason=reason)
    transformers = pytest.importorskip("transformers", reason=reason)
    models = runpy.run_path(str(Path(__file__).parent / "names" / "architectures.py"))
    for architecture, (_, chosen) in models["ARCHITECTURES"].items():
        config = transformers.CONFIG_MAPPING[architecture](**chosen)
        ours = parse_config(config.to_json_string(use_diff=False).encode())
        meant = config.get_text_config()
        assert ours.warnings == (), architecture
        for name, attribute in (
            ("hidden_size", "hidden_size"), ("layers", "num_hidden_layers"),
            ("heads", "num_attention_heads"), ("vocab_size", "vocab_size"),
            ("experts", "num_experts"), ("experts_per_token", "num_experts_per_tok"),
        ):  # fmt: skip
            if isinstance(wanted := getattr(meant, attribute, None), int):
                assert getattr(ours, name) == wanted, (architecture, name)

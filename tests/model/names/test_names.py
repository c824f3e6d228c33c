"""Names beyond those of plain models: adapted, packed, partial, foreign and hostile ones."""

from __future__ import annotations

import subprocess
import sys
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelweightvis.names import Name, parse_names


def one(name: str, *others: str) -> Name:
    """Return what a name means beside others."""
    return parse_names([name, *others])[0]


Q = "model.layers.3.self_attn.q_proj"


@pytest.mark.parametrize(
    ("name", "kind", "part"),
    [
        (f"{Q}.weight", "weight", ""),
        (f"{Q}.bias", "bias", ""),
        (f"{Q}.qweight", "weight", "codes"),
        (f"{Q}.scales", "weight", "scales"),
        (f"{Q}.qzeros", "weight", "zeros"),
        (f"{Q}.g_idx", "weight", "index"),
        (f"{Q}.biases", "weight", "zeros"),
        (f"{Q}.weight_scale_inv", "weight", "scales"),
        (f"{Q}.weight_packed", "weight", "codes"),
        (f"{Q}.weight_scale", "weight", "scales"),
        (f"{Q}.SCB", "weight", "scales"),
        (f"{Q}.weight.absmax", "weight", "scales"),
        (f"{Q}.weight.quant_map", "weight", "code"),
        (f"{Q}.weight.nested_absmax", "weight", "nested_scales"),
        (f"{Q}.weight.quant_state.bitsandbytes__nf4", "weight", "state"),
        (f"base_model.model.{Q}.lora_A.weight", "weight", "lora_a"),
        (f"base_model.model.{Q}.lora_B.default.weight", "weight", "lora_b"),
        (f"base_model.model.{Q}.lora_magnitude_vector", "weight", "lora_magnitude"),
        (f"base_model.model.{Q}.base_layer.weight", "weight", ""),
        (f"module.{Q}.weight", "weight", ""),
        (f"_orig_mod.{Q}.weight", "weight", ""),
        ("model._orig_mod.layers.3._fsdp_wrapped_module.self_attn.q_proj.weight", "weight", ""),
        ("blk.3.attn_q.weight", "weight", ""),
        ("blk.3.attn_q.weight.lora_a", "weight", "lora_a"),
        ("layers.3.attention.wq.weight", "weight", ""),
    ],
)
def test_what_hangs_on_a_name_is_told_apart(name: str, kind: str, part: str) -> None:
    found = one(name)
    assert (found.stack, found.layer, found.role) == ("text", 3, "attention.q")
    assert (found.kind, found.part) == (kind, part)
    tail = f":{part}" if part else ""
    assert found.canonical == f"text.3.attention.q.{kind}{tail}"


def test_packed_banks_of_gpt_oss() -> None:
    path = "model.layers.0.mlp.experts.gate_up_proj"
    names = parse_names([f"{path}_blocks", f"{path}_scales", f"{path}_bias"])
    assert {name.role for name in names} == {"experts.gate_up"}
    assert [(name.kind, name.part) for name in names] == [
        ("weight", "codes"), ("weight", "scales"), ("bias", ""),
    ]  # fmt: skip


def test_a_norms_scale_is_its_weight_and_a_matrix_scale_is_not() -> None:
    norm, scale = parse_names(["block.0.attn.norm.scale", "block.0.attn.qkv.scale"])
    assert (norm.role, norm.part) == ("attention_norm", "")
    assert (scale.role, scale.part) == ("attention.qkv", "scales")


def test_mistral_names_mean_the_same_as_hugging_face_names() -> None:
    pairs = {
        "tok_embeddings.weight": "model.embed_tokens.weight",
        "norm.weight": "model.norm.weight",
        "output.weight": "lm_head.weight",
        "layers.0.attention.wq.weight": "model.layers.0.self_attn.q_proj.weight",
        "layers.0.attention.wk.weight": "model.layers.0.self_attn.k_proj.weight",
        "layers.0.attention.wv.weight": "model.layers.0.self_attn.v_proj.weight",
        "layers.0.attention.wo.weight": "model.layers.0.self_attn.o_proj.weight",
        "layers.0.attention_norm.weight": "model.layers.0.input_layernorm.weight",
        "layers.0.feed_forward.w1.weight": "model.layers.0.mlp.gate_proj.weight",
        "layers.0.feed_forward.w2.weight": "model.layers.0.mlp.down_proj.weight",
        "layers.0.feed_forward.w3.weight": "model.layers.0.mlp.up_proj.weight",
        "layers.0.ffn_norm.weight": "model.layers.0.post_attention_layernorm.weight",
    }
    ours, theirs = parse_names(list(pairs)), parse_names(list(pairs.values()))
    assert [name.canonical for name in ours] == [name.canonical for name in theirs]


def test_a_router_beside_numbered_experts_and_a_fused_bank() -> None:
    names = parse_names(
        ["layers.0.feed_forward.gate.weight", "layers.0.feed_forward.experts.5.w3.weight",
         "layers.0.feed_forward.experts.5.w1.weight", "layers.0.feed_forward.experts.5.w2.weight"]
    )  # fmt: skip
    assert [(n.role, n.expert) for n in names] == [
        ("router", None), ("experts.up", 5), ("experts.gate", 5), ("experts.down", 5),
    ]  # fmt: skip
    assert names[1].canonical == "text.0.experts.up.weight[5]"
    assert one("blk.0.ffn_up_exps.weight").canonical == "text.0.experts.up.weight"
    assert one("blk.0.ffn_up.5.weight").canonical == "text.0.experts.up.weight[5]"
    assert {name.block_kind for name in names} == {"moe"}


def test_an_expert_named_by_its_number() -> None:
    found = one("encoder.block.1.layer.1.mlp.experts.expert_7.wi.weight")
    assert (found.layer, found.expert, found.role) == (1, 7, "experts.up")


def test_vision_beside_language_in_gguf_and_out_of_it() -> None:
    names = parse_names(
        ["v.blk.0.attn_q.weight", "v.blk.0.ffn_up.weight", "v.patch_embd.weight", "mm.2.weight"]
    )
    assert [(name.stack, name.role) for name in names] == [
        ("vision", "attention.q"), ("vision", "mlp.up"), ("vision", "embedding.patch"),
        ("projector", "projector.2"),
    ]  # fmt: skip
    names = parse_names(
        ["model.vision_tower.encoder.layers.0.self_attn.q_proj.weight",
         "model.language_model.layers.0.self_attn.q_proj.weight", "lm_head.weight",
         "model.multi_modal_projector.linear_1.weight"]
    )  # fmt: skip
    assert [name.stack for name in names] == ["vision", "text", "text", "projector"]


def test_two_towers_of_one_kind_are_two_stacks() -> None:
    names = parse_names(
        [f"vision_model.{tower}.layers.{layer}.self_attn.q_proj.weight"
         for tower, count in (("transformer", 4), ("global_transformer", 2))
         for layer in range(count)]
    )  # fmt: skip
    assert {name.stack for name in names} == {"vision", "vision.global_transformer"}


def test_equal_stacks_are_called_the_same_in_any_order() -> None:
    names = [f"{box}.layers.0.mlp.up_proj.weight" for box in ("x", "model", "y")]
    orders = ([names[at] for at in order] for order in permutations(range(3)))
    found = [{name.source: name.stack for name in parse_names(order)} for order in orders]
    assert found[0][names[1]] == "text"
    assert all(one == found[0] for one in found)


def test_the_stages_of_a_hierarchical_vision_model_are_stacks() -> None:
    names = parse_names(
        [f"swin.encoder.layers.{stage}.blocks.{block}.attention.self.query.weight"
         for stage in range(2) for block in range(3)]
        + ["swin.encoder.layers.0.downsample.reduction.weight",
           "swin.embeddings.patch_embeddings.projection.weight"]
    )  # fmt: skip
    stages = [name for name in names if name.layer is not None]
    assert len({name.stack for name in stages}) == 2
    assert [name.layer for name in stages] == [0, 1, 2] * 2
    assert all(name.stack.startswith("vision") for name in stages)
    assert names[-2].layer is None


def test_a_unet_is_a_tree_and_no_stack() -> None:
    names = parse_names(
        ["conv_in.weight", "down_blocks.0.resnets.1.conv1.weight",
         "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.weight",
         "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_out.0.weight",
         "down_blocks.0.attentions.0.transformer_blocks.0.ff.net.2.weight",
         "mid_block.attentions.0.transformer_blocks.0.attn1.to_q.weight"]
    )  # fmt: skip
    assert {(name.stack, name.layer) for name in names} == {("", None)}
    assert [name.role for name in names[2:5]] == ["attention.q", "cross_attention.o", "mlp.down"]
    assert len({name.canonical for name in names}) == len(names)


def test_a_cnn_has_no_stack() -> None:
    names = parse_names(
        [f"resnet.encoder.stages.{s}.layers.{i}.layer.0.convolution.weight"
         for s in range(2) for i in range(3)]
    )  # fmt: skip
    assert {(name.stack, name.layer) for name in names} == {("", None)}


def test_a_diffusion_transformer_is_two_stacks() -> None:
    names = parse_names(
        [f"transformer_blocks.{i}.attn.to_q.weight" for i in range(3)]
        + [f"single_transformer_blocks.{i}.attn.to_q.weight" for i in range(5)]
    )
    assert len({name.stack for name in names}) == 2
    assert all(name.role == "attention.q" for name in names)


def test_a_block_that_predicts_further_tokens() -> None:
    names = parse_names(
        ["model.layers.61.eh_proj.weight", "model.layers.61.enorm.weight",
         "model.layers.61.shared_head.head.weight", "model.layers.61.self_attn.o_proj.weight"]
    )  # fmt: skip
    assert [name.role for name in names] == [
        "mtp.projection", "mtp.embedding_norm", "mtp.head", "attention.o",
    ]  # fmt: skip
    assert {name.layer for name in names} == {61}


def test_layers_of_one_shard_keep_their_numbers() -> None:
    names = parse_names([f"model.layers.{i}.mlp.up_proj.weight" for i in (17, 18)])
    assert [name.layer for name in names] == [17, 18]


def test_blocks_say_what_they_are_made_of() -> None:
    names = parse_names(
        ["model.layers.0.mamba.in_proj.weight", "model.layers.0.feed_forward.up_proj.weight",
         "model.layers.1.self_attn.q_proj.weight", "model.layers.1.feed_forward.router.weight",
         "model.norm.weight"]
    )  # fmt: skip
    kinds = [name.block_kind for name in names]
    assert kinds == ["ssm+mlp", "ssm+mlp", "attention+moe", "attention+moe", ""]


def test_places_and_order_in_a_block() -> None:
    names = parse_names(
        ["blk.0.ffn_norm.weight", "blk.0.ffn_down.weight", "blk.0.attn_norm.weight",
         "blk.0.attn_output.weight", "blk.0.attn_q.weight", "blk.0.attn_q.bias",
         "token_embd.weight", "output.weight", "output_norm.weight"]
    )  # fmt: skip
    assert [name.role for name in sorted(names[:6], key=lambda name: name.order)] == [
        "attention.q", "attention.q", "attention.o", "mlp.down", "attention_norm", "mlp_norm",
    ]  # fmt: skip
    assert [name.place for name in names[5:]] == ["block", "above", "below", "below"]


def test_an_unknown_leaf_keeps_its_word_behind_its_group() -> None:
    found = one("model.layers.0.self_attn.novel_proj.weight")
    assert (found.role, found.group) == ("attention.novel_proj", "attention")
    lost = one("model.layers.0.novelty.weight", "model.layers.0.self_attn.q_proj.weight")
    assert (lost.role, lost.canonical) == ("other", "text.0.other.novelty.weight")


def test_the_same_tensor_twice_gets_two_canonical_names() -> None:
    names = parse_names(["lm_head.weight"] * 3 + ["model.embed_tokens.weight"])
    assert len({name.canonical for name in names}) == 4


WORDS = st.sampled_from(
    ["model", "layers", "layer", "block", "blk", "h", "0", "1", "27", "999999", "mlp", "experts",
     "expert_3", "attn", "self_attn", "mixer", "q_proj", "norm", "weight", "bias", "lora_A",
     "modules_to_save", "parametrizations", "original0", "quant_state", "scale", "qweight", "",
     "v", "mm", "token_embd", "encoder", "decoder", "vision_tower", "base_model", "module",
     "_orig_mod", "gate", "\N{SNOWMAN}", "\N{ARABIC-INDIC DIGIT THREE}", "_bias", "0" * 30]
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.lists(WORDS, min_size=1, max_size=8).map(".".join) | st.text(), max_size=12))
def test_anything_can_be_a_name(names: list[str]) -> None:
    found = parse_names(names, {"general.architecture": 3, "model_type": ["x"]})
    assert [name.source for name in found] == names
    assert len({name.canonical for name in found}) == len(names)
    for name in found:
        assert name.role
        assert name.place in ("above", "block", "below")
        assert name.layer is None or 0 <= name.layer < 10**6


def test_endless_names_and_blocks_end() -> None:
    long = ".".join(["layers.0.self_attn", "x_" * 100_000, "patch_embed." * 20_000, "weight"])
    wide = [f"model.layers.0.mlp.leaf_{i}.weight" for i in range(3000)]
    names = parse_names([long, "a" * 1_000_000, *wide])
    assert len({name.canonical for name in names}) == len(names)


def test_neither_numpy_nor_torch_is_needed() -> None:
    code = (
        "import sys, modelweightvis.config; from modelweightvis.names import parse_names;"
        "parse_names(['blk.0.attn_q.weight', 'a']);"
        "sys.exit(bool({'numpy', 'torch', 'gguf', 'numba'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

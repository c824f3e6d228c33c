"""The rows for names as GGUF files spell them."""

from __future__ import annotations

from typing import Final

from modelweightvis.names.rows import Row

#: What stands before the block index, and the stack it means.
STACKS: Final = {
    ("blk",): "text",
    ("enc", "blk"): "encoder",
    ("dec", "blk"): "decoder",
    ("v", "blk"): "vision",
    ("a", "blk"): "audio",
    ("v", "sam", "blk"): "vision.sam",
    ("a", "proj_blk"): "projector",
}

#: Architectures whose `ffn_up` holds gate and up together.
FUSED_UP: Final = frozenset(("phi3", "glm4", "modern-bert"))

#: Suffixes below a block.
BLOCK: Final = (
    Row(r"attn_norm", "mlp_norm", when=r"\|falcon:attn_norm_2"),
    Row(r"attn_norm_2", "attention_norm", when=r"\|falcon:attn_norm_2"),
    Row(r"attn_norm", "attention_norm"),
    Row(r"attn_norm_2", "mlp_norm"),
    Row(r"(?:self_)?attn_(q|k|v|qkv|kv_b|q_a|q_b|k_b|v_b|gate|sinks|sub_norm|q_norm|k_norm|q_a_norm"
        r"|kv_a_norm)", r"attention.\1"),
    Row(r"attn_kv_a_mqa", "attention.kv_a"),
    Row(r"(?:self_)?attn_(output|out|o)", "attention.o"),
    Row(r"attn_rel_b", "attention.relative_bias"),
    Row(r"attn_rot_embd", "attention.rotary"),
    Row(r"cross_attn_(q|k|v)", r"cross_attention.\1"),
    Row(r"cross_attn_(o|out|output)", "cross_attention.o"),
    Row(r"cross_attn_rel_b", "cross_attention.relative_bias"),
    Row(r"cross_attn_norm", "cross_attention_norm"),
    # without a norm of the MLP's own, the one after the attention is it
    Row(r"post_attention_norm", "mlp_norm", unless=r"\|(ffn_norm|post_ffw_norm)"),
    Row(r"post_attention_norm|attn_(output|post|out)_norm|self_attn_norm", "attention_post_norm"),
    Row(r"ffn_norm", "mlp_norm"),
    Row(r"pre_ffw_norm_2", "mlp_norm_2"),
    Row(r"(?:post_ffw|ffn_post)_norm(_[12])?", r"mlp_post_norm\1"),
    Row(r"layer_output_norm", "mlp_post_norm"),
    Row(r"layer_output_scale|out_scale", "block_scale"),
    Row(r"ln1|layer_pre_norm|attn_pre_norm", "attention_norm"),
    Row(r"ln2", "mlp_norm"),
    Row(r"ls1", "attention_scale"),
    Row(r"ls2", "mlp_scale"),
    Row(r"ffn_gate_inp", "router"),
    Row(r"ffn_gate_inp_shexp", "router.shared"),
    Row(r"exp_probs_b", "router.correction"),
    Row(r"ffn_up", "mlp.gate_up", when=r"\|fused_up"),
    Row(r"ffn_(gate|up|down)", r"mlp.\1"),
    Row(r"ffn_latent_(up|down)", r"mlp.latent_\1"),
    Row(r"ffn_(gate|up|down)_1", r"mlp_2.\1"),
    Row(r"ffn_sub_norm", "mlp.sub_norm"),
    Row(r"ffn_norm_1", "mlp_2_norm"),
    Row(r"ffn", "mlp.act"),
    Row(r"ffn_(gate|up|down|gate_up)_exps", r"experts.\1"),
    Row(r"ffn_norm_exps", "experts.norm"),
    Row(r"ffn_(gate|up|down)_shexp", r"shared_experts.\1"),
    Row(r"ffn_(gate|up|down)_chexps", r"chunk_experts.\1"),
    Row(r"vis_attn_qkv", "vision_attention.qkv"),
    Row(r"vis_attn_output", "vision_attention.o"),
    Row(r"vis_(gate|up|down)", r"vision_mlp.\1"),
    Row(r"ssm_(in|x|dt|a|d|norm|out|beta|alpha|dt_norm|b_norm|c_norm)", r"ssm.\1"),
    Row(r"ssm_conv1d", "ssm.conv"),
    Row(r"ssm_ba", "ssm.beta_alpha"),
    Row(r"ssm_(\w+)", r"ssm.\1"),
    Row(r"time_mix_ln", "time_mix.norm"),
    Row(r"time_mix_(\w+)", r"time_mix.\1"),
    Row(r"channel_mix_(\w+)", r"channel_mix.\1"),
    Row(r"shortconv\.conv", "conv.conv"),
    Row(r"shortconv\.(in|out)_proj", r"conv.\1"),
    Row(r"conv_dw", "conv.depthwise"),
    Row(r"conv_pw([12])", r"conv.pointwise_\1"),
    Row(r"conv_norm", "conv.norm"),
    Row(r"norm_conv", "conv_norm"),
    Row(r"indexer\.attn_(k|q_b)", r"indexer.\1"),
    Row(r"indexer\.(proj|k_norm)", r"indexer.\1"),
    Row(r"nextn\.eh_proj", "mtp.projection"),
    Row(r"nextn\.enorm", "mtp.embedding_norm"),
    Row(r"nextn\.hnorm", "mtp.hidden_norm"),
    Row(r"nextn\.embed_tokens", "mtp.embedding"),
    Row(r"nextn\.shared_head_(head|norm)", r"mtp.\1"),
    Row(r"inp_gate", "per_layer.gate"),
    Row(r"proj", "per_layer.projection"),
    Row(r"post_norm", "per_layer_norm"),
    Row(r"altup_(\w+)", r"altup.\1"),
    Row(r"laurel_l", "laurel.left"),
    Row(r"laurel_r", "laurel.right"),
    Row(r"laurel_post_norm", "laurel.norm"),
)  # fmt: skip

#: Whole names outside the blocks, with the stack they belong to (`*` is the main one). What they
#: hold for may depend on the architecture, which stands in the place of the siblings.
OUTER: Final = (
    Row(r"token_embd", "*:embedding.token"),
    Row(r"token_embd_norm", "*:final_norm", when=r"lfm2\w*"),  # it comes after the last block
    Row(r"token_embd_norm", "*:embedding.norm"),
    Row(r"token_types", "*:embedding.type"),
    Row(r"position_embd", "*:embedding.position"),
    Row(r"per_layer_token_embd", "*:embedding.per_layer"),
    Row(r"per_layer_model_proj", "*:embedding.per_layer_projection"),
    Row(r"per_layer_proj_norm", "*:embedding.per_layer_norm"),
    Row(r"altup_proj", "*:embedding.altup"),
    Row(r"altup_unembd_proj", "*:head.altup"),
    Row(r"output", "*:head"),
    Row(r"output_norm", "*:final_norm"),
    Row(r"enc\.output_norm", "encoder:final_norm"),
    Row(r"dec\.output_norm", "decoder:final_norm"),
    Row(r"rope_freqs", "*:rotary"),
    Row(r"rope_factors_(long|short)", r"*:rotary.\1"),
    Row(r"cls", "*:head.dense"),
    Row(r"cls\.norm", "*:head.norm"),
    Row(r"cls\.output", "*:head"),
    Row(r"conv1d", "*:embedding.conv"),
    Row(r"(?:v|vision)\.patch_embd(?:\.(\d+))?", r"vision:embedding.patch\1"),
    Row(r"v\.class_embd", "vision:embedding.class"),
    Row(r"v\.position_embd", "vision:embedding.position"),
    Row(r"v\.(norm_embd|pre_ln)", "vision:embedding.norm"),
    Row(r"v\.post_ln", "vision:final_norm"),
    Row(r"a\.conv1d\.(\d+)", r"audio:embedding.conv\1"),
    Row(r"a\.position_embd", "audio:embedding.position"),
    Row(r"a\.pre_ln", "audio:embedding.norm"),
    Row(r"a\.post_ln", "audio:final_norm"),
    Row(r"mm\.(?:model\.mlp\.)?(\d+)", r"projector:projector.\1"),
    Row(r"mm\.a\.mlp\.(\d+)", r"projector:projector.audio_\1"),
    Row(r"mm\.input_projection", "projector:projector.input"),
    Row(r"mm\.soft_emb_norm", "projector:projector.norm"),
    Row(r"mm\.(?:model\.)?([\w.]+)", r"projector:projector.\1"),
    Row(r"resampler\.([\w.]+)", r"projector:projector.resampler_\1"),
    Row(r"v\.[\w.]+", "vision:outside"),
    Row(r"a\.[\w.]+", "audio:outside"),
)


def is_spelt(path: tuple[str, ...]) -> bool:
    """Tell a path outside the blocks that only a GGUF file spells so."""
    return path[0] in ("token_embd", "output_norm", "mm") or (
        path[0] in ("v", "a") and len(path) > 1
    )

"""The rows for tensors inside a block, as PyTorch modules name them.

Contexts come from `contexts`; a leaf is looked up in the table of its context. Where one word means
two things (`gate`, `w1`, `post_attention_layernorm`), what else the block holds decides.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Final

from modelweightvis.names.rows import Row

#: A norm that encloses the MLP makes the norm named after the attention enclose the attention.
_ENCLOSED: Final = r"\|(pre_|post_)(feedforward|ff|feed_forward|mlp|moe|ffn)_?(layer_?norm|norm)"

PROJECTIONS: Final = (
    Row(r"(w|W|linear_)?q(_?proj|_lin|_linear|_no_perm|_proj_no_perm)?|to_q|query(_proj|_layer)?"
        r"|q_proj\.linear", "{c}.q"),
    Row(r"[wW]?k(_?proj|_lin|_linear|_proj_no_perm)?|linear_k|to_k|key(_proj|_layer)?|k_proj\.linear",
        "{c}.k"),
    Row(r"[wW]?v(_?proj|_lin|_linear)?|linear_v|to_v|value(_proj|_layer)?|v_proj\.linear", "{c}.v"),
    Row(r"([Ww]_?)?qkv(_?proj|_lin|_linear)?|query_key_value|c_attn|in_proj|to_qkv|att_proj"
        r"|in_proj_qkv|language_expert_query_key_value", "{c}.qkv"),
    Row(r"w?kv(_proj)?|key_value|to_kv|c_kv", "{c}.kv"),
    Row(r"o_proj(\.linear)?|out_proj|[Ww]o|out_lin|to_out(\.0)?|output\.dense|linear_out|attn_out",
        "{c}.o"),
)  # fmt: skip

#: What a linear attention that keeps the names of a plain one holds beside them.
_DELTA: Final = (
    Row(r"A_log", "ssm.a"),
    Row(r"dt_proj|dt", "ssm.dt"),
    Row(r"([qkv])_conv1d", r"ssm.conv1d_\1"),
    Row(r"([fg]_[ab])_proj", r"ssm.\1"),
    Row(r"b_proj", "ssm.beta"),
    Row(r"o_norm", "ssm.norm"),
)

ATTENTION: Final = (
    *(row._replace(when=r"attention\|(A_log|dt_proj|f_a_proj|b_proj)") for row in _DELTA),
    Row(r"q_norm", "{c}.q_a_norm", when=r"{c}\|wq_a"),
    Row(r"kv_norm", "{c}.kv_a_norm"),
    *PROJECTIONS,
    Row(r"o|c_proj|dense|proj|out|output|post|projection(_layer)?|linear|language_expert_dense"
        r"|dense_proj|proj_out", "{c}.o"),
    Row(r"q_a_proj|wq_a|q_down_proj", "{c}.q_a"),
    Row(r"q_b_proj|wq_b|q_up_proj", "{c}.q_b"),
    Row(r"kv_a_proj(_with_mqa)?|wkv_a(_with_mqa)?", "{c}.kv_a"),
    Row(r"kv_b_proj|wkv_b", "{c}.kv_b"),
    Row(r"([kv])_b_proj", r"{c}.\1_b"),
    Row(r"(q|query)_(norm|layernorm|layer_norm|ln)|(layer_norm|norm|ln)_q(uery)?", "{c}.q_norm"),
    Row(r"(k|key)_(norm|layernorm|layer_norm|ln)|(layer_norm|norm|ln)_k(ey)?", "{c}.k_norm"),
    Row(r"(q|kv)_a_(layernorm|norm)", r"{c}.\1_a_norm"),
    Row(r"sinks?|attention_sink_bias", "{c}.sinks"),
    Row(r"gate_proj|g_proj|gate|in_proj_z", "{c}.gate"),
    Row(r"relative_attention_bias|relative_position_bias(_table)?(\.relative_position_bias_table)?"
        r"|rel_pos_bias|rel_bias|rel_pos_emb|rel_attn_bias", "{c}.relative_bias"),
    Row(r"rotary_emb\.inv_freq|rope\.freqs|rotary_emb\.freqs", "{c}.rotary"),
    Row(r"inner_attn_ln|sub_norm|attn_sub_norm|ffn_layernorm", "{c}.sub_norm"),
    Row(r"vision_expert_query_key_value", "vision_attention.qkv"),
    Row(r"vision_expert_dense", "vision_attention.o"),
    Row(r"(output\.)?(LayerNorm|layer_norm|layernorm)|post_(attn_)?norm|out_norm", "{c}_post_norm"),
    Row(r"(pre_(attn_|attention_)?)?norm|pre_layer_norm|ln|layernorm_before", "{c}_norm"),
)  # fmt: skip

_ROUTERS: Final = (
    Row(r"router(\.(layer|proj|gate|classifier|wg|router|linear))?|gate\.(wg|gate|linear|proj)"
        r"|primary_router|wg|gating|gate_network", "router"),
    Row(r"shared_expert_gate|shared_gate", "router.shared"),
    Row(r"((gate|router|moe_statics)\.)?(e_score_correction|(expert|router)_bias"
        r"|bias_correction|expert_biases)", "router.correction"),
    Row(r"(router\.)?(per_expert_scale|scale)", "router.scale"),
)  # fmt: skip
ROUTER: Final = (
    *_ROUTERS,
    # `gate` alone routes, unless it stands where a gated MLP keeps its gate
    Row(r"gate", "router", unless=r"{c}\|(up|w2|w3|fc2|down|value)"),
)  # fmt: skip

_BANKS: Final = (
    # a bank of experts may lie beside its router without a word of its own
    Row(r"(gate|up|down|gate_up)_proj", r"experts.\1", when=r"{c}\|gate|{c}\|router\.gate",
        unless=r"{c}\|(up|down)|experts\|.*"),
    Row(r"input_linear", "experts.gate_up", when=r"{c}\|router(\..*)?"),
    Row(r"output_linear", "experts.down", when=r"{c}\|router(\..*)?"),
)  # fmt: skip
_HALVES: Final = (
    Row(r"gate_up_proj|gate_and_up_proj|up_gate_proj|Wi|w12|input_linear|mlp1|gate_up|w1w3|w13"
        r"|up_gated_layer|fc_gate_up|wi_fused", "{c}.gate_up"),
    Row(r"gate_proj|wi_0|gated_layers_w|c_fc_0|c_fc2|fc12|linear_gate|gate_linear|ff_proj|gate_up",
        "{c}.gate"),
    Row(r"w1|gate", "{c}.gate", when=r"{c}\|(w3|v1|up|up_proj|linear_v)"),
    Row(r"w2", "{c}.gate", when=r"{c}\|c_proj"),  # Qwen 1: c_proj(w1(x) * silu(w2(x)))
    Row(r"linear", "{c}.gate", when=r"{c}\|linear_v"),
    Row(r"linear_1", "{c}.down", when=r"{c}\|linear_v"),
    Row(r"linear_1", "{c}.gate", when=r"{c}\|linear_3"),
    Row(r"linear_3", "{c}.up"),
    Row(r"fc0", "{c}.up"),
    Row(r"fc1", "{c}.down", when=r"{c}\|fc0"),
    Row(r"up_proj|up|w1|w3|v1|linear_v|wi(_1)?|fc1|fc11|c_fc(_1)?|fc_in|lin_?1|linear_?1|linear_in"
        r"|linear_fc1|dense_h_to_4h|gated_layers(_v)?|ffw_layer_1|intermediate(\.dense|_dense)?"
        r"|dense_in|in_proj|up_layer|w_in|ff1|dense1|0|0\.proj|fc_1|proj_1", "{c}.up"),
    Row(r"down_proj|down|w2|[Ww]o|fc2|c_proj|fc_out|lin_?2|linear_?2|linear_out|linear_fc2|proj"
        r"|dense_4h_to_h|ffw_layer_2|output(\.dense|_dense)?|dense_out|out_proj|down_layer|mlp2"
        r"|output_linear|ff_out|w_out|ff2|dense2|2|3|4|fc_2|proj_2", "{c}.down"),
)  # fmt: skip
MLP: Final = (
    *_BANKS,
    *_HALVES,
    Row(r"ffn_layernorm|ffn_sub_norm|sub_norm", "{c}.sub_norm"),
    Row(r"(pre_|input_)?(layer_?norm|norm|ln)|LayerNorm", "{c}_norm"),
    Row(r"(post_|output\.|output_)(layer_?norm|norm|LayerNorm)", "{c}_post_norm"),
    Row(r"fc1_latent_proj", "{c}.latent_down"),
    Row(r"fc2_latent_proj", "{c}.latent_up"),
    Row(r"act", "{c}.act"),
)  # fmt: skip

SSM: Final = (
    Row(r"in_proj|in_proj_qkvz|ssm_in|bcdt_in", "ssm.in"),
    Row(r"in_proj_qkv", "attention.qkv"),
    Row(r"in_proj_z", "attention.gate"),
    Row(r"in_proj_ba", "ssm.beta_alpha"),
    Row(r"in_proj_a", "ssm.alpha"),
    Row(r"in_proj_b", "ssm.beta"),
    Row(r"conv1d|conv_1d|conv", "ssm.conv"),
    Row(r"x_proj|bcdt_proj", "ssm.x"),
    Row(r"dt_proj|dt", "ssm.dt"),
    Row(r"A_log|A", "ssm.a"),
    Row(r"D", "ssm.d"),
    Row(r"(dt|b|c|B|C)_?(layernorm|norm)", r"ssm.\1_norm"),
    Row(r"norm|o_norm|layer_norm|gate_norm", "ssm.norm"),
    Row(r"out_proj", "ssm.out"),
)  # fmt: skip

CONV: Final = (
    Row(r"in_proj", "conv.in"),
    Row(r"out_proj", "conv.out"),
    Row(r"conv|conv1d", "conv.conv"),
    Row(r"depthwise_conv(1d)?|depth_conv\.conv", "conv.depthwise"),
    Row(r"pointwise_conv1|linear_start|up_conv", "conv.pointwise_1"),
    Row(r"pointwise_conv2|linear_end|down_conv", "conv.pointwise_2"),
    Row(r"batch_norm|depthwise_layer_norm", "conv.norm"),
    Row(r"conv_norm", "conv_norm", when=r"{c}\|pre_layer_norm"),
    Row(r"pre_layer_norm", "conv.norm", when=r"{c}\|conv_norm"),
    Row(r"layer_norm|norm|conv_norm", "conv_norm"),
)  # fmt: skip

TIME_MIX: Final = (
    *(Row(f"time_mix_{word}", f"{{c}}.lerp_{word[0]}")
      for word in ("key", "value", "receptance", "gate")),
    Row(r"(?:time_maa|x)_([xkvrgw])", r"{c}.lerp_\1"),
    Row(r"receptance|r_proj|q_proj", "{c}.receptance"),
    Row(r"key|k_proj", "{c}.key"),
    Row(r"value|v_proj", "{c}.value"),
    Row(r"output|o_proj", "{c}.output"),
    Row(r"gate|g_proj", "{c}.gate"),
    Row(r"ln_x|g_norm", "{c}.norm"),
    Row(r"time_(first|faaaa)", "{c}.first"),
    Row(r"time_decay", "{c}.decay"),
    Row(r"time_maa_(w[12])", r"{c}.\1"),
    Row(r"time_decay_(w[12])", r"{c}.decay_\1"),
)  # fmt: skip

INDEXER: Final = (
    Row(r"wq_b|attn_q_b", "indexer.q_b"),
    Row(r"wk|attn_k", "indexer.k"),
    Row(r"weights_proj|proj", "indexer.proj"),
    Row(r"k_norm", "indexer.k_norm"),
)

NORMS: Final = (
    Row(r"layer\.0\.layer_norm", "attention_norm"),
    Row(r"layer\.1\.layer_norm", "cross_attention_norm", when=r"cross_attention\|.*"),
    Row(r"layer\.[12]\.layer_norm", "mlp_norm"),
    Row(r"post_attention_layer_?norm", "attention_post_norm", when=_ENCLOSED,
        unless=r"\|post_self_attn_layernorm"),
    Row(r"post_(self_)?(attn|attention|mixer)(_layer)?_?norm|attn_post_norm|sa_layer_norm"
        r"|attention_out_norm|norm_attn_norm\.norm_2|rms_norm_1|norm_post_attn",
        "attention_post_norm", unless=r"\|post_attention_layer_?norm"),
    Row(r"post_(self_)?attn_layer_?norm|post_attn_norm", "attention_post_norm"),
    Row(r"rms_norm_3|output_layer_norm|(output\w*\.)(LayerNorm|layer_norm|layernorm)"
        r"|layer_norm_2(?=$)|final_layernorm|layer_output_norm|norm_out", "mlp_post_norm",
        unless=r"\|layer_norm_2.*attention"),
    Row(r"post_(?:feedforward|feed_forward|ff|ffn|mlp|moe)_?(?:layer)?_?norm(_[12])?",
        r"mlp_post_norm\1"),
    Row(r"norm2|layer_norm_?2|norm_2|ln_?2", "cross_attention_norm", when=r"\|(norm_?3|ln_?3)"),
    Row(r"norm1", "mlp_norm", when=r"\|norm0"),
    Row(r"(encoder|cross)_?(attn|attention)_(layer_?norm|norm|ln)|ln_cross_attn|norm_cross"
        r"|pre_cross_(attn|attention)_layer_?norm|cross_attn_norm|layernorm_cross"
        r"|cross_attention_layer_?norm", "cross_attention_norm"),
    Row(r"(pre_)?(feedforward|feed_forward|ff|ffn|mlp|moe)_?(layer)?_?norm|ln_mlp"
        r"|pre_(feedforward|feed_forward|ff|ffn|mlp|moe)_?(layer)?_?norm"
        r"|post_attention_layer_?norm|ln_?[23]|norm_?[23]|layer_norm_?[23]|layernorm_?[23]"
        r"|layernorm_after|final_layer_norm|norm_feed_forward1?|ffn_ln|rms_norm_2", "mlp_norm"),
    Row(r"pre_feedforward_layernorm_2", "mlp_norm_2"),
    Row(r"norm_feed_forward2|ffn2_layer_norm", "mlp_2_norm"),
    Row(r"ffn1_layer_norm|norm_ffn|intermediate\.LayerNorm", "mlp_norm"),
    Row(r"layer_norm_att|norm_mlstm", "attention_norm"),
    Row(r"post_norm1|post_operator_norm", "attention_post_norm"),
    Row(r"post_norm2", "mlp_post_norm"),
    Row(r"norm_conv", "conv_norm"),
    Row(r"(norm_attn_norm\.)?norm_1|norm_pre_attn", "attention_norm"),
    Row(r"(pre_|input_|self_)?(self_)?(attn|attention|mixer|operator)_(layer_?norm|norm|ln)"
        r"|input_layer_?norm|(ln|norm|layer_norm|layernorm)_?[01]?|layernorm_before|ln_attn"
        r"|norm_self_att|temporal_pre_norm|rms_norm|pre_norm|LayerNorm|self_attn_norm"
        r"|operator_norm|pre_layernorm|pre_mixer_norm", "attention_norm"),
    Row(r"channel_pre_norm", "mlp_norm"),
    Row(r"pre_ln", "block_norm"),
    Row(r"post_per_layer_input_norm", "per_layer_norm"),
)  # fmt: skip

SCALES: Final = (
    Row(r"ls_?1|lambda_?1|gamma_?1|layer_scale_?1(\.lambda1)?|(cross_attn_)?attn_gate|gate_attn",
        "attention_scale"),
    Row(r"ls_?2|lambda_?2|gamma_?2|layer_scale_?2(\.lambda1)?|(cross_attn_)?mlp_gate|gate_ffn"
        r"|cross_attn_mlp_gate", "mlp_scale"),
    Row(r"post_attention_residual(_scale)?(\.\w+)?|input_residual", "attention_scale"),
    Row(r"post_mlp_residual(_scale)?(\.\w+)?|ffn_gamma", "mlp_scale"),
    Row(r"layer_scalar|layer_scale|scale", "block_scale"),
)  # fmt: skip

EXTRAS: Final = (
    Row(r"eh_proj", "mtp.projection"),
    Row(r"enorm", "mtp.embedding_norm"),
    Row(r"hnorm", "mtp.hidden_norm"),
    Row(r"embed_tokens", "mtp.embedding"),
    Row(r"shared_head\.(head|norm)", r"mtp.\1"),
    Row(r"per_layer_input_gate", "per_layer.gate"),
    Row(r"per_layer_projection", "per_layer.projection"),
    Row(r"intermediate\w*\.(dense|conv1d)(_act_fn)?", "mlp.up"),
    Row(r"output\w*\.(dense|conv1d)", "mlp.down"),
    Row(r"post_attention\.(dense|conv1d)", "attention.o"),
    Row(r"post_attention\.layernorm", "attention_post_norm"),
    Row(r"(depth|point)_wise_conv(\d?)", r"conv.\1wise\2"),
    Row(r"attn_sconv(\.conv1d)?", "conv.attention"),
    Row(r"mlp_sconv(\.conv1d)?", "conv.mlp"),
    Row(r"hc_(?:\w+\.)*(\w+)", r"hyper_connection.\1"),
    Row(r"ffn", "mlp.up", when=r"\|ffn_output"),
    Row(r"ffn_output", "mlp.down"),
    Row(r"full_layer_layer_norm", "mlp_post_norm"),
    Row(r"(rotary_emb|rotary)\.inv_freq", "attention.rotary"),
)

#: A state-space block may hold its tensors without a word for the mixer.
BARE: Final = tuple(row._replace(when=r"\|A_log") for row in SSM if row.role != "ssm.norm")

#: Diffusion transformers: what the time step does to a block.
MODULATION: Final = (
    Row(r"norm\w*\.(linear|lin|emb\..*)|(\w+_)?(mod|modulation)(\.(lin|linear|\d))?"
        r"|scale_shift_table|ada\w*(\.\w+)*", "modulation"),
    Row(r"proj_mlp", "mlp.up"),
    Row(r"proj_out", "mlp.down", when=r"\|proj_mlp"),
)  # fmt: skip

ALTUP: Final = (
    Row(r"correct_output_scale", "altup.correct_scale"),
    Row(r"(correct|predict)ion_coefs", r"altup.\1_coef"),
    Row(r"modality_router", "altup.router"),
)
LAUREL: Final = (
    Row(r"linear_(left|right)", r"laurel.\1"),
    Row(r"post_laurel_norm", "laurel.norm"),
)
VISION_MLP: Final = (Row(r"vision_mlp\.(gate|up|down)_proj", r"vision_mlp.\1"),)

_FEED_FORWARD: Final = (*ROUTER, *VISION_MLP, *MLP)

#: The table of every context; the empty one is the block itself.
BY_CONTEXT: Final[dict[str, tuple[Row, ...]]] = {
    "attention": ATTENTION,
    "cross_attention": ATTENTION,
    "mlp": _FEED_FORWARD,
    "mlp_2": MLP,
    "context_mlp": MLP,
    "experts": (Row(r"(layer_?)?norm|ln", "experts.norm"), *MLP),
    "shared_experts": MLP,
    "chunk_experts": MLP,
    "ssm": SSM,
    "conv": CONV,
    "time_mix": TIME_MIX,
    "channel_mix": TIME_MIX,
    "indexer": INDEXER,
    "adapter": (),
    "bottleneck": (),
    "altup": ALTUP,
    "laurel": LAUREL,
    "": (
        *EXTRAS, *BARE, *MODULATION, *SCALES, *NORMS, *_ROUTERS,
        *(row._replace(role=row.role.replace("{c}", "attention")) for row in PROJECTIONS),
        *(row._replace(role=row.role.replace("{c}", "mlp")) for row in _HALVES),
        Row(r"gate", "router", when=r"experts\|.*"),
    ),
}  # fmt: skip

#: What tells a word that stands for several things in a block: the word, what it is taken for, and
#: the leaves of which one has to be there.
_TELLING: Final = (
    ("mixer", "attention", {"q_proj", "k_proj", "v_proj", "o_proj", "Wqkv", "qkv_proj", "qkv",
                            "wq", "q_norm", "k_norm"}),
    ("mixer", "mlp", {"up_proj", "down_proj", "gate", "gate_proj", "fc1", "fc2",
                      "gate.e_score_correction", "fc1_latent_proj"}),
    ("attention", "time_mix", {"receptance", "time_decay", "time_maa_x", "r_k", "x_r"}),
    ("mlp", "channel_mix", {"receptance", "time_mix_key", "time_maa_k", "x_k"}),
)  # fmt: skip

#: How the roles of a block are told in its kind, in order.
_KINDS: Final = (
    ("attention", ("attention.o", "attention.q", "attention.qkv")),
    ("cross_attention", ("cross_attention.o", "cross_attention.q")),
    ("ssm", ("ssm.out", "ssm.in", "ssm.a")),
    ("rwkv", ("time_mix.key", "time_mix.receptance")),
    ("conv", ("conv.in", "conv.conv", "conv.depthwise")),
    ("moe", ("router", "experts.down", "experts.up", "experts.gate_up", "experts.gate")),
    ("mlp", ("mlp.down", "mlp.up", "channel_mix.key")),
)


def settle(context: str, siblings: str) -> str:
    """Return what a context whose word stands for several things is in this block."""
    prefix = f"{context}|"
    for word, meaning, telling in _TELLING:
        if word == context:
            lines = siblings.split("\n")
            if any(line[len(prefix) :] in telling for line in lines if line.startswith(prefix)):
                return meaning
    return "ssm" if context == "mixer" else context


def block_kind(seen: AbstractSet[str]) -> str:
    """Return what a block is made of, from the roles it holds, e.g. `attention+moe`."""
    told = [kind for kind, members in _KINDS if not seen.isdisjoint(members)]
    if "ssm" in told and "attention.o" not in seen:  # its input projection is named after q, k, v
        told = [kind for kind in told if kind != "attention"]
    return "+".join(told)

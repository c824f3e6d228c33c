"""The roles of parameters by the class that owns them: patterns of transformers' class names.

The first pattern that matches a class and knows the parameter's path below it counts; classes are
tried from the parameter outwards. Norms of language models are not here where a forward pass tells
them.
"""

from __future__ import annotations

_PROJECTIONS = {
    **dict.fromkeys(("q_proj", "query", "q", "q_lin"), "attention.q"),
    **dict.fromkeys(("k_proj", "key", "k", "k_lin"), "attention.k"),
    **dict.fromkeys(("v_proj", "value", "v", "v_lin"), "attention.v"),
    **dict.fromkeys(("qkv_proj", "qkv", "query_key_value", "c_attn", "Wqkv"), "attention.qkv"),
    **dict.fromkeys(
        ("o_proj", "out_proj", "o", "out_lin", "dense", "c_proj", "proj", "Wo"), "attention.o"
    ),
    **dict.fromkeys(("q_norm", "q_layernorm", "query_layernorm"), "attention.q_norm"),
    **dict.fromkeys(("k_norm", "k_layernorm", "key_layernorm"), "attention.k_norm"),
    "sinks": "attention.sinks",
    "relative_attention_bias": "attention.relative_bias",
    "q_a_proj": "attention.q_a",
    "q_b_proj": "attention.q_b",
    "q_a_layernorm": "attention.q_a_norm",
    "kv_a_proj_with_mqa": "attention.kv_a",
    "kv_a_layernorm": "attention.kv_a_norm",
    "kv_b_proj": "attention.kv_b",
}
_MLP = {
    "gate_proj": "mlp.gate",
    "wi_0": "mlp.gate",
    **dict.fromkeys(("gate_up_proj", "Wi"), "mlp.gate_up"),
    **dict.fromkeys(
        ("up_proj", "fc1", "c_fc", "fc_in", "dense_h_to_4h", "lin1", "wi", "wi_1"), "mlp.up"
    ),
    **dict.fromkeys(
        ("down_proj", "fc2", "c_proj", "fc_out", "dense_4h_to_h", "lin2", "wo", "Wo"), "mlp.down"
    ),
}
_SSM = {
    "in_proj": "ssm.in",
    "conv1d": "ssm.conv",
    "x_proj": "ssm.x",
    "dt_proj": "ssm.dt",
    "dt": "ssm.dt",
    "dt_bias": "ssm.dt",
    "A_log": "ssm.a",
    "D": "ssm.d",
    "norm": "ssm.norm",
    "out_proj": "ssm.out",
    "dt_layernorm": "ssm.dt_norm",
    "b_layernorm": "ssm.b_norm",
    "c_layernorm": "ssm.c_norm",
    "in_proj_qkvz": "ssm.in",
    "in_proj_ba": "ssm.beta_alpha",
}
_EXPERTS = {
    "gate_up_proj": "experts.gate_up",
    "gate_up_proj_bias": "experts.gate_up",
    "down_proj": "experts.down",
    "down_proj_bias": "experts.down",
}

OWNERS: tuple[tuple[str, dict[str, str]], ...] = (
    # attention
    (r"T5LayerSelfAttention", {"layer_norm": "attention_norm"}),
    (r"T5LayerCrossAttention", {"layer_norm": "cross_attention_norm"}),
    (r"T5LayerFF", {"layer_norm": "mlp_norm"}),
    (r"RwkvSelfAttention", {
        "key": "time_mix.key", "value": "time_mix.value", "receptance": "time_mix.receptance",
        "output": "time_mix.output", "time_decay": "time_mix.decay",
        "time_first": "time_mix.first", "time_mix_key": "time_mix.lerp_k",
        "time_mix_value": "time_mix.lerp_v", "time_mix_receptance": "time_mix.lerp_r",
    }),
    (r"RwkvFeedForward", {
        "key": "channel_mix.key", "value": "channel_mix.value",
        "receptance": "channel_mix.receptance", "time_mix_key": "channel_mix.lerp_k",
        "time_mix_receptance": "channel_mix.lerp_r",
    }),
    (r"\w*(SelfOutput|AttentionOutput)", {
        "dense": "attention.o", "LayerNorm": "attention_post_norm",
    }),
    (r"SiglipMultiheadAttentionPoolingHead", {
        "probe": "pooler.probe", "layernorm": "pooler.layernorm",
        **dict.fromkeys(("attention.in_proj_weight", "attention.in_proj_bias"), "pooler.in_proj"),
        "attention.out_proj": "pooler.out_proj", "mlp.fc1": "pooler.fc1", "mlp.fc2": "pooler.fc2",
    }),
    (r"(?!\w*(Linear|Pooling))\w*Attention\w*", _PROJECTIONS),
    # mixture of experts
    (r"\w*Experts", _EXPERTS),
    (r"GraniteMoeParallelExperts", {}),
    (r"GraniteMoeMoE", {
        "input_linear": "experts.gate_up", "output_linear": "experts.down",
        "router.layer": "router",
    }),
    (r"\w*(MoE|MoeBlock|MoeMLP|Moe|MLP)", {
        "router": "router", "gate": "router", "shared_expert_gate": "router.shared",
        "gate.e_score_correction_bias": "router.correction", "gate.wg": "router",
        "gate.moe_statics.e_score_correction_bias": "router.correction",
    }),
    (r"\w*(TopkRouter|TopKRouter)", {}),
    # state space and convolution
    (r"\w*ShortConv", {"in_proj": "conv.in", "conv": "conv.conv", "out_proj": "conv.out"}),
    (r"\w*(Mixer|MambaMixer2?|GatedDeltaNet)", _SSM),
    # the halves of a block
    (r"\w*(MLP|Mlp|FeedForward|FFN|Dense(GatedAct|Act)Dense)", _MLP),
    (r"Lfm2MLP", {"w1": "mlp.gate", "w3": "mlp.up", "w2": "mlp.down"}),
    (r"\w*Intermediate", {"dense": "mlp.up"}),
    (r"(?!\w*(Self|Attention))\w*Output", {"dense": "mlp.down", "LayerNorm": "mlp_post_norm"}),
    (r"TransformerBlock", {
        "sa_layer_norm": "attention_post_norm", "output_layer_norm": "mlp_post_norm",
    }),
    (r"AlbertLayer", {
        "ffn": "mlp.up", "ffn_output": "mlp.down", "full_layer_layer_norm": "mlp_post_norm",
        "attention.dense": "attention.o", "attention.LayerNorm": "attention_post_norm",
    }),
    (r"Dinov2Layer", {
        "norm1": "attention_norm", "norm2": "mlp_norm",
        "layer_scale1.lambda1": "attention_scale", "layer_scale2.lambda1": "mlp_scale",
    }),
    (r"RwkvBlock", {"pre_ln": "block_norm", "ln1": "attention_norm", "ln2": "mlp_norm"}),
    (r"(Bart|Whisper|OPT|XGLM|Pegasus)(Encoder|Decoder)Layer", {
        "self_attn_layer_norm": "attention_norm", "encoder_attn_layer_norm": "cross_attention_norm",
        "final_layer_norm": "mlp_norm", "fc1": "mlp.up", "fc2": "mlp.down",
    }),
    (r"\w*(EncoderLayer|VisionBlock|ViTLayer|VLVisionBlock)", {
        **dict.fromkeys(("layer_norm1", "layernorm_before", "norm1", "attn_norm"),
                        "attention_norm"),
        **dict.fromkeys(("layer_norm2", "layernorm_after", "norm2", "mlp_norm"), "mlp_norm"),
    }),
    # what stands in front of the blocks
    (r"\w*PatchEmbed(dings?)?", {"projection": "embedding.patch", "proj": "embedding.patch"}),
    (r"\w*Embeddings?", {
        "word_embeddings": "embedding.token", "tok_embeddings": "embedding.token",
        "token_embedding": "embedding.token", "position_embeddings": "embedding.position",
        "position_embedding": "embedding.position", "token_type_embeddings": "embedding.type",
        "cls_token": "embedding.class", "class_embedding": "embedding.class",
        "patch_embedding": "embedding.patch", "LayerNorm": "embedding.norm",
        "norm": "embedding.norm", "mask_token": "embedding.mask",
    }),
    (r"Lfm2Model", {"embedding_norm": "final_norm"}),  # it comes after the last block
    (r"ElectraModel", {"embeddings_project": "embedding.projection"}),
    (r"AlbertTransformer", {"embedding_hidden_mapping_in": "embedding.projection"}),
    (r"AlbertMLMHead", {
        "dense": "head.dense", "LayerNorm": "head.norm", "decoder": "head", "bias": "head",
    }),
    (r"ElectraGeneratorPredictions", {"dense": "head.dense", "LayerNorm": "head.norm"}),
    (r"ElectraForMaskedLM", {"generator_lm_head": "head"}),
    (r"Qwen3VLVisionModel", {"pos_embed": "embedding.position"}),
    (r"Qwen3VLVisionMLP", {"linear_fc1": "mlp.up", "linear_fc2": "mlp.down"}),
    (r"Qwen3VLVisionPatchMerger", {
        "norm": "projector.norm", "linear_fc1": "projector.linear_fc1",
        "linear_fc2": "projector.linear_fc2",
    }),
    (r"WhisperEncoder", {"conv1": "embedding.conv1", "conv2": "embedding.conv2"}),
    (r"\w*(Encoder|Decoder|Model|Stack|Transformer)", {
        **dict.fromkeys(("embed_tokens", "wte", "shared", "word_embeddings", "embed_in",
                         "embeddings"), "embedding.token"),
        **dict.fromkeys(("wpe", "embed_positions"), "embedding.position"),
        **dict.fromkeys(("layernorm_embedding", "word_embeddings_layernorm", "pre_layrnorm"),
                        "embedding.norm"),
        **dict.fromkeys(("norm", "ln_f", "final_layernorm", "final_layer_norm", "norm_f",
                         "layer_norm", "layernorm", "post_layernorm", "final_norm", "ln_out"),
                        "final_norm"),
    }),
    # behind them
    (r"BertPredictionHeadTransform", {"dense": "head.dense", "LayerNorm": "head.norm"}),
    (r"BertLMPredictionHead", {"bias": "head", "decoder": "head"}),
    (r"RobertaLMHead", {
        "dense": "head.dense", "layer_norm": "head.norm", "decoder": "head", "bias": "head",
        "": "head",
    }),
    (r"ModernBertPredictionHead", {"dense": "head.dense", "norm": "head.norm"}),
    (r"\w*(ForMaskedLM|ForCausalLM|Generation|Classification|LMHeadModel|SiglipModel|CLIPModel)", {
        **dict.fromkeys(("lm_head", "decoder", "classifier", "proj_out", "embed_out", "head",
                         "vocab_projector", "final_logits_bias"), "head"),
        "vocab_transform": "head.dense", "vocab_layer_norm": "head.norm",
        "text_projection": "head.projection", "visual_projection": "head.projection",
        "logit_scale": "head.logit_scale", "logit_bias": "head.logit_bias",
    }),
    (r"SiglipText\w*", {"head": "head"}),
    (r"LlavaMultiModalProjector", {"linear_1": "projector.1", "linear_2": "projector.2"}),
    (r"Gemma3MultiModalProjector", {
        "mm_input_projection_weight": "projector.input", "mm_soft_emb_norm": "projector.norm",
    }),
    (r"\w*PatchMerger", {
        "ln_q": "projector.ln_q", "mlp.0": "projector.0", "mlp.2": "projector.2",
    }),
)  # fmt: skip

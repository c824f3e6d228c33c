"""How models spell the facts of their configuration."""

from __future__ import annotations

from typing import Final

#: Spellings in a `config.json`, the common one first.
KEYS: Final[dict[str, tuple[str, ...]]] = {
    "hidden_size": ("hidden_size", "n_embd", "d_model", "dim", "embed_dim", "model_dim",
                    "n_embed", "emb_dim", "hidden_dim", "width", "projection_hidden_size"),
    "layers": ("num_hidden_layers", "n_layer", "n_layers", "num_layers", "encoder_layers", "depth"),
    "heads": ("num_attention_heads", "n_head", "n_heads", "num_heads", "encoder_attention_heads",
              "attention_heads"),
    "kv_heads": ("num_key_value_heads", "n_kv_heads", "num_kv_heads", "n_head_kv",
                 "multi_query_group_num", "num_attention_kv_heads", "kv_n_heads"),
    "head_dim": ("head_dim", "d_kv", "kv_channels", "attention_head_dim", "attention_head_size"),
    "q_head_dim": ("qk_head_dim",),
    "v_head_dim": ("v_head_dim",),
    "intermediate_size": ("intermediate_size", "n_inner", "ffn_dim", "d_ff", "ffn_hidden_size",
                          "encoder_ffn_dim", "feed_forward_dim", "inner_dim", "mlp_hidden_size"),
    "vocab_size": ("vocab_size", "padded_vocab_size", "n_vocab"),
    "max_positions": ("max_position_embeddings", "n_positions", "max_seq_len", "n_ctx",
                      "max_sequence_length", "seq_length"),
    "experts": ("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts",
                "num_experts_per_layer", "n_experts"),
    "experts_per_token": ("num_experts_per_tok", "num_experts_per_token", "moe_topk", "moe_k",
                          "num_selected_experts", "experts_per_token", "moe_top_k",
                          "n_experts_per_tok", "top_k_experts"),
    "shared_experts": ("n_shared_experts", "num_shared_experts", "num_shared_expert",
                       "moe_num_shared_experts"),
    "moe_intermediate_size": ("moe_intermediate_size", "expert_intermediate_size",
                              "expert_ffn_hidden_size", "moe_ffn_hidden_size"),
    "shared_intermediate_size": ("shared_expert_intermediate_size", "shared_intermediate_size",
                                 "moe_shared_expert_intermediate_size"),
    "first_dense_layers": ("first_k_dense_replace", "moe_layer_start_index"),
    "q_lora_rank": ("q_lora_rank",),
    "kv_lora_rank": ("kv_lora_rank",),
    "rope_theta": ("rope_theta", "rotary_emb_base"),
    "norm_eps": ("rms_norm_eps", "layer_norm_eps", "layer_norm_epsilon", "norm_eps",
                 "layernorm_epsilon"),
    "sliding_window": ("sliding_window",),
    "tied": ("tie_word_embeddings",),
}  # fmt: skip

#: Spellings in GGUF metadata, behind `<architecture>.`.
GGUF_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "hidden_size": ("embedding_length",),
    "layers": ("block_count",),
    "heads": ("attention.head_count",),
    "kv_heads": ("attention.head_count_kv",),
    "head_dim": ("attention.key_length",),
    "q_head_dim": ("attention.key_length_mla", "attention.key_length"),
    "v_head_dim": ("attention.value_length_mla", "attention.value_length"),
    "intermediate_size": ("feed_forward_length",),
    "vocab_size": ("vocab_size",),
    "max_positions": ("context_length",),
    "experts": ("expert_count",),
    "experts_per_token": ("expert_used_count",),
    "shared_experts": ("expert_shared_count",),
    "moe_intermediate_size": ("expert_feed_forward_length",),
    "shared_intermediate_size": ("expert_shared_feed_forward_length",),
    "first_dense_layers": ("leading_dense_block_count",),
    "q_lora_rank": ("attention.q_lora_rank",),
    "kv_lora_rank": ("attention.kv_lora_rank",),
    "rope_theta": ("rope.freq_base",),
    "norm_eps": ("attention.layer_norm_rms_epsilon", "attention.layer_norm_epsilon"),
    "sliding_window": ("attention.sliding_window",),
}

#: Nested configurations, and the stack each speaks of.
NESTED: Final = {
    "text_config": "text", "language_config": "text", "llm_config": "text", "thinker_config": "",
    "vision_config": "vision", "visual": "vision", "vision_cfg": "vision", "vit_config": "vision",
    "audio_config": "audio", "audio_encoder_config": "audio", "speech_config": "audio",
    "encoder": "encoder", "decoder": "decoder", "text_encoder": "encoder",
    "qformer_config": "projector", "projector_config": "projector",
}  # fmt: skip

#: What an encoder–decoder calls the halves' own facts.
SIDES: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    side: {
        "layers": (f"{side}_layers", f"num_{side}_layers"),
        "heads": (f"{side}_attention_heads",),
        "intermediate_size": (f"{side}_ffn_dim",),
    }
    for side in ("encoder", "decoder")
}

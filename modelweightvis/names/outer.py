"""The rows for tensors outside the blocks, and for the towers that names lead into."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from modelweightvis.names.rows import Row

#: Words of a path that name a tower; the first that matches counts, a projector before all.
_PROJECTOR: Final = re.compile(
    r"multi_?modal_projector|mm_?projector|projector|(modality_)?projection_layer|connector|aligner"
    r"|resampler|perceiver\w*|qformer|(patch_)?merger|deepstack_merger_list|embed_(vision|audio)"
    r"|mlp_AR|vision_adapter|modality_projection|mlp1|audio_adapter|image_projector"
)
_TOWERS: Final = (
    (re.compile(r"(vision|visual|vpm|vit|siglip|image|img|dino|radio)\w*", re.IGNORECASE), "vision"),
    (re.compile(r"(audio|speech|conformer|wav2vec|hubert|acoustic|sound)\w*", re.IGNORECASE),
     "audio"),
    (re.compile(r"(language|text|llm)(_\w+)?"), "text"),
    (re.compile(r"mtp\w*|nextn\w*"), "mtp"),
)  # fmt: skip
#: Words that look like towers and name a part of one.
_NOT_A_TOWER: Final = re.compile(r"\w+_(projection|embeds?|newline|embeddings?|proj|seperator)")

ENCODER: Final = re.compile(r"(\w+_)?encoders?")
DECODER: Final = re.compile(r"(\w+_)?decoders?")

_PATCH: Final = r"(.*\.)?(patch_embed(ding|dings|der)?|patch_conv|patch_generator)(\.\w+)*"

ROWS: Final = (
    Row(r"(.*\.)?(embed_tokens|wte|word_embeddings?|tok(en)?_embeddings?|embed_in|shared|word_embed"
        r"|token_embed|in_out_embed|model_embd|tokens_embed)(\.emb)?", "embedding.token"),
    Row(r"(?:.*\.)?head\.(?:(?:attention|mlp)\.)?(probe|layernorm|in_proj|out_proj|fc1|fc2)",
        r"pooler.\1"),
    Row(r"(?:.*\.)?(?:gated|(pre|post)_tile)_positional_embedding\.(gate|tile_embedding)",
        r"embedding.position_\1\2"),
    Row(r"(?:.*\.)?(pre|post)_tile_positional_embedding\.embedding", r"embedding.position_\1"),
    Row(r"(cls\.predictions\.transform|lm_head|head|(.*\.)?\w*predictions|classifier)\.dense"
        r"|vocab_transform|pre_classifier|lm_head\.transform\.dense", "head.dense"),
    Row(r"(cls\.predictions\.transform|lm_head|head|(.*\.)?\w*predictions)\.(LayerNorm|layer_norm"
        r"|norm|layernorm)|vocab_layer_norm", "head.norm"),
    Row(r"(.*\.)?(time_?(step)?_?(text_|guidance_)?embed\w*|t_embedder|condition_embedder|time_in"
        r"|adaln_single|time_embedding)(\.\w+)*", "embedding.time"),
    Row(r"(.*\.)?embed_tokens_per_layer", "embedding.per_layer"),
    Row(r"(.*\.)?per_layer_model_projection", "embedding.per_layer_projection"),
    Row(r"(.*\.)?per_layer_projection_norm", "embedding.per_layer_norm"),
    Row(r"(.*\.)?(wpe|embed_positions?|position(al)?_embed(ding|dings)?|pos_embed(ding|dings)?"
        r"|pos_emb|positions_embed|gated_positional_embedding\.embedding)(\.\w+)?",
        "embedding.position"),
    Row(r"(.*\.)?(token_type_embed(dings)?|segment_embeddings?|type_embeddings?|embed_token_type)",
        "embedding.type"),
    Row(r"(.*\.)?(cls_token|class_embedding|class_token|cls_embedding)", "embedding.class"),
    Row(r"(.*\.)?mask_token", "embedding.mask"),
    Row(r"(.*\.)?(patch_embed\w*|patch_generator)\.(.*\.)?(norm|layernorm|layer_norm|LayerNorm)",
        "embedding.norm"),
    Row(r"(.*\.)?embeddings?\.(norm|LayerNorm|layernorm|layer_norm|ln)|(.*\.)?(word_embeddings_layer"
        r"norm|layernorm_embedding|emb_ln|embed_norm|pre_la?yr?norm|pre_layernorm|ln_pre"
        r"|layernorm_pre|embeddings_norm|norm_pre|emb_norm|embed_layer_norm|ln0"
        r"|embeddings?\.post_layer_norm)", "embedding.norm"),
    Row(r"(.*\.)?(project_in|embeddings_project|embedding_hidden_mapping_in|embed_proj)",
        "embedding.projection"),
    Row(_PATCH, "embedding.patch"),
    Row(r"(.*\.)?conv_?([12])", r"embedding.conv\2"),
    Row(r"(.*\.)?(feature_extractor|conv_layers|subsample\w*|feature_projection|conv_stem)\..*",
        "embedding.conv"),
    Row(r"(.*\.)?(embeddings?|embd)", "embedding.token"),
    Row(r"(.*\.)?(rotary\w*|rope\w*)(\.\w+)*|(.*\.)?inv_freq", "rotary"),
    Row(r"(.*\.)?(relative_attention_bias|relative_position_bias\w*|rel_embeddings)(\.\w+)*",
        "relative_bias"),
    Row(r"(.*\.)?pooler\.dense", "pooler"),
    Row(r"(.*\.)?(text|visual|vision|image|audio)_projection", "head.projection"),
    Row(r"(.*\.)?project_out", "head.projection"),
    Row(r"(.*\.)?logit_(scale|bias)", r"head.logit_\2"),
    Row(r"(.*\.)?logit", "head.logit_bias"),
    Row(r"cls\.seq_relationship", "head.sequence"),
    Row(r"(.*\.)?(lm_head|embed_out|output|head|vocab_projector|classifier|score|output_layer"
        r"|unembedding|proj_out|qa_outputs|cls\.predictions|predictions|final_logits|generator_lm_head)"
        r"(\.(decoder|linear|out|out_proj))?|decoder", "head"),
    Row(r"(.*\.)?(norm|ln_f|final_layer_?norm|final_norm|norm_f|ln_out|post_layernorm|layer_?norm"
        r"|ln_post|ln_final|layernorm_post|LayerNorm|post_norm|rms_norm|last_norm"
        r"|encoder_norm|decoder_norm|norm_out|final_rms_norm|out_norm|embedding_norm)", "final_norm"),
)  # fmt: skip

#: Leaves of what joins a tower to the language model.
PROJECTOR: Final = (
    Row(r"(.*\.)?(linear_|mlp\.|fc|layers\.|proj\.|hidden_layers\.)?(\d+)", r"projector.\3"),
    Row(r"(.*\.)?mm_input_projection", "projector.input"),
    Row(r"(.*\.)?mm_soft_emb_norm", "projector.norm"),
    Row(r"(.*\.)?(\w+)", r"projector.\2"),
)


def projected(leaf: str) -> str:
    """Return the tower whose output a projection into the shared space takes."""
    word = leaf.partition("_")[0]
    return {"text": "text", "audio": "audio"}.get(word, "vision")


@lru_cache(maxsize=8192)
def tower_of(path: tuple[str, ...]) -> str:
    """Return the tower that a path leads into; empty where no word says so."""
    inside = [token for token in path if not _NOT_A_TOWER.fullmatch(token)]
    if any(_PROJECTOR.fullmatch(token) for token in path[:-1]):
        return "projector"
    if path and len(path) == 1 and _PROJECTOR.fullmatch(path[0]):
        return "projector"
    for token in inside:
        for pattern, tower in _TOWERS:
            if pattern.fullmatch(token):
                return tower
    return ""


def side_of(path: Sequence[str]) -> str:
    """Return `encoder` or `decoder` where a word of the path says so; else nothing."""
    for token in path:
        if ENCODER.fullmatch(token) or token == "enc":  # noqa: S105 (a word, not a secret)
            return "encoder"
        if DECODER.fullmatch(token) or token == "dec":  # noqa: S105
            return "decoder"
    return ""

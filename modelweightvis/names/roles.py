"""The vocabulary: what a tensor can be to its model, and the order of drawing it.

A role is a path of one or two words. The first is its group (`attention`, `mlp`, `experts` …); the
group of a tensor outside the blocks says whether it belongs above them (`embedding`) or below
(`head`). A leaf that no row knows keeps its own word behind the group its path stands in
(`attention.relative_k_proj`), so a role may be outside these tuples but never outside the groups.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal

#: Where a tensor stands in the picture of its stack.
Place = Literal["above", "block", "below"]

_ATTENTION: Final = (
    "q", "k", "v", "qkv", "kv", "q_a", "q_b", "kv_a", "kv_b", "k_b", "v_b", "o", "gate",
    "q_norm", "k_norm", "q_a_norm", "kv_a_norm", "sub_norm", "sinks", "relative_bias", "rotary",
)  # fmt: skip
_MLP: Final = ("gate", "up", "gate_up", "down")
_SSM: Final = (
    "in", "conv", "x", "dt", "beta_alpha", "alpha", "beta", "a", "d",
    "dt_norm", "b_norm", "c_norm", "norm", "out",
)  # fmt: skip
_RWKV: Final = (
    "receptance", "key", "value", "gate", "output", "norm", "decay", "first",
    "lerp_x", "lerp_r", "lerp_w", "lerp_k", "lerp_v", "lerp_g",
)  # fmt: skip

#: Every group of a block's roles with its known roles, in the order of drawing.
BLOCK: Final[dict[str, tuple[str, ...]]] = {
    "attention": _ATTENTION,
    "cross_attention": _ATTENTION,
    "indexer": ("q_b", "k", "proj", "k_norm"),
    "ssm": _SSM,
    "time_mix": _RWKV,
    "conv": ("in", "pointwise_1", "conv", "depthwise", "norm", "pointwise_2", "out"),
    "router": ("", "correction", "scale", "shared"),
    "mlp": _MLP,
    "mlp_2": _MLP,
    "context_mlp": _MLP,
    "channel_mix": ("receptance", "key", "value", "lerp_k", "lerp_r"),
    "shared_experts": _MLP,
    "experts": (*_MLP, "norm"),
    "chunk_experts": _MLP,
    "vision_attention": _ATTENTION,
    "vision_mlp": _MLP,
    "bottleneck": (),
    "adapter": (),
    "hyper_connection": (),
    "modulation": ("",),
    "per_layer": ("gate", "projection"),
    "altup": (),
    "laurel": ("left", "right", "norm"),
    "attention_norm": ("",),
    "attention_norm_2": ("",),
    "attention_post_norm": ("",),
    "cross_attention_norm": ("",),
    "cross_attention_post_norm": ("",),
    "mlp_norm": ("",),
    "mlp_norm_2": ("",),
    "mlp_post_norm": ("",),
    "mlp_post_norm_1": ("",),
    "mlp_post_norm_2": ("",),
    "mlp_2_norm": ("",),
    "mlp_2_post_norm": ("",),
    "conv_norm": ("",),
    "per_layer_norm": ("",),
    "block_norm": ("",),
    "attention_scale": ("",),
    "mlp_scale": ("",),
    "block_scale": ("",),
    "mtp": ("projection", "embedding", "embedding_norm", "hidden_norm", "head", "norm"),
    "other": ("",),
}

#: Every group of roles outside the blocks, with its place.
OUTER: Final[dict[str, tuple[Place, tuple[str, ...]]]] = {
    "embedding": (
        "above",
        ("token", "per_layer", "patch", "conv", "class", "time", "position", "type", "mask",
         "projection", "norm", "scale"),
    ),
    "rotary": ("above", ("",)),
    "relative_bias": ("above", ("",)),
    "final_norm": ("below", ("",)),
    "pooler": ("below", ("",)),
    "projector": ("below", ("",)),
    "head": ("below", ("dense", "norm", "", "projection", "scale")),
    "outside": ("below", ("",)),
}  # fmt: skip

_BLOCK_RANK: Final = {group: rank for rank, group in enumerate(BLOCK)}
_OUTER_RANK: Final = {group: rank for rank, group in enumerate(OUTER)}
_KIND_RANK: Final = {"weight": 0, "bias": 1}


def group_of(role: str) -> str:
    """Return the group of a role: its first word."""
    return role.partition(".")[0]


def place_of(role: str, *, in_block: bool) -> Place:
    """Return where a tensor of this role stands in the picture of its stack."""
    if in_block:
        return "block"
    return OUTER.get(group_of(role), OUTER["outside"])[0]


def order_of(role: str, kind: str, expert: int | None, *, in_block: bool) -> tuple[int, ...]:
    """Return the sort key of a tensor among those of its block, or of its stack's outside."""
    return (*_rank_of(role, in_block), -1 if expert is None else expert, _KIND_RANK.get(kind, 2))


@lru_cache(maxsize=4096)
def _rank_of(role: str, in_block: bool) -> tuple[int, int]:  # noqa: FBT001
    group, _, leaf = role.partition(".")
    if in_block:
        rank, known = _BLOCK_RANK.get(group, len(BLOCK)), BLOCK.get(group, ())
    else:
        rank, known = _OUTER_RANK.get(group, len(OUTER)), OUTER.get(group, OUTER["outside"])[1]
    return rank, known.index(leaf) if leaf in known else len(known)

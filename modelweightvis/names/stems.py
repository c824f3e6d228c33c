"""Strip a name of what training, adapting and quantising hang on it."""

from __future__ import annotations

import re
from typing import Final, NamedTuple


class Stem(NamedTuple):
    """A name without its wrappers: the path to the parameter, its kind, and which part it stores."""

    path: tuple[str, ...]
    kind: str
    part: str


#: Words that wrappers (compile, sharding, checkpointing, adapters) put into the path.
_WRAPPERS: Final = frozenset(
    ("_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "base_layer",
     "_forward_module", "original_module", "orig_module")
)  # fmt: skip
#: Words that stand in front of a whole model.
_FRONT: Final = frozenset(("module", "base_model", "state_dict", "model_state_dict"))

_ADAPTERS: Final = {
    "lora_a": "lora_a", "lora_b": "lora_b", "lora_down": "lora_a", "lora_up": "lora_b",
    "lora_embedding_a": "lora_a", "lora_embedding_b": "lora_b",
    "lora_magnitude_vector": "lora_magnitude", "lora_mid": "lora_mid",
}  # fmt: skip

#: What the last word of a packed tensor's ingredient says it is.
_PARTS: Final = {
    "qweight": "codes", "weight_packed": "codes", "scales": "scales", "weight_scale": "scales",
    "weight_scale_inv": "scales", "weight_scale_2": "scales_2", "absmax": "scales", "SCB": "scales",
    "qzeros": "zeros", "biases": "zeros", "weight_zero_point": "zeros", "g_idx": "index",
    "weight_g_idx": "index", "weight_shape": "shape", "weight_format": "format",
    "quant_map": "code", "nested_absmax": "nested_scales", "nested_quant_map": "nested_code",
    "input_scale": "input_scale", "input_zero_point": "input_zeros", "output_scale": "output_scale",
    "k_scale": "k_scale", "v_scale": "v_scale", "q_scale": "q_scale", "scale_inv": "scales",
    "weight_g": "magnitude", "weight_v": "direction",
}  # fmt: skip
#: The same, hung on the last word with an underscore, as fused expert banks do.
_TAILS: Final = (
    ("_weight_scale_inv", "scales"), ("_scale_inv", "scales"), ("_weight_scale", "scales"),
    ("_blocks", "codes"), ("_scales", "scales"), ("_packed", "codes"),
)  # fmt: skip
_KINDS: Final = {
    "weight": "weight", "bias": "bias", "gamma": "weight", "beta": "bias", "kernel": "weight",
    "running_mean": "running_mean", "running_var": "running_var",
    "num_batches_tracked": "num_batches_tracked",
}  # fmt: skip
_NORM: Final = re.compile(r"norm|^ln|_ln$", re.IGNORECASE)
#: Names that end in `_bias` or `_weight` and are tensors of their own.
_WHOLE: Final = frozenset(
    ("attention_sink_bias", "relative_attention_bias", "router_bias", "expert_bias", "rel_pos_bias",
     "position_bias", "std_bias", "attn_bias")
)  # fmt: skip


def stem(name: str) -> Stem:
    """Return the path, kind and part that a stored name means."""
    tokens = _unwrap(name.split("."))
    tokens, part = _split_part(tokens)
    tokens, kind = _split_kind(tokens)
    return Stem(tuple(tokens), kind, part)


def _unwrap(tokens: list[str]) -> list[str]:
    if tokens[0] == "base_model" and len(tokens) > 2 and tokens[1] == "model":
        tokens = tokens[2:]
    while len(tokens) > 1 and tokens[0] in _FRONT:
        tokens = tokens[1:]
    if "modules_to_save" in tokens[:-1]:
        at = tokens.index("modules_to_save")
        tokens = tokens[:at] + tokens[at + 2 :] or tokens
    if _WRAPPERS.isdisjoint(tokens):
        return tokens
    return [token for token in tokens if token not in _WRAPPERS] or tokens


def _split_part(tokens: list[str]) -> tuple[list[str], str]:
    last = tokens[-1]
    for at in range(max(1, len(tokens) - 3), len(tokens)):
        if tokens[at].lower() in _ADAPTERS:
            return tokens[:at], _ADAPTERS[tokens[at].lower()]
    if len(tokens) == 1:
        return _split_tail(tokens)
    if "quant_state" in tokens[1:]:
        return tokens[: tokens.index("quant_state", 1)], "state"
    if "parametrizations" in tokens[:-2]:
        at = tokens.index("parametrizations")
        part = {"original0": "magnitude", "original1": "direction"}.get(last, last)
        return tokens[:at] + tokens[at + 1 : at + 2], part
    if last == "scale":  # a norm's own weight, or the scale of a packed one
        return tokens[:-1], "" if _NORM.search(tokens[-2]) else "scales"
    return (tokens[:-1], _PARTS[last]) if last in _PARTS else _split_tail(tokens)


def _split_tail(tokens: list[str]) -> tuple[list[str], str]:
    last = tokens[-1]
    for tail, part in _TAILS:
        if last.endswith(tail) and len(last) > len(tail):
            return [*tokens[:-1], last[: -len(tail)]], part
    return tokens, ""


def _split_kind(tokens: list[str]) -> tuple[list[str], str]:
    last = tokens[-1]
    if len(tokens) > 1 and last in _KINDS:
        return tokens[:-1], _KINDS[last]
    if last in _WHOLE:
        return tokens, "weight"
    for tail, kind in (("_weight", "weight"), ("_bias", "bias")):
        if last.endswith(tail) and len(last) > len(tail):
            return [*tokens[:-1], last[: -len(tail)]], kind
    return tokens, "weight"

"""Which half of a block a path leads into: the words that say so."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple


class Leaf(NamedTuple):
    """What is left of a path once its context is known."""

    context: str
    leaf: str
    expert: int | None


#: Words (lower case, no underscores) that open a context; the first that matches counts.
_WORDS: Final = tuple(
    (re.compile(pattern), context)
    for pattern, context in (
        (r"indexer", "indexer"),
        (r"chunkexperts", "chunk_experts"),
        (r"shared?(experts?|mlp)", "shared_experts"),
        (r"(local|routed|mlp)?experts?\d*", "experts"),
        (r"linear(attn|attention)|mamba\d?|ssm|deltanet|gateddeltanet|mambamixer|[ms]lstmlayer", "ssm"),
        (r"mixer|temporalblock|tokenmixer|operator", "mixer"),
        (r"(cross|encoder|encdec|enc|encodercross)(multihead)?(attn|attention|att)\d?|attn2",
         "cross_attention"),
        (r"(?!.*norm|pre|post)[a-z]*(attn|attention|att|attns|attentions|mha)1?", "attention"),
        (r"(feedforward|ff|ffn|ffwlayer)(2|end|out)", "mlp_2"),
        (r"(ff|mlp|feedforward)context|(txt|context)(ff|mlp)", "context_mlp"),
        ((r"(?!.*norm)(dense|language|text|block|sparse|residual|shared|img)*"
          r"(mlps?|mlpblock|ffn?|feedforward(in)?|ffnlayer|ffwlayerstart|moe|densereludense)1?"), "mlp"),
        (r"(short|l)?conv(1d|module)?", "conv"),
        (r"adapters?(modules?)?", "adapter"),
        (r"bottleneck", "bottleneck"),
        (r"altup", "altup"),
        (r"laurel", "laurel"),
        (r"timemix\w*", "time_mix"),
        (r"channelmix\w*", "channel_mix"),
    )
)  # fmt: skip
#: Once inside these, further context words (`experts.mlp.w1`) change nothing.
_STICKY: Final = frozenset(("experts", "shared_experts", "chunk_experts", "indexer"))
#: Words inside a context that say nothing more.
_NOISE: Final = frozenset(
    ("self", "attention", "attn", "mlp", "inner_attention", "SelfAttention", "fn", "net")
)
#: Words that number their experts at once, beside `experts` itself.
_BANKS: Final = frozenset(("moe",))
_EXPERT: Final = re.compile(r"expert_?(\d{1,6})", re.ASCII)


@lru_cache(maxsize=4096)
def context_of(token: str) -> str:
    """Return the context that a word of a path opens; empty if none."""
    word = token[:64].lower().replace("_", "")
    return next((context for pattern, context in _WORDS if pattern.fullmatch(word)), "")


def leaf_of(path: Sequence[str]) -> Leaf:
    """Return the context, leaf and expert of a path below its block."""
    context, start, expert = "", 0, None
    for at, token in enumerate(path[:-1]):
        found = context_of(token)
        if found and context not in _STICKY:
            context, start = found, at + 1
            follower = path[at + 1]
            if (
                (found == "experts" or token in _BANKS)
                and is_index(follower)
                and at + 2 < len(path)
            ):
                context, expert, start = "experts", int(follower), at + 2
        if numbered := _EXPERT.fullmatch(token):
            context, expert, start = "experts", int(numbered[1]), at + 1
    tokens = list(path[start:])
    if context:
        tokens = [token for token in tokens[:-1] if token not in _NOISE] + tokens[-1:]
    return Leaf(context, ".".join(tokens), expert)


def is_index(token: str) -> bool:
    """Tell whether a word of a path is a position in a list."""
    return token.isascii() and token.isdigit() and len(token) <= 6

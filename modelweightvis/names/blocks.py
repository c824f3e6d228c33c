"""Find the block that a path leads into: the list of equal modules that a model repeats."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from modelweightvis.names import gguf
from modelweightvis.names.contexts import context_of, is_index

#: Words in front of an index that may be a stack's list of blocks.
_LIST: Final = re.compile(
    r"h|blk|(\w+_)?(layers?|blocks?|encoders?|decoders?|resblocks|stages?)|\w*(layers|blocks)"
)

#: Groups of roles that make a list of modules a stack of blocks.
CORE: Final = frozenset(
    ("attention", "cross_attention", "ssm", "mlp", "mlp_2", "context_mlp", "experts", "shared_experts",
     "time_mix", "channel_mix", "conv")
)  # fmt: skip


def is_gguf(box: Sequence[str]) -> bool:
    """Tell whether what stands in front of a block's index is spelt as GGUF files do."""
    return box in gguf.STACKS


def index_of_block(path: Sequence[str]) -> int | None:
    """Return where in a path the index of its block stands; None if it leads into no block.

    The innermost list counts (`stages.0.blocks.1`), unless it lies within one half of a block
    (`layers.0.mlp.layers.1`) or numbers the halves themselves (`block.0.layer.1`, as T5 does).
    """
    return _index_of_block(tuple("#" if is_index(token) else token for token in path))


@lru_cache(maxsize=1024)
def _index_of_block(template: tuple[str, ...]) -> int | None:
    found = None
    for at in range(1, len(template) - 1):
        word = template[at - 1]
        if found is not None and context_of(word) and template[at] != "#":
            break
        if template[at] == "#" and _LIST.fullmatch(word):
            halves = found is not None and word == "layer" and template[found - 1] == "block"
            if not halves:
                found = at
    return found

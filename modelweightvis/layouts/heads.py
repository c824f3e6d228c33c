"""Where the attention heads of a tensor lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from modelweightvis.config import ModelConfig
    from modelweightvis.tensors import Tensor

_GROUPS: Final = ("attention.", "cross_attention.")
#: Roles of which the outputs are heads; those of the second are shared by groups of queries.
_QUERIES: Final = frozenset(("q", "q_b", "k_b", "v_b", "kv_b", "sinks"))
_SHARED: Final = frozenset(("k", "v"))
#: Families that store matrices as (inputs, outputs).
_TRANSPOSED: Final = frozenset(("gpt2", "openai-gpt", "imagegpt", "decision_transformer"))


def heads_of(tensor: Tensor, config: ModelConfig) -> dict[str, Any] | None:
    """Return the axis that is cut into heads, how long a head is, and how many there are.

    None where the tensor has no heads, or the configuration does not fit it.

    Args:
        tensor: of a model.
        config: the model's; what it says of the tensor's stack counts.
    """
    if not tensor.name.role.startswith(_GROUPS) or tensor.name.part:
        return None
    config = config.of(tensor.name.stack)
    shape, leaf = tensor.region.shape, tensor.name.role.partition(".")[2]
    count = config.kv_heads if leaf in _SHARED else config.heads
    if not count or not 1 <= len(shape) <= 2 or leaf not in _QUERIES | _SHARED | {"o"}:
        return None
    inputs = leaf == "o"
    if inputs and len(shape) == 1:
        return None
    axis = int(inputs) if len(shape) == 2 else 0
    if config.model_type in _TRANSPOSED and len(shape) == 2 and tensor.name.kind == "weight":
        axis = 1 - axis
    size, rest = divmod(shape[axis], count)
    if rest or not size:
        return None
    return {"axis": axis, "size": size, "count": count}

"""Undoes what a conversion to GGUF does to the values of a tensor.

llama.cpp's converter permutes the rows of queries and keys of some families, so that rotary pairs
lie together; adds 1 to norms that are stored as their difference from 1; regroups fused matrices by
projection instead of by head; transposes what GPT-2 stores as (inputs, outputs). Each is undone by a
view, so that a tensor of a GGUF file is seen as its original was stored. Formulas: the classes of
`conversion/` in llama.cpp, one entry per architecture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any

from arbvis_core.api import Add, Region, Reshape, Step, Transpose

if TYPE_CHECKING:
    from modelweightvis.config import ModelConfig
    from modelweightvis.tensors import Tensor

    #: Returns the steps that undo a conversion, or None if a tensor is as its original.
    Undo = Callable[[Tensor, ModelConfig], tuple[Step, ...] | None]


def oriented(tensor: Tensor, facts: Mapping[str, Any], config: ModelConfig) -> Tensor:
    """Return a tensor as its original was stored.

    Args:
        tensor: of any file.
        facts: what the file says of itself; only GGUF files name a `general.architecture`.
        config: the same, understood.
    """
    architecture = facts.get("general.architecture")
    if not isinstance(architecture, str):
        return tensor
    for undo in ARCHITECTURES.get(architecture, ()):
        steps = undo(tensor, config)
        if steps:
            return tensor._replace(region=_seen(tensor.region, steps))
    return tensor


def _seen(region: Region, steps: tuple[Step, ...]) -> Region:
    shape = region.shape
    for step in steps:
        if isinstance(step, Reshape):
            shape = step.shape
        elif isinstance(step, Transpose):
            shape = tuple(shape[axis] for axis in step.axes)
    return replace(region, shape=shape, stored=region.stored_shape, view=(*region.view, *steps))


def _rotary(tensor: Tensor, config: ModelConfig) -> tuple[Step, ...] | None:
    """Undo `reshape(heads, 2, half, …).swapaxes(1, 2)` of queries and keys."""
    heads = {
        "attention.q": config.heads,
        "attention.k": config.kv_heads or config.heads,
    }.get(tensor.name.role)
    return _interleaved(tensor.region.shape, heads)


def _interleaved(shape: tuple[int, ...], heads: int | None) -> tuple[Step, ...] | None:
    if not heads or not shape or shape[0] % (2 * heads):
        return None
    half = shape[0] // heads // 2
    axes = (0, 2, 1, *range(3, 2 + len(shape)))
    return Reshape((heads, half, 2, *shape[1:])), Transpose(axes), Reshape(shape)


def _norms(tensor: Tensor, _config: ModelConfig) -> tuple[Step, ...] | None:
    """Undo the 1 that is added to norms."""
    return (Add(-1.0),) if _is_norm(tensor) and tensor.name.kind == "weight" else None


def _main_norms(tensor: Tensor, config: ModelConfig) -> tuple[Step, ...] | None:
    """Undo the 1 that is added to all norms but those within linear attention."""
    return None if tensor.name.role == "ssm.norm" else _norms(tensor, config)


def _is_norm(tensor: Tensor) -> bool:
    return tensor.name.role.rsplit(".", 1)[-1].endswith("norm")


def _by_head(tensor: Tensor, config: ModelConfig) -> tuple[Step, ...] | None:
    """Undo the regrouping of (heads, 3, …) to (3, heads, …)."""
    shape = tensor.region.shape
    if tensor.name.role != "attention.qkv" or not config.heads or shape[0] % (3 * config.heads):
        return None
    each = shape[0] // 3 // config.heads
    axes = (1, 0, *range(2, 2 + len(shape)))
    return Reshape((3, config.heads, each, *shape[1:])), Transpose(axes), Reshape(shape)


def _transposed(tensor: Tensor, _config: ModelConfig) -> tuple[Step, ...] | None:
    """Undo the transposition of what is stored as (inputs, outputs)."""
    role = tensor.name.role.partition(".")[0]
    inside = tensor.name.layer is not None and role in {"attention", "mlp"}
    return (Transpose((1, 0)),) if inside and len(tensor.region.shape) == 2 else None


def _channels(tensor: Tensor, _config: ModelConfig) -> tuple[Step, ...] | None:
    """Undo the axis of 1 that is taken out of a depthwise convolution."""
    shape = tensor.region.shape
    if tensor.name.role != "ssm.conv" or len(shape) != 2:
        return None
    return (Reshape((shape[0], 1, shape[1])),)


def _flat(tensor: Tensor, _config: ModelConfig) -> tuple[Step, ...] | None:
    """Undo the axis of 1 that is added to a vector, and groups of a norm."""
    if tensor.name.role in {"ssm.d", "ssm.norm"} and len(tensor.region.shape) == 2:
        return (Reshape((prod(tensor.region.shape),)),)
    return None


#: What is undone, by `general.architecture`.
ARCHITECTURES: Mapping[str, tuple[Undo, ...]] = {
    **dict.fromkeys(
        (
            *("llama", "llama-embed", "arcee", "smollm3", "granite", "granitemoe"),
            *("granitehybrid", "deepseek", "olmo", "minicpm", "deci", "bailingmoe"),
            *("internlm2", "xverse", "baichuan", "arctic", "llada", "nanbeige"),
        ),
        (_rotary,),
    ),
    **dict.fromkeys(("gemma", "gemma2", "gemma3", "nemotron"), (_norms,)),
    **dict.fromkeys(("qwen3next", "qwen35", "qwen35moe"), (_main_norms,)),
    **dict.fromkeys(("gptneox", "bloom"), (_by_head,)),
    "gpt2": (_transposed,),
    "mamba": (_channels,),
    "mamba2": (_channels, _flat),
}

"""LoRA adapters as what they change: B·A·scale, computed window by window, in place.

Formulas and names: `peft.tuners.lora`, where a merged weight is W + scale · B·A, transposed where the
weight is stored as (inputs, outputs).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod, sqrt
from typing import TYPE_CHECKING, Any

from arbvis_core.api import Decoder, FormatError, Region, Reshape
from modelweightvis.names import parse_names
from modelweightvis.tensors import Tensor

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.api import Document, Window
    from modelweightvis.differences.pairing import Pair

#: The encodings of a delta, and of a tensor with its delta added.
LORA, MERGED = "lora", "merged"
#: The name of a factor: module, which it is, and what the adapter is called.
FACTOR = re.compile(
    r"(?:base_model\.model\.)?(?P<module>.+)\.lora_(?P<kind>embedding_)?(?P<side>[AB])"
    r"(?:\.(?!weight$)(?P<adapter>[^.]+))?(?:\.weight)?"
)
PREFIX = "base_model.model."
#: Patterns of modules are at most so long, and repeat at most so many things: others take ages.
LONGEST, REPEATED = 300, 3


class LoraDecoder(Decoder):
    """B·A·scale of a window: the operands are A, (rank, inputs), and B, (outputs, rank)."""

    encodings = (LORA,)

    def boxes(self, region: Region, window: Window) -> tuple[Window, ...]:
        """Return the columns of A and the rows of B that a window needs."""
        rank = (0, region.operands[0].shape[0])
        outputs, inputs = window[::-1] if region.attributes["transposed"] else window
        return (rank, inputs), (outputs, rank)

    def crops(self, region: Region, window: Window) -> tuple[()]:
        """Return nothing: all that is read, the operands read."""
        return ()

    def decode(
        self,
        region: Region,
        window: Window,
        buffers: Sequence[NDArray[np.uint8]],
        operands: Sequence[NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        """Return the delta of a window, float32."""
        import numpy as np

        left, right = operands
        delta = (right @ left) * np.float32(region.attributes["scale"])
        return np.ascontiguousarray(delta.T if region.attributes["transposed"] else delta)


class MergedDecoder(Decoder):
    """The first operand plus the second."""

    encodings = (MERGED,)

    def crops(self, region: Region, window: Window) -> tuple[()]:
        """Return nothing: all that is read, the operands read."""
        return ()

    def decode(
        self,
        region: Region,
        window: Window,
        buffers: Sequence[NDArray[np.uint8]],
        operands: Sequence[NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        """Return the sum, float32."""
        merged: NDArray[np.float32] = operands[0] + operands[1]
        return merged


def is_adapter(tensors: Sequence[Tensor]) -> bool:
    """Tell whether tensors are those of an adapter."""
    return any(tensor.name.part in {"lora_a", "lora_b"} for tensor in tensors)


def deltas(tensors: Sequence[Tensor], documents: Sequence[Document]) -> list[Tensor]:
    """Return the tensors of an adapter with a delta in place of each pair of factors.

    Raises:
        FormatError: its configuration is missing, or it is no plain LoRA.
    """
    name = documents[0].name
    configs = [one.metadata["adapter"] for one in documents if "adapter" in one.metadata]
    if not configs:
        raise FormatError(
            f"{name}: adapter_config.json, which says how to scale it, is not beside it"
        )
    kept, factors = _sorted(name, tensors, configs[0])
    found = [_delta(name, *key, pair, configs[0]) for key, pair in factors.items()]
    regions = [*found, *(one.region for one in kept)]
    names = parse_names([region.name for region in regions])
    return [Tensor(region, parsed) for region, parsed in zip(regions, names, strict=True)]


def _sorted(
    name: str, tensors: Sequence[Tensor], config: Mapping[str, Any]
) -> tuple[list[Tensor], dict[tuple[str, str], dict[str, Tensor]]]:
    """Part factors, by module and adapter, from tensors that the adapter replaces."""
    kept: list[Tensor] = []
    factors: dict[tuple[str, str], dict[str, Tensor]] = {}
    if config.get("use_dora") or any("magnitude" in one.name.part for one in tensors):
        raise FormatError(f"{name} is a DoRA adapter, whose change is no sum; merge it and compare")
    for one in tensors:
        match = FACTOR.fullmatch(one.region.name)
        if match:
            pair = factors.setdefault((match["module"], match["adapter"] or ""), {})
            pair[match["side"] + (match["kind"] or "")] = one
        else:
            stored = one.region.name.removeprefix(PREFIX).replace(".modules_to_save.", ".")
            kept.append(one._replace(region=replace(one.region, name=stored)))
    return kept, factors


def _delta(
    name: str, module: str, adapter: str, pair: Mapping[str, Tensor], config: Mapping[str, Any]
) -> Region:
    embedded = "Aembedding_" in pair
    kind = "embedding_" if embedded else ""
    first, second = pair.get(f"A{kind}"), pair.get(f"B{kind}")
    if first is None or second is None:
        raise FormatError(f"{name}: {module} has one of the factors A and B, and not the other")
    left, right = _flat(first.region, 1), _flat(second.region, 0)
    rank = left.shape[0]
    if right.shape[1] != rank:
        raise FormatError(f"{name}: {module} has factors of rank {rank} and {right.shape[1]}")
    turned = embedded or bool(config.get("fan_in_fan_out"))
    shape = (right.shape[0], left.shape[1])
    stored = shape[::-1] if turned else shape
    whole = (shape[0], *first.region.shape[1:]) if len(first.region.shape) > 2 else stored
    return Region(
        name=f"{module}.weight",
        shape=whole,
        encoding=LORA,
        view=(Reshape(whole),) if whole != stored else (),
        stored=stored,
        operands=(left, right),
        attributes={
            "dtype": f"LoRA {first.dtype}",
            "scale": _scale(name, module, rank, config),
            "transposed": turned,
            "adapter": adapter,
        },
    )


def _flat(factor: Region, axis: int) -> Region:
    """Return a factor of a convolution as a matrix."""
    if len(factor.shape) == 2:
        return factor
    if len(factor.shape) < 2:
        raise FormatError(f"{factor.name} is a factor of one axis")
    rest = prod(factor.shape[1:])
    flat = (
        (factor.shape[0], rest)
        if axis
        else (prod(factor.shape) // factor.shape[1], factor.shape[1])
    )
    return replace(
        factor, shape=flat, stored=factor.stored_shape, view=(*factor.view, Reshape(flat))
    )


def _scale(name: str, module: str, rank: int, config: Mapping[str, Any]) -> float:
    alpha = _of(module, config.get("alpha_pattern"), config.get("lora_alpha", 8))
    told = _of(module, config.get("rank_pattern"), config.get("r", rank))
    if not all(isinstance(one, int | float) for one in (alpha, told)):
        raise FormatError(f"{name}: adapter_config.json has no numbers for r and lora_alpha")
    if told != rank:
        raise FormatError(
            f"{name}: {module} has factors of rank {rank}, adapter_config.json says {told}"
        )
    return float(alpha) / (sqrt(rank) if config.get("use_rslora") else rank)


def _of(module: str, patterns: Any, usual: Any) -> Any:
    """Return what the first pattern that fits says of a module, as peft looks it up."""
    for pattern, value in patterns.items() if isinstance(patterns, Mapping) else ():
        if not _is_simple(pattern):
            raise FormatError(
                f"adapter_config.json: the pattern {pattern[:80]!r} is not understood"
            )
        try:
            if re.match(rf"(.*\.)?({pattern})$", module):
                return value
        except re.error:
            raise FormatError(
                f"adapter_config.json: the pattern {pattern[:80]!r} is no regular expression"
            ) from None
    return usual


def _is_simple(pattern: str) -> bool:
    repeated = len(re.findall(r"[+*?{]", pattern))
    nested = re.search(r"\)[+*?{]", pattern)
    return len(pattern) <= LONGEST and repeated <= REPEATED and nested is None


def merged(pairs: Sequence[Pair]) -> list[Pair]:
    """Return the pairs of a base and an adapter as those of a base and what it becomes."""
    found = []
    for one in pairs:
        if one.left is None:
            found.append(one)
        elif one.right is None:
            found.append(
                replace(one, right=one.left.region, others=(one.left,), rule="not adapted")
            )
        elif _has_delta(one.right) and one.right.shape == one.left.region.shape:
            base = one.left.region
            right = Region(base.name, base.shape, MERGED, operands=(base, one.right))
            found.append(replace(one, right=right, rule=f"adapted ({one.rule})"))
        else:
            found.append(one)
    return found


def _has_delta(region: Region) -> bool:
    return region.encoding == LORA or any(map(_has_delta, region.operands))

"""What keeps two models from being compared, unless with `--keep-going`."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING

from arbvis_core.api import UsageError
from modelweightvis.sidecars import config_of

if TYPE_CHECKING:
    from arbvis_core.api import Document
    from modelweightvis.differences.pairing import Pair

#: Where a model says what it is: a `config.json`, or the pairs of a GGUF file.
PLACES = ("config", "pairs")
#: Missing files that a sentence names.
SHOWN = 5


def whole(name: str, side: Sequence[Document], *, keep_going: bool) -> None:
    """Refuse a model of which files are missing, as after a download that broke off.

    Args:
        name: the input, as typed.
        side: its documents.
        keep_going: compare what is here; a warning of the format says what is not.

    Raises:
        UsageError: files are missing.
    """
    gone = [file for one in side for file in (one.metadata.get("missing") or {}).get("files", ())]
    if gone and not keep_going:
        shown = ", ".join(gone[:SHOWN]) + (f" and {len(gone) - SHOWN} more" if gone[SHOWN:] else "")
        raise UsageError(
            f"--diff: {name} is not whole, {shown} {'is' if len(gone) == 1 else 'are'} not here: "
            f"fetch it again, or compare the tensors that are here: --keep-going"
        )


def one_architecture(
    left: str,
    right: str,
    sides: Sequence[Sequence[Document]],
    *,
    keep_going: bool,
) -> tuple[str, ...]:
    """Refuse models of different architectures; return what to say if they are compared anyway.

    Names of architectures are comparable only where both are from one place: llama.cpp calls many
    of them `llama` that have names of their own elsewhere.

    Args:
        left: the first input, as typed.
        right: the other.
        sides: the documents of both.
        keep_going: compare what pairs all the same.

    Raises:
        UsageError: they are of different architectures.
    """
    for place in PLACES:
        ours, theirs = (_types(side, place) for side in sides)
        if ours and theirs and not ours & theirs:
            kinds = [" and ".join(sorted(kind)) for kind in (ours, theirs)]
            said = f"{left} is of the architecture {kinds[0]}, {right} of {kinds[1]}"
            if not keep_going:
                raise UsageError(
                    f"--diff: {said}: tensors of one name need not be the same thing. "
                    f"To compare those that pair all the same: --keep-going"
                )
            return (f"{said}: only what pairs is compared",)
    return ()


def unequal(left: str, right: str, pairs: Sequence[Pair]) -> tuple[str, ...]:
    """Say how much is compared of pairs of unequal shapes: what both have, counted from the start.

    Args:
        left: the first input, as typed.
        right: the other.
        pairs: of both.

    Returns:
        One sentence for all of them; none where there are none.
    """
    told = [
        (one.left.region.name, one.left.region.shape, one.right.shape)
        for one in pairs
        if one.left and one.right and one.left.region.shape != one.right.shape
    ]
    if not told:
        return ()
    compared = sum(_shared(ours, theirs) for _, ours, theirs in told)
    total = sum(prod(ours) + prod(theirs) for _, ours, theirs in told) - compared
    name, *shapes = told[0]
    first, second = (" × ".join(map(str, shape)) or "a scalar" for shape in shapes)
    said = (
        f"{len(told)} tensor{'s have' if len(told) > 1 else ' has'} another shape in {right}: "
        f"{compared:,} of {total:,} elements are compared; {name} is {first} in {left}, {second} "
        f"in {right}"
    )
    return (said,)


def _shared(left: Sequence[int], right: Sequence[int]) -> int:
    """Return how many elements two shapes have in common."""
    return prod(map(min, left, right)) if len(left) == len(right) else 0


def _types(side: Sequence[Document], place: str) -> set[str]:
    """Return what the models of a side call their architecture, their inner stacks included."""
    configs = [config_of(one) for one in side if _place(one) == place]
    found = {config.model_type for config in configs}
    return (found | {part.model_type for one in configs for part in one.parts.values()}) - {""}


def _place(document: Document) -> str:
    """Return where a model says what it is; safetensors have pairs, too, but none that says so."""
    pairs = document.metadata.get("pairs") or {}
    return "pairs" if "general.architecture" in pairs else "config"

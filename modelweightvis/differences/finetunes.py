"""Whether a model says that it is a finetune of another, and what does not befit one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from arbvis_core.api import UsageError

if TYPE_CHECKING:
    from arbvis_core.api import Document
    from modelweightvis.differences.pairing import Pair

#: Violations that an error lists.
LISTED = 8


def declared(base: str, side: Sequence[Document]) -> str:
    """Return where a model says that it is a finetune of `base`; empty if it does not.

    A card says so by `base_model`, unless it names another relation; `config.json` by the name that
    the model had before it was trained. Quantised models are none.

    Args:
        base: the first input, as typed.
        side: the documents of the other.
    """
    for document in side:
        card = document.metadata.get("card") or {}
        if any(_names(one, base) for one in card.get("base_model", ())):
            relation = card.get("base_model_relation")
            return "its model card" if relation in (None, "finetune") else ""
        config = document.metadata.get("config") or {}
        origin = config.get("_name_or_path")
        if isinstance(origin, str) and _names(origin, base) and "quantization_config" not in config:
            return "its config.json"
    return ""


def _names(told: str, spec: str) -> bool:
    """Tell whether what a model says of its base names an input: by its address, or by its folder."""
    told = told.strip().rstrip("/").lower()
    if spec[:5].lower() == "hf://":
        return "/".join(spec[5:].split("@", maxsplit=1)[0].split("/")[:2]).lower() == told
    path = spec.replace("\\", "/").rstrip("/").lower()
    cached = re.search(r"models--([^/]+)--([^/]+)/snapshots/", f"{path}/")
    if cached:
        return f"{cached[1]}/{cached[2]}" == told
    last = path.rpartition("/")[2]
    return last not in {"", ".", ".."} and last == told.rpartition("/")[2]


def check(base: str, other: str, why: str, pairs: Sequence[Pair]) -> None:
    """Refuse what a finetune has not.

    Args:
        base: the first input, as typed.
        other: the other.
        why: where it says that it is a finetune; empty if `--finetune` says so.
        pairs: of both.

    Raises:
        UsageError: something is new, or of another shape; the message lists it.
    """
    violations = [one for one in map(_violation, pairs) if one]
    if not violations:
        return
    said = f"{other} is a finetune of {base}" + (f", says {why}" if why else "")
    more = len(violations) - LISTED
    listed = "; ".join(violations[:LISTED]) + (f"; and {more:,} more" if more > 0 else "")
    raise UsageError(
        f"{said}, and has what a finetune has not: {listed}. "
        f"To compare them all the same (a resized vocabulary is common): --no-finetune"
    )


def _violation(one: Pair) -> str:
    if one.left is None:
        return f"{one.others[0].region.name} is new"
    if one.right is not None and one.right.shape != one.left.region.shape:
        shapes = [" × ".join(map(str, shape)) for shape in (one.right.shape, one.left.region.shape)]
        return f"{one.left.region.name} is {shapes[0]} instead of {shapes[1]}"
    return ""

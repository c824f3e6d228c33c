"""The two models of a difference as pictures of their own, in which everything lies where the difference has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any

from modelweightvis.differences.builder import unshifted
from modelweightvis.differences.sides import viewed
from modelweightvis.folds import size_of

if TYPE_CHECKING:
    from arbvis_core.api import Placement, Region, Scene, View

#: What a placement says of the other side, and how a picture of that side alone calls it.
OTHERS = {
    "other": "stored_as",
    "other_dtype": "dtype",
    "other_bits_per_weight": "bits_per_weight",
}
#: What is only to be said of a pair.
PAIRED = frozenset(
    ("pairing", "other", "other_dtype", "other_shape", "other_bits_per_weight", "heads")
)


def models_of(scene: Scene, labels: Sequence[str], view: View) -> tuple[Scene, ...]:
    """Return the base and the modified model of a difference, as further scenes.

    Both have the canvas of the difference and the names of its tensors, every one in the order of
    its elements: what a conversion permuted or transposed is seen as the base has it. They share
    one scale. What only one model has is only in its picture.

    Args:
        scene: of the difference.
        labels: what the models are called.
        view: how tensors are looked at.
    """
    return tuple(
        replace(
            scene,
            key=label,
            label=label,
            placements=tuple(_placements(scene.placements, side)),
            renderer="elements",
            attributes={**scene.attributes, "difference": None},
            view=view,
            scale_group=f"both of {scene.key}",
            warnings=(),
        )
        for side, label in enumerate(labels)
    )


def _placements(placements: Sequence[Placement], side: int) -> Iterator[Placement]:
    for one in placements:
        region = _side(one.region, side)
        if region is None:
            continue
        shown = _fitted(region, one.region.shape)
        fold = _refolded(one.fold, shown.shape)
        if not prod(shown.shape) or (fold is None and one.fold is not None):
            continue  # it has no element, or they cannot lie where the difference has them
        width, height = size_of(shown.shape, fold)
        yield replace(
            one,
            box=one.box._replace(width=width, height=height),
            region=shown,
            fold=fold,
            attributes=_attributes(one, region, shown, side),
        )


def _side(region: Region, side: int) -> Region | None:
    """Return one model's tensor of a difference; None of what it does not have."""
    if len(region.operands) == 2:
        return unshifted(*region.operands)[side]
    return region.operands[0] if (region.attributes.get("side") == "B") == (side == 1) else None


def _fitted(region: Region, shape: tuple[int, ...]) -> Region:
    """Return what of a tensor has a place: a larger vocabulary ends where the base's does."""
    from arbvis_core.api import Slice

    for axis, (own, most) in enumerate(zip(region.shape, shape, strict=True)):
        if own > most:
            region = viewed(region, Slice(axis, 0, most))
    return region


def _refolded(fold: Mapping[str, Any] | None, shape: tuple[int, ...]) -> Mapping[str, Any] | None:
    """Return a fold for a tensor that may end sooner; None if it would lie elsewhere."""
    if fold is None:
        return None
    tall, wide = (1, 1, *shape)[-2:]
    if fold["kind"] == "rows":
        count, same = -(-tall // fold["rows"]), wide == fold["columns"]
    elif fold["kind"] == "columns":
        count, same = -(-wide // fold["columns"]), tall == fold["rows"]
    else:
        count, same = prod(shape[:-2]), (tall, wide) == (fold["rows"], fold["columns"])
        same = same and (count == fold["count"] or len(shape) == 3)
    return {**fold, "count": count} if same else None


def _attributes(one: Placement, region: Region, shown: Region, side: int) -> Mapping[str, Any]:
    found = {name: value for name, value in one.attributes.items() if name not in PAIRED}
    found["shape"] = list(shown.shape)
    if shown.shape != region.shape:
        found["cut_from"] = " × ".join(map(str, region.shape))
    if shown.shape == one.region.shape and "heads" in one.attributes:
        found["heads"] = one.attributes["heads"]
    if side == 1:
        others = OTHERS.items()
        found |= {own: one.attributes[name] for name, own in others if name in one.attributes}
        if found.get("stored_as") == one.name:
            del found["stored_as"]
    return found

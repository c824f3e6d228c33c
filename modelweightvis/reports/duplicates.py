"""Tensors that hold the same values: those of equal figures, looked at value by value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from arbvis_core import api
from modelweightvis.indexing import bands

if TYPE_CHECKING:
    from modelweightvis.reports.rows import Row

#: What equal tensors share before they are read.
SHARED = ("count", "min", "max", "zeros", "non_finite")


def duplicates_of(scene: api.ScenePlan, rows: Sequence[Row]) -> list[list[str]]:
    """Return the names of tensors that are one another's copies, group by group.

    Tensors that are one in storage, and those of one repeated value, are none.
    """
    regions = {one.name: one.region for one in scene.placements}
    held: dict[object, list[str]] = {}
    for row in rows:
        varies = row["std"] is not None and row["std"] > 0
        if varies and not row["non_finite"]:
            key = (tuple(row["shape"]), *(row[name] for name in SHARED))
            held.setdefault(key, []).append(row["name"])
    document = api.Document(scene.label, "", tuple(scene.sources.values()), ())
    groups = []
    for names in held.values():
        rest = [*names]
        while len(rest) > 1:
            first, *others = rest
            same = [one for one in others if _equal(document, regions[first], regions[one])]
            stored = {regions[one].parts for one in (first, *same)}
            if len(stored) > 1:
                groups.append([first, *same])
            rest = [one for one in others if one not in same]
    return groups


def _equal(document: api.Document, left: api.Region, right: api.Region) -> bool:
    import numpy as np

    if (left.parts, left.view, left.encoding) == (right.parts, right.view, right.encoding):
        return True
    return all(
        np.array_equal(api.values(document, left, window), api.values(document, right, window))
        for window in bands(left.shape)
    )

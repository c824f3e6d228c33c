"""Super weights: single weights of early down projections that are far beyond all others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil
from statistics import median
from typing import TYPE_CHECKING

from arbvis_core import api
from arbvis_core.slotted import dataclass
from modelweightvis.indexing import bands
from modelweightvis.reports.rules import BEYOND, EARLY, FIRST, PEERS, SUPER

if TYPE_CHECKING:
    from modelweightvis.reports.rows import Row

#: The role of the tensors that have them.
ROLE = "mlp.down"
#: Weights of one tensor that are told.
MOST = 8


@dataclass(frozen=True, slots=True)
class Candidate:
    """A weight.

    Attributes:
        tensor: the name of the tensor it is in.
        index: which element it is.
        value: itself.
        ratio: how many times the rms of the tensor.
        usual: the median, over the down projections of its stack, of the largest such ratio.
    """

    tensor: str
    index: tuple[int, ...]
    value: float
    ratio: float
    usual: float


def candidates_of(scene: api.ScenePlan, rows: Sequence[Row]) -> Iterator[Candidate]:
    """Yield the weights that may be super, the largest of each tensor first.

    A tensor is read only if its figures say that there is one.

    Args:
        scene: of the model.
        rows: what was measured of all its tensors.
    """
    regions = {one.name: one.region for one in scene.placements}
    document = api.Document(scene.label, "", tuple(scene.sources.values()), ())
    for stack in _stacks(rows):
        usual = median(_ratio(row) for row in stack)
        limit = max(SUPER, BEYOND * usual)
        early = max(FIRST, ceil(EARLY * len({row["layer"] for row in stack})))
        first = sorted({row["layer"] for row in stack})[:early]
        for row in stack:
            if row["layer"] in first and _ratio(row) >= limit:
                yield from _within(document, regions[row["name"]], row, limit, usual)


def _stacks(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Yield the down projections of every stack that has enough of them."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        matrix = row["role"] == ROLE and len(row["shape"]) == 2
        if matrix and row["layer"] is not None and row["rms"]:
            found.setdefault(row["stack"], []).append(row)
    yield from (stack for stack in found.values() if len(stack) >= PEERS)


def _ratio(row: Row) -> float:
    return float(row["max_abs"] / row["rms"])


def _within(
    document: api.Document, region: api.Region, row: Row, limit: float, usual: float
) -> Iterator[Candidate]:
    import numpy as np

    found: list[Candidate] = []
    least = limit * row["rms"]
    for window in bands(region.shape):
        values = api.values(document, region, window)
        there = np.abs(np.where(np.isfinite(values), values, 0)) >= least
        for at in np.argwhere(there):
            index = tuple(start + int(one) for (start, _), one in zip(window, at, strict=True))
            value = float(values[tuple(at)])
            found.append(Candidate(row["name"], index, value, abs(value) / row["rms"], usual))
    yield from sorted(found, key=lambda one: -one.ratio)[:MOST]

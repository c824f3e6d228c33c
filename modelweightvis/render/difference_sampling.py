"""What all tiles of a difference share: the scale of each tensor, and what overviews span.

Both sides of the same elements are looked at. A scale is the rms of the first side; overviews span
the means of patches of 8 × 8 elements, from the second to the 98th percentile of those that changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from arbvis_core.api import Crop
from modelweightvis.options import DiffMetric
from modelweightvis.render.difference_scales import LEAST_RMS, RMS_SHARE, share_table
from modelweightvis.render.pieces import decodable, region_crops, region_values
from modelweightvis.render.sampling import Sampled, sample

if TYPE_CHECKING:
    from arbvis_core.api import ScenePlan
    from modelweightvis.render.pieces import Decoders

#: The side of a patch.
PATCH = 8
#: What overviews span, if nothing changed in the sample; as powers of two of the scale.
WIDEST = (-12.0, 0.0)
#: A span is at least so many octaves.
NARROWEST = 2.0
METRICS: tuple[DiffMetric, ...] = ("rms", "abs-log", "exact", "relative")


def survey(plan: ScenePlan, decoders: Decoders) -> Sequence[Crop]:
    """Return what to read of both sides, and once what both have from the same bytes."""
    asked = (
        crop
        for one in sample(_comparable(plan, decoders), decoders)
        for region in one.placement.region.operands
        for crop in region_crops(region, one.piece.window, decoders)
    )
    return list(dict.fromkeys(asked))


def decide(
    plan: ScenePlan, parts: Sequence[NDArray[np.uint8]], decoders: Decoders
) -> Mapping[str, Any]:
    """Return the rms of the first side by tensor and over all, and the span of overviews."""
    held = dict(zip(survey(plan, decoders), parts, strict=True))
    patches: dict[str, list[Mapping[DiffMetric, NDArray[np.float32]]]] = defaultdict(list)
    squares: dict[str, NDArray[np.float64]] = {}
    for one in sample(_comparable(plan, decoders), decoders):
        name = one.placement.name
        sides = _sides(one, held, decoders)
        squares[name] = squares.get(name, np.zeros(2)) + _squares(sides[0])
        if len(sides) == 2:
            patches[name].append(_patches(*sides))
    own = {name: {"rms": _rms(*found)} for name, found in squares.items()}
    total = sum(squares.values(), np.zeros(2))
    spans = {metric: _span(metric, patches, own) for metric in METRICS}
    return {"rms": _rms(*total), "overviews": spans, "placements": own}


def _comparable(plan: ScenePlan, decoders: Decoders) -> ScenePlan:
    """Return the scene with what can be sampled: pairs, or the first side of unequal ones."""
    placements = []
    for one in plan.placements:
        operands = one.region.operands
        if len(operands) < 2 or not all(decodable(side, decoders) for side in operands):
            continue
        if operands[0].shape != operands[1].shape:
            first = replace(one.region, shape=operands[0].shape, operands=operands[:1])
            placements.append(replace(one, region=first))
        else:
            placements.append(one)
    return replace(plan, placements=tuple(placements))


def _sides(
    one: Sampled, held: Mapping[Crop, NDArray[np.uint8]], decoders: Decoders
) -> list[NDArray[np.float32]]:
    return [
        region_values(
            region,
            one.piece.window,
            iter([held[crop] for crop in region_crops(region, one.piece.window, decoders)]),
            decoders,
        )
        for region in one.placement.region.operands
    ]


def _squares(values: NDArray[np.float32]) -> NDArray[np.float64]:
    finite = values[np.isfinite(values)].astype(np.float64)
    return np.array([(finite * finite).sum(), finite.size])


def _rms(squares: float, count: float) -> float:
    return float((squares / count) ** 0.5) if count else 0.0


def _patches(
    left: NDArray[np.float32], right: NDArray[np.float32]
) -> Mapping[DiffMetric, NDArray[np.float32]]:
    """Return means over patches: of |Δ| for `rms`, of the share of the scale for the others."""
    left, right = np.atleast_1d(left), np.atleast_1d(right)
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        size = np.abs(right - left)
        ratio = np.where(left == 0, np.float32(1), size / np.abs(left))
    size[~np.isfinite(size)] = 0
    ratio[~np.isfinite(ratio)] = 0
    shares: dict[DiffMetric, NDArray[np.float32]] = {
        "rms": size,
        "abs-log": _looked_up("abs-log", size),
        "exact": (size > 0).astype(np.float32),
        "relative": np.where(size > 0, _looked_up("relative", ratio), np.float32(0)),
    }
    return {metric: _means(one) for metric, one in shares.items()}


def _looked_up(metric: DiffMetric, values: NDArray[np.float32]) -> NDArray[np.float32]:
    found: NDArray[np.float32] = share_table(metric)[values.view(np.uint32) >> 16]
    return found


def _means(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the means of patches; of what is narrower than a patch, those of as much as there is."""
    plane = values.reshape(-1, values.shape[-1]) if values.ndim else values.reshape(1, 1)
    high, wide = (min(PATCH, length) for length in plane.shape)
    rows, columns = plane.shape[0] // high, plane.shape[1] // wide
    whole = plane[: rows * high, : columns * wide].reshape(rows, high, columns, wide)
    with np.errstate(over="ignore"):  # a sum that exceeds a float32 is infinite
        means: NDArray[np.float32] = whole.mean(axis=(1, 3), dtype=np.float32).reshape(-1)
    return means


def _span(
    metric: DiffMetric,
    patches: Mapping[str, Sequence[Mapping[DiffMetric, NDArray[np.float32]]]],
    own: Mapping[str, Mapping[str, float]],
) -> list[float]:
    """Return what overviews of a metric span, as powers of two of the scale."""
    found = []
    for name, some in patches.items():
        unit = 1 / (RMS_SHARE * max(own[name]["rms"], LEAST_RMS)) if metric == "rms" else 1.0
        found += [np.minimum(one[metric] * unit, 1) for one in some]
    means = np.concatenate(found) if found else np.zeros(0)
    changed = means[means > 0]
    if not changed.size:
        return list(WIDEST)
    low, high = np.log2(np.percentile(changed, [2, 98])).tolist()
    middle, half = (low + high) / 2, max(high - low, NARROWEST) / 2
    return [round(middle - half, 4), round(middle + half, 4)]

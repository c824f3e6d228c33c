"""Findings as a live view lists them: how grave they are, and where on the canvas they lie."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from typing import TYPE_CHECKING, Any

from arbvis_core.api import Box
from modelweightvis.folds import pixel_of
from modelweightvis.reports.findings import findings_of
from modelweightvis.reports.rows import rows_of
from modelweightvis.reports.rules import BY_KIND

if TYPE_CHECKING:
    from arbvis_core.api import Placement, ScenePlan


def placed(scene: ScenePlan, summary: Mapping[str, Any], *, complete: bool) -> list[dict[str, Any]]:
    """Return what stands out of a scene of tensors, as far as it was measured."""
    measured = summary.get("placements", {})
    rows = [row for row in rows_of(scene, summary) if row["name"] in measured]
    places = {one.name: one for one in scene.placements}
    return [
        {
            "rule": one["rule"],
            "kind": one["kind"],
            "severity": BY_KIND[one["kind"]].severity,
            "tensor": one["tensors"][0],
            "tensors": one["tensors"],
            "text": one["text"],
            **_where(one, places[one["tensors"][0]], measured)._asdict(),
            "channels": _channels(one, places[one["tensors"][0]], measured),
        }
        for one in findings_of(scene, rows, summary, complete=complete)
    ]


def _where(finding: Mapping[str, Any], placement: Placement, measured: Mapping[str, Any]) -> Box:
    """Return the box to look at: what stands out of a tensor, or all of it."""
    if "index" in finding:
        x, y = pixel_of(placement.region.shape, placement.fold, finding["index"])
        return Box(placement.box.x + x, placement.box.y + y, 1, 1)
    for channel in _channels(finding, placement, measured):
        size = {name: channel[name] for name in ("x", "y", "width", "height")}
        return placement.box._replace(**size)
    return placement.box


def _channels(
    finding: Mapping[str, Any], placement: Placement, measured: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return the rows or columns that a finding names, and where they begin."""
    if finding["kind"] != "outlier channel":
        return []
    axis = "rows" if "rms of a row" in finding["rule"] else "columns"
    largest = measured[placement.name]["profile"][axis]["largest"]
    return [*_located(placement, axis, largest)]


def _located(placement: Placement, axis: str, largest: Any) -> Iterator[dict[str, Any]]:
    shape, fold = placement.region.shape, placement.fold
    for at, ratio in largest:
        leading, rest = [], at if axis == "rows" else 0
        for length in reversed(shape[:-1]):
            rest, one = divmod(rest, length)
            leading.append(one)
        index = (*leading[::-1], 0 if axis == "rows" else at)
        x, y = pixel_of(shape, fold, index)
        wide = fold["columns"] if fold else shape[-1]
        tall = fold["rows"] if fold else prod(shape[:-1])
        yield {
            "axis": axis,
            "index": at,
            "ratio": ratio,
            "x": placement.box.x + x,
            "y": placement.box.y + y,
            "width": wide if axis == "rows" else 1,
            "height": 1 if axis == "rows" else tall,
        }

"""A report as plain data: the contract that every form of it is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from arbvis_core import __version__
from arbvis_core.api import UsageError
from modelweightvis.options import RENDERERS
from modelweightvis.reports.rows import Row, one_sided, rows_of
from modelweightvis.reports.totals import by, of_one, of_two

if TYPE_CHECKING:
    from arbvis_core.api import ScenePlan
    from arbvis_core.pipeline.rendering import Report

#: The number of the contract; it grows when something is renamed or means something else.
SCHEMA = 1


def content_of(report: Report) -> dict[str, Any]:
    """Return what a run found out.

    Raises:
        UsageError: it showed no tensors.
    """
    scenes = [scene for scene in report.plan.scenes if scene.renderer in RENDERERS]
    if not scenes:
        raise UsageError("--report tells of tensors, and none are shown: leave --layout out")
    compared = RENDERERS[scenes[0].renderer]
    held = {scene.key: list(rows_of(scene, report.summaries[scene.key])) for scene in scenes}
    return {
        "schema": SCHEMA,
        "generator": {"name": "modelweightvis", "version": __version__},
        "kind": "difference" if compared else "model",
        "title": report.plan.title,
        "inputs": [dict(one) for one in report.plan.inputs],
        "models": [
            (_difference if compared else _model)(scene, held[scene.key], report)
            for scene in scenes
        ],
        "tensors": [row for rows in held.values() for row in rows],
        "warnings": list(report.plan.warnings),
    }


def _difference(scene: ScenePlan, rows: Sequence[Row], _report: Report) -> dict[str, Any]:
    told = scene.attributes.get("difference") or {}
    return {
        "key": scene.key,
        "label": scene.label,
        "base": told.get("left", ""),
        "other": told.get("right", ""),
        "totals": of_two(rows),
        "by_role": _grouped(of_two, "role", rows),
        "by_layer": _grouped(of_two, "layer", rows),
        "only_base": [row["name"] for row in rows if row["pairing"] == "only in A"],
        "only_other": [row["name"] for row in rows if row["pairing"] == "only in B"],
        "not_compared": [
            row["name"]
            for row in rows
            if one_sided(row) and row["pairing"] not in {"only in A", "only in B"}
        ],
        "ambiguous": list(told.get("ambiguous", ())),
    }


def _model(scene: ScenePlan, rows: Sequence[Row], report: Report) -> dict[str, Any]:
    from modelweightvis.reports.findings import findings_of

    return {
        "key": scene.key,
        "label": scene.label,
        "totals": of_one(rows),
        "by_role": _grouped(of_one, "role", rows),
        "by_layer": _grouped(of_one, "layer", rows),
        "types": type_map(rows),
        "findings": findings_of(scene, rows, report.summaries[scene.key]),
    }


def _grouped(total: Any, column: str, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return totals by a column; of layers, also by their stack."""
    if column == "layer":
        inside = [row for row in rows if row["layer"] is not None]
        found = by(lambda row: (row["stack"], row["layer"]), inside)
        ordered = sorted(found.items(), key=lambda one: (str(one[0][0]), one[0][1]))
        return [
            {"stack": stack, "layer": layer, **total(members)}
            for (stack, layer), members in ordered
        ]
    return [
        {column: key, **total(members)}
        for key, members in by(lambda row: row[column], rows).items()
    ]


def type_map(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the stored types of every role in every layer, and their bits per weight."""
    found: Mapping[Any, list[Row]] = by(lambda row: (row["stack"], row["layer"], row["role"]), rows)
    cells = []
    for (stack, layer, role), members in found.items():
        total = of_one(members)
        cells.append(
            {
                "stack": stack,
                "layer": layer,
                "role": role,
                "dtypes": list(dict.fromkeys(str(row["dtype"]) for row in members)),
                "bits_per_weight": total["bits_per_weight"],
            }
        )
    return cells

"""The bundle's contract: `manifest.json`, schema 1. Its schema is in docs/reference."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from arbvis_core import __version__
from arbvis_core.values import (
    TILE,
    Canvas,
    Label,
    Legend,
    Placement,
    Plan,
    ScenePlan,
    TileFormat,
    TileKey,
)

SCHEMA = 1
#: What the manifest says of a placement, whatever its layout calls so.
OWN = frozenset("name x y width height start stop label hue fold stats scale".split())  # noqa: SIM905
#: What marks a folder as one of our bundles.
GENERATOR = "arbvis"


def manifest(
    plan: Plan,
    *,
    tile_format: TileFormat,
    present: Mapping[str, Iterable[TileKey]],
    legends: Mapping[str, Sequence[Legend]],
    summaries: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """Describe a bundle.

    Args:
        plan: what was drawn.
        tile_format: of the levels above the leaves.
        present: the tiles that exist, by scene.
        legends: what the colours mean, by scene.
        summaries: what was measured, by scene. Of what stands there under `placements`, by name,
            the `stats` come into the manifest: figures, while histograms stay in `stats.json`.
    """
    return {
        "schema": SCHEMA,
        "generator": {"name": GENERATOR, "version": __version__},
        "brand": plan.brand,
        "title": plan.title,
        "inputs": [dict(one) for one in plan.inputs],
        "scenes": [
            {
                **_scene(scene, legends[scene.key], summaries[scene.key]),
                "canvas": _canvas(scene.canvas, tile_format, present[scene.key]),
            }
            for scene in plan.scenes
        ],
        "warnings": list(plan.warnings),
    }


def _scene(
    scene: ScenePlan, legends: Sequence[Legend], summary: Mapping[str, Any]
) -> dict[str, Any]:
    measured = summary.get("placements", {})
    own = scene.decisions.get("placements", {})
    return {
        "key": scene.key,
        "label": scene.label,
        "renderer": scene.renderer,
        "placements": [
            placement_facts(one, measured.get(one.name, {}).get("stats", {}), own.get(one.name, {}))
            for one in scene.placements
        ],
        "labels": [_label(one) for one in scene.labels],
        "legend": [asdict(one) for one in legends],
        "scale": {name: one for name, one in scene.decisions.items() if name != "placements"},
        "sample": dict(scene.sample),
    }


def _canvas(canvas: Canvas, tile_format: str, present: Iterable[TileKey]) -> dict[str, Any]:
    by_zoom: dict[int, set[tuple[int, int]]] = {}
    for key in present:
        by_zoom.setdefault(key.zoom, set()).add((key.x, key.y))
    levels = []
    for zoom in range(canvas.max_zoom + 1):
        columns, rows = canvas.tiles(zoom)
        lossy = tile_format != "png" and zoom < canvas.max_zoom
        levels.append(
            {
                "zoom": zoom,
                "columns": columns,
                "rows": rows,
                "present": bitmap(by_zoom.get(zoom, set()), columns, rows),
                "extension": tile_format if lossy else "png",
                "lossy": lossy,
            }
        )
    return {
        "width": canvas.width,
        "height": canvas.height,
        "tile_size": TILE,
        "max_zoom": canvas.max_zoom,
        "tile_format": tile_format,
        "curve": canvas.curve,
        "levels": levels,
    }


def bitmap(tiles: set[tuple[int, int]], columns: int, rows: int) -> str:
    """Say which tiles exist: `all`, or base64 of one bit per tile, row by row, first bit highest."""
    if len(tiles) == columns * rows:
        return "all"
    bits = bytearray(-(-columns * rows // 8))
    for x, y in tiles:
        index = y * columns + x
        bits[index >> 3] |= 0x80 >> (index & 7)
    return base64.b64encode(bytes(bits)).decode("ascii")


def placement_facts(
    placement: Placement, stats: Mapping[str, Any], scale: Mapping[str, Any]
) -> dict[str, Any]:
    """Describe a placement; what goes without saying is left out, for there may be very many.

    Args:
        placement: where something lies.
        stats: figures that were measured of it.
        scale: what was decided of it.
    """
    x, y, width, height = placement.box
    found = {
        **{name: one for name, one in placement.attributes.items() if name not in OWN},
        "name": placement.name,
        "x": x,
        "y": y,
        "width": width,
        "height": height,
    }
    if placement.stop:
        found |= {"start": placement.start, "stop": placement.stop}
    if placement.label:
        found["label"] = [round(at, 1) for at in placement.label]
    told = {"hue": placement.hue, "fold": placement.fold, "stats": stats, "scale": scale}
    return found | {name: one for name, one in told.items() if one}


def _label(label: Label) -> dict[str, Any]:
    box = label.box
    return {
        "name": label.name,
        "kind": label.kind,
        "x": box.x,
        "y": box.y,
        "width": box.width,
        "height": box.height,
        "start": label.start,
        "stop": label.stop,
        "text": label.text,
    }

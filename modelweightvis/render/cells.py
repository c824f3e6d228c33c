"""The leaf renderer of heat maps: one pixel per cell, by a figure that another scene measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import isfinite, sqrt
from typing import TYPE_CHECKING, Any

from arbvis_core.api import Indexed, Leaf, LeafRenderer, Legend, LegendEntry, Plane
from arbvis_core.values import TILE, Box

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.api import Crop, Decoder, Placement, ScenePlan, Tile, TileKey, View

COLORMAP = "cividis"
PLANES = (Plane("count", "float32", "sum"), Plane("sum", "float32", "sum"))

#: What a cell shows, and what it is called.
STATISTICS = {
    "rms": "root of the mean square",
    "frobenius": "Frobenius norm",
    "mean-abs": "mean |x|",
    "sparsity": "share of exact zeros",
}
#: Shares between which `percentile` spans its colours.
LOW, HIGH = 0.02, 0.98


class CellRenderer(LeafRenderer):
    """Layers × experts; each panel has a scale of its own."""

    name = "cells"

    def planes(self, plan: ScenePlan, view: View) -> tuple[Plane, ...]:
        """Return sums of what is shown, between 0 and 1."""
        return PLANES

    def present(self, plan: ScenePlan, key: TileKey) -> bool:
        """Tell whether a panel meets the tile."""
        return any(True for _ in _met(plan, key))

    def reads(
        self, plan: ScenePlan, key: TileKey, decoders: Mapping[str, Decoder]
    ) -> Sequence[Crop]:
        """Return nothing: the figures are in the plan."""
        return ()

    def conclude(self, plan: ScenePlan, summaries: Mapping[str, Mapping[str, Any]]) -> ScenePlan:
        """Return the scene with its figures taken from the scene of its model."""
        measured = _measured(plan, summaries)
        placements = tuple(
            replace(
                one,
                attributes={
                    **{key: value for key, value in one.attributes.items() if key != "cells"},
                    "values": [
                        [_figure(cell, measured, plan.attributes["stat"]) for cell in row]
                        for row in one.attributes["cells"]
                    ],
                },
            )
            for one in plan.placements
        )
        concluded = replace(plan, placements=placements)
        bounds = {one.name: _bounds(one, plan.attributes["norm"]) for one in placements}
        return replace(concluded, decisions={"placements": bounds})

    def paint(
        self,
        plan: ScenePlan,
        key: TileKey,
        parts: Sequence[NDArray[np.uint8]],
        decoders: Mapping[str, Decoder],
        view: View,
    ) -> Leaf:
        """Draw a tile; a cell of which nothing is known is drawn as missing."""
        import numpy as np

        from modelweightvis.render.codes import MISSING
        from modelweightvis.render.palettes import palette

        codes = np.zeros((TILE, TILE), np.uint8)
        shares, known = np.zeros((TILE, TILE), np.float32), np.zeros((TILE, TILE), np.float32)
        for placement, rows, columns, inside in _met(plan, key):
            panel = _shares(plan, placement)[inside]
            found = np.isfinite(panel)
            codes[rows, columns] = np.where(found, _coded(panel), MISSING)
            shares[rows, columns] = np.where(found, panel, 0)
            known[rows, columns] = found
        return Leaf(
            Indexed(codes, palette(COLORMAP)), {"count": _folded(known), "sum": _folded(shares)}
        )

    def shade(
        self, plan: ScenePlan, key: TileKey, planes: Mapping[str, NDArray[Any]], view: View
    ) -> Tile:
        """Colour every pixel by the mean of the cells under it."""
        import numpy as np

        from modelweightvis.render.palettes import palette

        count = planes["count"]
        means = planes["sum"] / np.maximum(count, 1)
        return Indexed(np.where(count > 0, _coded(means), 0).astype(np.uint8), palette(COLORMAP))

    def legend(self, plan: ScenePlan, view: View, statistics: Any) -> Sequence[Legend]:
        """Say what the colours of each panel mean."""
        from modelweightvis.render.codes import FIRST, LAST, MISSING
        from modelweightvis.render.legends import ramp
        from modelweightvis.render.palettes import hexadecimal, palette

        bounds = plan.decisions.get("placements", {})
        entries = [
            LegendEntry(
                ramp(COLORMAP, FIRST, LAST),
                one.name,
                f"{bounds.get(one.name, {}).get('low', 0):.4g}",
                f"{bounds.get(one.name, {}).get('high', 1):.4g}",
            )
            for one in plan.placements
        ]
        grey = (hexadecimal(palette(COLORMAP)[MISSING]),)
        chosen = plan.attributes.get("match") is not None
        missing = LegendEntry(grey, f"not in the model{', or left out by --match' * chosen}")
        stat = str(plan.attributes.get("stat", "rms"))
        note = "Rows are layers, columns are experts. Every panel has its own scale."
        return (Legend("all", STATISTICS[stat], (*entries, missing), note),)


def _met(plan: ScenePlan, key: TileKey) -> Iterator[tuple[Placement, slice, slice, Any]]:
    """Yield each panel that meets a tile, where it lies in it, and which of its cells do."""
    tile = Box(key.x * TILE, key.y * TILE, TILE, TILE)
    for one in plan.placements:
        box = one.box
        if not box.meets(tile):
            continue
        top, left = max(box.y, tile.y), max(box.x, tile.x)
        bottom = min(box.y + box.height, tile.y + TILE)
        right = min(box.x + box.width, tile.x + TILE)
        inside = (slice(top - box.y, bottom - box.y), slice(left - box.x, right - box.x))
        rows = slice(top - tile.y, bottom - tile.y)
        yield one, rows, slice(left - tile.x, right - tile.x), inside


def _measured(
    plan: ScenePlan, summaries: Mapping[str, Mapping[str, Any]]
) -> Mapping[str, Mapping[str, Any]]:
    """Return what was measured of the scene's model: of several that fit, the one of its number."""
    wanted = {
        cell[0]
        for one in plan.placements
        for row in one.attributes["cells"]
        for cell in row
        if cell is not None
    }
    fitting = [
        found
        for summary in summaries.values()
        if (found := _by_tensor(summary.get("placements", {}), wanted))
    ]
    number = int(plan.attributes.get("model", 0))
    return fitting[min(number, len(fitting) - 1)] if fitting else {}


def _by_tensor(placements: Mapping[str, Any], wanted: set[str]) -> dict[str, Mapping[str, Any]]:
    """Return what was measured by tensor; a placement is called after its tensor, or ends so."""
    found = {}
    for name, one in placements.items():
        tensor = name if name in wanted else name.partition("/")[2]
        if tensor in wanted:
            found[tensor] = one
    return found


def _figure(
    cell: Sequence[Any] | None, measured: Mapping[str, Mapping[str, Any]], stat: str
) -> float | None:
    if cell is None or cell[0] not in measured:
        return None
    one, cut = measured[cell[0]], cell[1]
    figures = (
        one["stats"]
        if cut is None
        else {name: values[cut] for name, values in one.get("heads", {}).items()}
    )
    count = figures.get("count", 0) - figures.get("non_finite", 0)
    rms = figures.get("rms")
    value = {
        "rms": rms,
        "frobenius": None if rms is None else rms * sqrt(count),
        "mean-abs": figures.get("mean_abs"),
        "sparsity": figures.get("zeros"),
    }[stat]
    return value if value is not None and isfinite(value) else None


def _bounds(placement: Placement, norm: str) -> dict[str, float]:
    """Return what the colours of a panel span."""
    values = sorted(
        value for row in placement.attributes["values"] for value in row if value is not None
    )
    if not values:
        return {"low": 0.0, "high": 1.0}
    low, high = {
        "max": (0.0, values[-1]),
        "min-max": (values[0], values[-1]),
        "percentile": (_rank(values, LOW), _rank(values, HIGH)),
    }[norm]
    if high - low <= 1e-12:
        low, high = 0.0, values[-1] or 1.0
    return {"low": low, "high": high}


def _rank(values: Sequence[float], share: float) -> float:
    return values[round(share * (len(values) - 1))]


def _shares(plan: ScenePlan, placement: Placement) -> NDArray[np.float32]:
    """Return where the figures of a panel lie between its bounds; NaN where there is none."""
    import numpy as np

    shape = placement.region.shape
    values = placement.attributes.get("values")
    if values is None:
        return np.full(shape, np.nan, np.float32)
    bounds = plan.decisions["placements"][placement.name]
    figures = np.array(values, np.float64).reshape(shape)
    shares = (figures - bounds["low"]) / (bounds["high"] - bounds["low"])
    clipped: NDArray[np.float32] = np.clip(shares, 0, 1).astype(np.float32)
    return clipped


def _coded(shares: NDArray[np.float32]) -> NDArray[np.uint8]:
    import numpy as np

    from modelweightvis.render.codes import FIRST, LAST

    return (FIRST + np.rint(np.nan_to_num(shares) * (LAST - FIRST))).astype(np.uint8)


def _folded(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    import numpy as np

    from arbvis_core.kernels.fold import fold

    half = np.empty((TILE // 2, TILE // 2), np.float32)
    fold(plane, "sum", half)
    return half

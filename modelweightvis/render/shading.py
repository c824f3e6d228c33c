"""Colours a tile above the maximum zoom from its folded planes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from arbvis_core.api import TILE, Indexed
from modelweightvis.render.codes import NOT_FINITE, PADDING, ZERO, hatched, magnitude_table
from modelweightvis.render.deciding import MAGNITUDES, balance_limit, overview_window
from modelweightvis.render.palettes import palette
from modelweightvis.render.remembering import remembered

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.api import Leaf, ScenePlan, Tile, TileKey
    from modelweightvis.render.looks import Looks

#: The bit of the plane `flags` of elements whose values nobody knows; the lower ones are measured.
HATCHED = 8


def shade(plan: ScenePlan, key: TileKey, planes: Mapping[str, NDArray[Any]], looks: Looks) -> Tile:
    """Colour a tile or several: what is finite by its statistic, flags above all."""
    import numpy as np

    planes = {name.partition("/")[0]: plane for name, plane in planes.items()}
    codes = np.empty(planes["flags"].shape, np.uint8)  # all of it is written
    if looks.overview == "balance":
        _balance(plan, planes, looks, codes)
    else:
        _magnitude(plan, planes, looks, codes)
    flags = planes["flags"]
    if flags[0, 0] if _is_number(flags) else flags.any():
        unknown = (flags == HATCHED) & (codes == PADDING)
        stripes = hatched(key.y * TILE, key.x * TILE, len(codes), len(codes))
        codes[unknown] = stripes[unknown]
        codes[flags & ~np.uint8(HATCHED) > 0] = NOT_FINITE
    return Indexed(codes, palette(looks.overview_colormap))


def with_two_above(plan: ScenePlan, leaf: Leaf, looks: Looks) -> Leaf:
    """Shade the two zooms above an area in one go, if all in it is as it mostly is.

    That is: means are shown, everything is finite, and not every pixel has as many elements.
    """
    import numpy as np

    from modelweightvis.kernels.shade import two_overviews

    planes = {name.partition("/")[0]: plane for name, plane in leaf.planes.items()}
    total, count, flags = (planes.get(name) for name in ("sum_abs", "count", "flags"))
    if looks.overview != "mean" or total is None or count is None or flags is None:
        return leaf
    if _is_number(total) or _is_number(count) or not _is_number(flags) or flags[0, 0]:
        return leaf
    side = len(total)
    codes, above = (np.empty((side // part, side // part), np.uint8) for part in (1, 2))
    totals, counts = np.empty((2, side // 4, side // 4), np.float32)
    work = np.empty(side, np.uint32), np.empty((4, side // 2), np.float32)
    two_overviews(total, count, _table(plan, looks), *work, codes, above, totals, counts)
    found = {"sum_abs": totals, "count": counts, "flags": flags[: side // 4, : side // 4]}
    colours = palette(looks.overview_colormap)
    return replace(
        leaf,
        planes={name: found[name.partition("/")[0]] for name in leaf.planes},
        above=(Indexed(codes, colours), Indexed(above, colours)),
    )


def _magnitude(
    plan: ScenePlan,
    planes: Mapping[str, NDArray[np.float32]],
    looks: Looks,
    codes: NDArray[np.uint8],
) -> None:
    from math import frexp

    import numpy as np

    from modelweightvis.kernels.shade import magnitudes, scaled_magnitudes

    table = _table(plan, looks)
    total, count = planes[MAGNITUDES[looks.overview]], planes["count"]
    mean = looks.overview != "max"
    bits = np.empty(codes.shape[1], np.uint32)
    if _is_number(count) and frexp(count[0, 0])[0] == 0.5:  # one over it is exact
        factor = np.float32(1 / count[0, 0] if mean else 1)
        scaled_magnitudes(np.ascontiguousarray(total), factor, table, bits, codes)
    else:
        counts = np.ascontiguousarray(count)
        magnitudes(np.ascontiguousarray(total), counts, mean, table, bits, codes)


@remembered
def _table(plan: ScenePlan, looks: Looks) -> NDArray[np.uint8]:
    power = 2 if looks.overview == "rms" else 1
    return magnitude_table(overview_window(plan.decisions, looks), power)


def _is_number(plane: NDArray[Any]) -> bool:
    """Tell whether a plane is the same everywhere."""
    return not any(plane.strides)


def _balance(
    plan: ScenePlan,
    planes: Mapping[str, NDArray[np.float32]],
    looks: Looks,
    codes: NDArray[np.uint8],
) -> None:
    import numpy as np

    from modelweightvis.kernels.shade import balances

    factor = np.float32(1 / balance_limit(plan.decisions, looks))
    codes[:] = planes["count"] > 0
    total, magnitude = (np.ascontiguousarray(planes[name]) for name in ("sum", "sum_abs"))
    balances(total, magnitude, factor, np.uint8(ZERO), codes)

"""Colours a tile above the maximum zoom from its folded planes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from arbvis_core.api import TILE, Indexed
from modelweightvis.render.codes import NOT_FINITE, PADDING, ZERO, hatched, magnitude_table
from modelweightvis.render.deciding import MAGNITUDES, balance_limit, overview_window
from modelweightvis.render.palettes import palette

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.api import ScenePlan, Tile, TileKey
    from modelweightvis.render.looks import Looks

#: The bit of the plane `flags` of elements whose values nobody knows; the lower ones are measured.
HATCHED = 8


def shade(plan: ScenePlan, key: TileKey, planes: Mapping[str, NDArray[Any]], looks: Looks) -> Tile:
    """Colour a tile: what is finite by its statistic, flags above all."""
    import numpy as np

    planes = {name.partition("/")[0]: plane for name, plane in planes.items()}
    codes = np.zeros((TILE, TILE), np.uint8)
    if looks.overview == "balance":
        _balance(plan, planes, looks, codes)
    else:
        _magnitude(plan, planes, looks, codes)
    flags = planes["flags"]
    if flags.any():
        unknown = (flags == HATCHED) & (codes == PADDING)
        stripes = hatched(key.y * TILE, key.x * TILE, TILE, TILE)
        codes[unknown] = stripes[unknown]
        codes[flags & ~np.uint8(HATCHED) > 0] = NOT_FINITE
    return Indexed(codes, palette(looks.overview_colormap))


def _magnitude(
    plan: ScenePlan,
    planes: Mapping[str, NDArray[np.float32]],
    looks: Looks,
    codes: NDArray[np.uint8],
) -> None:
    from modelweightvis.kernels.shade import magnitudes

    power = 2 if looks.overview == "rms" else 1
    table = magnitude_table(overview_window(plan.decisions, looks), power)
    total = planes[MAGNITUDES[looks.overview]]
    magnitudes(total, planes["count"], looks.overview != "max", table, codes)


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
    balances(planes["sum"], planes["sum_abs"], factor, np.uint8(ZERO), codes)

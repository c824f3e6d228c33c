"""One row per tensor: what it is, and what was measured of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from typing import TYPE_CHECKING, Any

from modelweightvis.measuring import FIGURES
from modelweightvis.options import RENDERERS

if TYPE_CHECKING:
    from arbvis_core.api import Placement, Region, ScenePlan

Row = dict[str, Any]

#: What a tensor is.
NAMED = ("model", "name", "canonical", "stack", "layer", "role", "expert", "part", "shape", "dtype")
#: What is known of one tensor.
OF_ONE = (
    *NAMED,
    "bytes",
    "bits_per_weight",
    *FIGURES,
)
#: What is known of a tensor beside another: figures are of the second minus the first.
OF_TWO = (
    *NAMED,
    "other_name",
    "other_shape",
    "other_dtype",
    "pairing",
    "bits_per_weight",
    "other_bits_per_weight",
    "count",
    "relative_frobenius",
    "sqnr_db",
    "cosine",
    "max_abs",
    "max_abs_index",
    "changed",
    "mean",
    "std",
    "rms",
    "base_rms",
    "other_rms",
    "non_finite_left",
    "non_finite_right",
    "non_finite_both",
)
#: How a placement calls what a row calls otherwise.
_CALLED = {"other_name": "other"}


def rows_of(scene: ScenePlan, summary: Mapping[str, Any]) -> Iterator[Row]:
    """Yield a row per tensor of a scene, in the order of the picture.

    Args:
        scene: of tensors, or of differences.
        summary: what was measured, as `stats.json` has it.
    """
    columns = OF_TWO if RENDERERS[scene.renderer] else OF_ONE
    measured = summary.get("placements", {})
    for placement in scene.placements:
        figures = measured.get(placement.name, {}).get("stats", {})
        known = {**_stored(placement), **placement.attributes, **figures}
        known |= {"model": scene.key, "name": placement.name}
        yield {column: known.get(_CALLED.get(column, column)) for column in columns}


def _stored(placement: Placement) -> Row:
    if placement.region.operands and "pairing" in placement.attributes:
        return {}
    size, elements = bytes_of(placement.region), prod(placement.region.shape)
    return {"bytes": size, "bits_per_weight": 8 * size / elements if elements else 0.0}


def bytes_of(region: Region) -> int:
    """Return how many bytes are stored for a region, its operands included."""
    own = sum(part.stop - part.start for part in region.parts)
    return own + sum(map(bytes_of, region.operands))


def one_sided(row: Mapping[str, Any]) -> bool:
    """Tell whether a tensor of a difference was not compared."""
    return row.get("count") is None


def elements(row: Row) -> int:
    """Return how many values a tensor has."""
    return prod(row["shape"])

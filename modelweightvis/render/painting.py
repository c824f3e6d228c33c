"""Fills a tile of the maximum zoom, its planes and its statistics, piece by piece."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from arbvis_core.api import Indexed, Leaf
from modelweightvis.encodings.units import code_values
from modelweightvis.kernels.clearing import cleared, inner
from modelweightvis.kernels.coded import encode_stored, measure_bfloat16
from modelweightvis.kernels.measure import LARGEST, all_finite, encode, measure
from modelweightvis.kernels.painted import paint_values
from modelweightvis.kernels.statistics import Statistics
from modelweightvis.render.codes import hatched, stored_table, value_table
from modelweightvis.render.covering import Covered, constant
from modelweightvis.render.deciding import mean_of, reference, value_window
from modelweightvis.render.heads import added, measured
from modelweightvis.render.measured import Measured
from modelweightvis.render.palettes import palette
from modelweightvis.render.pieces import decode16, side_of
from modelweightvis.render.profiles import Profile, profile_of
from modelweightvis.render.remembering import remembered
from modelweightvis.render.shading import HATCHED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from arbvis_core.api import Plane, ScenePlan, TileKey
    from modelweightvis.kernels.clearing import Rectangle
    from modelweightvis.render.codes import Window
    from modelweightvis.render.looks import Looks
    from modelweightvis.render.pieces import Spot


class Painter:
    """One tile in the making, or all leaves under one.

    Args:
        plan: of the scene.
        key: the tile.
        looks: how it is looked at.
        spots: all that will be put or hatched.
        coded: those of them whose stored codes will be put.
    """

    def __init__(
        self,
        plan: ScenePlan,
        key: TileKey,
        looks: Looks,
        spots: Sequence[Spot],
        coded: Sequence[Spot],
    ) -> None:
        self._decisions = plan.decisions
        side = side_of(plan, key)
        self._corner = (key.y * side, key.x * side)
        self._looks = looks
        self._window = _window(plan, looks)
        self._codes = cleared((side, side), "uint8", [_rectangle(one) for one in spots])
        self._planes = _Planes(looks, side, [one for one in coded if _is_bfloat16(one)])
        self._code_counts = np.zeros(1 << 16, np.uint32)
        self._figures: dict[str, Statistics] = {}
        self._heads: dict[str, NDArray[np.float64]] = {}
        self._profiles: dict[str, Profile] = {}
        self._profiled = bool(plan.attributes.get("profiles"))

    def put(self, spot: Spot, values: NDArray[np.float32]) -> None:
        """Paint and measure the values of a piece, (h, w)."""
        octaves = self._reference(spot)
        table = value_table(self._window.moved(octaves))
        at, sums = (spot.top, spot.left), self._planes.sums_alone
        if sums is None:
            encode(values, table, self._codes, *at)
            self._planes.add(spot, values, octaves)
        elif paint_values(values, table, 2**-octaves, self._codes, sums, *at):
            self._planes.add_rest(spot, values, octaves)
        else:
            self._planes.cover(spot)
        self._add_heads(spot, values)
        self._statistics(spot).add(values)

    def put_codes(self, spot: Spot, stored: NDArray[np.uint16]) -> None:
        """Paint and measure the stored codes of a piece, (h, w)."""
        encoding, octaves = spot.placement.region.encoding, self._reference(spot)
        table = stored_table(encoding, self._window.moved(octaves))
        counts = self._code_counts
        sums = self._planes.sums_alone
        if _is_bfloat16(spot) and sums is not None:
            at, factor = (spot.top, spot.left), 2**-octaves
            if measure_bfloat16(stored, table, factor, self._codes, sums, counts, *at):
                self._planes.add_rest(spot, decode16(encoding, stored), octaves)
            else:
                self._planes.cover(spot)
        else:
            encode_stored(stored, table, self._codes, counts, spot.top, spot.left)
            self._planes.add(spot, decode16(encoding, stored), octaves)
        if _is_bfloat16(spot) and not self._profiled:
            self._add_heads(spot, stored)
        elif _cut(spot) or self._profiled:
            for band, rows in spot.bands():
                self._add_heads(band, decode16(encoding, stored[rows]))
        self._statistics(spot).add_counts(counts, code_values(encoding))

    def hatch(self, spot: Spot) -> None:
        """Paint a piece whose values nobody knows."""
        box = spot.piece.box
        rows = slice(spot.top, spot.top + box.height)
        columns = slice(spot.left, spot.left + box.width)
        top, left = self._corner[0] + spot.top, self._corner[1] + spot.left
        self._codes[rows, columns] = hatched(top, left, box.height, box.width)
        halves = tuple(slice(one.start // 2, -(-one.stop // 2)) for one in (rows, columns))
        self._planes["flags"][halves] |= HATCHED

    def leaf(self) -> Leaf:
        """Return the tile."""
        tile = Indexed(self._codes, palette(self._looks.colormap))
        found = Measured(self._figures, self._heads, self._profiles)
        return Leaf(tile, self._planes.done(), found)

    def _reference(self, spot: Spot) -> float:
        return reference(self._decisions, spot.placement, self._looks.scale)

    def _add_heads(self, spot: Spot, values: NDArray[Any]) -> None:
        """Measure heads, of values or of bfloat16 as it is stored, and rows and columns, of values."""
        name, cuts = spot.placement.name, _cut(spot)
        if cuts:
            found = measured(cuts, spot.piece, values)
            self._heads[name] = added(self._heads[name], found) if name in self._heads else found
        if self._profiled and (profile := profile_of(spot.placement.region, spot.piece, values)):
            known = self._profiles.get(name)
            self._profiles[name] = known.merged(profile) if known else profile

    def _statistics(self, spot: Spot) -> Statistics:
        name = spot.placement.name
        if name not in self._figures:
            self._figures[name] = Statistics(mean_of(self._decisions, spot.placement))
        return self._figures[name]


@remembered
def _window(plan: ScenePlan, looks: Looks) -> Window:
    return value_window(plan.decisions, looks)


def _cut(spot: Spot) -> Any:
    """Return how a tensor is cut into heads or experts, if it is."""
    attributes = spot.placement.attributes
    return attributes.get("heads") or attributes.get("experts")


def _is_bfloat16(spot: Spot) -> bool:
    return spot.placement.region.encoding == "BF16"


def _rectangle(spot: Spot) -> Rectangle:
    return spot.top, spot.left, spot.piece.box.height, spot.piece.box.width


class _Planes:
    """What zoomed-out pixels are made of, at half the resolution.

    Where all elements are finite, and in most tiles they are, they are not counted one by one; and
    what is the same everywhere stays one number.

    Args:
        looks: how the tile is looked at.
        side: of the square of pixels.
        written: spots whose sums will be written if nothing else is measured.
    """

    def __init__(self, looks: Looks, side: int, written: Sequence[Spot]) -> None:
        self._side = side // 2
        self._written = [inner(_rectangle(one)) for one in written]
        self._names = _names(looks)
        self._arrays: dict[str, NDArray[Any]] = {}
        self._counts = Covered(side)

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return a plane that is added to."""
        if name == "count":
            return self._counts.plane
        if name not in self._arrays:
            self._arrays[name] = np.zeros((self._side, self._side), self._names[name].dtype)
        return self._arrays[name]

    @property
    def sums_alone(self) -> NDArray[np.float32] | None:
        """The sum of magnitudes, if nothing else is measured of finite elements."""
        if self._names.keys() != {"count", "sum_abs", "flags"}:
            return None
        if "sum_abs" not in self._arrays:
            shape = (self._side, self._side)
            self._arrays["sum_abs"] = cleared(shape, "float32", self._written)
        return self["sum_abs"]

    def add(self, spot: Spot, values: NDArray[np.float32], octaves: float) -> None:
        """Measure a piece."""
        values = _scaled(values, octaves)
        finite = all_finite(values)
        rest = {"count", "flags"} if finite else set()
        names = [name for name in self._names if name not in rest]
        measure(values, {name: self[name] for name in names}, spot.top, spot.left)
        if finite:
            self.cover(spot)

    def add_rest(self, spot: Spot, values: NDArray[np.float32], octaves: float) -> None:
        """Count the finite elements of a piece and flag the others."""
        planes = {name: self[name] for name in ("count", "flags")}
        measure(_scaled(values, octaves), planes, spot.top, spot.left)

    def cover(self, spot: Spot) -> None:
        """Count the elements of a piece that are all finite."""
        box = spot.piece.box
        self._counts.add((box.height, box.width), spot.top, spot.left)

    def done(self) -> dict[str, NDArray[Any]]:
        """Return all of them by their declared names."""
        found = {}
        for name, plane in self._names.items():
            array = self._counts.done() if name == "count" else self._arrays.get(name)
            found[plane.name] = constant(0, plane.dtype, self._side) if array is None else array
        return found


@lru_cache(maxsize=16)
def _names(looks: Looks) -> Mapping[str, Plane]:
    """Return the planes by what they measure."""
    return {plane.name.partition("/")[0]: plane for plane in looks.planes}


def _scaled(values: NDArray[np.float32], octaves: float) -> NDArray[np.float32]:
    """Return values as so many octaves less; those that are finite stay so."""
    if not octaves:
        return values
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = values * np.float32(2**-octaves)
    if octaves < 0 and not all_finite(scaled):
        beyond = np.isinf(scaled) & np.isfinite(values)
        scaled[beyond] = np.copysign(np.float32(LARGEST), values[beyond])
    return scaled

"""Paints values by sign and magnitude, and overviews by what lies under a pixel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from arbvis_core import api

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Flags of an element.
PRESENT, NOT_FINITE = 1, 2
#: Codes of a leaf: nothing, not finite, then values from the lowest to the highest.
FIRST = 2
#: Inputs up to this many bytes are sampled whole; of others, at most this share and this many reads.
WHOLE, SHARE, READS = 1 << 24, 0.01, 480


class Counts(NamedTuple):
    """What is known about the elements of some tiles."""

    finite: int
    not_finite: int
    total: float
    highest: float


class TableRenderer(api.LeafRenderer):
    """Leaves by value code, overviews in true colour: red mean |x|, green max |x|, blue mean x."""

    name = "rehearsal"
    views = frozenset({"gain", "overview"})

    def planes(self, plan: api.ScenePlan, view: api.View) -> tuple[api.Plane, ...]:
        """Return what every overview is made of."""
        return (
            api.Plane("count", "uint32", "sum"),
            api.Plane("sum", "float64", "sum"),
            api.Plane("sum_abs", "float64", "sum"),
            api.Plane("max", "float32", "max"),
            api.Plane("flags", "uint8", "or"),
        )

    def survey(
        self, plan: api.ScenePlan, decoders: Mapping[str, api.Decoder]
    ) -> Sequence[api.Crop]:
        """Ask for everything, or for rows spread over all tables."""
        return [
            crop
            for region, window in _sample(plan, decoders)
            for crop in api.window_crops(region, window, decoders)
        ]

    def decide(
        self,
        plan: api.ScenePlan,
        parts: Sequence[NDArray[np.uint8]],
        decoders: Mapping[str, api.Decoder],
    ) -> Mapping[str, Any]:
        """Fix the scale: the 99th percentile of |x| of what is neither zero nor non-finite."""
        import numpy as np

        buffers = iter(parts)
        sample = [
            np.abs(api.window_values(region, window, buffers, decoders)).ravel()
            for region, window in _sample(plan, decoders)
        ]
        values = np.concatenate(sample)
        values = values[np.isfinite(values) & (values > 0)]
        return {"high": float(np.percentile(values, 99)) if len(values) else 1.0}

    def present(self, plan: api.ScenePlan, key: api.TileKey) -> bool:
        """Tell whether a table meets the tile."""
        return any(True for _ in _meeting(plan, key))

    def reads(
        self, plan: api.ScenePlan, key: api.TileKey, decoders: Mapping[str, api.Decoder]
    ) -> Sequence[api.Crop]:
        """Return what lies under the tile."""
        return [
            crop
            for placement, window, _ in _meeting(plan, key)
            for crop in api.window_crops(placement.region, window, decoders)
        ]

    def paint(
        self,
        plan: api.ScenePlan,
        key: api.TileKey,
        parts: Sequence[NDArray[np.uint8]],
        decoders: Mapping[str, api.Decoder],
        view: api.View,
    ) -> api.Leaf:
        """Draw a tile of the maximum zoom."""
        import numpy as np

        values = np.zeros((api.TILE, api.TILE), np.float32)
        flags = np.zeros((api.TILE, api.TILE), np.uint8)
        buffers = iter(parts)
        for placement, window, inside in _meeting(plan, key):
            values[inside] = api.window_values(placement.region, window, buffers, decoders)
            flags[inside] = PRESENT
        flags[~np.isfinite(values)] |= NOT_FINITE
        finite = np.where(flags == PRESENT, values, np.float32(0))
        tile = api.Indexed(_codes(plan, finite, flags, view), _palette(plan))
        planes = _planes(finite, flags)
        counts = Counts(
            int(planes["count"].sum()),
            int((flags > PRESENT).sum()),
            float(planes["sum"].sum()),
            float(planes["max"].max()),
        )
        return api.Leaf(tile, planes, counts)

    def shade(
        self,
        plan: api.ScenePlan,
        key: api.TileKey,
        planes: Mapping[str, NDArray[Any]],
        view: api.View,
    ) -> api.Tile:
        """Colour an overview from its planes."""
        import numpy as np

        scale = _scale(plan, view)
        count = np.maximum(planes["count"], 1)
        mean, size = planes["sum"] / count * scale, planes["sum_abs"] / count * scale
        red = (np.clip(size, 0, 1) * 255).astype(np.uint8)
        green = (np.clip(planes["max"] * scale, 0, 1) * 255).astype(np.uint8)
        blue = ((np.clip(mean, -1, 1) + 1) * 127.5).astype(np.uint8)
        shown = green if view.overview == "max" else red
        grey = plan.attributes["grey"] or view.overview == "max"
        pixels = np.stack([shown] * 3 if grey else [red, green, blue], axis=-1)
        alpha = np.where(planes["flags"] > 0, 255, 0).astype(np.uint8)
        pixels = np.concatenate([pixels, alpha[..., None]], axis=-1)
        pixels[planes["flags"] == 0] = 0
        pixels[planes["flags"] > PRESENT] = (255, 0, 255, 255)
        return api.TrueColour(pixels)

    def merge(self, left: Counts, right: Counts) -> Counts:
        """Add two counts up."""
        return Counts(
            left.finite + right.finite,
            left.not_finite + right.not_finite,
            left.total + right.total,
            max(left.highest, right.highest),
        )

    def summary(self, plan: api.ScenePlan, statistics: Counts | None) -> Mapping[str, Any]:
        """Return the counts of the whole scene."""
        return statistics._asdict() if statistics else {}

    def legend(
        self, plan: api.ScenePlan, view: api.View, statistics: Counts | None
    ) -> Sequence[api.Legend]:
        """Say what the colours mean."""
        high = f"{plan.decisions['high']:.3g}"
        colours = tuple(f"#{r:02x}{g:02x}{b:02x}" for r, g, b, _ in _palette(plan)[FIRST::11])
        entries = [api.LegendEntry(colours, "value", f"-{high}", high)]
        if statistics and statistics.not_finite:
            share = statistics.not_finite / (statistics.finite + statistics.not_finite)
            entries.append(api.LegendEntry(("#ff00ff",), "not finite", share=share))
        return [api.Legend("leaf", "Values", tuple(entries))]


def _meeting(
    plan: api.ScenePlan, key: api.TileKey
) -> Iterator[tuple[api.Placement, api.Window, tuple[slice, slice]]]:
    """Yield each placement that meets a tile, its window there, and where that is in the tile."""
    left, top = key.x * api.TILE, key.y * api.TILE
    for placement in plan.placements:
        box = placement.box
        rows = max(top, box.y), min(top + api.TILE, box.y + box.height)
        columns = max(left, box.x), min(left + api.TILE, box.x + box.width)
        if rows[0] < rows[1] and columns[0] < columns[1]:
            window = (
                (rows[0] - box.y, rows[1] - box.y),
                (columns[0] - box.x, columns[1] - box.x),
            )
            inside = (
                slice(rows[0] - top, rows[1] - top),
                slice(columns[0] - left, columns[1] - left),
            )
            yield placement, window, inside


def _sample(
    plan: api.ScenePlan, decoders: Mapping[str, api.Decoder]
) -> Iterator[tuple[api.Region, api.Window]]:
    """Yield what is sampled: every table whole, or rows as far as the bounds allow."""
    total = sum(source.size for source in plan.sources.values())
    regions = [placement.region for placement in plan.placements]
    if total <= WHOLE:
        yield from ((one, tuple((0, length) for length in one.shape)) for one in regions)
        return
    size, reads, each = 0, 0, max(1, READS // (6 * len(regions)))
    for region in regions:
        rows, columns = region.shape
        for row in range(rows // (2 * each), rows, max(1, rows // each)):
            window = ((row, row + 1), (0, columns))
            crops = api.window_crops(region, window, decoders)
            size, reads = size + sum(crop.size for crop in crops), reads + len(crops)
            if size > SHARE * total or reads > READS:
                return
            yield region, window


def _codes(
    plan: api.ScenePlan, values: NDArray[np.float32], flags: NDArray[np.uint8], view: api.View
) -> NDArray[np.uint8]:
    import numpy as np

    level = (np.clip(values * _scale(plan, view), -1, 1) + 1) / 2
    codes = FIRST + np.rint(level * (255 - FIRST)).astype(np.uint8)
    codes[flags == 0] = 0
    codes[flags > PRESENT] = 1
    return codes


def _scale(plan: api.ScenePlan, view: api.View) -> np.float64:
    import numpy as np

    return np.float64((view.gain or 1.0) / plan.decisions["high"])


def _palette(plan: api.ScenePlan) -> NDArray[np.uint8]:
    import numpy as np

    palette = np.full((256, 4), 255, np.uint8)
    ramp = np.arange(256 - FIRST, dtype=np.uint8)
    middle = 255 - np.abs(2 * ramp.astype(int) - 253)
    palette[FIRST:, 0] = ramp
    palette[FIRST:, 1] = ramp if plan.attributes["grey"] else middle
    palette[FIRST:, 2] = ramp if plan.attributes["grey"] else ramp[::-1]
    palette[0], palette[1] = 0, (255, 0, 255, 255)
    return palette


def _planes(values: NDArray[np.float32], flags: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
    """Measure every 2 × 2 pixels of a tile."""
    import numpy as np

    def fold(full: NDArray[Any], how: np.ufunc) -> NDArray[Any]:
        over_rows = how(full[::2], full[1::2])
        folded: NDArray[Any] = how(over_rows[:, ::2], over_rows[:, 1::2])
        return folded

    size = np.abs(values)
    return {
        "count": fold((flags == PRESENT).astype(np.uint32), np.add),
        "sum": fold(values.astype(np.float64), np.add),
        "sum_abs": fold(size.astype(np.float64), np.add),
        "max": fold(size, np.maximum),
        "flags": fold(flags, np.bitwise_or),
    }

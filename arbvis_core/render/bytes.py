"""The byte picture's colours: classes of bytes at 1:1, their mean in linear light above."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from arbvis_core import values
from arbvis_core.protocols import Decoder, LeafRenderer
from arbvis_core.values import TILE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.values import (
        Budget,
        Crop,
        Leaf,
        Legend,
        Placement,
        Plane,
        ScenePlan,
        Sketch,
        Tile,
        TileKey,
        View,
    )

#: Bytes under a tile of the maximum zoom.
AREA = TILE * TILE

#: First and last byte of each class, and what it is called.
CLASSES = (
    (0x00, 0x00, "0x00"),
    (0x01, 0x1F, "control characters"),
    (0x20, 0x7E, "ASCII text"),
    (0x7F, 0xFE, "high bytes"),
    (0xFF, 0xFF, "0xFF"),
)

#: What the zooms above are shaded from: light of the bytes under a pixel, and how many they are.
PLANES = ("red", "green", "blue", "count")

#: Colours of a ramp in the legend.
STOPS = 5


class ByteRenderer(LeafRenderer):
    """One pixel per byte: 0x00 black, control green, ASCII blue, high red, 0xFF white."""

    name = "bytes"
    paints_areas = True

    def planes(self, plan: ScenePlan, view: View) -> tuple[Plane, ...]:
        """Return sums of light and the count of bytes."""
        return tuple(values.Plane(name, "float32", "sum") for name in PLANES)

    def present(self, plan: ScenePlan, key: TileKey) -> bool:
        """Tell whether any byte lies in the tile."""
        start, _ = entry(plan, key)
        return next(iter(met(plan, start)), None) is not None

    def reads(
        self,
        plan: ScenePlan,
        key: TileKey,
        decoders: Mapping[str, Decoder],
    ) -> Sequence[Crop]:
        """Return one run of bytes per file that the tile meets, in the order of the curve."""
        start, _ = entry(plan, key)
        area = area_of(plan, key)
        crops = []
        for placement in met(plan, start, area):
            first = max(start, placement.start)
            size = min(start + area, placement.stop) - first
            source = placement.region.parts[0].source
            crops.append(values.Crop(source, first - placement.start, size))
        return crops

    def paint(
        self,
        plan: ScenePlan,
        key: TileKey,
        parts: Sequence[NDArray[np.uint8]],
        decoders: Mapping[str, Decoder],
        view: View,
    ) -> Leaf:
        """Draw a tile; its statistics are a histogram of byte values, int64 (256,)."""
        from arbvis_core.render import byte_areas

        _, state = entry(plan, key)
        if key.zoom < plan.canvas.max_zoom:
            return byte_areas.paint(plan, key, *_joined(parts, area_of(plan, key)))
        return byte_areas.paint_tile(*_joined(parts, AREA), state)

    def shade(
        self,
        plan: ScenePlan,
        key: TileKey,
        planes: Mapping[str, NDArray[Any]],
        view: View,
    ) -> Tile:
        """Colour every pixel with the mean of its bytes in linear light."""
        from arbvis_core.kernels import byte_tile

        return values.TrueColour(byte_tile.shade(*(planes[name] for name in PLANES)))

    def sketch(
        self, plan: ScenePlan, key: TileKey, decoders: Mapping[str, Decoder], budget: Budget
    ) -> Sketch:
        """Return runs of bytes from equal stretches of the curve."""
        from arbvis_core.render import byte_sketch

        return byte_sketch.sketch(plan, key, budget)

    def sketched(
        self,
        plan: ScenePlan,
        key: TileKey,
        sketch: Sketch,
        parts: Sequence[NDArray[np.uint8]],
        decoders: Mapping[str, Decoder],
        view: View,
    ) -> Mapping[str, NDArray[Any]]:
        """Let each run of bytes stand for its stretch of the curve."""
        from arbvis_core.render import byte_sketch

        return byte_sketch.planes(plan, sketch, parts)

    def merge(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
        """Add two histograms."""
        return left + right

    def summary(self, plan: ScenePlan, statistics: Any) -> Mapping[str, Any]:
        """Return the histogram, the entropy in bits per byte and the share of each class."""
        if statistics is None:
            return {}
        return {
            "histogram": statistics.tolist(),
            "entropy": _entropy(statistics),
            "classes": {label: _share(statistics, low, high) for low, high, label in CLASSES},
        }

    def legend(self, plan: ScenePlan, view: View, statistics: Any) -> Sequence[Legend]:
        """Return the classes of bytes and, once they were counted, their shares."""
        entries = tuple(
            values.LegendEntry(
                colours=_ramp(low, high),
                label=label,
                low=f"0x{low:02X}",
                high=f"0x{high:02X}",
                share=None if statistics is None else _share(statistics, low, high),
            )
            for low, high, label in CLASSES
        )
        note = "Zoomed out, a pixel is the mean colour of the bytes under it, in linear light."
        return (
            values.Legend("leaf", "Bytes", entries),
            values.Legend("overview", "Bytes", entries, note),
        )


def entry(plan: ScenePlan, key: TileKey) -> tuple[int, int]:
    """Return a tile's first position on the curve and the state in which the curve enters it.

    All of a canvas that is less high than the tile lies under it.
    """
    above = plan.canvas.max_zoom - key.zoom
    return _located(key.x, key.y, (plan.canvas.height // TILE).bit_length() - 1 - above, above)


def area_of(plan: ScenePlan, key: TileKey) -> int:
    """Return how many positions of the curve lie under a tile."""
    canvas = plan.canvas
    return min(AREA << 2 * (canvas.max_zoom - key.zoom), canvas.width * canvas.height)


@lru_cache(maxsize=64)  # each tile is asked for three times
def _located(x: int, y: int, order: int, above: int) -> tuple[int, int]:
    from arbvis_core.kernels.hilbert import locate

    position, state = locate(x, y, max(0, order))
    return position * AREA << 2 * above, state


def met(plan: ScenePlan, start: int, area: int = AREA) -> Sequence[Placement]:
    """Return the placements that meet so many positions; they are in the order of the curve."""
    placements = plan.placements
    first = max(0, bisect_right(placements, start, key=attrgetter("start")) - 1)
    if first < len(placements) and placements[first].stop <= start:
        first += 1
    last = bisect_right(placements, start + area - 1, key=attrgetter("start"))
    return placements[first:last]


def _joined(parts: Sequence[NDArray[np.uint8]], area: int) -> tuple[NDArray[np.uint8], int]:
    """Return the bytes of an area, read-only, with zeros after the last, and how many they are."""
    import numpy as np

    size = sum(part.size for part in parts)
    if len(parts) == 1 and size == area:
        data = parts[0].reshape(-1)
    else:
        data = np.zeros(area, dtype=np.uint8)
        np.concatenate([part.reshape(-1) for part in parts], out=data[:size])
    data.flags.writeable = False  # always, so that the kernel is compiled once
    return data, size


def _share(histogram: NDArray[np.int64], low: int, high: int) -> float:
    return float(histogram[low : high + 1].sum() / max(1, histogram.sum()))


def _entropy(histogram: NDArray[np.int64]) -> float:
    import numpy as np

    shares = histogram[histogram > 0] / max(1, histogram.sum())
    return abs(float((shares * np.log2(shares)).sum()))


def _ramp(low: int, high: int) -> tuple[str, ...]:
    from arbvis_core.kernels.byte_tile import COLOURS

    shades = sorted({low + (high - low) * stop // (STOPS - 1) for stop in range(STOPS)})
    return tuple("#{:02x}{:02x}{:02x}".format(*COLOURS[value]) for value in shades)

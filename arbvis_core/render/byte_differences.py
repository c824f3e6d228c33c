"""The colours of what differs between files: black is identical, green grew, red shrank."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from arbvis_core import values
from arbvis_core.protocols import Decoder, LeafRenderer
from arbvis_core.render.bytes import AREA, entry, met

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.values import (
        Budget,
        Crop,
        Leaf,
        Legend,
        LegendEntry,
        Placement,
        Plane,
        ScenePlan,
        Sketch,
        Tile,
        TileKey,
        View,
    )

PLANES = ("both", "left", "right", "grew", "shrank")
#: Colours of a ramp in the legend.
STOPS = 5
#: What stands in `sides` where both have a byte.
BOTH_SIDES = 3


class Measured(NamedTuple):
    """What was counted of the bytes of a pair of files.

    `first` and `last` are offsets of bytes that differ, -1 where none does; `magnitude` is the sum
    of all changes without their signs.
    """

    compared: int = 0
    grew: int = 0
    shrank: int = 0
    magnitude: int = 0
    largest: int = 0
    only_left: int = 0
    only_right: int = 0
    first: int = -1
    last: int = -1

    @property
    def changed(self) -> int:
        """How many bytes differ."""
        return self.grew + self.shrank

    def plus(self, other: Measured) -> Measured:
        """Add what was counted of other bytes of the same pair."""
        firsts = [one.first for one in (self, other) if one.first >= 0]
        sums = {
            name: getattr(self, name) + getattr(other, name)
            for name in ("compared", "grew", "shrank", "magnitude", "only_left", "only_right")
        }
        return Measured(
            **sums,
            largest=max(self.largest, other.largest),
            first=min(firsts, default=-1),
            last=max(self.last, other.last),
        )


class ByteDifferenceRenderer(LeafRenderer):
    """One pixel per pair of bytes, by the second minus the first; what one side has is tinted."""

    name = "byte-differences"

    def planes(self, plan: ScenePlan, view: View) -> tuple[Plane, ...]:
        """Return counts of bytes, and sums of what grew and of what shrank."""
        return tuple(values.Plane(name, "float32", "sum") for name in PLANES)

    def present(self, plan: ScenePlan, key: TileKey) -> bool:
        """Tell whether any byte lies in the tile."""
        start, _ = entry(plan, key)
        return next(iter(met(plan, start)), None) is not None

    def reads(
        self, plan: ScenePlan, key: TileKey, decoders: Mapping[str, Decoder]
    ) -> Sequence[Crop]:
        """Return one run of bytes per file of either side that the tile meets."""
        start, _ = entry(plan, key)
        return [
            values.Crop(source, first, size)
            for placement in met(plan, start)
            for source, first, size in read(placement, *_window(placement, start))
        ]

    def paint(
        self,
        plan: ScenePlan,
        key: TileKey,
        parts: Sequence[NDArray[np.uint8]],
        decoders: Mapping[str, Decoder],
        view: View,
    ) -> Leaf:
        """Draw a tile; its statistics are a `Measured` by the name of the placement."""
        from arbvis_core.kernels import byte_difference

        start, state = entry(plan, key)
        data, sides = _joined(plan, start, parts)
        change = byte_difference.changes(data[0], data[1], sides)
        painted = byte_difference.paint(change, data[0], data[1], sides, state)
        tile: Tile = (
            values.Indexed(painted, byte_difference.PALETTE)
            if painted.ndim == 2
            else values.TrueColour(painted)
        )
        planes = byte_difference.measure(change, sides, state)
        return values.Leaf(tile, planes, _measured(plan, start, change, sides))

    def shade(
        self, plan: ScenePlan, key: TileKey, planes: Mapping[str, NDArray[Any]], view: View
    ) -> Tile:
        """Colour every pixel by the mean change under it; no change is too small to be seen."""
        from arbvis_core.kernels import byte_difference

        return values.TrueColour(byte_difference.shade(*(planes[name] for name in PLANES)))

    def sketch(
        self, plan: ScenePlan, key: TileKey, decoders: Mapping[str, Decoder], budget: Budget
    ) -> Sketch:
        """Return the same runs of both sides from equal stretches of the curve."""
        from arbvis_core.render import byte_difference_sketch

        return byte_difference_sketch.sketch(plan, key, budget)

    def sketched(
        self,
        plan: ScenePlan,
        key: TileKey,
        sketch: Sketch,
        parts: Sequence[NDArray[np.uint8]],
        decoders: Mapping[str, Decoder],
        view: View,
    ) -> Mapping[str, NDArray[Any]]:
        """Let each run stand for its stretch of the curve."""
        from arbvis_core.render import byte_difference_sketch

        return byte_difference_sketch.planes(plan, sketch, parts)

    def merge(
        self, left: Mapping[str, Measured], right: Mapping[str, Measured]
    ) -> Mapping[str, Measured]:
        """Add up what was counted, file by file."""
        added = {name: one.plus(left[name]) for name, one in right.items() if name in left}
        return {**left, **right, **added}

    def summary(self, plan: ScenePlan, statistics: Any) -> Mapping[str, Any]:
        """Return how many bytes differ, where the first and the last of them are, and by how much."""
        if statistics is None:
            return {}
        total = _total(statistics)
        names = [one.name for one in plan.placements if one.name in statistics]
        differing = [name for name in names if statistics[name].changed]
        places = {}
        for end, name in zip(("first", "last"), (differing[:1], differing[-1:]), strict=True):
            spots = [{"name": one, "offset": getattr(statistics[one], end)} for one in name]
            places[end] = spots[0] if spots else None
        return {
            "told": _told(plan, total, places),
            **_figures(total),
            **places,
            **({"values": plan.attributes["values"]} if "values" in plan.attributes else {}),
            "files_changed": len(differing),
            "placements": {name: {"stats": _figures(statistics[name])} for name in names},
        }

    def legend(self, plan: ScenePlan, view: View, statistics: Any) -> Sequence[Legend]:
        """Say what the colours mean and, once they were counted, how many bytes differ."""
        total = None if statistics is None else _total(statistics)
        leaf = tuple(_entries(plan, total))
        told = "" if total is None else f"{self.summary(plan, statistics)['told']} "
        note = (
            "Zoomed out, a pixel is as bright as the mean change under it, and what changed at all "
            "is seen; where as much grew as shrank it is yellow."
        )
        left, right = _names(plan)
        title = f"{right} − {left}"
        return (
            values.Legend("leaf", title, leaf, told.strip()),
            values.Legend("overview", title, leaf, f"{told}{note}"),
        )


def read(placement: Placement, first: int, last: int) -> Iterator[tuple[str, int, int]]:
    """Yield source, first byte and length of what lies at some positions of a placement."""
    from arbvis_core.regions.pieces import readings

    operands = placement.region.operands
    if "pieces" not in placement.region.attributes:
        for side, size in _sides(placement, first, last):
            yield operands[side if len(operands) == 2 else 0].parts[0].source, first, size
        return
    for one in readings(placement.region.attributes["pieces"], first, last):
        yield operands[one.side].parts[0].source, one.start, one.stop - one.start


def _sides(placement: Placement, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Yield each side that has bytes at some positions, of files compared offset by offset, and how many."""
    region = placement.region
    for index, operand in enumerate(region.operands):
        side = int(region.attributes.get("side") == "B") if len(region.operands) == 1 else index
        size = min(last, operand.shape[0]) - first
        if size > 0:
            yield side, size


def _window(placement: Placement, start: int) -> tuple[int, int]:
    """Return the first and the last position of a placement under the tile at `start`."""
    stop = min(placement.stop, start + AREA)
    return max(start - placement.start, 0), stop - placement.start


def _joined(
    plan: ScenePlan, start: int, parts: Sequence[NDArray[np.uint8]]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the bytes of a tile, left and right, (2, AREA), and who has them, (AREA,)."""
    import numpy as np

    data = np.zeros((2, AREA), dtype=np.uint8)
    sides = np.zeros(AREA, dtype=np.uint8)
    buffers = iter(parts)
    for placement in met(plan, start):
        first, last = _window(placement, start)
        at = slice(placement.start + first - start, placement.start + last - start)
        join(placement, (first, last), buffers, data[:, at], sides[at])
    return data, sides


def join(
    placement: Placement,
    window: tuple[int, int],
    buffers: Iterator[NDArray[np.uint8]],
    data: NDArray[np.uint8],
    sides: NDArray[np.uint8],
) -> None:
    """Put what was read of a placement where it lies; what both say alike stays 0 on both sides.

    Args:
        placement: a pair of files.
        window: the first position that was read, and the one after the last.
        buffers: what `read` asked for.
        data: zeros; the bytes of these positions, left and right, (2, positions).
        sides: zeros; who has them, (positions,).
    """
    from arbvis_core.regions.pieces import readings, same

    first, last = window
    if "pieces" not in placement.region.attributes:
        for side, size in _sides(placement, first, last):
            data[side, :size] = next(buffers).reshape(-1)
            sides[:size] |= side + 1
        return
    packed = placement.region.attributes["pieces"]
    for start, stop in same(packed, first, last):
        sides[start - first : stop - first] = BOTH_SIDES
    for reading in readings(packed, first, last):
        content = next(buffers).reshape(-1)
        for run in reading.runs:
            at, source = run.at - first, run.start - reading.start
            data[run.side, at : at + run.size] = content[source : source + run.size]
            sides[at : at + run.size] |= run.side + 1


def _measured(
    plan: ScenePlan, start: int, change: NDArray[np.int16], sides: NDArray[np.uint8]
) -> dict[str, Measured]:
    import numpy as np

    found = {}
    for placement in met(plan, start):
        begin = max(placement.start - start, 0)
        moved = change[begin : placement.stop - start]
        counts = np.bincount(sides[begin : placement.stop - start], minlength=4)
        size = np.abs(moved)
        at = np.flatnonzero(moved) + (start + begin - placement.start)
        found[placement.name] = Measured(
            compared=int(counts[3]),
            grew=int(np.count_nonzero(moved > 0)),
            shrank=int(np.count_nonzero(moved < 0)),
            magnitude=int(size.sum(dtype=np.int64)),
            largest=int(size.max()),
            only_left=int(counts[1]),
            only_right=int(counts[2]),
            first=int(at[0]) if at.size else -1,
            last=int(at[-1]) if at.size else -1,
        )
    return found


def _total(statistics: Mapping[str, Measured]) -> Measured:
    total = Measured()
    for one in statistics.values():
        total = total.plus(one)
    return total


def _figures(one: Measured) -> dict[str, int | float]:
    figures: dict[str, int | float] = {
        "compared": one.compared,
        "changed": one.changed,
        "share_changed": one.changed / max(1, one.compared),
        "grew": one.grew,
        "shrank": one.shrank,
        "mean_absolute": one.magnitude / max(1, one.compared),
        "largest": one.largest,
        "only_left": one.only_left,
        "only_right": one.only_right,
    }
    return figures | ({"first": one.first, "last": one.last} if one.changed else {})


def _told(plan: ScenePlan, total: Measured, places: Mapping[str, Any]) -> str:
    """Say in a sentence what differs: values where they are known, else bytes."""
    counts = plan.attributes.get("values")
    if counts is not None:
        equal, changed, removed, added = (
            f"{counts[name]:,}" for name in ("equal", "changed", "removed", "added")
        )
        return f"Values: {changed} changed, {removed} removed, {added} added, {equal} equal."
    sides = zip(_names(plan), (total.only_left, total.only_right), strict=True)
    return " ".join(
        [_compared(total, places), *(_only(name, count) for name, count in sides if count)]
    )


def _compared(total: Measured, places: Mapping[str, Any]) -> str:
    """Say what differs of the bytes that both have."""
    first, last = places["first"], places["last"]
    if not total.compared:
        return "Nothing is in both."
    if first is None:
        return f"None of {total.compared:,} bytes differ."
    return (
        f"{total.changed:,} of {total.compared:,} bytes differ, the first at {first['offset']} of "
        f"{first['name']}, the last at {last['offset']} of {last['name']}."
    )


def _only(name: str, count: int) -> str:
    return f"{count:,} {'byte is' if count == 1 else 'bytes are'} only in {name}."


def _names(plan: ScenePlan) -> tuple[str, str]:
    """Return what the two sides are called."""
    return str(plan.attributes.get("left", "A")), str(plan.attributes.get("right", "B"))


def _entries(plan: ScenePlan, total: Measured | None) -> Iterator[LegendEntry]:
    from arbvis_core.kernels.byte_difference import SIDES

    def share(count: int) -> float | None:
        if total is None:
            return None
        return count / max(1, total.compared + total.only_left + total.only_right)

    counted = total or Measured()
    yield values.LegendEntry(_ramp(0, 126), "shrank", "−255", "−1", share(counted.shrank))
    same = counted.compared - counted.changed
    yield values.LegendEntry(("#000000",), "identical", share=share(same))
    yield values.LegendEntry(_ramp(128, 254), "grew", "+1", "+255", share(counted.grew))
    for name, colour, count in zip(
        _names(plan), SIDES, (counted.only_left, counted.only_right), strict=True
    ):
        tint = "#{:02x}{:02x}{:02x}".format(*(colour // 2))
        yield values.LegendEntry((tint,), f"only in {name} (tinted)", share=share(count))


def _ramp(first: int, last: int) -> tuple[str, ...]:
    from arbvis_core.kernels.byte_difference import PALETTE

    codes = (first + (last - first) * stop // (STOPS - 1) for stop in range(STOPS))
    return tuple("#{:02x}{:02x}{:02x}".format(*PALETTE[code][:3]) for code in codes)

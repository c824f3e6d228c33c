"""Single bytes of scenes whose pixels follow a curve: files, and differences of files."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from arbvis_core.errors import UsageError
from arbvis_core.layouts.hilbert import ALIGNED_BYTES
from arbvis_core.reading import NEAR, read_crops
from arbvis_core.regions.pieces import stored
from arbvis_core.server.elements import BASE, DELTA, MODIFIED, Grid
from arbvis_core.values import Box, Crop

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.server.scenes import LiveScene
    from arbvis_core.server.trees import Check
    from arbvis_core.values import Placement, Region

#: The sides of a difference, in the order of its operands.
SIDES = (BASE, MODIFIED)
#: Bytes of a selection that are counted one by one; of a longer one, runs of it are.
WHOLE, RUNS, RUN = 64 << 20, 1024, 16 << 10


class Curve:
    """Looks up what a scene shows."""

    def __init__(self, scene: LiveScene) -> None:
        self._scene = scene
        self._sources = scene.plan.sources
        self._order = scene.plan.canvas.height.bit_length() - 1

    def value(self, x: int, y: int) -> dict[str, Any]:
        """Tell what is known of the byte at a pixel."""
        position = int(self._positions(Box(x, y, 1, 1))[0, 0])
        placement = self.at(position)
        if placement is None:
            return {"tensor": None}
        at = position - placement.start
        found = {"tensor": placement.name, "index": [at], "position": position, "dtype": "byte"}
        sides = sides_of(placement)
        if sides.keys() == {"value"}:
            return {
                **found,
                **self._told(placement, "value", at),
                "labels": self._labels(position),
            }
        told = {name: self._told(placement, name, at) for name in sides}
        base, modified = (told.get(name, {}).get("value") for name in (BASE, MODIFIED))
        delta = None if base is None or modified is None else modified - base
        numbers = {"value": delta, BASE: base, MODIFIED: modified, DELTA: delta}
        return {**found, **numbers, "sides": told}

    def _told(self, placement: Placement, side: str, at: int) -> dict[str, Any]:
        """Tell what one side has at a position; where both say the same, the place on the left."""
        crop = next((one for _, one in held(placement, side, at, at + 1)), None)
        if crop is None:
            return {"value": None}
        (data,) = read_crops(self._sources, [crop])
        value, own = int(data[0, 0]), sides_of(placement)[side].parts[0].source
        told = {"value": value, "raw": f"{value:02x}", "file": self._sources[own].name}
        if crop.source != own:
            return told
        return {**told, "source": [*self._sources].index(own), "offset": crop.start}

    def _labels(self, position: int) -> list[str]:
        """Return what is known of a byte beside its value, the smallest last."""
        met = [one for one in self._scene.plan.labels if one.start <= position < one.stop]
        return [one.name for one in sorted(met, key=lambda one: one.start - one.stop)]

    def at(self, position: int) -> Placement | None:
        """Return the file at a position along the curve."""
        placements = self._scene.plan.placements
        number = bisect_right(placements, position, key=attrgetter("start")) - 1
        if number < 0 or position >= placements[number].stop:
            return None
        return placements[number]

    def _positions(self, box: Box) -> NDArray[np.int64]:
        """Return where along the curve pixels are, (height, width)."""
        import numpy as np

        from arbvis_core.kernels.hilbert import DIGITS

        y, x = np.mgrid[box.y : box.y + box.height, box.x : box.x + box.width]
        position, state = x >> self._order, np.zeros_like(x)
        for level in range(self._order - 1, -1, -1):
            step = DIGITS[state, y >> level & 1, x >> level & 1]
            position, state = 4 * position + step[..., 0], step[..., 1]
        return np.asarray(position, np.int64)

    def rectangle(self, box: Box, side: str | None) -> Grid:
        """Return the bytes of a rectangle of the canvas; of a difference, one side or the change.

        Raises:
            UsageError: there is no such side.
        """
        import numpy as np

        names = sides_asked(self._scene.plan.placements[0], side)
        positions = self._positions(box)
        order = np.argsort(positions, axis=None)
        ascending = positions.reshape(-1)[order]
        grids = []
        for name in names:
            values, known = np.zeros(order.size, np.int16), np.zeros(order.size, np.bool_)
            values[order], known[order] = self._bytes(ascending, name)
            grids.append(Grid(values.reshape(positions.shape), known.reshape(positions.shape)))
        if len(grids) == 1:
            return grids[0]
        base, modified = grids
        return Grid(modified.values - base.values, base.known & modified.known)

    def _bytes(
        self, positions: NDArray[np.int64], side: str
    ) -> tuple[NDArray[np.int16], NDArray[np.bool_]]:
        """Return the bytes at ascending positions, and which there are."""
        import numpy as np

        values = np.zeros(positions.size, np.int16)
        known = np.zeros(positions.size, np.bool_)
        crops, spots = [], []
        for first, last, placement in self._runs(positions):
            start = placement.start
            low, high = int(positions[first]) - start, int(positions[last - 1]) - start + 1
            for at, crop in held(placement, side, low, high):
                ends = np.searchsorted(positions[first:last], (start + at, start + at + crop.size))
                if ends[0] < ends[1]:
                    crops.append(crop)
                    spots.append((first + int(ends[0]), first + int(ends[1]), start + at))
        for (first, last, at), data in zip(spots, read_crops(self._sources, crops), strict=True):
            own = positions[first:last] - at
            values[first:last], known[first:last] = data.reshape(-1)[own], True
        return values, known

    def _runs(self, positions: NDArray[np.int64]) -> Iterator[tuple[int, int, Placement]]:
        """Cut ascending positions into runs of one file that are read in one piece."""
        import numpy as np

        edges = [0, *(np.flatnonzero(np.diff(positions) > NEAR) + 1).tolist(), positions.size]
        for low, high in pairwise(edges):
            at = low
            while at < high:
                placement = self.at(int(positions[at]))
                if placement is None:  # what is left lies after the last file
                    break
                stop = at + int(np.searchsorted(positions[at:high], placement.stop))
                yield at, stop, placement
                at = stop

    def selection(
        self, start: int, stop: int, check: Check, side: str | None = None
    ) -> dict[str, Any]:
        """Count the bytes of a stretch of the curve, all of them or evenly spread runs.

        Raises:
            UsageError: there is no such side, or the scene is a difference and one has to be told.
        """
        import numpy as np

        name, *others = sides_asked(self._scene.plan.placements[0], side)
        if others:
            raise UsageError(f"what is counted of a difference is the side {BASE} or {MODIFIED}")
        counts = np.zeros(256, np.int64)
        sampled = stop - start > WHOLE
        for low, high in self._stretches(start, stop, sampled=sampled):
            check.check()
            for crop in self._crops(low, high, name):
                (data,) = read_crops(self._sources, [crop])
                counts += np.bincount(data.reshape(-1), minlength=256)
        size = sum(crop.size for crop in self._crops(start, stop, name))
        shares = counts[counts > 0] / max(1, int(counts.sum()))
        return {
            "start": start,
            "stop": stop,
            "bytes": size,
            "entropy": abs(float((shares * np.log2(shares)).sum())),
            "histogram": counts.tolist(),
            "counted": int(counts.sum()),
            "sampled": sampled,
        }

    def _stretches(self, start: int, stop: int, *, sampled: bool) -> Iterator[tuple[int, int]]:
        if not sampled:
            for low in range(start, stop, WHOLE // 16):
                yield low, min(stop, low + WHOLE // 16)
            return
        for number in range(RUNS):
            low = start + (stop - start - RUN) * number // (RUNS - 1)
            yield low, low + RUN

    def _crops(self, start: int, stop: int, side: str) -> Iterator[Crop]:
        """Yield what a side has stored of a stretch, file by file."""
        placements = self._scene.plan.placements
        number = max(0, bisect_right(placements, start, key=attrgetter("start")) - 1)
        for one in placements[number:]:
            if one.start >= stop:
                return
            low, high = max(start, one.start), min(stop, one.stop)
            if low < high:
                yield from (crop for _, crop in held(one, side, low - one.start, high - one.start))


def held(placement: Placement, side: str, start: int, stop: int) -> Iterator[tuple[int, Crop]]:
    """Yield where a side has bytes for the positions between two of a file, and what is read there.

    Where two files lie piece beside piece, what both say is read on the left.
    """
    region = placement.region
    if region.encoding == ALIGNED_BYTES:
        for run in stored(region.attributes["pieces"], start, stop, SIDES.index(side)):
            part = region.operands[run.side].parts[0]
            yield run.at, Crop(part.source, part.start + run.start, run.size)
        return
    one = sides_of(placement).get(side)
    size = min(stop, one.shape[0]) - start if one is not None else 0
    if one is not None and size > 0:
        yield start, Crop(one.parts[0].source, one.parts[0].start + start, size)


def sides_of(placement: Placement) -> Mapping[str, Region]:
    """Return what a file is compared with what: `value` alone where nothing is."""
    region = placement.region
    if region.parts:
        return {"value": region}
    if len(region.operands) == 1:
        return {MODIFIED if region.attributes.get("side") == "B" else BASE: region.operands[0]}
    return dict(zip((BASE, MODIFIED), region.operands, strict=True))


def sides_asked(placement: Placement, side: str | None) -> Sequence[str]:
    """Return the sides that one is made of.

    Raises:
        UsageError: there is no such side.
    """
    if sides_of(placement).keys() == {"value"}:
        if side not in {None, "value"}:
            raise UsageError("only a difference has sides")
        return ("value",)
    known = {None: (BASE, MODIFIED), DELTA: (BASE, MODIFIED), BASE: (BASE,), MODIFIED: (MODIFIED,)}
    if side not in known:
        raise UsageError(f"side is {BASE}, {MODIFIED} or {DELTA}, not {str(side)[:64]!r}")
    return known[side]

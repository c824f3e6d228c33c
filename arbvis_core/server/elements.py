"""Single values of scenes whose pixels are elements of arrays: tensors, and differences of such."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from arbvis_core.errors import FormatError, UsageError
from arbvis_core.reading import read_crops
from arbvis_core.regions import stored_at, window_crops, window_values
from arbvis_core.registry import guard
from arbvis_core.server.faults import NotFoundError, TooLargeError
from arbvis_core.server.numbers import word_of
from arbvis_core.values import Box, Shown

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.protocols import Window
    from arbvis_core.server.scenes import LiveScene
    from arbvis_core.values import Placement, Region

#: What a difference is asked for.
BASE, MODIFIED, DELTA = "base", "modified", "delta"
#: Placements that are tried to find one that shows elements.
TRIED = 64
#: Bytes of a unit that are told.
RAW = 512
#: Windows that an array of many axes is cut into.
PIECES = 4096


class Grid(NamedTuple):
    """Values of a rectangle, (height, width), and which of them there are."""

    values: NDArray[Any]
    known: NDArray[np.bool_]


class Elements:
    """Looks up what a scene shows."""

    def __init__(self, scene: LiveScene) -> None:
        self._scene = scene
        self._owner = scene.registry.renderer_entry(scene.plan.renderer)
        self._decoders = scene.registry.decoders

    def shown(self, box: Box) -> Sequence[Shown]:
        """Return what a rectangle of the canvas shows."""
        plan = self._scene.places.crop(box)
        with guard(self._owner, "render", f"what {tuple(box)} of scene {plan.key!r} shows"):
            return tuple(self._owner.item.shown(plan, box))

    def figures(self) -> frozenset[str]:
        """Return what figures of elements are called, as the renderer takes them; nothing if none."""
        import numpy as np

        one = np.ones(1, np.float32)
        for placement in self._scene.plan.placements[:TRIED]:
            if found := self.shown(Box(placement.box.x, placement.box.y, 1, 1)):
                sides = dict.fromkeys(found[0].sides, one)
                alone = [{name: one} for name in sides]
                with guard(self._owner, "render", f"figures of {placement.name}"):
                    told = [self._owner.item.measure(some) for some in (sides, *alone)]
                return frozenset(name for some in told for name in some.get("stats", {}))
        return frozenset()

    def value(self, x: int, y: int) -> dict[str, Any]:
        """Tell what is known of the element at a pixel."""
        found = self.shown(Box(x, y, 1, 1))
        if not found:
            return {"tensor": None}
        one = found[0]
        index = [start for start, _ in one.window]
        told = {name: self._told(region, index) for name, region in one.sides.items()}
        facts = {
            "tensor": one.placement.name,
            "index": index,
            "ggml_index": index[::-1],
            "dtype": one.placement.attributes.get("dtype"),
        }
        if told.keys() == {"value"}:
            return {**facts, **_bare(told["value"])}
        numbers = {name: told.get(name, {}).get("number") for name in (BASE, MODIFIED)}
        return {**facts, **_difference(numbers), "sides": {n: _bare(t) for n, t in told.items()}}

    def _told(self, region: Region, index: Sequence[int]) -> dict[str, Any]:
        """Return value, storage and block of an element of a region."""
        if any(at >= length for at, length in zip(index, region.shape, strict=True)):
            return {"value": None}
        found: dict[str, Any] = {"value": None}
        grid = self.window(region, tuple((at, at + 1) for at in index))
        if grid is not None:
            number = float(grid.reshape(-1)[0])
            finite = math.isfinite(number)
            found = {"number": number, "value": number if finite else None}
            if not finite:
                found["special"] = word_of(number)
        return {**found, **self._stored(region, index)}

    def _stored(self, region: Region, index: Sequence[int]) -> dict[str, Any]:
        stored = stored_at(region, index)
        if stored is None:
            return {}
        sources = self._scene.plan.sources
        found: dict[str, Any] = {
            "stored_dtype": stored.region.encoding,
            "file": sources[stored.part.source].name,
            "source": [*sources].index(stored.part.source),
            "offset": stored.start,
        }
        decoder = self._decoders.get(stored.region.encoding)
        if decoder is None:
            return found
        crops = decoder.crops(stored.region, stored.window)
        parts = read_crops(self._scene.plan.sources, crops)
        if stored.size <= RAW:
            found["raw"] = parts[0].tobytes()[: stored.size].hex()
        explained = dict(decoder.explain(stored.region, stored.window, parts))
        if explained or stored.elements > 1:
            place = {"index": stored.number, "elements": stored.elements, "at": stored.position}
            found["block"] = {**place, **explained}
        return found

    def window(self, region: Region, window: Window) -> NDArray[np.float32] | None:
        """Return the values of a window; None of what nobody can decode."""
        try:
            crops = window_crops(region, window, self._decoders)
        except FormatError:
            return None
        parts = read_crops(self._scene.plan.sources, crops)
        return window_values(region, window, parts, self._decoders)

    def side(self, shown: Shown, side: str | None) -> Grid:
        """Return one side of a window, in its shape.

        Raises:
            UsageError: there is no such side.
        """
        import numpy as np

        if shown.sides.keys() <= {BASE, MODIFIED}:
            side = DELTA if side is None else side
            if side not in {BASE, MODIFIED, DELTA}:
                raise UsageError(f"side is {BASE}, {MODIFIED} or {DELTA}, not {side[:64]!r}")
        elif side is not None:
            raise UsageError("only a difference has sides")
        if side == DELTA:
            base, modified = (self._of_side(shown, one) for one in (BASE, MODIFIED))
            with np.errstate(invalid="ignore"):
                delta = modified.values.astype(np.float64) - base.values
            return Grid(delta, modified.known & base.known)
        return self._of_side(shown, side or "value")

    def sides(self, shown: Shown) -> Mapping[str, Grid]:
        """Return every side of a window, each in its shape."""
        return {name: self._of_side(shown, name) for name in shown.sides}

    def _of_side(self, shown: Shown, side: str) -> Grid:
        import numpy as np

        shape = [stop - start for start, stop in shown.window]
        found = Grid(np.zeros(shape, np.float32), np.zeros(shape, np.bool_))
        region = shown.sides.get(side)
        if region is None:
            return found
        inside = tuple(
            (start, min(stop, length))
            for (start, stop), length in zip(shown.window, region.shape, strict=True)
        )
        if any(start >= stop for start, stop in inside):
            return found
        values = self.window(region, inside)
        if values is not None:
            there = tuple(slice(0, stop - start) for start, stop in inside)
            found.values[there], found.known[there] = values, True
        return found

    def rectangle(self, box: Box, side: str | None) -> Grid:
        """Return the values of a rectangle of the canvas."""
        import numpy as np

        found = Grid(
            np.zeros((box.height, box.width), np.float32),
            np.zeros((box.height, box.width), np.bool_),
        )
        for one in self.shown(box):
            grid, at = self.side(one, side), one.box
            rows = slice(at.y - box.y, at.y - box.y + at.height)
            columns = slice(at.x - box.x, at.x - box.x + at.width)
            found.values[rows, columns] = one.lay(grid.values)
            found.known[rows, columns] = one.lay(grid.known)
        return found

    def placement(self, name: str) -> Placement:
        """Return a tensor of the scene.

        Raises:
            NotFoundError: there is none of this name.
        """
        found = self._scene.places.named(name)
        if found is None:
            raise NotFoundError(
                f"scene {self._scene.plan.key!r} has no tensor {name[:200]!r}; "
                f"/api/scenes/{self._scene.plan.key}/tensors lists them"
            )
        return found

    def matrix(self, placement: Placement, rows: range, columns: range, side: str | None) -> Grid:
        """Return a rectangle of a tensor, whose leading axes are counted through as rows.

        Raises:
            TooLargeError: it lies in too many pieces.
        """
        import numpy as np

        found: list[Grid] = []
        for window in windows_of(placement.region.shape, rows, columns):
            if len(found) == PIECES:
                raise TooLargeError(f"these rows lie in more than {PIECES} pieces; ask for fewer")
            grid = self.side(self.picked(placement, window), side)
            found.append(Grid(*(one.reshape(-1, len(columns)) for one in grid)))
        return Grid(*(np.concatenate(some) for some in zip(*found, strict=True)))

    def picked(self, placement: Placement, window: Window) -> Shown:
        """Return a window of a tensor as if the canvas showed it so."""
        corner = Box(placement.box.x, placement.box.y, 1, 1)
        found = self._owner.item.shown(self._scene.plan.only((placement,)), corner)
        sides = found[0].sides if found else {"value": placement.region}
        return Shown(placement, window, placement.box, lambda values: values, sides)


def windows_of(shape: Sequence[int], rows: range, columns: range) -> Iterator[Window]:
    """Cut a rectangle of an array, its leading axes counted through as rows, into windows."""
    own = (columns.start, columns.stop)
    if len(shape) < 2:
        yield (own,) if shape else ()
        return
    at = rows.start
    while at < rows.stop:
        leading, row = divmod(at, shape[-2])
        stop, matrices = min(shape[-2], row + rows.stop - at), 1
        if len(shape) > 2 and not row:  # as many whole matrices as lie one after the other
            whole = (rows.stop - at) // shape[-2]
            matrices = max(1, min(whole, shape[-3] - leading % shape[-3]))
        index: list[tuple[int, int]] = []
        for length in reversed(shape[:-2]):
            leading, one = divmod(leading, length)
            index.append((one, one + (1 if index else matrices)))
        yield (*index[::-1], (row, stop), own)
        at += (stop - row) * matrices


def _difference(numbers: Mapping[str, float | None]) -> dict[str, Any]:
    """Return both sides and what they differ by; a word where something is not finite."""
    base, modified = numbers[BASE], numbers[MODIFIED]
    known = base is not None and modified is not None
    all_of_it = {**numbers, DELTA: modified - base if known else None}  # type: ignore[operator]
    special = {
        n: word_of(v) for n, v in all_of_it.items() if v is not None and not math.isfinite(v)
    }
    found = {name: None if name in special else value for name, value in all_of_it.items()}
    return {**found, "value": found[DELTA], **({"special": special} if special else {})}


def _bare(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in told.items() if name != "number"}

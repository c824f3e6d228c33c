"""What has been measured of a scene so far, tile of the maximum zoom by tile.

Figures of a placement are told once all of it was seen: those of a part of it would be wrong.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

from arbvis_core.registry import guard
from arbvis_core.values import TILE, TileKey

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.registry import Registry
    from arbvis_core.server.presence import Levels
    from arbvis_core.server.store import Store
    from arbvis_core.values import Placement, ScenePlan

#: Tiles whose statistics are added up before they are added to all others: these are many.
BATCH = 64
#: Tiles along the side of what is measured with one cropped plan.
SPAN = 4
#: Placements of which a part was measured, at most, when more is measured out of turn.
PARTLY = 512
#: How many times as long as it takes a summary of a part is kept.
SELDOM = 10


class Figures:
    """The statistics of one scene; any thread may ask, one adds."""

    def __init__(self, plan: ScenePlan, registry: Registry, levels: Levels) -> None:
        import numpy as np

        self._owner = registry.renderer_entry(plan.renderer)
        self._lock = Lock()
        self._there: NDArray[np.bool_] = levels[-1]
        self._seen = np.zeros_like(self._there)
        self._statistics: list[Any] = []
        self._batched = 0
        self._found: Mapping[str, Any] = {}
        self._of_tiles, self._due = 0, 0.0
        self._stored: Mapping[str, Any] | None = None
        self._apart, self._many = 0, False
        self.plan = self._measuring(plan)

    def _measuring(self, plan: ScenePlan) -> ScenePlan:
        with guard(self._owner, "render", f"scene {plan.key!r}"):
            found: ScenePlan = self._owner.item.measuring(plan)
        return found

    @property
    def of(self) -> int:
        """How many tiles there are."""
        return int(self._there.sum())

    @property
    def done(self) -> int:
        """How many of them were measured."""
        return self.of if self._stored is not None else int((self._seen & self._there).sum())

    @property
    def complete(self) -> bool:
        """Whether everything was measured."""
        return self.done == self.of

    def blocks(self) -> Iterator[list[TileKey]]:
        """Yield the tiles that were not measured yet, in blocks, from above."""
        zoom = (max(self._there.shape) - 1).bit_length()
        rows, columns = self._there.shape
        for top in range(0, rows, SPAN):
            for left in range(0, columns, SPAN):
                part = (slice(top, top + SPAN), slice(left, left + SPAN))
                missing = (self._there[part] & ~self._seen[part]).nonzero()
                found = [
                    TileKey(zoom, left + int(x), top + int(y))
                    for y, x in zip(*missing, strict=True)
                ]
                if found:
                    yield found

    def add(self, key: TileKey, statistics: Any) -> None:
        """Take in what was measured of a tile of the maximum zoom, unless it was before."""
        with self._lock:
            if self._seen[key.y, key.x] or self._stored is not None:
                return
            self._seen[key.y, key.x] = True
            if statistics is None:
                return
            if self._batched % BATCH == 0 or not self._statistics:
                self._statistics.append(statistics)
                self._merge(2)
            else:
                self._statistics[-1] = self._owner.item.merge(self._statistics[-1], statistics)
            self._batched += 1

    def add_apart(self, key: TileKey, statistics: Any) -> None:
        """Take in what was measured of a tile out of turn, unless much of that kind is held already.

        Of a placement that was seen in part more is kept than of one that was seen whole: sums of its
        rows and columns. What is not taken in is measured again in its turn.
        """
        if self._apart % BATCH == 0:
            self._many = self._partly() > PARTLY
        self._apart += 1
        if not self._many:
            self.add(key, statistics)

    @cached_property
    def _corners(self) -> NDArray[np.int64]:
        return _corners(self.plan.placements)

    def _partly(self) -> int:
        """Return of how many placements a part was measured."""
        seen, there = (_sums(one) for one in (self._seen & self._there, self._there))
        top, bottom, left, right = self._corners
        found, whole = (
            one[bottom, right] - one[top, right] - one[bottom, left] + one[top, left]
            for one in (seen, there)
        )
        return int(((found > 0) & (found < whole)).sum())

    def _merge(self, most: int) -> None:
        """Leave no more than so many sums."""
        while len(self._statistics) > most:
            first, second, *rest = self._statistics
            self._statistics = [self._owner.item.merge(first, second), *rest]

    def summary(self) -> Mapping[str, Any]:
        """Return what `stats.json` would say of what was seen whole."""
        with self._lock:
            if self._stored is not None:
                return self._stored
            done, begun = self.done, time.monotonic()
            if done == self._of_tiles or (begun < self._due and not self.complete):
                return self._found
            if self._statistics:
                self._merge(1)
                self._found = self._summary()
            self._of_tiles = done
            # To sum up tens of thousands of tensors takes its time.
            self._due = time.monotonic() + SELDOM * (time.monotonic() - begun)
            return self._found

    def _summary(self) -> Mapping[str, Any]:
        complete = self.complete
        plan = self.plan if complete else self.plan.only(self.whole())
        with guard(self._owner, "render", f"the summary of scene {plan.key!r}"):
            found = dict(self._owner.item.summary(plan, self._statistics[0]))
        if complete:
            return found
        names, own = {one.name for one in plan.placements}, found.get("placements", {})
        return {"placements": {name: own[name] for name in own if name in names}}

    def whole(self) -> tuple[Placement, ...]:
        """Return the placements of which every tile was measured."""
        unseen = self._there & ~self._seen
        return tuple(one for one in self.plan.placements if not unseen[tiles_of(one)].any())

    def load(self, store: Store) -> None:
        """Take what a run before this one measured, if it is kept."""
        data = store.load_summary()
        if data is None:
            return
        with contextlib.suppress(ValueError):
            found = json.loads(data)
            if isinstance(found, dict):
                with self._lock:
                    self._stored = found

    def save(self, store: Store) -> None:
        """Keep what was measured, once that is everything."""
        if self._stored is None and self.complete:
            data = json.dumps(self.summary(), separators=(",", ":")).encode()
            store.save_summary(data)


def _sums(level: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return how many tiles lie above and left of every corner."""
    import numpy as np

    found = np.zeros((level.shape[0] + 1, level.shape[1] + 1), np.int64)
    level.cumsum(axis=0).cumsum(axis=1, out=found[1:, 1:])
    return found


def _corners(placements: Sequence[Placement]) -> NDArray[np.int64]:
    """Return the first row of tiles, that after the last, and the same of columns: (4, placements)."""
    import numpy as np

    spans = [tiles_of(one) for one in placements]
    found = [(down.start, down.stop, across.start, across.stop) for down, across in spans]
    return np.array(found, np.int64).reshape(-1, 4).T


def tiles_of(placement: Placement) -> tuple[slice, slice]:
    """Return the rows and columns of the tiles of the maximum zoom that a placement meets."""
    box = placement.box
    return (
        slice(box.y // TILE, -(-(box.y + box.height) // TILE)),
        slice(box.x // TILE, -(-(box.x + box.width) // TILE)),
    )

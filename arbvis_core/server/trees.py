"""Subtrees of the pyramid that remember: in memory, and in a folder of the user's."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any, Protocol

from arbvis_core.engine.blocks import Subtree
from arbvis_core.imaging import blank_tile
from arbvis_core.reading import RangeCache, Reader, held, read_crops
from arbvis_core.server.kept import Kept
from arbvis_core.slotted import dataclass
from arbvis_core.sources.files import LocalSource
from arbvis_core.values import Crop, ScenePlan, Tile, TileKey, View

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.engine.blocks import Emit, Planes
    from arbvis_core.registry import Registry
    from arbvis_core.server.store import Store

#: Bytes that are kept: of planes, of what tiles read, of ranges of sources, of encoded tiles.
PLANES, PARTS, RANGES, TILES = 96 << 20, 160 << 20, 32 << 20, 32 << 20

#: Bytes between two rows of a file that are sooner read than skipped: a call takes as long.
NEAR = 64 << 10

#: A tree that goes over everything once remembers tiles this many zooms above the last, and up.
DEEP = 3


class Check(Protocol):
    """Asked before every tile of the maximum zoom whether there is any point in going on."""

    def check(self) -> None:
        """Return, or raise `GivenUpError`."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What is kept of all scenes together."""

    planes: Kept[Any] = field(default_factory=lambda: Kept(PLANES))
    parts: Kept[Any] = field(default_factory=lambda: Kept(PARTS))
    ranges: RangeCache = field(default_factory=lambda: RangeCache(RANGES))
    tiles: Kept[Any] = field(default_factory=lambda: Kept(TILES))


class KeptReader(Reader):
    """Reads what tiles ask for, and keeps it for when the same is asked again in other colours.

    Of files of this machine no ranges are kept beside that, for the system does.
    """

    def __init__(self, plan: ScenePlan, memory: Memory) -> None:
        super().__init__(plan.sources, memory.ranges)
        self._identities = tuple(one.identity for one in plan.sources.values())
        self._parts = memory.parts
        local = all(isinstance(one, LocalSource) for one in plan.sources.values())
        self._through = local and not self._small

    def fetch(self, crops: Sequence[Crop]) -> list[NDArray[np.uint8]]:
        """Return one read-only uint8 array (rows, row_bytes) per crop."""
        key = (self._identities, tuple(crops))
        found: list[NDArray[np.uint8]] | None = self._parts.get(key)
        if found is None:
            if self._through:
                found = read_crops(self._sources, crops, NEAR)
            else:
                found = [held(one) for one in super().fetch(crops)]
            self._parts.put(key, found, sum(one.nbytes for one in found) + 256 * len(found))
        return found


class Tree(Subtree):
    """Draws exact tiles; planes above the maximum zoom are measured once."""

    def __init__(
        self,
        plan: ScenePlan,
        registry: Registry,
        view: View,
        memory: Memory,
        check: Check,
        *,
        store: Store | None = None,
        once: bool = False,
        measured: Callable[[TileKey, Any], None] | None = None,
    ) -> None:
        """Begin.

        Args:
            plan: cropped to what lies under what is drawn.
            registry: what its names stand for.
            view: how it is looked at.
            memory: where planes and bytes are kept.
            check: whether to go on.
            store: where planes are kept from one run to the next.
            once: what is read will not be asked for again.
            measured: is handed the statistics of every tile of the maximum zoom.
        """
        reader = Reader(plan.sources, memory.ranges) if once else KeptReader(plan, memory)
        super().__init__(plan, registry, reader, view)
        self.painted = 0
        self._once = once
        self._measured = measured
        self._memory = memory
        self._check = check
        self._store = store
        self._names = tuple(plane.name for plane in self.declared)

    def name(self, key: TileKey) -> Hashable:
        """Return what the planes of a tile are kept by."""
        return self.plan.key, key, self._names

    def tile(self, key: TileKey) -> Tile:
        """Draw a tile."""
        if key.zoom < self.plan.canvas.max_zoom:
            planes = self.planes(key)
            return blank_tile() if planes is None else self.shade(key, planes)
        painted: list[Tile] = []
        self.leaf(key, lambda _, tile: painted.append(tile))
        return painted[0] if painted else blank_tile()

    def leaf(self, key: TileKey, emit: Emit | None = None) -> Planes | None:
        """Paint a tile of the maximum zoom, if there is any point in it."""
        self._check.check()
        self.painted += 1
        found = super().leaf(key, emit)
        if self._measured is not None:
            self._measured(key, self.statistics)
        self.statistics = None  # nobody adds them up here
        return found

    def known(self, key: TileKey) -> Planes | None:
        """Return a tile's planes if they were measured before."""
        found: Planes | None = self._memory.planes.get(self.name(key))
        if found is None and self._store is not None:
            found = self._store.load(key, self.declared)
            if found is not None:
                self.keep(key, found)
        return found

    def planes(self, key: TileKey, emit: Emit | None = None) -> Planes | None:
        """Return a tile's planes, measured now or before."""
        if key.zoom == self.plan.canvas.max_zoom:
            return self.leaf(key, emit)
        found = self.known(key)
        if found is not None:
            self.painted += 4 ** (self.plan.canvas.max_zoom - key.zoom)
            return found
        found = super().planes(key, emit)
        if found is not None:
            if not self._once or key.zoom <= self.plan.canvas.max_zoom - DEEP:
                self.keep(key, found)
            if self._store is not None:
                self._store.save(key, found)
        return found

    def keep(self, key: TileKey, planes: Planes) -> None:
        """Remember the planes of a tile."""
        self._memory.planes.put(self.name(key), planes, size_of(planes))


def size_of(planes: Planes) -> int:
    """Return the bytes that planes take."""
    return sum(plane.nbytes for plane in planes.values())

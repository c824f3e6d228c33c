"""One scene of a live view: its plan, how it may be looked at, and its tiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from arbvis_core.encode import encode_tile
from arbvis_core.engine.blocks import Subtree
from arbvis_core.imaging import blank_tile
from arbvis_core.reading import Reader
from arbvis_core.server.faults import NotFoundError
from arbvis_core.server.kept import Kept
from arbvis_core.server.presence import Levels, Places
from arbvis_core.values import TILE, Box, Crop, ScenePlan, Tile, TileKey, View

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.engine.blocks import Emit, Planes
    from arbvis_core.registry import Registry
    from arbvis_core.server.jobs import Cancel

#: Bytes of encoded tiles, of planes and of what was read that are kept.
TILES, PLANES, PARTS = 64 << 20, 160 << 20, 96 << 20


@dataclass(frozen=True, slots=True)
class Memory:
    """What is kept of all scenes together."""

    tiles: Kept[bytes]
    planes: Kept[Any]
    parts: Kept[Any]

    @classmethod
    def empty(cls) -> Memory:
        """Return one that holds nothing yet."""
        return cls(Kept(TILES), Kept(PLANES), Kept(PARTS))


class LiveScene:
    """Draws the tiles of a scene, the same as in a bundle."""

    def __init__(self, plan: ScenePlan, registry: Registry, memory: Memory) -> None:
        self.plan = plan
        self.registry = registry
        self.memory = memory
        self.places = Places(plan)
        self.levels: Levels = self.places.levels()

    def check(self, key: TileKey) -> None:
        """Refuse a tile that is not on the canvas.

        Raises:
            NotFoundError: so it is.
        """
        if 0 <= key.zoom < len(self.levels):
            rows, columns = self.levels[key.zoom].shape
            if 0 <= key.x < columns and 0 <= key.y < rows:
                return
        raise NotFoundError(
            f"scene {self.plan.key!r} has no tile {key.zoom}/{key.x}/{key.y}: "
            f"zooms are 0 to {self.plan.canvas.max_zoom}"
        )

    def known(self, key: TileKey, view: View) -> bytes | None:
        """Return a tile's PNG if it is kept."""
        return self.memory.tiles.get((self.plan.key, key, view))

    def draw(self, key: TileKey, view: View, cancel: Cancel) -> bytes:
        """Return a tile as PNG, exact.

        Raises:
            UsageError: the view chooses what cannot be chosen.
            GivenUpError: nobody waits for it.
        """
        tile = self.tree(key, view, cancel).tile(key)
        _, _, data = encode_tile(tile, "png", lossless=True)
        self.memory.tiles.put((self.plan.key, key, view), data, len(data))
        return data

    def tree(self, key: TileKey, view: View, cancel: Cancel) -> Tree:
        """Return what draws a tile and everything under it."""
        side = TILE << (self.plan.canvas.max_zoom - key.zoom)
        cropped = self.places.crop(Box(key.x * side, key.y * side, side, side))
        return Tree(cropped, self.registry, view, self.memory, cancel)


class Tree(Subtree):
    """A subtree of the pyramid that remembers what it has measured and read."""

    def __init__(
        self,
        plan: ScenePlan,
        registry: Registry,
        view: View,
        memory: Memory,
        cancel: Cancel,
    ) -> None:
        super().__init__(plan, registry, KeptReader(plan, memory.parts), view)
        self._memory = memory
        self._cancel = cancel
        self._names = tuple(plane.name for plane in self.declared)

    def tile(self, key: TileKey) -> Tile:
        """Draw a tile."""
        if key.zoom < self.plan.canvas.max_zoom:
            planes = self.planes(key)
            return blank_tile() if planes is None else self.shade(key, planes)
        painted: list[Tile] = []
        self.leaf(key, lambda _, tile: painted.append(tile))
        return painted[0] if painted else blank_tile()

    def leaf(self, key: TileKey, emit: Emit | None = None) -> Planes | None:
        """Paint a tile of the maximum zoom, if anybody still waits for it."""
        self._cancel.check()
        return super().leaf(key, emit)

    def planes(self, key: TileKey, emit: Emit | None = None) -> Planes | None:
        """Return a tile's planes, as they were measured before if they are kept."""
        if key.zoom == self.plan.canvas.max_zoom:
            return self.leaf(key, emit)
        name = (self.plan.key, key, self._names)
        found: Planes | None = self._memory.planes.get(name)
        if found is None:
            found = super().planes(key, emit)
            if found is not None:
                size = sum(plane.nbytes for plane in found.values())
                self._memory.planes.put(name, found, size)
        return found


class KeptReader(Reader):
    """Reads what tiles ask for, and keeps it for when the same is asked again in other colours."""

    def __init__(self, plan: ScenePlan, parts: Kept[Any]) -> None:
        super().__init__(plan.sources)
        self._identities = tuple(one.identity for one in plan.sources.values())
        self._parts = parts

    def fetch(self, crops: Sequence[Crop]) -> list[NDArray[np.uint8]]:
        """Return one read-only uint8 array (rows, row_bytes) per crop."""
        key = (self._identities, tuple(crops))
        found: list[NDArray[np.uint8]] | None = self._parts.get(key)
        if found is None:
            found = super().fetch(crops)
            self._parts.put(key, found, sum(one.nbytes for one in found) + 256 * len(found))
        return found

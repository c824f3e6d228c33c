"""One scene of a live view: its plan, how it may be looked at, and its tiles.

Tiles of the maximum zoom, and those under which little lies, are exact. Of others the first picture
is drawn from a sample within a budget, and marked so; exact ones take its place when they have been
measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from arbvis_core.encode import encode_tile
from arbvis_core.reading import SMALL, read_crops
from arbvis_core.registry import guard
from arbvis_core.server.faults import NotFoundError
from arbvis_core.server.figures import Figures
from arbvis_core.server.presence import Levels, Places
from arbvis_core.server.store import Shelf, Store
from arbvis_core.server.trees import Memory, Tree, size_of
from arbvis_core.values import TILE, Box, Budget, Plan, ScenePlan, TileKey, View

if TYPE_CHECKING:
    from arbvis_core.engine.blocks import Planes
    from arbvis_core.registry import Registry
    from arbvis_core.server.trees import Check

#: What the first screen may read, the plan's sample included.
SCREEN = Budget(64 << 20, 4096)
#: The tiles that it has, and the most that it has where the screen is very large.
SCREEN_TILES, SCREEN_MOST = 16, 96
#: A tile reads at least so much, however much the sample took.
LEAST = Budget(1 << 18, 32)
#: Bytes that a kept tile takes beside its data: of zeros it has hardly more.
BESIDE = 1 << 10
#: Bytes under a tile that are rather read than sampled.
CHEAP = 8 << 20


class Drawn(NamedTuple):
    """A tile as PNG; `sample` says from how much it was estimated, None if it is exact."""

    data: bytes
    sample: Mapping[str, int] | None = None


class Estimate(NamedTuple):
    """Planes that were estimated from so much."""

    planes: Planes
    sample: Mapping[str, int]


def budget_of(plan: Plan) -> Budget:
    """Return what the tiles of the first screen may read."""
    return Budget(
        SCREEN.bytes - sum(one.sample.get("bytes", 0) for one in plan.scenes),
        SCREEN.reads - sum(one.sample.get("reads", 0) for one in plan.scenes),
    )


def share_of(budget: Budget, tiles: int) -> Budget:
    """Return what one tile of a level may read.

    Args:
        budget: of the first screen.
        tiles: of the level. It is the first screen's if that can have so many; besides, that has a
            map of the whole. Of finer levels a part is seen.
    """
    shown = max(SCREEN_TILES, tiles + 1) if tiles <= SCREEN_MOST else SCREEN_TILES
    return Budget(*(max(most // shown, one) for most, one in zip(budget, LEAST, strict=True)))


class LiveScene:
    """Draws the tiles of a scene, the same as in a bundle."""

    def __init__(
        self,
        plan: ScenePlan,
        registry: Registry,
        memory: Memory,
        budget: Budget,
        place: Shelf | None = None,
    ) -> None:
        """Get a scene ready.

        Args:
            plan: what is drawn.
            registry: what its names stand for.
            memory: where tiles, planes and bytes are kept.
            budget: what may be read to estimate the tiles of the first screen.
            place: where planes are kept from one run to the next.
        """
        self.plan = plan
        self.registry = registry
        self.memory = memory
        self.store: Store | None = None
        self.places = Places(plan)
        self.levels: Levels = self.places.levels()
        self.figures = Figures(plan, registry, self.levels)
        self._budget = budget
        self._place = place
        self._small = self.places.bytes <= SMALL
        self._lock = Lock()
        self._estimating = Lock()
        self._editions: dict[TileKey, int] = {}

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

    def box(self, key: TileKey) -> Box:
        """Return the pixels of the maximum zoom under a tile."""
        side = TILE << (self.plan.canvas.max_zoom - key.zoom)
        return Box(key.x * side, key.y * side, side, side)

    def cost(self, key: TileKey) -> int:
        """Return about how many bytes lie under a tile."""
        return self.places.bytes_under(self.box(key))

    def is_cheap(self, key: TileKey) -> bool:
        """Tell whether a tile is rather drawn exactly than estimated."""
        return self._small or key.zoom == self.plan.canvas.max_zoom or self.cost(key) <= CHEAP

    def leaves(self, key: TileKey) -> int:
        """Return how many tiles of the maximum zoom lie under a tile."""
        shift = self.plan.canvas.max_zoom - key.zoom
        rows = slice(key.y << shift, (key.y + 1) << shift)
        return int(self.levels[-1][rows, key.x << shift : (key.x + 1) << shift].sum())

    def planes(self, view: View) -> tuple[str, ...]:
        """Return the names of what a view is shaded from."""
        owner = self.registry.renderer_entry(self.plan.renderer)
        declared = owner.item.planes(self.plan, view.over(self.plan.view))
        return tuple(one.name for one in declared)

    def open_store(self) -> None:
        """Keep planes on disk from here on, if there is a place for them."""
        with self._lock:
            if self.store is None and self._place is not None:
                self.store = Store(self.plan, self._place)
                self.figures.load(self.store)

    def known(self, key: TileKey, view: View) -> Drawn | None:
        """Return a tile if it is kept."""
        found: Drawn | None = self.memory.tiles.get(self._name(key, view))
        return found

    def work(
        self, key: TileKey, view: View
    ) -> tuple[tuple[str, TileKey, View], Callable[[Check], Drawn]]:
        """Return what drawing a tile is known by, and what does it."""
        return (self.plan.key, key, view), lambda check: self.draw(key, view, check)

    def _name(self, key: TileKey, view: View) -> tuple[object, ...]:
        return self.plan.key, key, view, self._editions.get(key, 0)

    def renew(self, key: TileKey) -> None:
        """Draw a tile anew when it is next asked for."""
        with self._lock:
            self._editions[key] = self._editions.get(key, 0) + 1

    def draw(self, key: TileKey, view: View, check: Check) -> Drawn:
        """Return a tile: exact if that is cheap or was measured before, else estimated.

        Raises:
            UsageError: the view chooses what cannot be chosen.
            GivenUpError: nobody waits for it.
        """
        name = self._name(key, view)
        tree = self.tree(key, view, check)
        cheap = self.is_cheap(key)
        planes = None if key.zoom == self.plan.canvas.max_zoom else tree.known(key)
        sketch = None if cheap or planes is not None else self._estimate(key, tree, view)
        if planes is not None:
            tile = tree.shade(key, planes)
        elif sketch is not None:
            tile = tree.shade(key, sketch.planes)
        else:
            tile = tree.tile(key)
        _, _, data = encode_tile(tile, "png", lossless=True)
        drawn = Drawn(bytes(data), sketch.sample if sketch else None)
        self.memory.tiles.put(name, drawn, len(data) + BESIDE)
        return drawn

    def tree(self, key: TileKey, view: View, check: Check, *, once: bool = False) -> Tree:
        """Return what draws a tile and everything under it."""
        cropped = self.places.crop(self.box(key))
        if not once:
            return Tree(cropped, self.registry, view, self.memory, check, store=self.store)
        cropped = replace(cropped, attributes=self.figures.plan.attributes)
        return self.measuring(cropped, view, check, measured=self.figures.add_apart)

    def measuring(
        self,
        plan: ScenePlan,
        view: View,
        check: Check,
        *,
        measured: Callable[[TileKey, Any], None] | None = None,
    ) -> Tree:
        """Return what goes over a part of the scene once, and measures it, for all unless for one."""
        return Tree(
            plan,
            self.registry,
            view,
            self.memory,
            check,
            store=self.store,
            once=True,
            measured=measured or self.figures.add,
        )

    def _estimate(self, key: TileKey, tree: Tree, view: View) -> Estimate | None:
        """Return planes from a sample; None if the renderer does not estimate."""
        name = (tree.name(key), "sketch")
        found: Estimate | None = self.memory.planes.get(name)
        if found is not None:
            return found
        plan, decoders = tree.plan, self.registry.decoders
        owner = self.registry.renderer_entry(plan.renderer)
        subject = f"tile {key.zoom}/{key.x}/{key.y} of scene {plan.key!r}"
        with self._estimating, guard(owner, "render", subject):
            budget = share_of(self._budget, self.levels[key.zoom].size)
            sketch = owner.item.sketch(plan, key, decoders, budget)
        if sketch is None:
            return None
        parts = read_crops(plan.sources, sketch.crops)
        with self._estimating, guard(owner, "render", subject):
            looked = view.over(plan.view)
            planes = owner.item.sketched(plan, key, sketch, parts, decoders, looked)
        sample = {
            "bytes": sum(crop.size for crop in sketch.crops),
            "of": self.cost(key),
            "reads": len(sketch.crops),
        }
        found = Estimate(planes, sample)
        self.memory.planes.put(name, found, size_of(planes))
        return found


def describe_sample(sample: Mapping[str, Any]) -> str:
    """Write a sample into a header: `bytes=1; of=2; reads=3`."""
    return "; ".join(f"{name}={value}" for name, value in sample.items())

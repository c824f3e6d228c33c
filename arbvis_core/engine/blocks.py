"""The work unit: a block of the canvas, from its bytes to its encoded tiles and its apex.

A block is a square of 4 × 4 leaf tiles, the same for everyone, so that it can never change a
pixel. It paints its leaves, folds their planes upwards while it holds all four children, and hands
its apex to whoever folds the levels above.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from arbvis_core.deferring import resolved
from arbvis_core.engine.areas import draw_area
from arbvis_core.engine.gathering import Gathering, half_size
from arbvis_core.errors import UsageError
from arbvis_core.registry import guard
from arbvis_core.slotted import dataclass
from arbvis_core.values import (
    TILE,
    Blob,
    Box,
    Canvas,
    Leaf,
    ScenePlan,
    Tile,
    TileFormat,
    TileKey,
    View,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from arbvis_core.protocols import LeafRenderer, Sink
    from arbvis_core.reading import Reader
    from arbvis_core.registry import Registry, RegistrySpec

    Planes = Mapping[str, NDArray[Any]]

#: Leaf tiles along the side of a block, and levels between these and its apex.
SPAN = 4
DEPTH = SPAN.bit_length() - 1

Emit = Callable[[TileKey, Tile], None]


@dataclass(frozen=True, slots=True)
class Block:
    """A subtree of the pyramid, named by its apex tile."""

    apex: TileKey

    def leaves(self, canvas: Canvas) -> Iterator[TileKey]:
        """Yield the tiles of the maximum zoom under it."""
        shift = canvas.max_zoom - self.apex.zoom
        last = canvas.max_zoom
        columns, rows = canvas.tiles(last)
        for y in range(self.apex.y << shift, min((self.apex.y + 1) << shift, rows)):
            for x in range(self.apex.x << shift, min((self.apex.x + 1) << shift, columns)):
                yield TileKey(last, x, y)

    def box(self, canvas: Canvas) -> Box:
        """Return the pixels of the maximum zoom that it covers."""
        side = TILE << (canvas.max_zoom - self.apex.zoom)
        return Box(self.apex.x * side, self.apex.y * side, side, side)


@dataclass(frozen=True, slots=True)
class BlockTask:
    """Everything a worker needs, wherever it runs.

    Attributes:
        plan: the scene, cropped to the block.
        block: the block.
        registry: what the names in the plan stand for.
        tile_format: of the levels above the leaves.
        sink: where tiles go from the worker; None hands them to the driver.
        kept: tiles up to this zoom are handed to the driver too.
        drawn: whether tiles go to a sink at all; without, no other tile is encoded.
    """

    plan: ScenePlan
    block: Block
    registry: RegistrySpec
    tile_format: TileFormat
    sink: Sink | None
    kept: int = -1
    drawn: bool = True


@dataclass(slots=True)
class BlockResult:
    """What a worker hands back: no pixels, unless the sink lives with the driver."""

    apex: Planes | None = None
    statistics: Any = None
    tiles: list[TileKey] = field(default_factory=list)
    blobs: list[Blob] = field(default_factory=list)
    kept: dict[str, bytes] = field(default_factory=dict)
    size: int = 0


def blocks_of(canvas: Canvas) -> Iterator[Block]:
    """Yield the blocks of a canvas row by row, so that the reads of a row band stay together."""
    zoom = max(0, canvas.max_zoom - DEPTH)
    columns, rows = canvas.tiles(zoom)
    for y in range(rows):
        for x in range(columns):
            yield Block(TileKey(zoom, x, y))


def cropped_blocks(plan: ScenePlan) -> Iterator[tuple[Block, ScenePlan]]:
    """Yield every block with its share of the plan; a row band is cut out first, then its blocks."""
    row, band = -1, plan
    for block in blocks_of(plan.canvas):
        box = block.box(plan.canvas)
        if block.apex.y != row:
            row = block.apex.y
            band = plan.crop(Box(0, box.y, plan.canvas.width, box.height))
        yield block, band.crop(box)


class Subtree:
    """Paints leaves and folds them; one recursion serves blocks, single tiles and thumbnails.

    Raises:
        UsageError: the view chooses what the renderer does not let one choose.
    """

    def __init__(
        self, plan: ScenePlan, registry: Registry, reader: Reader, view: View | None = None
    ) -> None:
        self.plan = plan
        self._owner = registry.renderer_entry(plan.renderer)
        self.renderer: LeafRenderer = resolved(self._owner.item)
        self._view = view_of(plan, self.renderer, view)
        self.statistics: Any = None
        with guard(self._owner, "render", f"scene {plan.key!r}"):
            self.declared = self.renderer.planes(plan, self._view)
        self._decoders = registry.decoders
        self._reader = reader
        self._max_zoom = plan.canvas.max_zoom

    def leaf(self, key: TileKey, emit: Emit | None = None) -> Planes | None:
        """Paint a tile of the maximum zoom and return its planes at half size."""
        if not self.present(key):
            return None
        leaf = self.paint(key)
        if emit:
            emit(key, leaf.tile)
        return leaf.planes

    def present(self, key: TileKey) -> bool:
        """Tell whether any element lies in a tile of the maximum zoom."""
        with self.blamed(key):
            return self.renderer.present(self.plan, key)

    def paint(self, key: TileKey) -> Leaf:
        """Read and paint a tile of the maximum zoom, or where it `paints_areas` all under a tile."""
        with self.blamed(key):
            crops = self.renderer.reads(self.plan, key, self._decoders)
        parts = self._reader.fetch(crops)
        with self.blamed(key):
            leaf = self.renderer.paint(self.plan, key, parts, self._decoders, self._view)
            self._count(leaf.statistics)
        return leaf

    def _count(self, statistics: Any) -> None:
        if statistics is not None and self.statistics is not None:
            statistics = self.renderer.merge(self.statistics, statistics)
        self.statistics = self.statistics if statistics is None else statistics

    def blamed(self, key: TileKey) -> guard:
        """Lay what goes wrong with a tile at the door of its renderer."""
        subject = f"tile {key.zoom}/{key.x}/{key.y} of scene {self.plan.key!r}"
        return guard(self._owner, "render", subject)

    def planes(self, key: TileKey, emit: Emit | None = None) -> Planes | None:
        """Return a tile's planes: of its own size above the maximum zoom, else at half size."""
        if self._is_leaf(key):
            return self.leaf(key, emit)
        gathering: Gathering | None = None
        for child in children(key, self.plan.canvas):
            planes = self.planes(child, emit)
            if planes is not None:
                gathering = gathering or Gathering(self.declared)
                gathering.put(child, planes, folded=self._is_leaf(child))
        if gathering is None:
            return None
        gathered = gathering.planes()
        if emit:
            emit(key, self.shade(key, gathered))
        return gathered

    def quarter(self, key: TileKey, emit: Emit | None = None) -> Planes | None:
        """Return a tile's planes at half size, as its parent needs them."""
        if self.renderer.paints_areas and self._max_zoom - key.zoom <= DEPTH:
            return draw_area(self, key, [*Block(key).leaves(self.plan.canvas)], emit)
        planes = self.planes(key, emit)
        if planes is None or self._is_leaf(key):
            return planes
        return {one.name: half_size(planes[one.name], one) for one in self.declared}

    def _is_leaf(self, key: TileKey) -> bool:
        return key.zoom == self._max_zoom

    def shade(self, key: TileKey, planes: Planes) -> Tile:
        """Colour a tile above the maximum zoom."""
        with self.blamed(key):
            return self.renderer.shade(self.plan, key, planes, self._view)


def view_of(plan: ScenePlan, renderer: LeafRenderer, view: View | None) -> View:
    """Return how a scene is looked at: as is asked, the rest as it was planned.

    Raises:
        UsageError: the view chooses what the renderer does not let one choose.
    """
    found = view.over(plan.view) if view else plan.view
    unknown = found.chosen() - renderer.views
    if unknown:
        names = ", ".join(sorted(unknown))
        raise UsageError(f"scene {plan.key!r} does not let you choose: {names}")
    return found


def children(key: TileKey, canvas: Canvas) -> Iterator[TileKey]:
    """Return the tiles under a tile that lie on the canvas."""
    columns, rows = canvas.tiles(key.zoom + 1)
    return (child for child in _quad(key) if child.x < columns and child.y < rows)


def _quad(key: TileKey) -> Iterator[TileKey]:
    for y in (2 * key.y, 2 * key.y + 1):
        for x in (2 * key.x, 2 * key.x + 1):
            yield TileKey(key.zoom + 1, x, y)

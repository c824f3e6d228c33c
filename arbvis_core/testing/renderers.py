"""The contract of leaf renderers: pure functions from a plan and bytes to pixels."""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any

from arbvis_core.engine.blocks import Subtree, cropped_blocks
from arbvis_core.engine.gathering import half_size
from arbvis_core.pipeline.planning import plan_scene
from arbvis_core.protocols import Decoder, LeafRenderer
from arbvis_core.reading import Reader
from arbvis_core.registry import Registered, Registry, RegistrySpec
from arbvis_core.testing.documents import check_pickles, check_plain, decoders_with
from arbvis_core.testing.plugins import check_object
from arbvis_core.values import (
    TILE,
    Box,
    Canvas,
    Indexed,
    Leaf,
    Plane,
    Scene,
    ScenePlan,
    Tile,
    TileKey,
    View,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Tiles of the maximum zoom that are painted.
TILES = 32


class RendererContract:
    """A leaf renderer.

    Attributes:
        renderer: the object under test.
        makers: formats and others whose decoders it needs.
    """

    renderer: LeafRenderer
    makers: Sequence[Any] = ()

    def scene(self) -> Scene:
        """Return a scene that it can paint, small, of more than one tile if possible."""
        raise NotImplementedError

    def expected(self, plan: ScenePlan, key: TileKey) -> NDArray[np.uint8] | None:
        """Return what a tile of the maximum zoom must look like: uint8 (TILE, TILE, 4), RGBA.

        As known from elsewhere, or None.
        """
        del plan, key
        return None

    def test_the_registry_takes_it(self) -> None:
        """Name and methods are in order."""
        check_object("renderers", self.renderer)
        known = {field.name for field in fields(View)}
        assert set(self.renderer.views) <= known, "it depends on a view that does not exist"

    def test_planes_are_declared(self) -> None:
        """They are planes, each with a name of its own, and the same each time."""
        plan = self._plan()
        planes = self.renderer.planes(plan, plan.view)
        assert all(isinstance(plane, Plane) for plane in planes)
        assert len({plane.name for plane in planes}) == len(planes), "two planes have one name"
        assert planes == self.renderer.planes(plan, plan.view)

    def test_what_is_offered_can_be_chosen(self) -> None:
        """Every name, and both ends of every range, make a legend; of fields that change something."""
        plan = self._plan()
        offered = self.renderer.choices(plan)
        assert offered.keys() <= self.renderer.views, "it offers what changes nothing"
        for name, some in offered.items():
            assert len(set(some)) == len(some) > 1, f"there is no choice of {name}"
            for one in some:
                view = replace(plan.view, **{name: one})  # type: ignore[arg-type]
                self.renderer.planes(plan, view)
                self.renderer.legend(plan, view, None)

    def test_a_plan_is_the_same_each_time(self) -> None:
        """What is decided from the sample is plain data and does not depend on chance."""
        plan = self._plan()
        assert plan == self._plan()
        check_plain(plan.decisions, "decisions")
        check_pickles(plan, "the plan")

    def test_reads_lie_inside_their_sources(self) -> None:
        """Crops are of the plan's sources, and the same each time."""
        plan = self._plan()
        for key in self._keys(plan):
            crops = self.renderer.reads(plan, key, self._decoders)
            assert list(crops) == list(self.renderer.reads(plan, key, self._decoders))
            for crop in crops:
                source = plan.sources[crop.source]
                low, high = crop.within or (0, source.size)
                inside = 0 <= low <= crop.start <= crop.stop <= high <= source.size
                assert inside, f"{crop} of {source.size} bytes"

    def test_leaves_are_what_was_declared(self) -> None:
        """Tiles are TILE × TILE, planes have the declared names and dtypes, or smaller ones, and are TILE/2 wide."""
        plan = self._plan()
        for key in self._keys(plan):
            leaf = self._paint(plan, key)
            check_tile(leaf.tile)
            declared = self.renderer.planes(plan, plan.view)
            assert leaf.planes.keys() == {plane.name for plane in declared}
            for plane in declared:
                _check_plane(plane, leaf.planes[plane.name])

    def test_painting_is_pure(self) -> None:
        """A tile is the same when it is painted again, elsewhere, and from a cropped plan."""
        plan = self._plan()
        elsewhere: ScenePlan = pickle.loads(pickle.dumps(plan))  # noqa: S301 - our own bytes
        for key in self._keys(plan):
            leaf = self._paint(plan, key)
            box = Box(key.x * TILE, key.y * TILE, TILE, TILE)
            for again in (plan, elsewhere, plan.crop(box)):
                _check_same(leaf, self._paint(again, key), f"tile {tuple(key)}")

    def test_a_tile_without_elements_is_absent(self) -> None:
        """`present` is False where no placement lies, and the same in a cropped plan."""
        plan = self._plan()
        for key in islice(_leaves(plan.canvas), TILES):
            box = Box(key.x * TILE, key.y * TILE, TILE, TILE)
            found = self.renderer.present(plan, key)
            assert found == self.renderer.present(plan.crop(box), key)
            if not any(placement.box.meets(box) for placement in plan.placements):
                assert not found, f"tile {tuple(key)} is present, and nothing lies in it"

    def test_padding_is_transparent(self) -> None:
        """Pixels beyond the canvas's edge have no colour and count for nothing."""
        plan = self._plan()
        for key in self._keys(plan):
            leaf = self._paint(plan, key)
            width = max(0, min(TILE, plan.canvas.width - key.x * TILE))
            height = max(0, min(TILE, plan.canvas.height - key.y * TILE))
            alpha = rgba(leaf.tile)[..., 3]
            assert not alpha[height:].any(), f"tile {tuple(key)} paints below the canvas"
            assert not alpha[:, width:].any(), f"tile {tuple(key)} paints beside the canvas"
            for name, plane in leaf.planes.items():
                beyond = plane[-(-height // 2) :].any() or plane[:, -(-width // 2) :].any()
                assert not beyond, f"plane {name} of tile {tuple(key)} counts padding"

    def test_tiles_look_as_expected(self) -> None:
        """Pixels are those that are known from elsewhere."""
        import numpy as np

        plan = self._plan()
        for key in self._keys(plan):
            pixels = self.expected(plan, key)
            if pixels is not None:
                np.testing.assert_array_equal(rgba(self._paint(plan, key).tile), pixels)

    def test_overviews_are_shaded_from_planes_alone(self) -> None:
        """Shading is pure, leaves its planes alone, and colours nothing where nothing is."""
        import numpy as np

        plan = self._plan()
        key = TileKey(max(0, plan.canvas.max_zoom - 1), 0, 0)
        tree = Subtree(plan, self._registry(), Reader(plan.sources))
        empty = {one.name: np.zeros((TILE, TILE), one.dtype) for one in tree.declared}
        planes = tree.planes(key) if plan.canvas.max_zoom else empty
        assert planes is not None, "the scene's first tiles are empty: make it smaller"
        before = pickle.dumps(planes)
        tile = self.renderer.shade(plan, key, planes, plan.view)
        check_tile(tile)
        unchanged = pickle.dumps(planes) == before  # pytest is not to explain megabytes
        assert unchanged, "shading changes the planes"
        again = self.renderer.shade(plan, key, planes, plan.view)
        np.testing.assert_array_equal(rgba(tile), rgba(again))
        nothing = self.renderer.shade(plan, key, empty, plan.view)
        assert not rgba(nothing)[..., 3].any(), "shading colours pixels under which nothing lies"

    def test_areas_are_the_same_as_their_tiles(self) -> None:
        """All under a tile, painted at once, is what its tiles are one by one, if it says so."""
        import numpy as np

        plan = self._plan()
        if not self.renderer.paints_areas:
            return
        assert plan.canvas.max_zoom, "the scene is a single tile: make it larger"
        for block, cropped in islice(cropped_blocks(plan), TILES):
            drawn: list[dict[TileKey, Tile]] = [{}, {}]
            trees = [Subtree(cropped, self._registry(), Reader(plan.sources)) for _ in drawn]
            once = trees[0].quarter(block.apex, drawn[0].__setitem__)
            planes = trees[1].planes(block.apex, drawn[1].__setitem__)
            assert drawn[0].keys() == drawn[1].keys()
            for tile, piece in drawn[0].items():
                np.testing.assert_array_equal(rgba(piece), rgba(drawn[1][tile]), err_msg=str(tile))
            assert (once is None) == (planes is None)
            for plane in trees[0].declared if once and planes else ():
                folded = half_size(planes[plane.name], plane)  # type: ignore[index]
                np.testing.assert_array_equal(once[plane.name], folded, err_msg=plane.name)  # type: ignore[index]

    def test_statistics_add_up(self) -> None:
        """Merging changes neither side, and does not depend on the order of the tiles."""
        plan = self._plan()
        found = [self._paint(plan, key).statistics for key in self._keys(plan)]
        found = [one for one in found if one is not None]
        total = found[0] if found else None
        for left, right in pairwise(found):
            before = pickle.dumps((left, right))
            merged = self.renderer.merge(left, right)
            unchanged = pickle.dumps((left, right)) == before
            assert unchanged, "merging changes what it merges"
            there = self.renderer.summary(plan, merged)
            assert there == self.renderer.summary(plan, self.renderer.merge(right, left))
            total = self.renderer.merge(total, right)
        check_plain(self.renderer.summary(plan, total), "the summary")
        check_plain(self.renderer.summary(plan, None), "the summary of nothing")

    def test_the_legend_says_what_the_colours_mean(self) -> None:
        """Entries have labels and colours, before anything was drawn and after."""
        plan = self._plan()
        keys = list(self._keys(plan))
        for statistics in (None, self._paint(plan, keys[0]).statistics):
            legends = self.renderer.legend(plan, plan.view, statistics)
            assert legends, "it has no legend"
            for legend in legends:
                assert legend.zooms in {"leaf", "overview", "all"}
                assert legend.title
                for entry in legend.entries:
                    assert entry.label, f"an entry of {legend.title} has no label"
                    wrong = [one for one in entry.colours if not re.fullmatch("#[0-9a-f]{6}", one)]
                    assert not wrong, f"{entry.label} has the colours {wrong}"
                    assert entry.colours, f"{entry.label} has no colour"
                    assert entry.share is None or 0 <= entry.share <= 1

    @property
    def _decoders(self) -> Mapping[str, Decoder]:
        return decoders_with(*self.makers)

    def _registry(self) -> Registry:
        entry = Registered("under test", "0", self.renderer)
        return Registry(RegistrySpec(), renderers=(entry,), decoders=self._decoders)

    def _plan(self) -> ScenePlan:
        return plan_scene(self.scene(), self._registry())

    def _keys(self, plan: ScenePlan) -> Iterator[TileKey]:
        keys = [key for key in _leaves(plan.canvas) if self.renderer.present(plan, key)]
        assert keys, "no tile of the scene is present"
        return islice(keys, TILES)

    def _paint(self, plan: ScenePlan, key: TileKey) -> Leaf:
        crops = self.renderer.reads(plan, key, self._decoders)
        parts = [part.view() for part in Reader(plan.sources).fetch(crops)]
        for part in parts:
            part.flags.writeable = False
        return self.renderer.paint(plan, key, parts, self._decoders, plan.view)


def rgba(tile: Tile) -> NDArray[np.uint8]:
    """Return a tile's pixels: uint8 (TILE, TILE, 4)."""
    import numpy as np

    if isinstance(tile, Indexed):
        return tile.palette[tile.codes]
    if tile.pixels.shape[-1] == 4:
        return tile.pixels
    opaque = np.full((*tile.pixels.shape[:2], 1), 255, np.uint8)
    return np.concatenate([tile.pixels, opaque], axis=-1)


def check_tile(tile: Tile) -> None:
    """Check that a tile is TILE × TILE of codes with a palette, or of colours."""
    if isinstance(tile, Indexed):
        assert tile.codes.dtype == tile.palette.dtype == "uint8"
        assert tile.codes.shape == (TILE, TILE), f"codes are {tile.codes.shape}"
        colours, channels = tile.palette.shape
        assert channels == 4, f"the palette has {channels} channels"
        assert colours <= 256, f"the palette has {colours} colours"
        assert int(tile.codes.max()) < colours, "a code has no colour"
    else:
        assert tile.pixels.dtype == "uint8"
        assert tile.pixels.shape in {(TILE, TILE, 3), (TILE, TILE, 4)}, f"{tile.pixels.shape}"


def _leaves(canvas: Canvas) -> Iterator[TileKey]:
    columns, rows = canvas.tiles(canvas.max_zoom)
    return (TileKey(canvas.max_zoom, x, y) for y in range(rows) for x in range(columns))


def _check_plane(plane: Plane, values: NDArray[Any]) -> None:
    import numpy as np

    fits = np.can_cast(values.dtype, plane.dtype, "safe")
    assert fits, f"plane {plane.name} is {values.dtype}, not {plane.dtype} nor smaller"
    half = (TILE // 2, TILE // 2)
    assert values.shape == half, f"plane {plane.name} is {values.shape}, not {half}"
    assert np.isfinite(values).all(), f"plane {plane.name} is not finite"


def _check_same(left: Leaf, right: Leaf, what: str) -> None:
    import numpy as np

    np.testing.assert_array_equal(rgba(left.tile), rgba(right.tile), err_msg=what)
    for name, plane in left.planes.items():
        np.testing.assert_array_equal(plane, right.planes[name], err_msg=f"{name} of {what}")
    same = pickle.dumps(left.statistics) == pickle.dumps(right.statistics)
    assert same, f"statistics of {what}"

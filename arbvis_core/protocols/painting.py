"""How a picture is painted: the protocol of the hook `arbvis_leaf_renderer`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.protocols.stages import Decoder
    from arbvis_core.values import (
        Box,
        Budget,
        Crop,
        Leaf,
        Legend,
        Plane,
        ScenePlan,
        Shown,
        Sketch,
        Tile,
        TileKey,
        View,
    )


class LeafRenderer(Protocol):
    """Paints the tiles of the maximum zoom and shades those above them; found by name.

    Every method is a pure function of its arguments: no tile depends on another having been drawn.

    Attributes:
        views: the fields of `View` that change something.
        paints_areas: whether `reads` and `paint` can be given the key of a tile above the maximum
            zoom as well, for all leaves under it, and `shade` a square of tiles. Then what lies
            there is read and painted in one piece, which is faster where elements lie in long rows,
            and the renderer may hand over the zooms above at once: see `Leaf.above`.
    """

    name: str
    views: frozenset[str] = frozenset()
    paints_areas: bool = False

    def planes(self, plan: ScenePlan, view: View) -> tuple[Plane, ...]:
        """Return what `paint` measures for the zooms above; folded by the core."""
        ...

    def survey(self, plan: ScenePlan, decoders: Mapping[str, Decoder]) -> Sequence[Crop]:
        """Return what to sample before anything is drawn: at most 2 % of the bytes, 512 crops."""
        return ()

    def decide(
        self,
        plan: ScenePlan,
        parts: Sequence[NDArray[np.uint8]],
        decoders: Mapping[str, Decoder],
    ) -> Mapping[str, Any]:
        """Return what all tiles share, fixed from the sample: plain data, kept in `plan.decisions`."""
        return {}

    def present(self, plan: ScenePlan, key: TileKey) -> bool:
        """Tell whether any element lies in the tile of the maximum zoom."""
        ...

    def reads(
        self, plan: ScenePlan, key: TileKey, decoders: Mapping[str, Decoder]
    ) -> Sequence[Crop]:
        """Return what `paint` needs to read for a tile of the maximum zoom."""
        ...

    def paint(
        self,
        plan: ScenePlan,
        key: TileKey,
        parts: Sequence[NDArray[np.uint8]],
        decoders: Mapping[str, Decoder],
        view: View,
    ) -> Leaf:
        """Draw a tile of the maximum zoom.

        Args:
            plan: the scene, cropped to what meets the tile or more.
            key: the tile, or one above the maximum zoom for all under it: see `paints_areas`.
            parts: one per crop of `reads`, uint8 (rows, row_bytes); not to be written to. Between
                rows may lie what others asked for: strides tell.
            decoders: by encoding.
            view: how it is looked at.
        """
        ...

    def shade(
        self, plan: ScenePlan, key: TileKey, planes: Mapping[str, NDArray[Any]], view: View
    ) -> Tile:
        """Colour a tile above the maximum zoom from its folded planes.

        Args:
            plan: the scene, cropped to what meets the tile or more.
            key: the tile; of a square of tiles, see `paints_areas`, the first.
            planes: TILE × TILE each, or as large as the square.
            view: how it is looked at.
        """
        ...

    def sketch(
        self, plan: ScenePlan, key: TileKey, decoders: Mapping[str, Decoder], budget: Budget
    ) -> Sketch | None:
        """Return what to read to see about what a tile above the maximum zoom shows.

        Together the crops are no more than the budget allows. None means that only all of it will
        do.
        """
        return None

    def sketched(
        self,
        plan: ScenePlan,
        key: TileKey,
        sketch: Sketch,
        parts: Sequence[NDArray[np.uint8]],
        decoders: Mapping[str, Decoder],
        view: View,
    ) -> Mapping[str, NDArray[Any]]:
        """Estimate a tile's planes, TILE × TILE each, from a sketch.

        Sums are scaled to all that lies under a pixel: what was not looked at is taken to be like
        what lies beside it.

        Args:
            plan: as `sketch` was given.
            key: the tile.
            sketch: what `sketch` returned.
            parts: one per crop, as `paint` takes them.
            decoders: by encoding.
            view: how it is looked at.
        """
        return {}

    def conclude(self, plan: ScenePlan, summaries: Mapping[str, Mapping[str, Any]]) -> ScenePlan:
        """Return the plan of a scene that awaits others, with what they measured taken in.

        Args:
            plan: as it was planned; until it is concluded, what it awaits is drawn as missing.
            summaries: of the scenes that await nothing, by key.
        """
        return plan

    def merge(self, left: Any, right: Any) -> Any:
        """Add up the statistics of two leaves, neither of which is changed nor None."""
        return left

    def summary(self, plan: ScenePlan, statistics: Any) -> Mapping[str, Any]:
        """Return what `stats.json` says of the scene (plain data); `statistics` may be None.

        What concerns one placement stands under `placements`, by its name: there its `stats` are
        figures, which the manifest repeats.
        """
        return {}

    def shown(self, plan: ScenePlan, box: Box) -> Sequence[Shown]:
        """Return the elements that a rectangle of the canvas shows, where it shows elements.

        Their boxes lie in the rectangle and do not overlap. Of a canvas with a curve, and its bytes,
        the core knows this itself.
        """
        return ()

    def measure(self, values: Mapping[str, NDArray[np.float32]]) -> Mapping[str, Any]:
        """Return figures of elements that were picked out, as `summary` has them of a placement.

        Args:
            values: by the names of `Shown.sides`, of one length, in no order.
        """
        return {}

    def measuring(self, plan: ScenePlan) -> ScenePlan:
        """Return a plan whose tiles measure all that `summary` and `findings` can tell.

        A live view paints it in the background; what it looks like does not matter.
        """
        return plan

    def findings(
        self, plan: ScenePlan, summary: Mapping[str, Any], *, complete: bool
    ) -> Sequence[Mapping[str, Any]]:
        """Return what stands out of what was measured, the gravest first, as plain data.

        Each has `rule`, `severity` (`error`, `warning` or `note`), `tensor`, `text`, and where to
        look: `x`, `y`, `width` and `height` in pixels of the maximum zoom.

        Args:
            plan: the scene; of a part of its placements nothing may have been measured yet.
            summary: as `summary` returns it.
            complete: everything was measured.
        """
        return ()

    def choices(self, plan: ScenePlan) -> Mapping[str, Sequence[str] | tuple[float, float]]:
        """Return what a live view offers of the fields of a view.

        Names, of which the first is taken if none is chosen, or the least and the greatest number;
        nothing of a field that changes nothing here.
        """
        return {}

    def legend(self, plan: ScenePlan, view: View, statistics: Any) -> Sequence[Legend]:
        """Say what the colours mean; `statistics` is None before anything was drawn."""
        return ()

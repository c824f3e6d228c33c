"""The leaf renderer of tensors: one pixel per element, by the value that it means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from arbvis_core.api import TILE, Leaf, LeafRenderer
from modelweightvis.render.looks import CHOICES, VIEWS, looks_of
from modelweightvis.render.measured import Measured
from modelweightvis.render.pieces import (
    banded,
    crops,
    decodable,
    is_coded,
    is_met,
    laid,
    side_of,
    spots,
    stored,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.api import (
        Box,
        Budget,
        Crop,
        Legend,
        Plane,
        ScenePlan,
        Shown,
        Sketch,
        Tile,
        TileKey,
        View,
    )
    from modelweightvis.render.pieces import Decoders


class ElementRenderer(LeafRenderer):
    """Sign and magnitude of every element; zoomed out, the magnitude of what lies under a pixel."""

    name = "elements"
    views = VIEWS
    paints_areas = True

    def planes(self, plan: ScenePlan, view: View) -> tuple[Plane, ...]:
        """Return what the overview's statistic is made of.

        Raises:
            UsageError: a field of the view has a value that it cannot have.
        """
        return looks_of(view).planes

    def survey(self, plan: ScenePlan, decoders: Decoders) -> Sequence[Crop]:
        """Return small models whole, of others rows and bands spread over their bytes."""
        from modelweightvis.render.sampling import sample

        return [
            crop
            for one in sample(plan, decoders)
            for crop in crops(one.placement, one.piece, decoders)
        ]

    def decide(
        self, plan: ScenePlan, parts: Sequence[NDArray[np.uint8]], decoders: Decoders
    ) -> Mapping[str, Any]:
        """Return the distributions that windows are made of, and what is typical of a tensor."""
        from modelweightvis.render.deciding import decide

        return decide(plan, parts, decoders)

    def present(self, plan: ScenePlan, key: TileKey) -> bool:
        """Tell whether any element lies in the tile."""
        return is_met(plan, key)

    def reads(self, plan: ScenePlan, key: TileKey, decoders: Decoders) -> Sequence[Crop]:
        """Return what lies under a tile and can be decoded."""
        return [
            crop
            for spot in spots(plan, key)
            if decodable(spot.placement.region, decoders)
            for crop in crops(spot.placement, spot.piece, decoders)
        ]

    def paint(
        self,
        plan: ScenePlan,
        key: TileKey,
        parts: Sequence[NDArray[np.uint8]],
        decoders: Decoders,
        view: View,
    ) -> Leaf:
        """Draw a tile; its statistics are a `Measured`."""
        from modelweightvis.render.painting import Painter
        from modelweightvis.render.shading import with_two_above

        found = spots(plan, key)
        known = [decodable(one.placement.region, decoders) for one in found]
        coded = [is_coded(one.placement.region) for one in found]
        stored_ones = [
            one
            for one, is_known, is_stored in zip(found, known, coded, strict=True)
            if is_known and is_stored
        ]
        looks = looks_of(view)
        painter = Painter(plan, key, looks, found, stored_ones)
        buffers = iter(parts)
        for spot, is_known, is_stored in zip(found, known, coded, strict=True):
            if not is_known:
                painter.hatch(spot)
            elif is_stored:
                painter.put_codes(spot, stored(spot.placement, spot.piece, buffers))
            else:
                regions = (spot.placement.region,)
                for band, (values,) in banded(spot, regions, buffers, decoders):
                    painter.put(band, laid(band.piece, values))
        leaf = painter.leaf()
        return with_two_above(plan, leaf, looks) if side_of(plan, key) == 4 * TILE else leaf

    def shade(
        self, plan: ScenePlan, key: TileKey, planes: Mapping[str, NDArray[Any]], view: View
    ) -> Tile:
        """Colour every pixel by the statistic of what lies under it."""
        from modelweightvis.render.shading import shade

        return shade(plan, key, planes, looks_of(view))

    def sketch(self, plan: ScenePlan, key: TileKey, decoders: Decoders, budget: Budget) -> Sketch:
        """Return rows spread over the tensors under the tile."""
        from modelweightvis.render.sketching import Reading, sketch

        reading = Reading(
            lambda placement: decodable(placement.region, decoders),
            lambda placement, piece: crops(placement, piece, decoders),
        )
        return sketch(plan, key, reading, budget)

    def sketched(
        self,
        plan: ScenePlan,
        key: TileKey,
        sketch: Sketch,
        parts: Sequence[NDArray[np.uint8]],
        decoders: Decoders,
        view: View,
    ) -> Mapping[str, NDArray[Any]]:
        """Let each row stand for its neighbours."""
        from modelweightvis.render.estimating import planes

        return planes(plan, key, sketch, parts, decoders, looks_of(view))

    def merge(self, left: Measured, right: Measured) -> Measured:
        """Add up what was measured."""
        return left.merged(right)

    def summary(self, plan: ScenePlan, statistics: Measured | None) -> Mapping[str, Any]:
        """Return figures and histograms by placement."""
        if statistics is None:
            return {}
        return {"placements": statistics.summary([one.name for one in plan.placements])}

    def shown(self, plan: ScenePlan, box: Box) -> Sequence[Shown]:
        """Return the elements that a rectangle shows."""
        from modelweightvis.render.picking import own, shown

        return [*shown(plan, box, own)]

    def measure(self, values: Mapping[str, NDArray[np.float32]]) -> Mapping[str, Any]:
        """Return figures and a histogram of elements that were picked out."""
        from modelweightvis.render.picking import VALUE, figures

        return figures(values[VALUE])

    def measuring(self, plan: ScenePlan) -> ScenePlan:
        """Return a plan that measures rows and columns too."""
        return replace(plan, attributes={**plan.attributes, "profiles": True})

    def findings(
        self, plan: ScenePlan, summary: Mapping[str, Any], *, complete: bool
    ) -> Sequence[Mapping[str, Any]]:
        """Return what the rules of reports find, and where; copies only once all was measured."""
        from modelweightvis.reports.placing import placed

        return placed(plan, summary, complete=complete)

    def choices(self, plan: ScenePlan) -> Mapping[str, Sequence[str] | tuple[float, float]]:
        """Return colour maps that tell small from large, for everyone's eyes, and all statistics."""
        return CHOICES

    def legend(self, plan: ScenePlan, view: View, statistics: Measured | None) -> Sequence[Legend]:
        """Say what the colours mean, in numbers."""
        from modelweightvis.render.legends import legends

        return legends(plan, looks_of(view), statistics)

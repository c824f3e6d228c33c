"""The leaf renderer of differences: one pixel per pair of elements, by how far they are apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from arbvis_core.api import (
    TILE,
    Indexed,
    Leaf,
    LeafRenderer,
    Legend,
    LegendEntry,
    Plane,
)
from modelweightvis.options import DiffColours, DiffMetric
from modelweightvis.render.compared import Compared
from modelweightvis.render.difference_colours import (
    INFORMATIONAL,
    ONLY_LEFT,
    ONLY_RIGHT,
    PAIRS,
    colours_of,
    palette,
    ramps,
    shares,
)
from modelweightvis.render.difference_scales import RMS_SHARE
from modelweightvis.render.pieces import (
    banded,
    decodable,
    is_met,
    region_crops,
    region_values,
    spots,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.api import (
        Box,
        Budget,
        Crop,
        Placement,
        ScenePlan,
        Shown,
        Sketch,
        Tile,
        TileKey,
        View,
        Window,
    )
    from modelweightvis.folds import Piece
    from modelweightvis.render.pieces import Decoders

METRICS: tuple[DiffMetric, ...] = ("rms", "abs-log", "exact", "relative")
PLANES = (
    *(Plane(name, "float32", "sum") for name in ("count", "total", "magnitude")),
    Plane("flags", "uint8", "or"),
)
#: Bits of the plane `flags` beside those of the kernel: elements that only one side has.
LEFT_FLAG, RIGHT_FLAG, TOLD_FLAG = 4, 8, 16


class DifferenceRenderer(LeafRenderer):
    """What changed between two tensors: black is identical, hue is the sign, brightness the size."""

    name = "differences"
    views = frozenset({"metric", "colormap"})
    paints_areas = True

    def planes(self, plan: ScenePlan, view: View) -> tuple[Plane, ...]:
        """Return sums of scaled changes, counts and flags.

        Raises:
            UsageError: the view names a metric or colours that do not exist.
        """
        _metric(view)
        colours_of(view)
        return PLANES

    def survey(self, plan: ScenePlan, decoders: Decoders) -> Sequence[Crop]:
        """Return a sample of the same elements of both sides."""
        from modelweightvis.render.difference_sampling import survey

        return survey(plan, decoders)

    def decide(
        self, plan: ScenePlan, parts: Sequence[NDArray[np.uint8]], decoders: Decoders
    ) -> Mapping[str, Any]:
        """Return the rms of the first side, which scales the picture, and the span of overviews."""
        from modelweightvis.render.difference_sampling import decide

        return decide(plan, parts, decoders)

    def present(self, plan: ScenePlan, key: TileKey) -> bool:
        """Tell whether any element lies in the tile."""
        return is_met(plan, key)

    def reads(self, plan: ScenePlan, key: TileKey, decoders: Decoders) -> Sequence[Crop]:
        """Return what lies under the tile on both sides."""
        return [
            crop
            for spot in spots(plan, key)
            if comparable(spot.placement, decoders)
            for region, window in halves(spot.placement, spot.piece.window)
            for crop in region_crops(region, window, decoders)
        ]

    def paint(
        self,
        plan: ScenePlan,
        key: TileKey,
        parts: Sequence[NDArray[np.uint8]],
        decoders: Decoders,
        view: View,
    ) -> Leaf:
        """Draw a tile; its statistics are a `Compared`."""
        from modelweightvis.render.differing import Comparison

        comparison = Comparison(plan, key, _metric(view))
        buffers = iter(parts)
        for spot in spots(plan, key):
            if not comparable(spot.placement, decoders):
                comparison.stripe(spot, spot.piece.box, stripe_of(spot.placement))
                continue
            both = list(halves(spot.placement, spot.piece.window))
            if not both:
                comparison.stripe(spot, spot.piece.box, stripe_of(spot.placement))
            elif both[0][1] != spot.piece.window:
                shared = [region_values(*half, buffers, decoders) for half in both]
                comparison.put(spot, shared[0], shared[1])
            else:
                regions = [region for region, _ in both]
                for band, (left, right) in banded(spot, regions, buffers, decoders):
                    comparison.put(band, left, right)
        return comparison.leaf(palette(colours_of(view)))

    def shade(
        self, plan: ScenePlan, key: TileKey, planes: Mapping[str, NDArray[Any]], view: View
    ) -> Tile:
        """Colour every pixel by how much lies under it changed, and in which direction."""
        import numpy as np

        from modelweightvis.kernels.compare import overview
        from modelweightvis.render.codes import hatched
        from modelweightvis.render.difference_scales import step_table

        flags = planes["flags"]
        codes = np.zeros(flags.shape, np.uint8)
        if (flags & (TOLD_FLAG | RIGHT_FLAG | LEFT_FLAG)).any():
            stripes = hatched(key.y * TILE, key.x * TILE, len(codes), len(codes)) > 0
            for bit, code in (
                (TOLD_FLAG, INFORMATIONAL),
                (RIGHT_FLAG, ONLY_RIGHT),
                (LEFT_FLAG, ONLY_LEFT),
            ):
                codes[(flags & bit > 0) & stripes] = code
        overview(planes, step_table(*_span(plan, view)), codes)
        return Indexed(codes, palette(colours_of(view), overview=True))

    def sketch(self, plan: ScenePlan, key: TileKey, decoders: Decoders, budget: Budget) -> Sketch:
        """Return the same rows of both sides, spread over the tensors under the tile."""
        from modelweightvis.render.sketching import Reading, sketch

        def read(placement: Placement, piece: Piece) -> Sequence[Crop]:
            return [
                crop
                for region, window in halves(placement, piece.window)
                for crop in region_crops(region, window, decoders)
            ]

        return sketch(plan, key, Reading(lambda one: comparable(one, decoders), read), budget)

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
        from modelweightvis.render.difference_estimating import planes

        return planes(plan, key, sketch, parts, decoders, _metric(view))

    def merge(self, left: Compared, right: Compared) -> Compared:
        """Add up what was measured."""
        return left.merged(right)

    def summary(self, plan: ScenePlan, statistics: Compared | None) -> Mapping[str, Any]:
        """Return figures by placement."""
        return {} if statistics is None else {"placements": statistics.summary(plan)}

    def shown(self, plan: ScenePlan, box: Box) -> Sequence[Shown]:
        """Return the pairs of elements that a rectangle shows."""
        from modelweightvis.render.picking import both, shown

        return [*shown(plan, box, both)]

    def measure(self, values: Mapping[str, NDArray[np.float32]]) -> Mapping[str, Any]:
        """Return how far elements that were picked out are apart; of one side alone, its figures."""
        from modelweightvis.render.picking import BASE, MODIFIED, differences, figures

        if values.keys() == {BASE, MODIFIED}:
            return differences(values[BASE], values[MODIFIED])
        return figures(*values.values())

    def choices(self, plan: ScenePlan) -> Mapping[str, Sequence[str] | tuple[float, float]]:
        """Return the metrics and the pairs of colours."""
        return {"colormap": tuple(PAIRS), "metric": METRICS}

    def legend(self, plan: ScenePlan, view: View, statistics: Compared | None) -> Sequence[Legend]:
        """Say what the colours mean."""
        metric, colours = _metric(view), colours_of(view)
        special = _special(colours)
        shrank, grew = shares(colours)
        leaf = (
            LegendEntry(shrank, "shrank", f"−{ENDS[metric]}", "0"),
            LegendEntry(grew, "grew", "0", f"+{ENDS[metric]}"),
            *special,
        )
        low, high = (f"{100 * 2**end:.2g} %" for end in _span(plan, view))
        named = zip(ramps(colours), ("shrank", "both alike", "grew"), strict=True)
        mixed = (LegendEntry(ramp, name, low, high) for ramp, name in named)
        above = f"{ABOVE} {FULL.format(ENDS[metric]) if metric != 'exact' else EVERY}"
        rms = plan.decisions.get("rms", 0)
        note = f"Of all sampled values of the first the rms is {rms:.4g}. {NOTES[metric]}"
        return (
            Legend("leaf", f"difference, {metric}", leaf, note),
            Legend("overview", f"mean difference, {metric}", (*mixed, *special), above),
        )


#: What the ends of the scale stand for.
ENDS = {
    "rms": f"{RMS_SHARE} × rms of the first tensor",
    "abs-log": "0.1",
    "exact": "any",
    "relative": "as large as the value",
}
ABOVE = (
    "Zoomed out, brightness is the mean change under a pixel, on a logarithmic scale; a hue says that "
    "more grew or shrank than by chance. One changed element is enough to light a pixel."
)
FULL, EVERY = "100 % is a mean change of {}.", "100 % is where every element has changed."
NOTES = {
    "rms": "Every tensor is scaled by the rms of its own sample.",
    "abs-log": "Brightness is linear in log |Δ|, from 10⁻⁶ to 0.1.",
    "exact": "Any change has full brightness.",
    "relative": "Brightness is linear in log of |Δ| ÷ |a|, from 2⁻²⁰ to 1.",
}


def _metric(view: View) -> DiffMetric:
    from arbvis_core.api import UsageError

    for one in METRICS:
        if view.metric in (None, one):
            return one
    raise UsageError(f"metric {view.metric!r} is not one of {', '.join(METRICS)}")


def _span(plan: ScenePlan, view: View) -> tuple[float, float]:
    """Return what overviews span, as powers of two of the scale."""
    low, high = plan.decisions.get("overviews", {}).get(_metric(view), (-12.0, 0.0))
    return low, high


def _special(colours: DiffColours) -> tuple[LegendEntry, ...]:
    named = (
        ("#000000", "identical"),
        ("#ffffff", "NaN or infinite on either side"),
        (_hex(colours, ONLY_LEFT), "only in the first"),
        (_hex(colours, ONLY_RIGHT), "only in the second"),
        (_hex(colours, INFORMATIONAL), "not compared"),
    )
    return tuple(LegendEntry((colour,), label) for colour, label in named)


def _hex(colours: DiffColours, code: int) -> str:
    from modelweightvis.render.palettes import hexadecimal

    return hexadecimal(palette(colours)[code])


def comparable(placement: Placement, decoders: Decoders) -> bool:
    """Tell whether a placement has two sides whose values can be known."""
    operands = placement.region.operands
    return len(operands) == 2 and all(decodable(one, decoders) for one in operands)


def stripe_of(placement: Placement) -> int:
    """Return the code of what is not compared."""
    side = placement.region.attributes.get("side", "")
    return {"A": ONLY_LEFT, "B": ONLY_RIGHT}.get(str(side), INFORMATIONAL)


def halves(placement: Placement, window: Window) -> Iterator[tuple[Any, Window]]:
    """Yield both sides with what they share of a window; nothing if they share nothing."""
    left, right = placement.region.operands
    shared = tuple(
        (start, min(stop, size)) for (start, stop), size in zip(window, right.shape, strict=True)
    )
    if all(start < stop for start, stop in shared):
        yield left, shared
        yield right, shared

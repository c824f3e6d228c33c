"""Says in numbers what the colours of tensors mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arbvis_core.api import Legend, LegendEntry
from modelweightvis.render.codes import FIRST, HATCH, LAST, MIDDLE, NOT_FINITE, ZERO
from modelweightvis.render.deciding import (
    balance_limit,
    beyond,
    overview_window,
    value_window,
)
from modelweightvis.render.palettes import hexadecimal, is_diverging, palette

if TYPE_CHECKING:
    from arbvis_core.api import ScenePlan
    from modelweightvis.render.looks import Looks
    from modelweightvis.render.measured import Measured

#: Colours of a ramp.
STOPS = 9

#: What a zoomed-out pixel shows.
TITLES = {
    "mean": "mean |x| of the elements under a pixel",
    "rms": "root of the mean square of the elements under a pixel",
    "max": "greatest |x| under a pixel",
    "balance": "mean x ÷ mean |x| of the elements under a pixel",
}
#: What values are divided by before they are coloured.
SCALES = {
    "model": "",
    "tensor": "relative to the median |x| of each tensor",
    "role": "relative to the median |x| of all tensors of the same role",
}
#: What is told of a ramp.
LABELS = {"mean": "mean |x|", "rms": "rms", "max": "max |x|", "balance": "balance"}
#: What has a colour of its own.
RESERVED = ((ZERO, "exactly zero"), (NOT_FINITE, "NaN or infinite"), (HATCH, "unknown type"))


def legends(plan: ScenePlan, looks: Looks, statistics: Measured | None) -> tuple[Legend, Legend]:
    """Return the legend of the maximum zoom and that of the zooms above."""
    name, unit = looks.colormap, "×" if looks.scale != "model" else ""
    window = value_window(plan.decisions, looks)
    low, high = (_figure(end, unit) for end in window)
    entries = (
        LegendEntry(ramp(name, FIRST, MIDDLE - 1), "below zero", f"−{high}", f"−{low}"),
        LegendEntry(ramp(name, MIDDLE + 1, LAST), "above zero", f"+{low}", f"+{high}"),
        *_reserved(name, statistics),
    )
    notes = (
        "" if is_diverging(name) else f"{name} has no middle, so it hardly tells signs apart.",
        _scaled(looks),
        "Brightness is linear in log |x|.",
        _beyond(beyond(plan.decisions, "values", looks, window), "elements"),
        _sampled(plan),
    )
    leaf = Legend("leaf", "value of the element", entries, _joined(notes))
    return leaf, _overview(plan, looks, unit, statistics)


def _overview(plan: ScenePlan, looks: Looks, unit: str, statistics: Measured | None) -> Legend:
    name = looks.overview_colormap
    if looks.overview == "balance":
        limit = f"{balance_limit(plan.decisions, looks):.3g}"
        low, high, outside = f"−{limit}", f"+{limit}", ""
    else:
        window = overview_window(plan.decisions, looks)
        low, high = (_figure(end, unit) for end in window)
        outside = _beyond(beyond(plan.decisions, looks.overview, looks, window), "patches")
    entries = (
        LegendEntry(ramp(name, FIRST, LAST), LABELS[looks.overview], low, high),
        *_reserved(name, statistics),
    )
    notes = (
        _scaled(looks),
        "Brightness is linear in its logarithm." if looks.overview != "balance" else "",
        outside,
        _sampled(plan),
    )
    return Legend("overview", TITLES[looks.overview], entries, _joined(notes))


def _figure(octaves: float, unit: str) -> str:
    return f"{2**octaves:.3g}{unit}"


def ramp(name: str, first: int, last: int) -> tuple[str, ...]:
    """Return some colours of a map, from one code to another."""
    colours = palette(name)
    span = last - first
    return tuple(hexadecimal(colours[first + span * at // (STOPS - 1)]) for at in range(STOPS))


def _reserved(name: str, statistics: Measured | None) -> tuple[LegendEntry, ...]:
    """Return what has a colour of its own, with the share of the elements that show it."""
    shares: dict[int, float] = {}
    if statistics is not None:
        elements, broken, zeros = statistics.totals()
        shares = {ZERO: zeros / max(1, elements), NOT_FINITE: broken / max(1, elements)}
    colours = palette(name)
    return tuple(
        LegendEntry((hexadecimal(colours[code]),), label, share=shares.get(code))
        for code, label in RESERVED
    )


def _scaled(looks: Looks) -> str:
    said = SCALES[looks.scale]
    return f"Values are {said}." if said else ""


def _beyond(shares: tuple[float, float] | None, what: str) -> str:
    if shares is None:
        return "No number but zero was sampled: the ends of this scale are not measured."
    below, above = (f"{100 * share:.2g} %" for share in shares)
    return f"{below} of the {what} in the sample lie below the scale, {above} above."


def _sampled(plan: ScenePlan) -> str:
    sample = plan.sample
    if not sample:
        return ""
    if "scene" in sample:
        return f"The scale, and so the sample, is that of {sample['scene']}."
    if sample["bytes"] >= sample["of"]:
        return "The sample is all of the model."
    share = 100 * sample["bytes"] / sample["of"]
    return f"The sample is {share:.2g} % of the bytes, in {sample['reads']} reads."


def _joined(notes: tuple[str, ...]) -> str:
    return " ".join(note for note in notes if note)

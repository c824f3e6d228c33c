"""Says in numbers what the colours of tensors mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arbvis_core.api import Legend, LegendEntry
from modelweightvis.render.codes import FIRST, HATCH, LAST, MIDDLE, NOT_FINITE, ZERO, Window
from modelweightvis.render.deciding import (
    OVERVIEW_CLIP,
    balance_limit,
    overview_window,
    value_window,
)
from modelweightvis.render.palettes import hexadecimal, is_diverging, palette

if TYPE_CHECKING:
    from arbvis_core.api import ScenePlan
    from modelweightvis.render.looks import Looks

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
RESERVED = ((ZERO, "exactly zero"), (NOT_FINITE, "NaN or infinite"), (HATCH, "unknown type"))


def legends(plan: ScenePlan, looks: Looks) -> tuple[Legend, Legend]:
    """Return the legend of the maximum zoom and that of the zooms above."""
    window = value_window(plan.decisions, looks)
    name, unit = looks.colormap, "×" if looks.scale != "model" else ""
    low, high = (_figure(end, unit) for end in window)
    signed = (
        LegendEntry(_ramp(name, FIRST, MIDDLE - 1), "below zero", f"−{high}", f"−{low}"),
        LegendEntry(_ramp(name, MIDDLE + 1, LAST), "above zero", f"+{low}", f"+{high}"),
    )
    notes = [_scaled(looks), _sampled(plan), "Brightness is linear in log |x|."]
    if not is_diverging(name):
        notes.insert(0, f"{name} has no middle, so it hardly tells signs apart.")
    leaf = Legend("leaf", "value of the element", (*signed, *_reserved(name)), _joined(notes))
    return leaf, _overview(plan, looks, unit)


def _overview(plan: ScenePlan, looks: Looks, unit: str) -> Legend:
    name = looks.overview_colormap
    if looks.overview == "balance":
        limit = f"{balance_limit(plan.decisions, looks):.3g}"
        ramp = LegendEntry(_ramp(name, FIRST, LAST), "balance", f"−{limit}", f"+{limit}")
    else:
        window: Window = overview_window(plan.decisions, looks)
        low, high = (_figure(end, unit) for end in window)
        ramp = LegendEntry(_ramp(name, FIRST, LAST), looks.overview, low, high)
    clip = OVERVIEW_CLIP[0] if looks.clip is None else looks.clip
    notes = [
        _scaled(looks),
        _sampled(plan),
        f"Of patches of 2 × 2 to 32 × 32 elements about {100 * clip:g} % lie beyond either end.",
    ]
    title = TITLES[looks.overview]
    return Legend("overview", title, (ramp, *_reserved(name)), _joined(notes))


def _figure(octaves: float, unit: str) -> str:
    return f"{2**octaves:.3g}{unit}"


def _ramp(name: str, first: int, last: int) -> tuple[str, ...]:
    colours = palette(name)
    span = last - first
    return tuple(hexadecimal(colours[first + span * at // (STOPS - 1)]) for at in range(STOPS))


def _reserved(name: str) -> tuple[LegendEntry, ...]:
    colours = palette(name)
    return tuple(LegendEntry((hexadecimal(colours[code]),), label) for code, label in RESERVED)


def _scaled(looks: Looks) -> str:
    said = SCALES[looks.scale]
    return f"Values are {said}." if said else ""


def _sampled(plan: ScenePlan) -> str:
    sample = plan.sample
    if not sample:
        return ""
    if sample["bytes"] >= sample["of"]:
        return "The ends of the scale are those of all elements."
    share = 100 * sample["bytes"] / sample["of"]
    return f"The ends of the scale come from a sample of {share:.2g} % of the bytes."


def _joined(notes: list[str]) -> str:
    return " ".join(note for note in notes if note)

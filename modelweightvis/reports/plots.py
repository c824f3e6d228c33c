"""Plots of a report, as inline SVG and tables: they take their colours from the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from math import ceil, floor, log10
from typing import Any

from modelweightvis.reports.text import percent, short, size

#: Size of the ladder, and the room at its left and right, top and bottom.
WIDTH, HEIGHT = 720, 340
LEFT, RIGHT, TOP, BOTTOM = 92, 130, 16, 46
#: How wide and high a label is taken to be, and how many lines cross the plot at most.
WORD, LINE, LINES = 190, 15, 6


def ladder(models: Sequence[Mapping[str, Any]]) -> str:
    """Return size against relative error, both of what was compared; empty if there is nothing to plot."""
    points = [
        (one["totals"]["other_bytes"], one["totals"]["relative_frobenius"], short(one["other"]))
        for one in models
        if one["totals"]["relative_frobenius"]
    ]
    if len(points) < 2:
        return ""
    most = max(at for at, _, _ in points) * 1.08
    errors = [error for _, error, _ in points]
    low, high = floor(log10(min(errors)) * 2) / 2, ceil(log10(max(errors)) * 2) / 2
    high = high if high > low else low + 0.5
    parts = [_frame(most, low, high)]
    taken: list[tuple[float, float]] = []
    for at, error, name in sorted(points, key=lambda one: -one[1]):
        x, y = _x(at, most), _y(log10(error), low, high)
        told = f"{name}: {size(at)}, relative error {percent(error)}"
        text = _free(x + 12, y + 4, taken)
        parts.append(
            f'<g class="point"><title>{escape(told)}</title>'
            f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{x + 10:.1f}" y2="{text - 4:.1f}"/>'
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5"/>'
            f'<text x="{x + 12:.1f}" y="{text:.1f}">{escape(_cut(name))}</text></g>'
        )
    label = "Size against relative error of each model"
    return (
        f'<svg class="ladder" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">'
        f"{''.join(parts)}</svg>"
    )


def _free(x: float, y: float, taken: list[tuple[float, float]]) -> float:
    """Return the first height below `y` at which a label meets no other, and take it."""
    while any(abs(x - other) < WORD and abs(y - height) < LINE for other, height in taken):
        y += 2
    taken.append((x, y))
    return y


def _frame(most: float, low: float, high: float) -> str:
    parts = []
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    tick = next(one for one in _ticks(most) if one * 6 >= most)
    for step in range(int(most / tick) + 1):
        at = tick * step
        x = _x(at, most)
        parts.append(f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{bottom}"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{size(at)}</text>')
    apart = max(0.5, ceil((high - low) / LINES))
    for step in range(int((high - low) / apart) + 1):
        value = high - step * apart
        y = _y(value, low, high)
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}"/>')
        told = percent(10**value)
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{told}</text>')
    middle = (LEFT + right) / 2
    parts.append(
        f'<text x="{middle}" y="{HEIGHT - 8}" text-anchor="middle">size of what was compared</text>'
    )
    upright = f'transform="rotate(-90 14 {(TOP + bottom) / 2})"'
    parts.append(
        f'<text x="14" y="{(TOP + bottom) / 2}" text-anchor="middle" {upright}>relative error</text>'
    )
    return f'<g class="frame">{"".join(parts)}</g>'


def _ticks(most: float) -> Iterator[float]:
    """Yield round distances, from one that is far too small."""
    power = floor(log10(most)) - 2
    while True:
        yield from (step * 10.0**power for step in (1, 2, 5))
        power += 1


def _x(at: float, most: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * at / most


def _y(value: float, low: float, high: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low)


def _cut(name: str) -> str:
    return name if len(name) <= 26 else f"{name[:12]}…{name[-12:]}"


def heat_map(cells: Sequence[Mapping[str, Any]], caption: str) -> str:
    """Return layers × roles as a table whose cells are coloured.

    Args:
        cells: `layer`, `role`, `share` (how far the colour goes, 0 to 1), `text` and `title`.
        caption: what the cells show.
    """
    layers = sorted({one["layer"] for one in cells})
    roles = list(dict.fromkeys(one["role"] for one in cells))
    if not layers:
        return ""
    at = {(one["layer"], one["role"]): one for one in cells}
    head = "".join(f'<th scope="col">{escape(role)}</th>' for role in roles)
    body = "".join(
        f'<tr><th scope="row">{layer}</th>'
        + "".join(_heat(at.get((layer, role))) for role in roles)
        + "</tr>"
        for layer in layers
    )
    return (
        f'<div class="wide"><table class="heat"><caption>{escape(caption)}</caption>'
        f'<thead><tr><th scope="col">layer</th>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _heat(one: Mapping[str, Any] | None) -> str:
    if one is None:
        return "<td></td>"
    share = min(1.0, max(0.0, one["share"]))
    return (
        f'<td style="--share:{share:.3f}" title="{escape(one["title"])}">{escape(one["text"])}</td>'
    )

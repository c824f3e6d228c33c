"""Colours of differences."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from arbvis_core.api import UsageError
from modelweightvis.options import DiffColours

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.api import View

#: Codes of what is striped instead of compared.
ONLY_LEFT, ONLY_RIGHT, INFORMATIONAL = 1, 3, 4

#: By name, the colour of what shrank and of what grew at full brightness.
PAIRS: dict[DiffColours, tuple[tuple[int, int, int], tuple[int, int, int]]] = {
    "green-red": ((255, 60, 60), (50, 255, 80)),
    "blue-orange": ((70, 140, 255), (255, 165, 40)),
}
#: What changed both ways, zoomed out, at full brightness.
BOTH = (255, 244, 220)
#: How much of its own colour each of five groups has, from nearly all shrank to nearly all grew.
TINTS = (1.0, 0.35, 0.0, 0.35, 1.0)
#: Share of full brightness that the least change has, so that it is seen.
LEAST = 0.22
STOPS = 5
#: Of overviews, so that the middle of the scale is dark and what stands out is bright.
GAMMA = 2.0


def colours_of(view: View) -> DiffColours:
    """Return the pair of colours that a view asks for.

    Raises:
        UsageError: there is no such pair.
    """
    for name in PAIRS:
        if view.colormap in (None, name):
            return name
    raise UsageError(f"colours {view.colormap!r} are not one of {', '.join(PAIRS)}")


@lru_cache(maxsize=8)
def palette(name: DiffColours, *, overview: bool = False) -> NDArray[np.uint8]:
    """Return the colour of every code, uint8, (256, 4)."""
    import numpy as np

    shrank, grew = (np.array(one, np.float64) for one in PAIRS[name])
    colours = np.zeros((256, 4), np.float64)
    colours[:, 3] = 255
    if overview:
        for group, tint in enumerate(TINTS):
            side = shrank if group < 2 else grew
            hue = np.array(BOTH) + tint * (side - np.array(BOTH))
            ramp = np.linspace(LEAST ** (1 / GAMMA), 1, 50)[:, None] ** GAMMA
            colours[5 + 50 * group : 55 + 50 * group, :3] = ramp * hue
        colours[255, :3] = 0
    else:
        ramp = np.linspace(LEAST, 1, 125)[:, None]
        colours[131:256, :3] = ramp * grew
        colours[129:4:-1, :3] = ramp * shrank
    colours[0] = 0
    colours[2, :3] = 255
    colours[ONLY_LEFT, :3] = shrank * 0.75
    colours[ONLY_RIGHT, :3] = grew * 0.75
    colours[INFORMATIONAL, :3] = 130
    found = np.rint(colours).astype(np.uint8)
    found.flags.writeable = False
    return found


def shares(name: DiffColours) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the ramps of a legend: from most shrunk to least, from least grown to most."""
    from modelweightvis.render.palettes import hexadecimal

    colours = palette(name)
    steps = [124 * one // (STOPS - 1) for one in range(STOPS)]
    return (
        tuple(hexadecimal(colours[5 + step]) for step in steps),
        tuple(hexadecimal(colours[131 + step]) for step in steps),
    )


def ramps(name: DiffColours) -> tuple[tuple[str, ...], ...]:
    """Return the ramps of an overview's legend: shrank, both, grew."""
    from modelweightvis.render.palettes import hexadecimal

    colours = palette(name, overview=True)
    steps = [49 * one // (STOPS - 1) for one in range(STOPS)]
    return tuple(
        tuple(hexadecimal(colours[first + step]) for step in steps) for first in (5, 105, 205)
    )

"""Colours of codes, from the colour maps of the `cmap` library."""

from __future__ import annotations

import logging
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING

from arbvis_core.api import UsageError
from modelweightvis.render.codes import FIRST, HATCH, LAST, MISSING, NOT_FINITE, PADDING, ZERO

if TYPE_CHECKING:
    import cmap
    import numpy as np
    from numpy.typing import NDArray

#: Colours of what is no value, in no map that runs evenly from dark to bright.
RESERVED = {
    PADDING: (0, 0, 0, 0),
    MISSING: (92, 94, 102, 255),
    NOT_FINITE: (255, 0, 255, 255),
    HATCH: (150, 152, 160, 255),
    ZERO: (24, 78, 60, 255),
}


@lru_cache(maxsize=64)
def palette(name: str) -> NDArray[np.uint8]:
    """Return the colour of every code, uint8, (256, 4).

    Raises:
        UsageError: no colour map has that name.
    """
    import numpy as np

    colours = np.empty((256, 4), np.uint8)
    colours[FIRST:] = np.rint(_colormap(name).lut(LAST - FIRST + 1) * 255)
    for code, colour in RESERVED.items():
        colours[code] = colour
    colours.flags.writeable = False
    return colours


def is_diverging(name: str) -> bool:
    """Tell whether a colour map has a middle, so that it can tell signs apart."""
    return _colormap(name).category == "diverging"


def hexadecimal(colour: NDArray[np.uint8]) -> str:
    """Return a colour as `#rrggbb`."""
    red, green, blue = (int(one) for one in colour[:3])
    return f"#{red:02x}{green:02x}{blue:02x}"


@lru_cache(maxsize=64)
def _colormap(name: str) -> cmap.Colormap:
    import cmap

    logging.getLogger("cmap").setLevel(logging.ERROR)  # which of two maps of one name is meant
    try:
        return cmap.Colormap(name)
    except ValueError as error:
        known = list(cmap.Catalog().short_keys()) + list(cmap.Catalog().namespaced_keys())
        near = get_close_matches(name, known, 3)
        hint = f"did you mean {' or '.join(near)}?" if near else "inferno and berlin are two."
        raise UsageError(f"no colour map is called {name!r}; {hint}") from error

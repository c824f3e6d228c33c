"""Colours of codes, from the colour maps of the `cmap` library."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from difflib import get_close_matches
from functools import lru_cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
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
    ZERO: (18, 92, 44, 255),
}


#: Maps that are used unless another is chosen: their kinds and where `cmap` keeps them. To import all
#: of it takes a fifth of a second.
_OFTEN = {
    "berlin": ("diverging", "data/crameri/berlin.py"),
    "inferno": ("sequential", "data/bids/__init__.py"),
}


@lru_cache(maxsize=64)
def palette(name: str) -> NDArray[np.uint8]:
    """Return the colour of every code, uint8, (256, 4).

    Raises:
        UsageError: no colour map has that name.
    """
    import numpy as np

    colours = np.empty((256, 4), np.uint8)
    colours[FIRST:] = np.rint(_ramp(name, LAST - FIRST + 1) * 255)
    for code, colour in RESERVED.items():
        colours[code] = colour
    colours.flags.writeable = False
    return colours


def is_diverging(name: str) -> bool:
    """Tell whether a colour map has a middle, so that it can tell signs apart."""
    kind = _OFTEN[name][0] if name in _OFTEN else _colormap(name).category
    return kind == "diverging"


def hexadecimal(colour: NDArray[np.uint8]) -> str:
    """Return a colour as `#rrggbb`."""
    red, green, blue = (int(one) for one in colour[:3])
    return f"#{red:02x}{green:02x}{blue:02x}"


def _ramp(name: str, length: int) -> NDArray[np.float64]:
    """Return evenly spaced colours of a map: red, green, blue, alpha from 0 to 1, (length, 4)."""
    import numpy as np

    listed = _listed(name) if name in _OFTEN else None
    if listed is None:
        return np.asarray(_colormap(name).lut(length))
    at = np.linspace(0, len(listed) - 1, length)
    channels = [
        np.interp(at, np.arange(len(listed)), channel) for channel in zip(*listed, strict=True)
    ]
    return np.stack([*channels, np.ones(length)], axis=1)


def _listed(name: str) -> Sequence[tuple[float, float, float]] | None:
    """Return the colours of a map from its file; None where a version of `cmap` has no such file."""
    library = find_spec("cmap")
    folder = Path(library.origin or "").parent if library else Path()
    spec = spec_from_file_location(name, folder / _OFTEN[name][1])
    if spec is None or spec.loader is None:
        return None
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)  # as it was compiled when it was installed, or last read
    except OSError:
        return None
    found: Sequence[tuple[float, float, float]] | None = getattr(module, name, None)
    return found


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

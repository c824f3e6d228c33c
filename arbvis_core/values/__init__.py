"""The values that pass between stages: frozen, slotted, picklable.

A value's module is imported when the value is first asked for: making all these classes takes
longer than anything else that a program does before it can answer `--help`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from arbvis_core.values.constants import TILE, TileFormat
    from arbvis_core.values.documents import Buffer, Crop, Document, Part, Range, Region, Source
    from arbvis_core.values.requests import ARBVIS, Profile, Request
    from arbvis_core.values.scenes import (
        Box,
        Canvas,
        Label,
        Placement,
        Plan,
        Scene,
        ScenePlan,
        TileKey,
        Volume,
        parts_of,
    )
    from arbvis_core.values.tiles import (
        Blob,
        Budget,
        Indexed,
        Leaf,
        Legend,
        LegendEntry,
        Plane,
        Shown,
        Sketch,
        Tile,
        TrueColour,
        View,
    )
    from arbvis_core.values.views import Add, Concat, Permute, Reshape, Slice, Step, Transpose

__all__ = [
    "ARBVIS",
    "TILE",
    "Add",
    "Blob",
    "Box",
    "Budget",
    "Buffer",
    "Canvas",
    "Concat",
    "Crop",
    "Document",
    "Indexed",
    "Label",
    "Leaf",
    "Legend",
    "LegendEntry",
    "Part",
    "Permute",
    "Placement",
    "Plan",
    "Plane",
    "Profile",
    "Range",
    "Region",
    "Request",
    "Reshape",
    "Scene",
    "ScenePlan",
    "Shown",
    "Sketch",
    "Slice",
    "Source",
    "Step",
    "Tile",
    "TileFormat",
    "TileKey",
    "Transpose",
    "TrueColour",
    "View",
    "Volume",
    "parts_of",
]

#: Where each value is defined.
_HOMES = {
    "constants": (
        "TILE",
        "TileFormat",
    ),
    "documents": (
        "Buffer",
        "Crop",
        "Document",
        "Part",
        "Range",
        "Region",
        "Source",
    ),
    "requests": (
        "ARBVIS",
        "Profile",
        "Request",
    ),
    "scenes": (
        "Box",
        "Canvas",
        "Label",
        "Placement",
        "Plan",
        "Scene",
        "ScenePlan",
        "TileKey",
        "Volume",
        "parts_of",
    ),
    "tiles": (
        "Blob",
        "Budget",
        "Indexed",
        "Leaf",
        "Legend",
        "LegendEntry",
        "Plane",
        "Shown",
        "Sketch",
        "Tile",
        "TrueColour",
        "View",
    ),
    "views": (
        "Add",
        "Concat",
        "Permute",
        "Reshape",
        "Slice",
        "Step",
        "Transpose",
    ),
}


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            globals()[name] = found = getattr(import_module(f"{__name__}.{module}"), name)
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__

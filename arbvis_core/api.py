"""Everything that plugins, scripts and notebooks import.

A picture in three lines::

    from arbvis_core import api
    picture = api.open("firmware.bin")
    picture.render("firmware.arbvis")
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from arbvis_core import hookimpl
from arbvis_core.deferring import deferred
from arbvis_core.errors import (
    ArbvisError,
    FormatError,
    LayoutError,
    MissingExtraError,
    PluginError,
    SinkError,
    SourceChangedError,
    SourceError,
    UsageError,
)
from arbvis_core.protocols import (
    Command,
    Decoder,
    Derivation,
    DiffBuilder,
    Enricher,
    Format,
    Group,
    Layout,
    LeafRenderer,
    Priority,
    Probe,
    Reporter,
    Sink,
    SourceProvider,
    Window,
)
from arbvis_core.values import ARBVIS

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.engine.estimate import Estimate
    from arbvis_core.engine.executors import Kind
    from arbvis_core.picture import Picture
    from arbvis_core.pipeline.rendering import Report
    from arbvis_core.regions import (
        Units,
        part_arrays,
        part_crops,
        spread,
        unpack,
        window_crops,
        window_values,
    )
    from arbvis_core.registry import Registry
    from arbvis_core.sources.files import LocalSource
    from arbvis_core.values import (
        TILE,
        Add,
        Blob,
        Box,
        Budget,
        Buffer,
        Canvas,
        Concat,
        Crop,
        Document,
        Indexed,
        Label,
        Leaf,
        Legend,
        LegendEntry,
        Part,
        Permute,
        Placement,
        Plan,
        Plane,
        Profile,
        Range,
        Region,
        Request,
        Reshape,
        Scene,
        ScenePlan,
        Shown,
        Sketch,
        Slice,
        Source,
        Step,
        Tile,
        TileFormat,
        TileKey,
        Transpose,
        TrueColour,
        View,
        Volume,
    )

#: Where the rest of it is; imported when it is asked for, so that a plugin costs a start little.
_HOMES = ("arbvis_core.values", "arbvis_core.regions", "arbvis_core.sources.files")


def __getattr__(name: str) -> Any:
    for home in _HOMES if name in __all__ else ():
        module = import_module(home)
        if hasattr(module, name):
            globals()[name] = found = getattr(module, name)
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__


def open(  # noqa: A001  reads as api.open
    *inputs: str | os.PathLike[str],
    layout: str | None = None,
    format: str | None = None,  # noqa: A002  the flag's name
    diff: bool = False,
    keep_going: bool = False,
    title: str | None = None,
    options: Iterable[object] = (),
    profile: Profile = ARBVIS,
) -> Picture:
    """Plan a picture of files, directories or addresses; nothing is drawn yet.

    Args:
        inputs: as on the command line.
        layout: an explicit layout.
        format: an explicit format.
        diff: compare the inputs.
        keep_going: draw what can be drawn and list what cannot.
        title: the page's title.
        options: instances of plugins' option groups.
        profile: which command's assumptions to take; arbvis's by default.

    Raises:
        ArbvisError: an input cannot be opened, read or arranged.
    """
    from arbvis_core.picture import Picture
    from arbvis_core.values import Request

    request = Request(
        inputs=tuple(os.fspath(one) for one in inputs),
        profile=profile,
        layout=layout,
        format=format,
        diff=diff,
        keep_going=keep_going,
        title=title,
        options={type(one): one for one in options},
    )
    registry = _registry(None)
    return Picture(plan(request, registry=registry), registry)


def plan(request: Request, *, registry: Registry | None = None) -> Plan:
    """Decide what every pixel will show, without drawing any."""
    from arbvis_core import pipeline

    return pipeline.plan(request, _registry(registry))


def documents(
    request: Request, *, registry: Registry | None = None
) -> tuple[list[Document], list[str]]:
    """Say what the inputs hold, as their formats see it, and what was left out."""
    from arbvis_core import pipeline

    return pipeline.documents(request, _registry(registry))


def values(
    document: Document, region: Region, window: Window, *, registry: Registry | None = None
) -> NDArray[np.float32]:
    """Decode a window of one of a document's regions and read no more than that takes.

    Returns:
        float32, in the window's shape.
    """
    from arbvis_core.reading import read_crops
    from arbvis_core.regions import window_crops, window_values

    decoders = _registry(registry).decoders
    sources = {source.key: source for source in document.sources}
    parts = read_crops(sources, window_crops(region, window, decoders))
    return window_values(region, window, parts, decoders)


def estimate(
    plan: Plan, *, registry: Registry | None = None, jobs: int = 1, tile_format: TileFormat = "png"
) -> Estimate:
    """Say how many pixels, files, bytes and seconds a bundle will take."""
    from arbvis_core.engine.estimate import estimate as measure

    return measure(plan, _registry(registry), jobs=jobs, tile_format=tile_format)


def render(
    plan: Plan,
    sink: Sink | None,
    *,
    registry: Registry | None = None,
    jobs: int | None = None,
    executor: Kind | Executor = "threads",
    tile_format: TileFormat = "png",
    view: View | None = None,
    on_progress: Callable[[int], None] = lambda _pixels: None,
    keep: int = 0,
) -> Report:
    """Draw a plan into a sink: tiles, then the viewer; it appears whole or not at all.

    Args:
        plan: what to draw.
        sink: where it goes; None writes nothing and only measures.
        registry: what the names in the plan stand for.
        jobs: workers; all cores by default.
        executor: a kind, or any executor, which stays open.
        tile_format: of the levels above the leaves; leaves are always lossless PNG.
        view: how the plan is looked at, where that differs from what it says.
        on_progress: told of finished pixels.
        keep: tiles of each scene, at most, that the report holds: those of the first zooms.
    """
    from arbvis_core.pipeline.rendering import render as draw

    return draw(
        plan,
        sink,
        registry=_registry(registry),
        jobs=jobs,
        executor=executor,
        tile_format=tile_format,
        view=view,
        on_progress=on_progress,
        keep=keep,
    )


def tile(
    plan: Plan,
    scene: str,
    key: TileKey,
    view: View | None = None,
    *,
    registry: Registry | None = None,
) -> Tile:
    """Draw one tile: the same pixels as in a bundle."""
    from arbvis_core.imaging import tile as draw

    return draw(plan, scene, key, view, registry=_registry(registry))


def export_png(
    plan: Plan,
    path: str | os.PathLike[str],
    *,
    scene: str | None = None,
    registry: Registry | None = None,
    on_progress: Callable[[int], None] = lambda _pixels: None,
) -> None:
    """Write the whole canvas of a scene (the first by default) as one PNG."""
    from arbvis_core.export import export_png as write
    from arbvis_core.imaging import scene_of

    write(scene_of(plan, scene), path, registry=_registry(registry), on_progress=on_progress)


def _registry(registry: Registry | None) -> Registry:
    from arbvis_core.registry import load

    return registry if registry is not None else load()


__all__ = [
    "ARBVIS",
    "TILE",
    "Add",
    "ArbvisError",
    "Blob",
    "Box",
    "Budget",
    "Buffer",
    "Canvas",
    "Command",
    "Concat",
    "Crop",
    "Decoder",
    "Derivation",
    "DiffBuilder",
    "Document",
    "Enricher",
    "Format",
    "FormatError",
    "Group",
    "Indexed",
    "Label",
    "Layout",
    "LayoutError",
    "Leaf",
    "LeafRenderer",
    "Legend",
    "LegendEntry",
    "LocalSource",
    "MissingExtraError",
    "Part",
    "Permute",
    "Placement",
    "Plan",
    "Plane",
    "PluginError",
    "Priority",
    "Probe",
    "Profile",
    "Range",
    "Region",
    "Reporter",
    "Request",
    "Reshape",
    "Scene",
    "ScenePlan",
    "Shown",
    "Sink",
    "SinkError",
    "Sketch",
    "Slice",
    "Source",
    "SourceChangedError",
    "SourceError",
    "SourceProvider",
    "Step",
    "Tile",
    "TileFormat",
    "TileKey",
    "Transpose",
    "TrueColour",
    "Units",
    "UsageError",
    "View",
    "Volume",
    "Window",
    "deferred",
    "documents",
    "estimate",
    "export_png",
    "hookimpl",
    "open",
    "part_arrays",
    "part_crops",
    "plan",
    "render",
    "spread",
    "tile",
    "unpack",
    "values",
    "window_crops",
    "window_values",
]

"""The summary scene: how large the experts of every layer are, projection by projection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from arbvis_core.api import Derivation, Document, Layout, Priority, Region, Request, UsageError
from modelweightvis.options import MoeOptions, TensorOptions

if TYPE_CHECKING:
    from arbvis_core.api import Placement, Scene
    from modelweightvis.moe.panels import Panel

#: The format of the documents, and the encoding of their regions: cells that are yet to be measured.
SUMMARY = "moe-summary"
#: Pixels between panels.
GUTTER = 2


class MoeSummaryDerivation(Derivation):
    """Finds the experts of every model."""

    name = SUMMARY
    priority: int = Priority.NORMAL

    def matches(self, request: Request, documents: Sequence[Document]) -> bool:
        """Tell whether experts are asked for."""
        return request.option(MoeOptions).moe and bool(documents)

    def derive(self, request: Request, documents: Sequence[Document]) -> Sequence[Document]:
        """Return one document per model of which experts are shown.

        Raises:
            UsageError: no model has any, or `--match` leaves all of them out.
        """
        from modelweightvis.moe.panels import panels_of
        from modelweightvis.tensors import tensors_of

        match = request.option(TensorOptions).match
        found = []
        dense = True
        for document in documents:
            panels = panels_of(tensors_of(document))
            dense = dense and not panels
            if shown := [one for panel in panels if (one := panel.matching(match)).cells]:
                found.append(_document(document, shown))
        if found:
            return found
        names = ", ".join(document.name for document in documents[:3])
        if dense:
            raise UsageError(f"--moe: {names} has no experts: it is dense; leave --moe out")
        raise UsageError(
            f"--moe: no expert and no router of {names} has a name that matches --match {match!r}; "
            f"'modelweightvis inspect' lists the names"
        )


class MoeSummaryLayoutPlugin(Layout):
    """Heat maps of layers × experts side by side, one pixel per cell."""

    name = SUMMARY
    priority: int = Priority.NORMAL

    def matches(self, request: Request, documents: Sequence[Document]) -> bool:
        """Tell whether there are summaries."""
        return any(document.format == SUMMARY for document in documents)

    def arrange(self, request: Request, documents: Sequence[Document]) -> Sequence[Scene]:
        """Return a scene for every model that has experts."""
        own = [document for document in documents if document.format == SUMMARY]
        return [_scene(request, number, document) for number, document in enumerate(own)]


def _document(document: Document, panels: Sequence[Panel]) -> Document:
    regions = tuple(
        Region(
            name=panel.name,
            shape=(len(panel.layers), panel.experts),
            encoding=SUMMARY,
            attributes={"panel": panel},
        )
        for panel in panels
    )
    return Document(document.name, SUMMARY, (), regions, input=document.input, derived=True)


def _scene(request: Request, number: int, document: Document) -> Scene:
    from arbvis_core.api import Canvas, Scene

    options = request.option(MoeOptions)
    placements = []
    left = 0
    for region in document.regions:
        placements.append(_placement(region, left))
        left += region.shape[1] + GUTTER
    height = max(region.shape[0] for region in document.regions)
    label = "Summary" if number == 0 else f"Summary ({number + 1})"
    return Scene(
        key="summary",
        label=label,
        extent=Canvas(left - GUTTER, height),
        placements=tuple(placements),
        renderer="cells",
        documents=(document,),
        attributes={
            "stat": options.summary_stat or "rms",
            "norm": options.moe_norm or "max",
            "model": number,
            "match": request.option(TensorOptions).match,
        },
        awaits=True,
    )


def _placement(region: Region, left: int) -> Placement:
    from arbvis_core.api import Box, Placement

    panel: Panel = region.attributes["panel"]
    rows, columns = region.shape
    cells: list[Any] = [[None] * columns for _ in range(rows)]
    for (row, column), cell in panel.cells.items():
        cells[row][column] = [cell.tensor, cell.cut]
    return Placement(
        name=panel.name,
        box=Box(left, 0, columns, rows),
        region=Region(panel.name, region.shape, SUMMARY),
        attributes={
            "role": panel.name,
            "rows": [f"layer {layer}" for layer in panel.layers],
            "columns": [f"expert {expert}" for expert in range(columns)],
            "cells": cells,
        },
    )

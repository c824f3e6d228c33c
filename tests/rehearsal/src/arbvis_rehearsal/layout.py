"""Tables on shelves, one pixel per element; panels that were derived get a scene of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from arbvis_core import api
from arbvis_rehearsal.derive import SegmentEnergy, TableDifference
from arbvis_rehearsal.formats import TableFormat
from arbvis_rehearsal.options import RehearsalOptions

#: The longest shelf, and what lies between tables, in pixels.
SHELF, GAP = 2900, 3


class ShelfLayout(api.Layout):
    """Places every table beside or below the one before it."""

    name = "rehearsal-shelves"
    priority = api.Priority.NORMAL

    def matches(self, request: api.Request, documents: Sequence[api.Document]) -> bool:
        """Ask for tables."""
        return any(_known(document) and document.regions for document in documents)

    def arrange(
        self, request: api.Request, documents: Sequence[api.Document]
    ) -> Sequence[api.Scene]:
        """Return a scene of tables and one of derived panels."""
        grey = request.option(RehearsalOptions).rehearsal_grey
        known = [document for document in documents if _known(document)]
        sidecars = {document.metadata.get("sidecar") for document in known}
        beside = [
            document
            for document in documents
            if {source.key for source in document.sources} <= sidecars
        ]
        panels = [document for document in known if document.format == SegmentEnergy.name]
        tables = [document for document in known if document not in panels]
        scenes = (("Tables", [*tables, *beside]), ("Panels", panels))
        return [
            _scene(label, shown, grey=grey)
            for label, shown in scenes
            if any(_known(document) and document.regions for document in shown)
        ]


def _known(document: api.Document) -> bool:
    return document.format in {TableFormat.name, TableDifference.name, SegmentEnergy.name}


def _scene(label: str, documents: Sequence[api.Document], *, grey: bool) -> api.Scene:
    placements = tuple(_shelved(documents))
    canvas = api.Canvas(
        max(one.box.x + one.box.width for one in placements),
        max(one.box.y + one.box.height for one in placements),
    )
    return api.Scene(
        label, label, canvas, placements, "rehearsal", tuple(documents), attributes={"grey": grey}
    )


def _shelved(documents: Sequence[api.Document]) -> Iterator[api.Placement]:
    x = y = height = 0
    for document in filter(_known, documents):
        for region in document.regions:
            rows, columns = region.shape
            if x and x + columns > SHELF:
                x, y, height = 0, y + height + GAP, 0
            attributes = {"role": region.attributes.get("role", "unknown")}
            box = api.Box(x, y, columns, rows)
            yield api.Placement(region.name, box, region, attributes=attributes)
            x, height = x + columns + GAP, max(height, rows)

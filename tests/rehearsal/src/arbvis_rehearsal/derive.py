"""What is computed from tables: differences, and the energy of their segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from arbvis_core import api
from arbvis_rehearsal.formats import TableFormat
from arbvis_rehearsal.options import RehearsalOptions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Elements of a row that one pixel of an energy panel stands for.
SEGMENT = 64
DIFFERENCE, ENERGY = "rehearsal-difference", "rehearsal-energy"


class DifferenceDecoder(api.Decoder):
    """The second operand minus the first; nothing is stored."""

    encodings = (DIFFERENCE,)

    def decode(
        self,
        region: api.Region,
        window: api.Window,
        buffers: Sequence[NDArray[np.uint8]],
        operands: Sequence[NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        """Return how much the second operand is more."""
        import numpy as np

        with np.errstate(invalid="ignore"):
            return operands[1] - operands[0]


class EnergyDecoder(api.Decoder):
    """The root mean square of every segment of a row of the operand."""

    encodings = (ENERGY,)

    def boxes(self, region: api.Region, window: api.Window) -> tuple[api.Window, ...]:
        """Return the segments under a window."""
        (first, last), (start, stop) = window
        columns = region.operands[0].shape[1]
        return (((first, last), (start * SEGMENT, min(stop * SEGMENT, columns))),)

    def decode(
        self,
        region: api.Region,
        window: api.Window,
        buffers: Sequence[NDArray[np.uint8]],
        operands: Sequence[NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        """Return one value per segment."""
        import numpy as np

        squares = operands[0].astype(np.float64) ** 2
        starts = range(0, squares.shape[1], SEGMENT)
        sums = np.add.reduceat(squares, starts, axis=1)
        counts = np.diff([*starts, squares.shape[1]])
        return np.sqrt(sums / counts).astype(np.float32)


class TableDifference(api.DiffBuilder):
    """Pairs the tables of two inputs by name; rows come back into their order first."""

    name = "rehearsal-difference"
    priority = api.Priority.OVERRIDE + 1  # tensors of all formats are compared at OVERRIDE
    decoders = (DifferenceDecoder(),)

    def matches(self, request: api.Request, sides: Sequence[Sequence[api.Document]]) -> bool:
        """Ask for tables on both sides."""
        return len(sides) == 2 and all(_tables(side) for side in sides)

    def build(
        self, request: api.Request, sides: Sequence[Sequence[api.Document]]
    ) -> Sequence[api.Document]:
        """Return one document of every table that both sides have in one shape."""
        left, right = (
            {region.name: _in_order(region) for one in _tables(side) for region in one.regions}
            for side in sides
        )
        pairs = [
            (one, right[name])
            for name, one in left.items()
            if name in right and right[name].shape == one.shape
        ]
        if not pairs:
            raise api.FormatError("the inputs have no table of one name and shape in common")
        regions = tuple(
            api.Region(one.name, one.shape, DIFFERENCE, operands=(one, other))
            for one, other in pairs
        )
        documents = [document for side in sides for document in _tables(side)]
        names = " and ".join(dict.fromkeys(document.name for document in documents))
        sources = tuple(source for document in documents for source in document.sources)
        return [api.Document(f"difference of {names}", self.name, sources, regions)]


class SegmentEnergy(api.Derivation):
    """Where it is asked for, a panel per table, computed when it is drawn."""

    name = "rehearsal-energy"
    priority = api.Priority.NORMAL
    decoders = (EnergyDecoder(),)

    def matches(self, request: api.Request, documents: Sequence[api.Document]) -> bool:
        """Ask for the flag, and for something to show."""
        wanted = request.option(RehearsalOptions).rehearsal_energy
        return wanted and bool(_tables(documents))

    def derive(
        self, request: api.Request, documents: Sequence[api.Document]
    ) -> Sequence[api.Document]:
        """Return one document of panels per document of tables."""
        return [
            replace(
                document,
                name=f"energy of {document.name}",
                format=self.name,
                regions=tuple(
                    api.Region(
                        f"energy of {region.name}",
                        (region.shape[0], -(-region.shape[1] // SEGMENT)),
                        ENERGY,
                        operands=(_in_order(region),),
                    )
                    for region in document.regions
                ),
            )
            for document in _tables(documents)
        ]


def _tables(documents: Sequence[api.Document]) -> list[api.Document]:
    known = {TableFormat.name, TableDifference.name}
    return [document for document in documents if document.format in known]


def _in_order(region: api.Region) -> api.Region:
    """Return a table with its rows where they belong."""
    order = region.attributes.get("order", ())
    if not order:
        return region
    back = sorted(range(len(order)), key=order.__getitem__)
    attributes = {name: value for name, value in region.attributes.items() if name != "order"}
    view = (*region.view, api.Permute(0, tuple(back)))
    return replace(region, view=view, attributes=attributes)

"""The tensors of a document, with what their names say: what layouts, tables and diffs share."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import prod
from typing import TYPE_CHECKING

from modelweightvis.formats.tensors import UNKNOWN, is_tensor
from modelweightvis.names import parse_names
from modelweightvis.sidecars import facts_of

if TYPE_CHECKING:
    from arbvis_core.values import Document, Region
    from modelweightvis.names import Name
#: The format of a document of differences, and the encoding of its tensors.
DIFFERENCE = "difference"


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor of a model.

    Attributes:
        region: its shape, type and bytes.
        name: what its name says.
    """

    region: Region
    name: Name

    @property
    def elements(self) -> int:
        """How many values it holds."""
        return prod(self.region.shape)

    @property
    def bytes(self) -> int:
        """How many bytes are stored for it, scales and zeros included."""
        return sum(part.stop - part.start for part in self.region.parts)

    @property
    def dtype(self) -> str:
        """What people call its stored type."""
        return str(self.region.attributes.get("dtype", self.region.encoding))

    @property
    def decoded(self) -> bool:
        """Whether its values are known, not only where they lie."""
        return self.region.encoding != UNKNOWN

    @property
    def bits_per_weight(self) -> float:
        """Stored bits per value; 0 for a tensor without values."""
        return 8 * self.bytes / self.elements if self.elements else 0.0


def tensors_of(document: Document, match: str | None = None) -> tuple[Tensor, ...]:
    """Return the tensors of a document, in the order they are stored.

    Args:
        document: as a format made it.
        match: a glob that the stored name must match.
    """
    regions = [region for region in document.regions if is_tensor(region)]
    names = parse_names([region.name for region in regions], facts_of(document))
    return tuple(
        Tensor(region, name)
        for region, name in zip(regions, names, strict=True)
        if match is None or fnmatchcase(region.name, match)
    )


def is_difference(document: Document) -> bool:
    """Tell whether the tensors of a document are pairs: what two models have, side by side."""
    return document.format == DIFFERENCE

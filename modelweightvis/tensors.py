"""The tensors of a document, with what their names say: what layouts, tables and diffs share."""

from __future__ import annotations

from fnmatch import fnmatchcase
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from arbvis_core.api import UsageError
from modelweightvis.formats.reading import shown
from modelweightvis.formats.tensors import UNKNOWN, is_tensor
from modelweightvis.names import parse_names
from modelweightvis.sidecars import facts_of

if TYPE_CHECKING:
    from arbvis_core.values import Document, Region
    from modelweightvis.names import Name

#: Letters of a glob: how long matching takes grows with their square.
LONGEST_GLOB = 1000
#: The format of a document of differences, and the encoding of its tensors.
DIFFERENCE = "difference"


class Tensor(NamedTuple):
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
        parts = self.region.parts
        if len(parts) == 1:  # most, of tens of thousands
            return parts[0].stop - parts[0].start
        return sum(part.stop - part.start for part in parts)

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
        if matches(match, region.name)
    )


def matches(pattern: str | None, *names: str) -> bool:
    """Tell whether one of the names of a tensor matches a glob; no glob matches all.

    Raises:
        UsageError: the glob is longer than any that is worth the time it takes.
    """
    if pattern is None:
        return True
    if len(pattern) > LONGEST_GLOB:
        raise UsageError(
            f"a glob that tensors are matched by has at most {LONGEST_GLOB:,} letters, "
            f"this one has {len(pattern):,}: {shown(pattern)}"
        )
    return any(fnmatchcase(name, pattern) for name in names)


def is_difference(document: Document) -> bool:
    """Tell whether the tensors of a document are pairs: what two models have, side by side."""
    return document.format == DIFFERENCE

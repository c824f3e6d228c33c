"""The tensors of a document as ingredients of weights."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from operator import mul
from typing import NamedTuple

from arbvis_core.api import Document, FormatError, Region
from modelweightvis.encodings.parts import stored_bytes
from modelweightvis.encodings.table import element_type
from modelweightvis.formats.fusion.settings import Settings
from modelweightvis.formats.reading import read, shown
from modelweightvis.formats.tensors import is_tensor

#: Bytes of a tensor that is read to know what others mean, and of all of them together.
LARGEST, ALTOGETHER = 4096, 64 << 20

WORDS = ("I32", "U32")
FLOATS = ("F32", "F16", "BF16")


class Fused(NamedTuple):
    """A weight.

    Attributes:
        region: what it is.
        names: of the tensors it is made of, first the one in whose place it stands.
        dtype: what people call its type.
    """

    region: Region
    names: tuple[str, ...]
    dtype: str


class Pieces:
    """The tensors of a document by name, as long as no weight has taken them.

    Attributes:
        tensors: by name.
        settings: what is said about them.
        made: the names of the weights that have taken the others.
        block, groups: what `settings` says of what shares a scale.
    """

    def __init__(self, document: Document, settings: Settings) -> None:
        self.tensors = {one.name: one for one in document.regions if is_tensor(one)}
        self.made: set[str] = set()
        self.settings = settings
        self.block, self.groups = settings.block(), settings.groups()
        self._sources = {source.key: source for source in document.sources}
        self._room = ALTOGETHER

    def find(self, name: str, *kinds: str) -> Region | None:
        """Return a tensor, or None if it is not here.

        Args:
            name: of the tensor.
            kinds: the element types it may have; none means any that can be decoded.

        Raises:
            FormatError: it is of another type, or its elements do not lie one after the other.
        """
        region = self.tensors.get(name)
        if region is None:
            return None
        stored = element_type(region.encoding)
        if not (region.encoding in kinds if kinds else stored.decoded):
            dtype = shown(str(region.attributes.get("dtype", region.encoding)))
            raise FormatError(f"{_end(name)} is of type {dtype}")
        (part,) = region.parts
        if region.view or not _dense(part.shape, part.strides, stored.bytes):
            raise FormatError(f"{_end(name)} is not stored row by row")
        return region

    def need(self, name: str, *kinds: str) -> Region:
        """Return a tensor.

        Raises:
            FormatError: it is not here, or not as `find` wants it.
        """
        region = self.find(name, *kinds)
        if region is None:
            raise FormatError(f"{_end(name)} is not here")
        return region

    def content(self, region: Region) -> bytes:
        """Read a small tensor.

        Raises:
            FormatError: it is not small, or enough has been read of others.
        """
        size = stored_bytes(region)
        if size > min(LARGEST, self._room):
            raise FormatError(f"{_end(region.name)} is too large to be read at once")
        self._room -= size
        part = region.parts[0]
        return read(self._sources[part.source], part.start, part.stop)

    def first_bytes(self, region: Region) -> bytes:
        """Read the beginning of a tensor."""
        part = region.parts[0]
        return read(self._sources[part.source], part.start, min(part.stop, part.start + LARGEST))

    def take(self, made: Fused) -> None:
        """Remove the tensors that a weight is made of."""
        self.made.add(made.region.name)
        for name in made.names:
            self.tensors.pop(name, None)

    def present(self, stem: str, ends: Sequence[str]) -> tuple[str, ...]:
        """Return those names that are here of a stem and one of these ends."""
        return tuple(f"{stem}{end}" for end in ends if f"{stem}{end}" in self.tensors)


@lru_cache(maxsize=1 << 10)
def _dense(shape: tuple[int, ...], strides: tuple[int, ...], size: int) -> bool:
    """Tell whether units of some bytes lie one after the other, row by row."""
    steps = (*accumulate(shape[:0:-1], mul, initial=size),)[::-1]
    axes = zip(shape, strides, steps, strict=False)
    return all(length < 2 or stride == step for length, stride, step in axes)


def _end(name: str) -> str:
    """Return the last word of a name, with which many weights share a reason."""
    return shown(f".{name.rpartition('.')[2]}")

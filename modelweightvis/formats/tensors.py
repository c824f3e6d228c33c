"""Tensors and headers of model files as regions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from arbvis_core import api
from arbvis_core.api import Decoder
from modelweightvis.encodings.decoders import DECODERS
from modelweightvis.encodings.parts import dense_part, element_part
from modelweightvis.encodings.table import ElementType
from modelweightvis.formats.reading import listed, shown

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.api import Crop, Region, Window

#: The encoding of a header; no tensor has it.
HEADER = "bytes"
#: The encoding of a tensor whose values nobody knows.
UNKNOWN = "unknown"


class Entry(NamedTuple):
    """A tensor, as a header has it.

    Attributes:
        name: as it is called.
        dtype: as the header spells its type, or people call it.
        shape: in elements, the row last.
        start, stop: bytes of the file; up to the next tensor where nobody knows the type's size.
        stored: its element type.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int
    stored: ElementType


class UnknownDecoder(Decoder):
    """Stands for tensors whose values nobody knows: reads nothing, answers with not-a-number."""

    encodings = (UNKNOWN,)

    def crops(self, region: Region, window: Window) -> tuple[Crop, ...]:
        """Return nothing to read."""
        return ()

    def decode(
        self,
        region: Region,
        window: Window,
        buffers: Sequence[NDArray[np.uint8]],
        operands: Sequence[NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        """Return not-a-number for every element of `window`, float32, in its shape."""
        import numpy as np

        return np.full([stop - start for start, stop in window], np.nan, np.float32)


#: The decoders of every format of tensors.
TENSOR_DECODERS: tuple[Decoder, ...] = (*DECODERS, UnknownDecoder())


def is_tensor(region: Region) -> bool:
    """Tell tensors from headers."""
    return region.encoding != HEADER


def header_region(source: str, start: int, stop: int, name: str = "header") -> Region:
    """Return the bytes that describe what else is in a file, so that they can be outlined."""
    return api.Region(
        name, (stop - start,), HEADER, (dense_part("bytes", source, start, (stop - start,), 1),)
    )


def header_regions(source: str, stop: int, entries: Iterable[Entry]) -> tuple[Region, ...]:
    """Return a header that ends at a byte, and the tensors it tells of."""
    types: dict[str, Mapping[str, Any]] = {}  # one for all tensors of a type
    alike: dict[tuple[str, tuple[int, ...]], Region] = {}
    tensors = []
    for one in entries:
        known = alike.get((one.dtype, one.shape))
        if known is not None:
            tensors.append(_like(known, one))
            continue
        facts = types.setdefault(one.dtype, {"dtype": one.dtype})
        made = tensor_region(one.name, one.shape, one.stored, (source, one.start, one.stop), facts)
        if made.encoding != UNKNOWN:  # of which nobody knows how long it is
            alike[one.dtype, one.shape] = made
        tensors.append(made)
    return header_region(source, 0, stop), *tensors


def _like(known: Region, one: Entry) -> Region:
    """Return a tensor of the type and shape of another: of thousands these are the same few."""
    (part,) = known.parts
    stop = one.start + part.stop - part.start
    part = api.Part(part.role, part.source, one.start, stop, part.shape, part.strides, part.block)
    attributes = known.attributes
    return api.Region(
        _called(one.name), known.shape, known.encoding, (part,), (), (), (), attributes
    )


def tensor_region(
    name: str,
    shape: tuple[int, ...],
    stored: ElementType,
    extent: tuple[str, int, int],
    attributes: Mapping[str, Any],
) -> Region:
    """Return a tensor of elements in row-major order, none left out.

    Args:
        name: as the file says.
        shape: in elements.
        stored: their type; where its values are not known, or rows do not fill whole units, the
            encoding is `unknown` and only the extent is told.
        extent: source key, first byte, first byte after it.
        attributes: what is known about it, `dtype` at least.
    """
    if not stored.decoded:
        return unknown_region(name, shape, extent, attributes)
    try:
        part = element_part("codes", stored, extent[0], extent[1], shape)
    except ValueError:
        return unknown_region(name, shape, extent, attributes)
    return api.Region(_called(name), shape, stored.name, (part,), attributes=attributes)


def unknown_region(
    name: str, shape: tuple[int, ...], extent: tuple[str, int, int], attributes: Mapping[str, Any]
) -> Region:
    """Return a tensor of which only the extent is known."""
    part = api.Part("codes", *extent, (), ())
    return api.Region(_called(name), shape, UNKNOWN, (part,), attributes=attributes)


def unknown_warnings(name: str, regions: Iterable[Region]) -> list[str]:
    """Say which tensors of a model will be drawn hatched, one sentence per type."""
    kinds: dict[str, list[str]] = {}
    for region in regions:
        if region.encoding == UNKNOWN:
            kinds.setdefault(str(region.attributes.get("dtype")), []).append(region.name)
    return [
        f"{name}: nobody here can decode {shown(dtype)}, so {listed(names)} will be drawn hatched"
        for dtype, names in kinds.items()
    ]


def _called(name: str) -> str:
    return name or "(no name)"

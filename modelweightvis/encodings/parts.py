"""Where the ingredients of a tensor lie, in the terms of `arbvis_core.regions`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from arbvis_core import api
from modelweightvis.encodings.table import ElementType

if TYPE_CHECKING:
    from arbvis_core.api import Part, Region, Transpose


def element_part(
    role: str, stored: ElementType, source: str, start: int, shape: Sequence[int]
) -> Part:
    """Return a part of elements in row-major order, none left out.

    Args:
        role: what it is to the decoder.
        stored: their type; its units lie along the last axis.
        source: the key of the source.
        start: the first byte.
        shape: in elements.

    Raises:
        ValueError: rows do not fill whole units, or nobody knows how long these are.
    """
    if not stored.bytes:
        raise ValueError(f"elements of type {stored.name} have no known size")
    if stored.elements == 1:
        return dense_part(role, source, start, shape, stored.bytes)
    if not shape or shape[-1] % stored.elements:
        raise ValueError(
            f"rows of {shape[-1] if shape else 1} elements do not fill units of "
            f"{stored.elements} ({stored.name})"
        )
    units = (*shape[:-1], shape[-1] // stored.elements)
    return dense_part(role, source, start, units, stored.bytes)


def dense_part(
    role: str,
    source: str,
    start: int,
    units: Sequence[int],
    size: int,
    block: Sequence[int] = (),
) -> Part:
    """Return a part of units of `size` bytes in row-major order, none left out.

    Args:
        role: what it is to the decoder.
        source: the key of the source.
        start: the first byte.
        units: how many, per axis.
        size: bytes of each.
        block: how many elements share one, per axis; empty means shape / units.
    """
    held, strides, length = _laid_out(tuple(units), size)
    return api.Part(role, source, start, start + length, held, strides, tuple(block))


@lru_cache(maxsize=1024)
def _laid_out(units: tuple[int, ...], size: int) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """Return the units, their strides and how long they are: the same for all tensors of a shape."""
    strides = (size * prod(units[axis + 1 :]) for axis in range(len(units)))
    return units, tuple(strides), size * prod(units)


class Packed(NamedTuple):
    """A packed array as it is stored.

    Attributes:
        encoding: names its decoder.
        stored: its shape.
        parts: its ingredients.
        packing: what the decoder has to know.
    """

    encoding: str
    stored: tuple[int, ...]
    parts: tuple[Part, ...]
    packing: Mapping[str, Any]


def packed_region(
    name: str,
    dtype: str,
    packed: Packed,
    shape: tuple[int, ...] | None = None,
    view: tuple[Transpose, ...] = (),
) -> Region:
    """Return the region of a packed array; its bits per element count all of its parts.

    Args:
        name: of the weight.
        dtype: what people call the whole.
        packed: as it is stored.
        shape: as it is meant, where that is another.
        view: steps from the one to the other; none means a reshape.
    """
    whole = packed.stored if shape is None else shape
    steps = view or ((api.Reshape(whole),) if whole != packed.stored else ())
    size = sum(part.stop - part.start for part in packed.parts)
    attributes = {"dtype": dtype, "bits": 8 * size / max(prod(whole), 1), "packing": packed.packing}
    return api.Region(
        name,
        whole,
        packed.encoding,
        packed.parts,
        steps,
        packed.stored if steps else (),
        attributes=attributes,
    )


def place(region: Region) -> tuple[str, int]:
    """Return the source and the first byte of a tensor of one part."""
    return region.parts[0].source, region.parts[0].start


def stored_bytes(region: Region) -> int:
    """Count the bytes of a tensor of one part."""
    return region.parts[0].stop - region.parts[0].start

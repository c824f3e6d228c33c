"""NumPy's basic indexing, as windows to read: what is not asked for is not read."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from math import prod
from types import EllipsisType
from typing import SupportsIndex

import numpy as np

from arbvis_core.api import Window
from arbvis_core.slotted import dataclass

#: What may stand between the brackets: one of these or a tuple of them.
Index = SupportsIndex | slice | EllipsisType | None
Key = Index | tuple[Index, ...]

#: Elements of a window that is decoded at once: 8 MiB of float32.
BAND = 1 << 21
#: Elements between two rows from which on it is better to skip them than to read them too.
GAP = 1 << 14


@dataclass(frozen=True, slots=True)
class Selection:
    """What a key selects of an array.

    Attributes:
        spans: the indices along each axis, ascending.
        finish: the basic index that makes the result of the array of all these indices: it turns
            round what was asked for backwards, drops and adds axes.
    """

    spans: tuple[range, ...]
    finish: tuple[int | slice | None, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array of all indices, before `finish`."""
        return tuple(len(span) for span in self.spans)


def select(key: Key, shape: Sequence[int]) -> Selection:
    """Return what a key selects of an array of a shape, as `numpy.ndarray.__getitem__` would.

    Raises:
        IndexError: an index lies outside, there are too many, or one is no basic index.
    """
    spans: list[range] = []
    finish: list[int | slice | None] = []
    for one in _unabridged(key if isinstance(key, tuple) else (key,), len(shape)):
        if one is None:
            finish.append(None)
            continue
        length = shape[len(spans)]
        if isinstance(one, slice):
            span = range(length)[one]
            finish.append(slice(None, None, -1 if span.step < 0 else 1))
            spans.append(span if span.step > 0 else span[::-1])
        else:
            at = _integer(one)
            if not -length <= at < length:
                raise IndexError(
                    f"index {at} is out of bounds for axis {len(spans)} with size {length}"
                )
            finish.append(0)
            spans.append(range(at % length, at % length + 1))
    return Selection(tuple(spans), tuple(finish))


def _unabridged(key: tuple[Index, ...], axes: int) -> list[SupportsIndex | slice | None]:
    """Write out the ellipsis: as many `:` as it takes, at the end if there is none."""
    places = [place for place, one in enumerate(key) if one is Ellipsis]
    if len(places) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    given = sum(one is not None and one is not Ellipsis for one in key)
    if given > axes:
        raise IndexError(f"too many indices: the tensor has {axes} axes, and {given} were indexed")
    place = places[0] if places else len(key)
    whole = (*key[:place], *[slice(None)] * (axes - given), *key[place + 1 :])
    return [one for one in whole if not isinstance(one, EllipsisType)]


def _integer(one: object) -> int:
    try:
        if not isinstance(one, bool | np.bool_):
            return operator.index(one)  # type: ignore[arg-type]
    except TypeError:
        pass
    raise IndexError(
        "only integers, slices, ellipsis and newaxis are read in parts; "
        "for anything else index numpy.asarray(tensor)"
    )


def pieces(spans: Sequence[range], limit: int = BAND) -> Iterator[tuple[range, ...]]:
    """Cut a selection into pieces, in row-major order, that are worth reading at once.

    A piece is read whole, from its first to its last index along each axis: that is at most `limit`
    elements, unless a single one is more, and no gap of `GAP` elements or more.
    """
    if not all(spans):
        return
    axis = next((axis for axis, span in enumerate(spans) if len(span) > 1), len(spans))
    if axis == len(spans):
        yield tuple(spans)
        return
    inner = prod(_hull(span) for span in spans[axis + 1 :])
    span = spans[axis]
    several = (span.step - 1) * inner < GAP
    count = max(1, limit // (span.step * inner)) if several else 1
    for first in range(0, len(span), count):
        piece = (*spans[:axis], span[first : first + count], *spans[axis + 1 :])
        if count == 1 and inner > limit:
            yield from pieces(piece, limit)
        else:
            yield piece


def window_of(piece: Sequence[range]) -> Window:
    """Return what is read of a piece."""
    return tuple((span[0], span[-1] + 1) for span in piece)


def place_of(piece: Sequence[range], spans: Sequence[range]) -> tuple[slice, ...]:
    """Return where a piece of a selection lies in the array of all its indices."""
    return tuple(
        slice(whole.index(span[0]), whole.index(span[-1]) + 1)
        for span, whole in zip(piece, spans, strict=True)
    )


def bands(shape: Sequence[int], limit: int = BAND) -> Iterator[Window]:
    """Cut an array into windows of at most `limit` elements, in row-major order."""
    for piece in pieces([range(length) for length in shape], limit):
        yield window_of(piece)


def _hull(span: range) -> int:
    return span[-1] + 1 - span[0]

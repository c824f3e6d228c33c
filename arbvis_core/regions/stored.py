"""Where a single element of a region is stored."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING

from arbvis_core.regions.units import grid_of
from arbvis_core.regions.views import concat_axis, is_concat, trace
from arbvis_core.slotted import dataclass

if TYPE_CHECKING:
    from arbvis_core.protocols import Window
    from arbvis_core.values import Part, Region


@dataclass(frozen=True, slots=True)
class Stored:
    """The unit that an element is in.

    Attributes:
        region: the region it is stored for: itself, or one that it is joined from.
        window: the element, in the array that is stored.
        part: the first part of the region, which holds what differs from element to element.
        number: of the unit among those of the part, in row-major order.
        start: the unit's first byte.
        size: the unit's bytes.
        elements: how many elements share it.
        position: which of them it is, in row-major order.
    """

    region: Region
    window: Window
    part: Part
    number: int
    start: int
    size: int
    elements: int
    position: int


def stored_at(region: Region, index: Sequence[int]) -> Stored | None:
    """Return where an element of the logical array is stored; None if it is only computed.

    Raises:
        FormatError: the region is malformed.
    """
    window = trace(region, tuple((at, at + 1) for at in index)).windows[0]
    if is_concat(region):
        return _joined(region, [start for start, _ in window])
    if not region.parts or region.operands:
        return None
    part = region.parts[0]
    grid = grid_of(region.name, region.stored_shape, part)
    number, position, start = 0, 0, part.start
    for (at, _), count, stride, per in zip(
        window, grid.counts, grid.strides, grid.per, strict=True
    ):
        unit = at // per if count > 1 else 0
        number, position = number * count + unit, position * per + at - unit * per
        start += unit * stride
    return Stored(region, window, part, number, start, grid.size, prod(grid.per), position)


def _joined(region: Region, at: Sequence[int]) -> Stored | None:
    axis = concat_axis(region)
    index = [*at]
    for operand in region.operands:
        if index[axis] < operand.shape[axis]:
            return stored_at(operand, index)
        index[axis] -= operand.shape[axis]
    return None

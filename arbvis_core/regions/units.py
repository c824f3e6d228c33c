"""The geometry of stored parts: which units lie under a window, and which bytes they are.

A unit is what cannot be split: an element, or a quantisation block. Its size in bytes is what a part
has left when its strides are taken off: `stop - start - sum((n - 1) * stride)`. Axes of a part line
up with the stored array from the right, as numpy broadcasts; an axis of one unit, or one that is not
there, serves every element.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product
from math import prod
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from arbvis_core.errors import FormatError
from arbvis_core.values import Crop, Range

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.protocols import Window
    from arbvis_core.values import Part, Region

    Scalar = TypeVar("Scalar", bound=np.generic)


class Units(NamedTuple):
    """The units of one part that lie under a window.

    Attributes:
        data: uint8, (units per axis of the stored array…, bytes of a unit); not to be written to.
        first: the index of the first unit, per axis of the stored array.
        per: how many elements share a unit, per axis of the stored array.
    """

    data: NDArray[np.uint8]
    first: tuple[int, ...]
    per: tuple[int, ...]


class Grid(NamedTuple):
    """A part's units, lined up with the stored array."""

    counts: tuple[int, ...]
    strides: tuple[int, ...]
    per: tuple[int, ...]
    size: int


class _Layout(NamedTuple):
    """How the units under a window lie in bytes.

    Attributes:
        first, counts: the units, per axis of the stored array.
        start: the first byte.
        outer, inner: axes of more than one unit, the widest stride first; the inner ones make a row.
        groups: (count, stride) of the outer axes, merged where one stride serves several.
        rows: which group the rows of a crop run over; -1 where there is but one row.
        row_bytes: the length of a row.
    """

    first: tuple[int, ...]
    counts: tuple[int, ...]
    start: int
    outer: tuple[int, ...]
    inner: tuple[int, ...]
    groups: tuple[tuple[int, int], ...]
    rows: int
    row_bytes: int

    @property
    def others(self) -> tuple[tuple[int, int], ...]:
        """The groups that need a crop per index."""
        return tuple(group for number, group in enumerate(self.groups) if number != self.rows)


def part_crops(region: Region, window: Window) -> tuple[Crop, ...]:
    """Return what must be read of every part to decode a window of the stored array.

    The crops of the first part come first. A matrix needs one crop per part; more axes may need one
    per leading index. `part_arrays` knows how to put them together again.

    Raises:
        FormatError: the region's parts do not fit its shape.
    """
    return tuple(
        crop
        for part in region.parts
        for crop in _crops(
            part, _lay(part, grid_of(region.name, region.stored_shape, part), window)
        )
    )


def part_arrays(
    region: Region, window: Window, buffers: Sequence[NDArray[np.uint8]]
) -> tuple[Units, ...]:
    """Return the units of every part under a window of the stored array.

    Args:
        region: the region.
        window: of the stored array, as handed to `part_crops`.
        buffers: one per crop of `part_crops`, uint8 (rows, row_bytes).
    """
    found: list[Units] = []
    position = 0
    for part in region.parts:
        grid = grid_of(region.name, region.stored_shape, part)
        layout = _lay(part, grid, window)
        count = prod(number for number, _ in layout.others) if layout.row_bytes else 0
        data = _gather(layout, grid, buffers[position : position + count])
        found.append(Units(data, layout.first, grid.per))
        position += count
    return tuple(found)


def spread(units: Units, values: NDArray[Scalar], window: Window) -> NDArray[Scalar]:
    """Give every element of a window the value of its unit.

    Args:
        units: where the values come from.
        values: one per unit, in the units' shape.
        window: of the stored array.

    Returns:
        An array that broadcasts to the window's shape.
    """
    import numpy as np

    for axis, ((start, stop), first, per) in enumerate(
        zip(window, units.first, units.per, strict=True)
    ):
        if per > 1 and values.shape[axis] > 1:
            values = values.take(np.arange(start, stop) // per - first, axis)
    return values


def unpack(units: Units, values: NDArray[Scalar], window: Window) -> NDArray[Scalar]:
    """Lay out decoded units as the elements of a window.

    Args:
        units: where the values come from.
        values: (units…, elements of a unit in row-major order).
        window: of the stored array.

    Returns:
        The elements, in the window's shape.
    """
    counts, axes = values.shape[:-1], len(units.per)
    apart = values.reshape(counts + units.per)
    beside = apart.transpose([axis + half for axis in range(axes) for half in (0, axes)])
    whole = beside.reshape([count * per for count, per in zip(counts, units.per, strict=True)])
    starts = [first * per for first, per in zip(units.first, units.per, strict=True)]
    return whole[
        tuple(slice(lo - start, hi - start) for (lo, hi), start in zip(window, starts, strict=True))
    ]


@lru_cache(maxsize=1 << 10)
def grid_of(region: str, stored: tuple[int, ...], part: Part) -> Grid:
    """Line a part up with the stored array, and check that it fits."""
    absent = len(stored) - len(part.shape)
    if absent < 0 or not len(part.shape) == len(part.strides) == len(part.block or part.shape):
        raise _misfit(region, part, f"its axes do not fit a stored array of shape {stored}")
    if any(number < 0 for number in (*part.shape, *part.strides, part.start)):
        raise _misfit(region, part, "its start, shape and strides must not be negative")
    counts = (1,) * absent + part.shape
    strides = (0,) * absent + part.strides
    blocks = (0,) * absent + (part.block or (0,) * len(part.shape))
    per = tuple(_per(region, part, *axis) for axis in zip(stored, counts, blocks, strict=True))
    if 0 in part.shape:
        return Grid(counts, strides, per, 0)
    size = (
        part.stop
        - part.start
        - sum((count - 1) * stride for count, stride in zip(part.shape, part.strides, strict=True))
    )
    if size <= 0:
        raise _misfit(region, part, "its shape and strides reach past its end")
    return Grid(counts, strides, per, size)


def _per(region: str, part: Part, length: int, count: int, block: int) -> int:
    """Return how many elements of an axis share a unit."""
    if count <= 1 and block in {0, length} and (count or not length):
        return max(length, 1)
    if block:
        if -(-length // block) != count:
            raise _misfit(region, part, f"{count} units of {block} do not make {length} elements")
        return block
    if not 0 < count <= length:
        raise _misfit(region, part, f"{count} units for {length} elements")
    if length % count == 0:
        return length // count
    per = -(-length // count)
    if -(-length // per) != count or -(-length // (per + 1)) == count:
        raise _misfit(
            region,
            part,
            f"{length} elements in {count} units may be cut in several ways; "
            f"say which in the part's `block`",
        )
    return per


def _misfit(region: str, part: Part, why: str) -> FormatError:
    return FormatError(
        f"region {region!r}: its part {part.role!r} "
        f"(bytes {part.start} to {part.stop} of {part.source}) is not valid: {why}"
    )


@lru_cache(maxsize=1 << 12)  # scattered rows ask for each window three times
def _lay(part: Part, grid: Grid, window: Window) -> _Layout:
    """Find the units under a window and how they lie in bytes."""
    if len(window) != len(grid.counts):
        raise ValueError(f"window {window} for {len(grid.counts)} axes")
    spans = [
        (start // per, -(-stop // per)) for (start, stop), per in zip(window, grid.per, strict=True)
    ]
    first = tuple(start for start, _ in spans)
    counts = tuple(
        min(stop, count) - start for (start, stop), count in zip(spans, grid.counts, strict=True)
    )
    start = part.start + sum(
        index * stride for index, stride in zip(first, grid.strides, strict=True)
    )
    if grid.size == 0 or min(counts, default=1) <= 0:
        return _Layout(first, tuple(max(0, count) for count in counts), start, (), (), (), -1, 0)
    wide = [axis for axis, n in enumerate(counts) if n > 1 and grid.strides[axis]]
    wide.sort(key=lambda axis: -grid.strides[axis])
    split, row_bytes = _row(grid, counts, wide)
    outer, inner = tuple(wide[:split]), tuple(wide[split:])
    groups = tuple(_groups((counts[axis], grid.strides[axis]) for axis in outer))
    rows = max(range(len(groups)), key=lambda number: groups[number][0], default=-1)
    return _Layout(first, counts, start, outer, inner, groups, rows, row_bytes)


def _row(grid: Grid, counts: tuple[int, ...], wide: list[int]) -> tuple[int, int]:
    """Return where the axes of a contiguous row begin, and the row's length in bytes."""
    split, length = len(wide), grid.size
    while split and grid.strides[wide[split - 1]] == length:
        split -= 1
        length *= counts[wide[split]]
    return split, length


def _groups(axes: Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
    """Merge neighbouring axes that one count and one stride describe."""
    groups: list[tuple[int, int]] = []
    for count, stride in axes:
        if groups and groups[-1][1] == count * stride:
            groups[-1] = (groups[-1][0] * count, stride)
        else:
            groups.append((count, stride))
    return groups


def _crops(part: Part, layout: _Layout) -> Iterator[Crop]:
    if not layout.row_bytes:
        return
    rows, stride = layout.groups[layout.rows] if layout.groups else (1, 0)
    size, within = layout.row_bytes, Range(part.start, part.stop)
    offsets = [range(0, count * step, step) for count, step in layout.others]
    for offset in product(*offsets):
        yield Crop(part.source, layout.start + sum(offset), size, stride, rows, within)


def _gather(layout: _Layout, grid: Grid, buffers: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Return the units of a part from the buffers of its crops, copying only what lies apart."""
    import numpy as np

    if not layout.row_bytes:
        return np.zeros((*layout.counts, grid.size), np.uint8)
    others = [count for count, _ in layout.others]
    rows = [layout.groups[layout.rows][0]] if layout.groups else []
    data = buffers[0] if len(buffers) == 1 else np.stack(buffers)
    data = data.reshape(*others, *rows, layout.row_bytes)
    if rows:
        data = np.moveaxis(data, len(others), layout.rows)
    lengths = [layout.counts[axis] for axis in layout.outer + layout.inner]
    return _in_order(data.reshape(*lengths, grid.size), layout)


def _in_order(data: NDArray[np.uint8], layout: _Layout) -> NDArray[np.uint8]:
    """Put the axes back where the stored array has them."""
    import numpy as np

    axes = layout.outer + layout.inner
    data = data.transpose(*sorted(range(len(axes)), key=axes.__getitem__), len(axes))
    lengths = [count if axis in axes else 1 for axis, count in enumerate(layout.counts)]
    data = data.reshape(*lengths, data.shape[-1])
    return np.broadcast_to(data, (*layout.counts, data.shape[-1]))

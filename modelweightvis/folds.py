"""Which element is which pixel: tensors of any shape on a plane, one pixel an element.

A scalar is one pixel, a vector a line, a matrix a rectangle. What does not fit that, or would be a
thread of one pixel, is cut into cells that lie in a grid: a fold. It is plain data,

    {"kind", "rows", "columns", "count", "across", "gap"}

for `count` cells of `rows` × `columns` pixels, `across` of them side by side, `gap` pixels between.
The formula, with test vectors, stands in `docs/reference/folds.md`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from arbvis_core.api import Box
from arbvis_core.slotted import dataclass

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.api import Window

#: How a tensor is folded; None where it is not.
Fold = Mapping[str, Any] | None
Span = tuple[int, int]

#: Cells of up to so many elements are read together, whole, even if only parts of them are wanted.
_SMALL: Final = 1 << 14


class Piece(NamedTuple):
    """Elements that are decoded at once, and the pixels they are.

    Attributes:
        window: the elements, (start, stop) per axis of the tensor.
        box: the pixels, from the tensor's corner; none of them is padding.
        cells: how many cells the window holds, (down, across).
        cell: rows and columns of each as far as the window reaches.
        offset: where `box` begins in the cells put side by side, (left, top).
        strips: cells lie side by side in the tensor too, not one after the other.
    """

    window: Window
    box: Box
    cells: tuple[int, int]
    cell: tuple[int, int]
    offset: tuple[int, int] = (0, 0)
    strips: bool = False

    def bands(self, rows: int) -> Iterator[tuple[Piece, slice]]:
        """Yield bands of so many rows, and which these are; what is laid out anew stays whole."""
        height = self.box.height
        plain = self.cells == (1, 1) and self.cell == (height, self.box.width)
        if len(self.window) < 2 or not plain or height <= rows:
            yield self, slice(0, height)
            return
        *leading, (start, _), columns = self.window
        for first in range(0, height, rows):
            last = min(first + rows, height)
            window = (*leading, (start + first, start + last), columns)
            box = self.box._replace(y=self.box.y + first, height=last - first)
            cell = (last - first, box.width)
            yield self._replace(window=window, box=box, cell=cell), slice(first, last)

    def pixels(self, values: NDArray[np.generic]) -> NDArray[np.generic]:
        """Return the values of `window` as they lie in `box`: (height, width)."""
        (down, across), (rows, columns), (left, top) = self.cells, self.cell, self.offset
        if down * across == 1:
            plane = values.reshape(rows, columns)
        elif self.strips:
            strips = values.reshape(rows, down, across, columns)
            plane = strips.transpose(1, 0, 2, 3).reshape(down * rows, across * columns)
        else:
            cells = values.reshape(down, across, rows, columns)
            plane = cells.transpose(0, 2, 1, 3).reshape(down * rows, across * columns)
        return plane[top : top + self.box.height, left : left + self.box.width]


@dataclass(frozen=True, slots=True)
class _Cells:
    """A fold, or the lack of one, as numbers."""

    kind: str
    rows: int
    columns: int
    count: int
    across: int
    gap: int


def rows_fold(shape: Sequence[int], rows: int, across: int = 0, gap: int = 0) -> dict[str, Any]:
    """Cut a tall matrix into bands of `rows` rows; all side by side unless `across` says less."""
    tall, wide = plane_of(shape)
    count = -(-tall // rows)
    return _fold("rows", rows, wide, count, across or count, gap)


def columns_fold(
    shape: Sequence[int], columns: int, across: int = 1, gap: int = 0
) -> dict[str, Any]:
    """Cut a vector or a wide matrix into strips of `columns` columns, one below the other."""
    tall, wide = plane_of(shape)
    return _fold("columns", tall, columns, -(-wide // columns), across, gap)


def grid_fold(shape: Sequence[int], across: int, gap: int = 0) -> dict[str, Any]:
    """Lay the trailing matrices of a tensor of three or more axes in a grid."""
    return _fold("grid", shape[-2], shape[-1], prod(shape[:-2]), across, gap)


def plane_of(shape: Sequence[int]) -> tuple[int, int]:
    """Return the rows and columns of a scalar, a vector or a matrix.

    Raises:
        ValueError: there are more axes; such a tensor needs a fold.
    """
    if len(shape) > 2:
        raise ValueError(f"a tensor of {len(shape)} axes is not a plane")
    rows, columns = (1, 1, *shape)[-2:]
    return rows, columns


def size_of(shape: Sequence[int], fold: Fold) -> tuple[int, int]:
    """Return the width and height in pixels of a tensor, its padding included."""
    cells = _cells(shape, fold)
    across = min(cells.across, cells.count)
    down = -(-cells.count // cells.across)
    return (
        across * (cells.columns + cells.gap) - cells.gap,
        down * (cells.rows + cells.gap) - cells.gap,
    )


def element_at(shape: Sequence[int], fold: Fold, x: int, y: int) -> tuple[int, ...] | None:
    """Return the index of the element at a pixel; None where there is none.

    Args:
        shape: of the tensor.
        fold: of its placement.
        x: the pixel, from the left edge of the placement's box.
        y: the same, from the top.
    """
    cells = _cells(shape, fold)
    right, column = divmod(x, cells.columns + cells.gap)
    below, row = divmod(y, cells.rows + cells.gap)
    cell = below * cells.across + right
    inside = 0 <= right < cells.across and 0 <= cell < cells.count
    if not inside or row >= cells.rows or column >= cells.columns:
        return None
    if cells.kind == "grid":
        return (*_unravel(cell, shape[:-2]), row, column)
    at = (cell * cells.rows + row, column)
    if cells.kind == "columns":
        at = (row, cell * cells.columns + column)
    tall, wide = plane_of(shape)
    return at[2 - len(shape) :] if at[0] < tall and at[1] < wide else None


def pixel_of(shape: Sequence[int], fold: Fold, index: Sequence[int]) -> tuple[int, int]:
    """Return the pixel (x, y), from the corner of the placement's box, of an element."""
    cells = _cells(shape, fold)
    row, column = (0, 0, *index)[-2:]
    if cells.kind == "grid":
        cell = _ravel(index[:-2], shape[:-2])
    elif cells.kind == "rows":
        cell, row = divmod(row, cells.rows)
    else:
        cell, column = divmod(column, cells.columns)
    below, right = divmod(cell, cells.across)
    return right * (cells.columns + cells.gap) + column, below * (cells.rows + cells.gap) + row


def windows(shape: Sequence[int], fold: Fold, box: Box) -> list[Piece]:
    """Return what has to be decoded to paint a box, and where it goes.

    The boxes of the pieces lie in `box`, do not overlap, and hold every element in it. Small cells
    come many at a time, and with what is cut off at the edges of `box`.

    Args:
        shape: of the tensor.
        fold: of its placement.
        box: pixels, from the corner of the placement's box.
    """
    cells = _cells(shape, fold)
    width, height = size_of(shape, fold)
    left, right = max(box.x, 0), min(box.x + box.width, width)
    top, bottom = max(box.y, 0), min(box.y + box.height, height)
    if left >= right or top >= bottom or not prod(shape):
        return []
    across = (left // (cells.columns + cells.gap), (right - 1) // (cells.columns + cells.gap) + 1)
    down = (top // (cells.rows + cells.gap), (bottom - 1) // (cells.rows + cells.gap) + 1)
    wanted = Box(left, top, right - left, bottom - top)
    if _together(shape, cells, across, down):
        return _merged(shape, cells, across, down, wanted)
    return [
        piece
        for below in range(*down)
        for aside in range(*across)
        if (piece := _single(shape, cells, below, aside, wanted)) is not None
    ]


def _fold(kind: str, rows: int, columns: int, count: int, across: int, gap: int) -> dict[str, Any]:
    across = max(1, min(across, count))
    return {
        "kind": kind,
        "rows": rows,
        "columns": columns,
        "count": count,
        "across": across,
        "gap": gap,
    }


def _cells(shape: Sequence[int], fold: Fold) -> _Cells:
    if fold is None:
        return _Cells("rows", *plane_of(shape), 1, 1, 0)
    return _Cells(**fold)


def _single(shape: Sequence[int], cells: _Cells, below: int, aside: int, box: Box) -> Piece | None:
    """Return what of one cell lies in a box."""
    cell = below * cells.across + aside
    if cell >= cells.count:
        return None
    x, y = aside * (cells.columns + cells.gap), below * (cells.rows + cells.gap)
    tall, wide = _extent(shape, cells, cell)
    columns = (max(box.x - x, 0), min(box.x + box.width - x, wide))
    rows = (max(box.y - y, 0), min(box.y + box.height - y, tall))
    if columns[0] >= columns[1] or rows[0] >= rows[1]:
        return None
    size = (rows[1] - rows[0], columns[1] - columns[0])
    place = Box(x + columns[0], y + rows[0], size[1], size[0])
    if cells.kind == "grid":
        leading = tuple((at, at + 1) for at in _unravel(cell, shape[:-2]))
        return Piece((*leading, rows, columns), place, (1, 1), size)
    first = cell * (cells.rows if cells.kind == "rows" else cells.columns)
    if cells.kind == "rows":
        window = (_moved(rows, first), columns)
    else:
        window = (rows, _moved(columns, first))
    return Piece(window[2 - len(shape) :], place, (1, 1), size)


def _extent(shape: Sequence[int], cells: _Cells, cell: int) -> tuple[int, int]:
    """Return the rows and columns of a cell that hold elements; the last one may not be full."""
    if cells.kind == "grid":
        return cells.rows, cells.columns
    tall, wide = plane_of(shape)
    if cells.kind == "rows":
        return min(cells.rows, tall - cell * cells.rows), wide
    return tall, min(cells.columns, wide - cell * cells.columns)


def _together(shape: Sequence[int], cells: _Cells, across: Span, down: Span) -> bool:
    """Tell whether the cells in a range are read at once: small, side by side, in one window."""
    several = (across[1] - across[0]) * (down[1] - down[0]) > 1
    if not several or cells.gap or cells.rows * cells.columns > _SMALL:
        return False
    return cells.kind != "grid" or _split(shape[:-2], cells.across) is not None


def _split(leading: Sequence[int], across: int) -> int | None:
    """Return how many leading axes number the rows of the grid; 0 if a row is a part of the first.

    None where the rows of the grid begin in the middle of an axis.
    """
    for axis in range(len(leading)):
        inner = prod(leading[axis:])
        if axis and across == inner:
            return axis
    return 0 if across % prod(leading[1:]) == 0 else None


def _merged(shape: Sequence[int], cells: _Cells, across: Span, down: Span, box: Box) -> list[Piece]:
    """Return the pieces of small cells: the full rows of the grid, and what is left of them."""
    split = _split(shape[:-2], cells.across) if cells.kind == "grid" else 0
    if split:
        inner, outer = _hull(across, shape[split:-2]), _hull(down, shape[:split])
        corner = (_first(outer, shape[:split]), _first(inner, shape[split:-2]))
        return [_block(shape, cells, outer + inner, (_size(outer), _size(inner)), corner, box)]
    whole = cells.count - (_extent(shape, cells, cells.count - 1) != (cells.rows, cells.columns))
    first, full = down[0], min(down[1], whole // cells.across)
    pieces = []
    if full - first > 1:
        flat = (first * cells.across, full * cells.across)
        grid = (full - first, cells.across)
        pieces.append(_block(shape, cells, _numbers(shape, cells, flat), grid, (first, 0), box))
        first = full
    for below in range(first, down[1]):
        pieces += _line(shape, cells, across, below, whole, box)
    return pieces


def _line(
    shape: Sequence[int], cells: _Cells, across: Span, below: int, whole: int, box: Box
) -> list[Piece]:
    """Return the pieces of small cells in one row of the grid, of which `whole` are not cut off."""
    begin = below * cells.across
    flat = (begin + across[0], min(begin + across[1], whole))
    pieces = []
    if flat[0] < flat[1]:
        spans = _numbers(shape, cells, flat)
        start = spans[0][0] if cells.kind != "grid" else _first(spans, shape[:-2])
        corner, end = (below, start - begin), (flat[1] - begin) * cells.columns
        part = box._replace(width=min(box.x + box.width, end) - box.x)
        pieces.append(_block(shape, cells, spans, (1, _size(spans)), corner, part))
    if whole < cells.count and across[0] <= whole - begin < across[1]:
        rest = _single(shape, cells, below, whole - begin, box)
        pieces += [] if rest is None else [rest]
    return pieces


def _block(
    shape: Sequence[int],
    cells: _Cells,
    numbers: tuple[Span, ...],
    grid: tuple[int, int],
    corner: tuple[int, int],
    box: Box,
) -> Piece:
    """Return a piece of many cells.

    Args:
        shape: of the tensor.
        cells: its fold.
        numbers: which cells, as spans of the leading axes, or of the number of the cell.
        grid: how many, (down, across).
        corner: the row and column of the grid where the first of them would lie.
        box: the pixels that are wanted.
    """
    x, y = corner[1] * cells.columns, corner[0] * cells.rows
    stop = min(box.y + box.height, y + grid[0] * cells.rows)
    top = max(box.y, y)
    rows, offset = (0, cells.rows), (box.x - x, top - y)
    if grid[0] == 1 and cells.kind != "rows":
        rows, offset = (top - y, stop - y), (box.x - x, 0)
    place = Box(box.x, top, box.width, stop - top)
    window: tuple[Span, ...] = (*numbers, rows, (0, cells.columns))
    if cells.kind == "rows":
        window = (_scaled(numbers[0], cells.rows), (0, cells.columns))
    elif cells.kind == "columns":
        window = (rows, _scaled(numbers[0], cells.columns))[2 - len(shape) :]
    size = (rows[1] - rows[0], cells.columns)
    return Piece(window, place, grid, size, offset, strips=cells.kind == "columns")


def _numbers(shape: Sequence[int], cells: _Cells, flat: Span) -> tuple[Span, ...]:
    return _hull(flat, shape[:-2]) if cells.kind == "grid" else (flat,)


def _hull(flat: Span, lengths: Sequence[int]) -> tuple[Span, ...]:
    """Return the smallest window, in row-major order a range, around a range of indices."""
    spans: list[Span] = []
    start, stop = flat
    for axis in range(len(lengths)):
        inner = prod(lengths[axis + 1 :])
        span = (start // inner, -(-stop // inner))
        spans.append(span)
        if span[1] - span[0] > 1:
            return (*spans, *((0, rest) for rest in lengths[axis + 1 :]))
        start, stop = start - span[0] * inner, stop - span[0] * inner
    return tuple(spans)


def _first(spans: Sequence[Span], lengths: Sequence[int]) -> int:
    return _ravel([start for start, _ in spans], lengths)


def _size(spans: Sequence[Span]) -> int:
    return prod(stop - start for start, stop in spans)


def _moved(span: Span, by: int) -> Span:
    return span[0] + by, span[1] + by


def _scaled(span: Span, by: int) -> Span:
    return span[0] * by, span[1] * by


def _ravel(index: Sequence[int], lengths: Sequence[int]) -> int:
    flat = 0
    for at, length in zip(index, lengths, strict=True):
        flat = flat * length + at
    return flat


def _unravel(flat: int, lengths: Sequence[int]) -> tuple[int, ...]:
    index: list[int] = []
    for length in reversed(lengths):
        flat, at = divmod(flat, length)
        index.append(at)
    return tuple(reversed(index))

"""Cuts scattered elements into boxes: the windows that decoders understand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise, product
from math import prod
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.protocols import Window


class BoxOf(NamedTuple):
    """A box of elements, some or all of which are wanted.

    Attributes:
        window: the box, (start, stop) per axis.
        positions: where its wanted elements stand among all that are wanted, ascending.
        chosen: which of its elements they are, row-major; None means all of them.
    """

    window: Window
    positions: NDArray[np.intp]
    chosen: NDArray[np.intp] | None = None

    @property
    def size(self) -> int:
        """How many elements the box holds."""
        return prod(stop - start for start, stop in self.window)


def boxes_of(
    coordinates: NDArray[np.int64], shape: Sequence[int]
) -> tuple[tuple[BoxOf, ...], NDArray[np.intp]]:
    """Return disjoint boxes that hold exactly the elements listed.

    Args:
        coordinates: int64, (axes, elements), in any order, with repeats.
        shape: the lengths of the axes.

    Returns:
        The boxes, and which of the distinct elements each listed one is.
    """
    import numpy as np

    flat = np.zeros(coordinates.shape[1], np.int64)
    for row, length in zip(coordinates, shape, strict=True):
        flat = flat * length + row
    if bool((np.diff(flat) == 1).all()):  # untouched axes are most of all axes
        distinct, inverse = flat, np.arange(len(flat))
    else:
        distinct, inverse = np.unique(flat, return_inverse=True)
    per_axis = [distinct] if len(shape) == 1 else [np.unique(row) for row in coordinates]
    if prod(map(len, per_axis)) == len(distinct):
        boxes = tuple(_grid_boxes(per_axis))
    else:
        boxes = tuple(
            BoxOf(window, np.arange(first, first + count))
            for lo, start, stop in _runs(distinct)
            for window, first, count in _run_boxes(start, stop, shape, lo)
        )
    return boxes, inverse


def hull_of(boxes: Sequence[BoxOf]) -> BoxOf:
    """Return one box around several, with what is wanted of it."""
    import numpy as np

    spans = list(zip(*(box.window for box in boxes), strict=True))
    hull = tuple((min(lo for lo, _ in axis), max(hi for _, hi in axis)) for axis in spans)
    numbers = np.arange(prod(hi - lo for lo, hi in hull)).reshape([hi - lo for lo, hi in hull])
    chosen = np.concatenate(
        [
            numbers[
                tuple(
                    slice(lo - start, hi - start)
                    for (lo, hi), (start, _) in zip(box.window, hull, strict=True)
                )
            ].ravel()
            for box in boxes
        ]
    )
    positions = np.concatenate([box.positions for box in boxes])
    order = positions.argsort()
    return BoxOf(hull, positions[order], chosen[order])


def _runs(distinct: NDArray[np.int64]) -> Iterator[tuple[int, int, int]]:
    """Yield (position, start, stop) of every run of neighbours."""
    import numpy as np

    breaks = np.flatnonzero(np.diff(distinct) != 1) + 1
    edges = [0, *breaks.tolist(), len(distinct)]
    for lo, hi in pairwise(edges):
        start = int(distinct[lo])
        yield lo, start, start + hi - lo


def _grid_boxes(per_axis: Sequence[NDArray[np.int64]]) -> Iterator[BoxOf]:
    """Yield the boxes of every combination of a run per axis."""
    import numpy as np

    counts = [len(values) for values in per_axis]
    positions = np.arange(prod(counts)).reshape(counts)
    for runs in product(*(list(_runs(values)) for values in per_axis)):
        cut = tuple(slice(lo, lo + stop - start) for lo, start, stop in runs)
        yield BoxOf(tuple((start, stop) for _, start, stop in runs), positions[cut].ravel())


def _run_boxes(
    start: int, stop: int, shape: Sequence[int], first: int
) -> Iterator[tuple[Window, int, int]]:
    """Cut a run of row-major indices into boxes: (window, position of its first element, count)."""
    if len(shape) == 1:
        yield ((start, stop),), first, stop - start
        return
    inner = prod(shape[1:])
    while start < stop:
        row, within = divmod(start, inner)
        if within == 0 and stop - start >= inner:
            rows = (stop - start) // inner
            yield ((row, row + rows), *((0, n) for n in shape[1:])), first, rows * inner
            taken = rows * inner
        else:
            taken = min(inner - within, stop - start)
            for window, position, count in _run_boxes(within, within + taken, shape[1:], first):
                yield ((row, row + 1), *window), position, count
        start, first = start + taken, first + taken

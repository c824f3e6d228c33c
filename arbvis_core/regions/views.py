"""Follows a region's view backwards, from a window of the logical array to windows of the stored one.

The logical window is held as bundles. A bundle is a set of axes that are indexed together, a list of
coordinates along them, and the axes of the window that the list runs over; at first every axis is a
bundle of its own. A permutation looks coordinates up, a transpose renames axes, a reshape merges the
bundles it mixes, so that no view ever makes more coordinates than the window has elements.
"""

from __future__ import annotations

from dataclasses import field
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from arbvis_core.errors import FormatError
from arbvis_core.regions.boxes import BoxOf, boxes_of, hull_of
from arbvis_core.slotted import dataclass
from arbvis_core.values import Add, Concat, Permute, Reshape, Slice, Transpose

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.protocols import Window
    from arbvis_core.values import Region, Step

Shape = tuple[int, ...]

#: Stored windows of one logical window; beyond it, scattered elements are read with their gaps.
MOST_PIECES = 1024


class Bundle(NamedTuple):
    """Axes that are indexed together.

    Attributes:
        axes: of the array, ascending.
        coordinates: int64, (axes, elements).
        out: the axes of the logical window that the elements run over, in row-major order.
    """

    axes: tuple[int, ...]
    coordinates: NDArray[np.int64]
    out: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """The stored windows under a logical window, and how their values are put back.

    Attributes:
        windows: of the stored array.
        shape: of the logical window.
        axes: where the only stored window becomes the logical one by a transpose.
        bundles: otherwise, what the windows were made of …
        boxes: … and the boxes of each bundle; the windows are their product.
        constants: what is added to every value, one after the other.
    """

    windows: tuple[Window, ...]
    shape: Shape
    axes: tuple[int, ...] = ()
    bundles: tuple[Bundle, ...] = ()
    boxes: tuple[tuple[BoxOf, ...], ...] = ()
    inverse: tuple[NDArray[np.intp], ...] = ()
    constants: tuple[float, ...] = field(default=())

    def assemble(self, pieces: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Return the values of the logical window from those of the stored windows, in order."""
        import numpy as np

        values = self._gather(pieces) if self.bundles else pieces[0].transpose(self.axes)
        for constant in self.constants:
            values = values + np.float32(constant)
        return values

    def _gather(self, pieces: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        import numpy as np

        stored = [axis for bundle in self.bundles for axis in bundle.axes]
        combinations = list(product(*self.boxes))
        flats = [
            _chosen(piece.transpose(stored).reshape([box.size for box in boxes]), boxes)
            for piece, boxes in zip(pieces, combinations, strict=True)
        ]
        if len(flats) == 1:
            distinct = flats[0]
        else:
            counts = [sum(len(box.positions) for box in boxes) for boxes in self.boxes]
            distinct = np.empty(counts, np.float32)
            for flat, boxes in zip(flats, combinations, strict=True):
                distinct[_at([box.positions for box in boxes])] = flat
        for axis, inverse in enumerate(self.inverse):
            if not _is_range(inverse, distinct.shape[axis]):
                distinct = distinct.take(inverse, axis)
        out = [axis for bundle in self.bundles for axis in bundle.out]
        unrolled = distinct.reshape([self.shape[axis] for axis in out])
        return unrolled.transpose(sorted(range(len(out)), key=out.__getitem__))


def _chosen(values: NDArray[np.float32], boxes: Sequence[BoxOf]) -> NDArray[np.float32]:
    """Keep what is wanted of the boxes of a piece, in the order of its positions."""
    for axis, box in enumerate(boxes):
        if box.chosen is not None:
            values = values.take(box.chosen, axis)
    return values


def _at(positions: Sequence[NDArray[np.intp]]) -> tuple[Any, ...]:
    """Return an index of every combination of positions, by slices where they are neighbours."""
    import numpy as np

    ends = [(int(one[0]), int(one[-1]) + 1) for one in positions]
    if all(hi - lo == len(one) for (lo, hi), one in zip(ends, positions, strict=True)):
        return tuple(slice(lo, hi) for lo, hi in ends)
    return np.ix_(*positions)


def trace(region: Region, window: Window) -> Trace:
    """Return which stored windows a logical window is made of.

    Raises:
        FormatError: the region's view does not fit its shapes.
    """
    shapes = stage_shapes(region)
    if len(window) != len(region.shape) or any(
        not 0 <= start <= stop <= length
        for (start, stop), length in zip(window, region.shape, strict=True)
    ):
        raise ValueError(
            f"window {window} of region {region.name!r}, whose shape is {region.shape}"
        )
    shape = tuple(stop - start for start, stop in window)
    if 0 in shape:
        return Trace((), shape)
    constants = tuple(step.constant for step in region.view if isinstance(step, Add))
    if any(isinstance(step, Permute | Reshape) for step in region.view):
        return _scattered(region, window, shapes, shape, constants)
    axes = tuple(range(len(shape)))
    for step in reversed(region.view):
        if isinstance(step, Slice):
            start, stop = window[step.axis]
            moved = (start + step.start, stop + step.start)
            window = (*window[: step.axis], moved, *window[step.axis + 1 :])
        elif isinstance(step, Transpose):
            back = sorted(range(len(step.axes)), key=step.axes.__getitem__)
            window = tuple(window[axis] for axis in back)
            axes = tuple(step.axes[axis] for axis in axes)
    return Trace((window,), shape, axes, constants=constants)


def _scattered(
    region: Region,
    window: Window,
    shapes: Sequence[Shape],
    shape: Shape,
    constants: Sequence[float],
) -> Trace:
    import numpy as np

    bundles = [
        Bundle((axis,), np.arange(start, stop, dtype=np.int64)[None], (axis,))
        for axis, (start, stop) in enumerate(window)
    ]
    for number in reversed(range(len(region.view))):
        bundles = _back(region, region.view[number], bundles, shapes[number], shapes[number + 1])
    found = [
        boxes_of(bundle.coordinates, [shapes[0][a] for a in bundle.axes]) for bundle in bundles
    ]
    boxes = [one for one, _ in found]
    for number in sorted(range(len(bundles)), key=lambda n: bundles[n].axes[-1:], reverse=True):
        if prod(map(len, boxes)) > MOST_PIECES:
            boxes[number] = (hull_of(boxes[number]),)
    windows = tuple(_window(bundles, combination) for combination in product(*boxes))
    inverse = tuple(one for _, one in found)
    return Trace(windows, shape, (), tuple(bundles), tuple(boxes), inverse, tuple(constants))


def _window(bundles: Sequence[Bundle], boxes: Sequence[BoxOf]) -> Window:
    spans = {
        axis: span
        for bundle, box in zip(bundles, boxes, strict=True)
        for axis, span in zip(bundle.axes, box.window, strict=True)
    }
    return tuple(spans[axis] for axis in sorted(spans))


def _back(
    region: Region, step: Step, bundles: list[Bundle], before: Shape, after: Shape
) -> list[Bundle]:
    """Turn coordinates of the array after a step into coordinates of the one before it."""
    if isinstance(step, Reshape):
        for old, new in _factors(before, after):
            bundles = _unshape(bundles, old, new, before, after)
        return [_sorted(bundle) for bundle in bundles]
    if isinstance(step, Transpose):
        return [
            _sorted(bundle._replace(axes=tuple(step.axes[axis] for axis in bundle.axes)))
            for bundle in bundles
        ]
    if isinstance(step, Slice | Permute):
        return [
            _moved(region, step, bundle, before) if step.axis in bundle.axes else bundle
            for bundle in bundles
        ]
    return bundles


def _moved(region: Region, step: Slice | Permute, bundle: Bundle, before: Shape) -> Bundle:
    row = bundle.axes.index(step.axis)
    coordinates = bundle.coordinates.copy()
    if isinstance(step, Slice):
        coordinates[row] += step.start
    else:
        coordinates[row] = _looked_up(region, step, coordinates[row], before[step.axis])
    return bundle._replace(coordinates=coordinates)


def _looked_up(
    region: Region, step: Permute, wanted: NDArray[np.int64], length: int
) -> NDArray[np.int64]:
    import numpy as np

    if 4 * wanted.size < len(step.order):  # a long order is not turned into an array per tile
        found = np.array([step.order[index] for index in wanted.tolist()], np.int64)
    else:
        found = np.array(step.order, np.int64)[wanted]
    if found.size and not 0 <= found.min() <= found.max() < length:
        raise FormatError(
            f"region {region.name!r}: its view takes index {found.min()} to {found.max()} "
            f"of an axis of {length}"
        )
    return found


def _factors(before: Shape, after: Shape) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Pair the smallest runs of axes that hold the same elements on both sides of a reshape."""
    pairs: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
    old = new = 0
    while old < len(before) or new < len(after):
        first, second = old, new
        left, right = 1, 1
        if old < len(before):
            left, old = before[old], old + 1
        if new < len(after):
            right, new = after[new], new + 1
        while left != right:
            if left < right:
                left, old = left * before[old], old + 1
            else:
                right, new = right * after[new], new + 1
        pairs.append((tuple(range(first, old)), tuple(range(second, new))))
    return pairs


def _unshape(
    bundles: list[Bundle], old: tuple[int, ...], new: tuple[int, ...], before: Shape, after: Shape
) -> list[Bundle]:
    """Replace axes `new` by axes `old` (kept apart as -1 - axis until every run is replaced)."""
    import numpy as np

    names = tuple(-1 - axis for axis in old)
    touched = [bundle for bundle in bundles if set(bundle.axes) & set(new)]
    rest = [bundle for bundle in bundles if not set(bundle.axes) & set(new)]
    merged = _merged(touched)
    if len(old) == len(new) == 1:
        axes = tuple(names[0] if axis == new[0] else axis for axis in merged.axes)
        return [*rest, merged._replace(axes=axes)]
    flat = np.zeros(merged.coordinates.shape[1], np.int64)
    for axis in new:
        flat = flat * after[axis] + merged.coordinates[merged.axes.index(axis)]
    rows = np.zeros((len(old), flat.size), np.int64)
    for row in reversed(range(len(old))):
        flat, rows[row] = np.divmod(flat, before[old[row]])
    kept = [row for row, axis in enumerate(merged.axes) if axis not in new]
    axes = (*(merged.axes[row] for row in kept), *names)
    return [*rest, Bundle(axes, np.vstack([merged.coordinates[kept], rows]), merged.out)]


def _merged(bundles: Sequence[Bundle]) -> Bundle:
    """Return the bundle of every combination of elements."""
    import numpy as np

    if len(bundles) == 1:
        return bundles[0]
    axes: tuple[int, ...] = ()
    out: tuple[int, ...] = ()
    coordinates = np.zeros((0, 1), np.int64)
    for bundle in bundles:
        count, more = coordinates.shape[1], bundle.coordinates.shape[1]
        coordinates = np.vstack(
            [coordinates.repeat(more, axis=1), np.tile(bundle.coordinates, count)]
        )
        axes += bundle.axes
        out += bundle.out
    return Bundle(axes, coordinates, out)


def _sorted(bundle: Bundle) -> Bundle:
    """Give axes their names back, in ascending order: that is how memory runs."""
    axes = [-1 - axis if axis < 0 else axis for axis in bundle.axes]
    order = sorted(range(len(axes)), key=axes.__getitem__)
    in_order = order == list(range(len(axes)))
    coordinates = bundle.coordinates if in_order else bundle.coordinates[order]
    return Bundle(tuple(sorted(axes)), coordinates, bundle.out)


def _is_range(inverse: NDArray[np.intp], count: int) -> bool:
    import numpy as np

    return inverse.size == count and bool(np.array_equal(inverse, np.arange(count)))


def stage_shapes(region: Region) -> list[Shape]:
    """Return the shape before the view and after each of its steps.

    Raises:
        FormatError: a step does not fit.
    """
    shape = _joined(region) if is_concat(region) else region.stored_shape
    shapes = [shape]
    for number, step in enumerate(region.view):
        fitting = _after(step, shape) if number or not isinstance(step, Concat) else shape
        if fitting is None:
            raise FormatError(
                f"region {region.name!r}: step {number + 1} of its view, "
                f"{type(step).__name__}, does not fit shape {shape}"
            )
        shape = fitting
        shapes.append(shape)
    if shape != region.shape:
        raise FormatError(
            f"region {region.name!r}: its view makes shape {shape}, not {region.shape}"
        )
    return shapes


def is_concat(region: Region) -> bool:
    """Tell whether the region is made of its operands, side by side."""
    return bool(region.view) and isinstance(region.view[0], Concat)


def concat_axis(region: Region) -> int:
    """Return the axis along which the operands are joined."""
    step = region.view[0]
    return step.axis if isinstance(step, Concat) else 0


def _joined(region: Region) -> Shape:
    axis = concat_axis(region)
    shapes = [operand.shape for operand in region.operands]
    alike = {(len(shape), shape[:axis], shape[axis + 1 :]) for shape in shapes}
    if region.parts or len(alike) != 1 or not 0 <= axis < len(shapes[0]):
        raise FormatError(
            f"region {region.name!r}: shapes {shapes} cannot be joined along axis {axis}"
        )
    return (*shapes[0][:axis], sum(shape[axis] for shape in shapes), *shapes[0][axis + 1 :])


def _after(step: Step, shape: Shape) -> Shape | None:
    """Return the shape after a step, or None where the step does not fit."""
    if isinstance(step, Add):
        return shape
    if isinstance(step, Transpose):
        fits = sorted(step.axes) == list(range(len(shape)))
        return tuple(shape[axis] for axis in step.axes) if fits else None
    if isinstance(step, Reshape):
        fits = min(step.shape, default=0) >= 0 and prod(step.shape) == prod(shape)
        return step.shape if fits else None
    if isinstance(step, Concat) or not 0 <= step.axis < len(shape):
        return None
    length = len(step.order) if isinstance(step, Permute) else step.stop - step.start
    if isinstance(step, Slice) and not 0 <= step.start <= step.stop <= shape[step.axis]:
        return None
    return (*shape[: step.axis], length, *shape[step.axis + 1 :])

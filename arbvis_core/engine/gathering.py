"""The planes of a tile, put together from those of the four tiles under it.

A plane that has one value everywhere, as counts and flags mostly have, stays one number: an array
whose strides are 0, as `np.broadcast_to` makes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from arbvis_core.values import TILE, Plane, TileKey

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Planes = Mapping[str, NDArray[Any]]

#: The quarters of a tile: row and column.
_PLACES = ((0, 0), (0, 1), (1, 0), (1, 1))


class Gathering:
    """Planes of a tile while its quarters come; nothing lies in those that never do.

    Args:
        declared: the planes.
        side: of what they become: of the tile, or half of it.

    Attributes:
        empty: whether no quarter has come.
    """

    def __init__(self, declared: Sequence[Plane], side: int = TILE) -> None:
        self._gathered = [_Gathered(plane, side) for plane in declared]
        self.empty = True

    def put(self, child: TileKey, planes: Planes, *, folded: bool) -> None:
        """Take the planes of the tile under a quarter.

        Args:
            child: that tile.
            planes: of half the side, or of the whole side, to be folded to half of it.
            folded: whether they are already.
        """
        self.empty = False
        for one in self._gathered:
            one.put((child.y & 1, child.x & 1), planes[one.plane.name], folded)

    def planes(self) -> Planes:
        """Return the planes, (side, side) each; some are read-only."""
        return {one.plane.name: one.whole() for one in self._gathered}


class _Gathered:
    """One plane: an array if any of its quarters is one."""

    def __init__(self, plane: Plane, side: int) -> None:
        self.plane = plane
        self._side = side
        self._array: NDArray[Any] | None = None
        self._numbers: dict[tuple[int, int], Any] = dict.fromkeys(_PLACES, 0)

    def put(self, place: tuple[int, int], values: NDArray[Any], folded: bool) -> None:  # noqa: FBT001
        import numpy as np

        if is_constant(values):
            number = (values if folded else half_size(values, self.plane))[0, 0]
            self._numbers[place] = number
            return
        del self._numbers[place]
        if self._array is None:
            self._array = np.empty((self._side, self._side), self.plane.dtype)
        if folded:
            self._array[self._quarter(place)] = values
        else:
            half = self._side // 2
            _fold(values, self.plane, self._array, (place[0] * half, place[1] * half))

    def whole(self) -> NDArray[Any]:
        import numpy as np

        if self._array is None and len(set(self._numbers.values())) == 1:
            return constant(self._numbers[0, 0], self.plane.dtype, self._side)
        if self._array is None:
            self._array = np.empty((self._side, self._side), self.plane.dtype)
        for place, number in self._numbers.items():
            self._array[self._quarter(place)] = number
        return self._array

    def _quarter(self, place: tuple[int, int]) -> tuple[slice, slice]:
        return quarter(place[0], place[1], self._side)


def quarter(row: int, column: int, side: int = TILE) -> tuple[slice, slice]:
    """Return where a quarter of a tile lies: its rows and its columns."""
    half = side // 2
    return slice(row * half, row * half + half), slice(column * half, column * half + half)


@lru_cache(maxsize=256)
def constant(number: Any, dtype: str, side: int) -> NDArray[Any]:
    """Return a plane that is one number, (side, side)."""
    import numpy as np

    return np.broadcast_to(np.asarray(number, dtype), (side, side))


def is_constant(values: NDArray[Any]) -> bool:
    """Tell whether a plane is one number."""
    return not any(values.strides)


def half_size(values: NDArray[Any], plane: Plane) -> NDArray[Any]:
    """Fold the values of a plane, (side, side), 2 × 2."""
    import numpy as np

    if is_constant(values):
        number = values[:1, :4].sum(dtype=values.dtype) if plane.fold == "sum" else values[0, 0]
        return constant(number, plane.dtype, len(values) // 2)
    folded = np.empty((len(values) // 2, len(values) // 2), plane.dtype)
    _fold(values, plane, folded)
    return folded


def _fold(
    values: NDArray[Any], plane: Plane, into: NDArray[Any], corner: tuple[int, int] = (0, 0)
) -> None:
    from arbvis_core.kernels.fold import fold

    fold(values, plane.fold, into, corner)

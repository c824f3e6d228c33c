"""The steps of a region's view, from the array as it is stored to the array as it is meant.

They are data: `arbvis_core.regions` follows them backwards, from a window of the logical array to
the stored elements under it, so that a view never reads more than it shows.
"""

from __future__ import annotations

from arbvis_core.slotted import dataclass


@dataclass(frozen=True, slots=True)
class Transpose:
    """Reorder the axes, as `numpy.transpose(array, axes)` does."""

    axes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """Keep `start` up to, not including, `stop` along one axis."""

    axis: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Permute:
    """Reorder one axis, as `numpy.take(array, order, axis)` does."""

    axis: int
    order: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reshape:
    """Change the shape and keep the row-major order, as `numpy.reshape` does."""

    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Add:
    """Add a constant to every value (a norm that is stored as its difference from 1)."""

    constant: float


@dataclass(frozen=True, slots=True)
class Concat:
    """Join the region's operands along one axis; only as the first step, of a region without parts."""

    axis: int


Step = Transpose | Slice | Permute | Reshape | Add | Concat

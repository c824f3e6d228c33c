"""Two files laid beside each other piece by piece, where what belongs together is not at one offset.

A table of pieces is int64, (n, 4): from where to where on the left, and on the right. A piece is as
long as the longer of its sides. Where the right begins at -1 both are known to say the same, and
nothing is read.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Where the right of a piece begins that is known to be the same on both sides.
SAME = -1
#: Bytes between two pieces that are rather read than skipped.
NEAR = 4 << 10


class Run(NamedTuple):
    """Bytes of one side that lie at consecutive positions.

    Attributes:
        side: 0 left, 1 right.
        at: the first position.
        start: the first byte.
        size: how many they are.
    """

    side: int
    at: int
    start: int
    size: int


class Reading(NamedTuple):
    """What is read of one side, and the runs that lie in it."""

    side: int
    start: int
    stop: int
    runs: tuple[Run, ...]


@lru_cache(maxsize=8)
def table_of(packed: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pieces, (n, 4), and where they begin on the axis, (n + 1,)."""
    import numpy as np

    pieces = np.frombuffer(base64.b64decode(packed), "<i8").reshape(-1, 4)
    sizes = np.maximum(pieces[:, 1] - pieces[:, 0], pieces[:, 3] - pieces[:, 2])
    positions = np.zeros(len(pieces) + 1, np.int64)
    np.cumsum(sizes, out=positions[1:])
    return pieces, positions


def pack(pieces: list[tuple[int, int, int, int]]) -> tuple[str, int]:
    """Return a table as base64, and how long its axis is."""
    import numpy as np

    table = np.array(pieces, "<i8").reshape(-1, 4)
    packed = base64.b64encode(table.tobytes()).decode("ascii")
    return packed, int(table_of(packed)[1][-1])


def same(packed: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Yield the positions between two that both sides are known to share."""
    for at, (_, _, right, _), size in _met(packed, start, stop):
        if right == SAME:
            yield max(at, start), min(at + size, stop)


def runs(packed: str, start: int, stop: int) -> Iterator[Run]:
    """Yield what has to be read for the positions between two."""
    for at, piece, _ in _met(packed, start, stop):
        if piece[2] == SAME:
            continue
        for side in (0, 1):
            first = max(start - at, 0)
            size = min(piece[2 * side + 1] - piece[2 * side], stop - at) - first
            if size > 0:
                yield Run(side, at + first, piece[2 * side] + first, size)


def stored(packed: str, start: int, stop: int, side: int) -> Iterator[Run]:
    """Yield where the bytes of one side stand for the positions between two.

    What both say stands on the left, and is told of it whichever side is asked for.
    """
    for at, piece, _ in _met(packed, start, stop):
        held = 0 if piece[2] == SAME else side
        first = max(start - at, 0)
        size = min(piece[2 * held + 1] - piece[2 * held], stop - at) - first
        if size > 0:
            yield Run(held, at + first, piece[2 * held] + first, size)


def readings(packed: str, start: int, stop: int) -> list[Reading]:
    """Return what is read for the positions between two, in few pieces: what lies near, in one."""
    found: list[Reading] = []
    gathered: list[Run] = []
    begin = end = 0
    for one in sorted(runs(packed, start, stop), key=lambda run: (run.side, run.start)):
        if gathered and (one.side != gathered[0].side or one.start - end > NEAR):
            found.append(Reading(gathered[0].side, begin, end, tuple(gathered)))
            gathered = []
        if not gathered:
            begin = end = one.start
        gathered.append(one)
        end = max(end, one.start + one.size)
    if gathered:
        found.append(Reading(gathered[0].side, begin, end, tuple(gathered)))
    return found


def _met(packed: str, start: int, stop: int) -> Iterator[tuple[int, list[int], int]]:
    """Yield position, piece and size of the pieces between two positions."""
    import numpy as np

    pieces, positions = table_of(packed)
    first = max(0, int(np.searchsorted(positions, start, "right")) - 1)
    last = int(np.searchsorted(positions, stop, "left"))
    chosen = pieces[first:last].tolist()
    begins = positions[first : last + 1].tolist()
    for index, piece in enumerate(chosen):
        yield begins[index], piece, begins[index + 1] - begins[index]

"""Overviews of tensors from a few of their rows.

Every tensor under a tile is cut into strips of one pixel or more, and of each strip one line of
elements is read: a row, or a column where columns are what is stored together. It stands for its
strip. Where there is less to spend than tensors to look at, they are looked at in turn, and the rest
are drawn as what the plan's sample says is typical of them.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from arbvis_core.api import TILE, Box, Sketch
from modelweightvis.folds import Piece, windows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.api import Budget, Crop, Placement, ScenePlan, TileKey

#: Bytes between two rows of a crop that are rather read than skipped, as the core does.
NEAR = 16 << 10


class Reading(NamedTuple):
    """How tensors are read.

    Attributes:
        able: tells whether the elements of a placement can be known.
        crops: what a piece of it reads.
    """

    able: Callable[[Placement], bool]
    crops: Callable[[Placement, Piece], Sequence[Crop]]


class Line(NamedTuple):
    """A line of elements that is read.

    Attributes:
        whole: it reaches from edge to edge of what is seen of the tensor.
        pieces: what it is decoded as.
        crops: what that reads.
    """

    whole: bool
    pieces: tuple[Piece, ...]
    crops: tuple[Crop, ...]

    @property
    def cost(self) -> tuple[int, int]:
        """Bytes and reads."""
        size = runs = 0
        for crop in self.crops:
            near = crop.stride - crop.row_bytes <= NEAR
            size += crop.stop - crop.start if near else crop.size
            runs += 1 if near else crop.rows
        return size, runs


class Field(NamedTuple):
    """What is seen of a tensor in a tile.

    Attributes:
        placement: the tensor.
        box: what is seen, in pixels of the maximum zoom, from the tensor's corner.
        down: lines run down, not across.
        lines: one per strip, in order; none if nothing is looked at.
    """

    placement: Placement
    box: Box
    down: bool
    lines: tuple[Line, ...]


class Fields(NamedTuple):
    """What is seen in a tile.

    Attributes:
        looked: what something is read of.
        others: numbers of the other placements of the plan that are seen, ascending, int64.
        boxes: what is seen of those, in pixels of the maximum zoom from the tile's corner, int64,
            (others, 4).
    """

    looked: tuple[Field, ...]
    others: NDArray[np.int64]
    boxes: NDArray[np.int64]


def sketch(plan: ScenePlan, key: TileKey, reading: Reading, budget: Budget) -> Sketch:
    """Return what to read for a tile; the notes are its fields."""
    found = fields(plan, key, reading, budget)
    crops = (crop for one in found.looked for line in one.lines for crop in line.crops)
    return Sketch(tuple(crops), found)


def fields(plan: ScenePlan, key: TileKey, reading: Reading, budget: Budget) -> Fields:
    """Return what is seen in a tile, and what is looked at: no more than the budget allows."""
    import numpy as np

    scale = 1 << (plan.canvas.max_zoom - key.zoom)
    numbers, boxes = _seen(plan, key, scale)
    areas = boxes[:, 2] * boxes[:, 3]
    order = np.random.default_rng(0).permutation(numbers.size)  # among those of one size
    order = order[np.argsort(areas[order], kind="stable")]
    # Each brings its share, and is looked at if what is not spent by then is enough for it.
    share = areas[order].cumsum() / max(1, areas.sum())
    sizes, runs = budget.bytes * share, budget.reads * share
    turn, spent, looked = 0, (0, 0), dict[int, Field]()
    while (turn := max(turn, int(runs.searchsorted(spent[1] + 1)))) < order.size:
        at = int(order[turn])
        placement = plan.placements[numbers[at]]
        if reading.able(placement):
            x, y, width, height = boxes[at].tolist()
            corner = x + key.x * TILE * scale, y + key.y * TILE * scale
            seen = Box(corner[0] - placement.box.x, corner[1] - placement.box.y, width, height)
            left = int(sizes[turn] - spent[0]), int(runs[turn] - spent[1])
            one = _looked_at(Field(placement, seen, down=False, lines=()), scale, reading, left)
            for size, count in (line.cost for line in one.lines):
                spent = spent[0] + size, spent[1] + count
            if one.lines:
                looked[at] = one
        turn += 1
    others = np.ones(numbers.size, np.bool_)
    others[[*looked]] = False
    return Fields((*looked.values(),), numbers[others], boxes[others])


def _seen(plan: ScenePlan, key: TileKey, scale: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the numbers of the placements that meet a tile, and what is seen of each, from its corner."""
    import numpy as np

    placed = chain.from_iterable([one.box for one in plan.placements])
    boxes = np.fromiter(placed, np.int64, 4 * len(plan.placements)).reshape(-1, 4)
    boxes[:, :2] -= np.array([key.x, key.y]) * TILE * scale
    ends = np.minimum(boxes[:, :2] + boxes[:, 2:], TILE * scale)
    boxes[:, :2] = np.maximum(boxes[:, :2], 0)
    boxes[:, 2:] = ends - boxes[:, :2]
    seen = (boxes[:, 2] > 0) & (boxes[:, 3] > 0)
    numbers = seen.nonzero()[0]
    there = [0 not in plan.placements[number].region.shape for number in numbers.tolist()]
    numbers = numbers[np.array(there, np.bool_)]
    return numbers, boxes[numbers]


def _looked_at(field: Field, scale: int, reading: Reading, most: tuple[int, int]) -> Field:
    """Return a field with the lines that can be afforded; at least a part of one, if any."""
    down, example = _direction(field, reading)
    across, along = (field.box.width, field.box.height) if down else field.box[:1:-1]
    size, runs = (max(1, one) for one in example.cost)
    count = min(-(-across // scale), most[0] // size, most[1] // runs)
    length = along
    if not count:
        length = int(along * min(1, most[0] / size, most[1] / runs))
        count = min(1, length)
    field, lines, left = field._replace(down=down), [], most
    for number in range(count):
        at = (2 * number + 1) * across // (2 * count)
        line = _line(field, at, (along - length) // 2, length, reading)
        left = (left[0] - line.cost[0], left[1] - line.cost[1])
        if min(left) < 0:
            return field  # rounding up to blocks of a packed type costs more than there is
        lines.append(line)
    return field._replace(lines=tuple(lines))


def _direction(field: Field, reading: Reading) -> tuple[bool, Line]:
    """Tell whether columns are cheaper than rows, and what one of them reads."""
    _, _, width, height = field.box
    row = _line(field, height // 2, 0, width, reading)
    if row.cost[1] <= len(row.crops):
        return False, row
    column = _line(field._replace(down=True), width // 2, 0, height, reading)
    cheaper = column.cost[1] * width < row.cost[1] * height
    return cheaper, column if cheaper else row


def _line(field: Field, at: int, start: int, length: int, reading: Reading) -> Line:
    x, y, _, _ = field.box
    box = Box(x + at, y + start, 1, length) if field.down else Box(x + start, y + at, length, 1)
    placement = field.placement
    pieces = tuple(windows(placement.region.shape, placement.fold, box))
    asked = (crop for piece in pieces for crop in reading.crops(placement, piece))
    whole = length == (field.box.height if field.down else field.box.width)
    return Line(whole, pieces, tuple(asked))

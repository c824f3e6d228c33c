"""Overviews of tensors from a few of their rows.

Every tensor under a tile is cut into strips of one pixel or more, and of each strip one line of
elements is read: a row, or a column where columns are what is stored together. It stands for its
strip. Where there is less to spend than tensors to look at, they are looked at in turn, and the rest
are drawn as what the plan's sample says is typical of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from arbvis_core.api import TILE, Box, Sketch
from modelweightvis.folds import Piece, windows
from modelweightvis.render.deciding import reference
from modelweightvis.render.pieces import crops, decodable, values
from modelweightvis.render.sampling import role_of
from modelweightvis.render.shading import HATCHED

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.api import Budget, Crop, Placement, ScenePlan, TileKey
    from modelweightvis.render.looks import Looks
    from modelweightvis.render.pieces import Decoders

#: Bytes between two rows of a crop that are rather read than skipped, as the core does.
NEAR = 16 << 10
#: Mean |x|, rms and greatest |x| of many normal values, by their median |x|.
TYPICAL = {"sum_abs": 1.183, "sum_squares": 1.483**2, "max_abs": 6.0, "sum": 0.0}


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


def sketch(plan: ScenePlan, key: TileKey, decoders: Decoders, budget: Budget) -> Sketch:
    """Return what to read for a tile; the notes are its fields."""
    found = fields(plan, key, decoders, budget)
    return Sketch(tuple(crop for one in found for line in one.lines for crop in line.crops), found)


def fields(plan: ScenePlan, key: TileKey, decoders: Decoders, budget: Budget) -> list[Field]:
    """Return what is seen in a tile, and what is looked at: no more than the budget allows."""
    scale = 1 << (plan.canvas.max_zoom - key.zoom)
    seen = list(_seen(plan, key, scale))
    Random(0).shuffle(seen)  # noqa: S311 - tensors of one size are looked at in no order of theirs
    seen.sort(key=lambda one: one[1].width * one[1].height)
    total = sum(box.width * box.height for _, box in seen)
    size, runs, found = 0.0, 0.0, []
    for placement, box in seen:
        share = box.width * box.height / total
        size, runs = size + budget.bytes * share, runs + budget.reads * share
        one = Field(placement, box, down=False, lines=())
        if decodable(placement.region, decoders) and runs >= 1:
            one = _looked_at(one, scale, decoders, (int(size), int(runs)))
        found.append(one)
        for line in one.lines:
            size, runs = size - line.cost[0], runs - line.cost[1]
    return found


def _seen(plan: ScenePlan, key: TileKey, scale: int) -> Iterator[tuple[Placement, Box]]:
    """Yield what meets a tile, and which part of it does."""
    side = TILE * scale
    for one in plan.placements:
        _, _, width, height = one.box
        left, top = max(key.x * side - one.box.x, 0), max(key.y * side - one.box.y, 0)
        right = min((key.x + 1) * side - one.box.x, width)
        bottom = min((key.y + 1) * side - one.box.y, height)
        if left < right and top < bottom and 0 not in one.region.shape:
            yield one, Box(left, top, right - left, bottom - top)


def _looked_at(field: Field, scale: int, decoders: Decoders, most: tuple[int, int]) -> Field:
    """Return a field with the lines that can be afforded; at least a part of one, if any."""
    down, example = _direction(field, decoders)
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
        line = _line(field, at, (along - length) // 2, length, decoders)
        left = (left[0] - line.cost[0], left[1] - line.cost[1])
        if min(left) < 0:
            return field  # rounding up to blocks of a packed type costs more than there is
        lines.append(line)
    return field._replace(lines=tuple(lines))


def _direction(field: Field, decoders: Decoders) -> tuple[bool, Line]:
    """Tell whether columns are cheaper than rows, and what one of them reads."""
    _, _, width, height = field.box
    row = _line(field, height // 2, 0, width, decoders)
    if row.cost[1] <= len(row.pieces):
        return False, row
    column = _line(field._replace(down=True), width // 2, 0, height, decoders)
    cheaper = column.cost[1] * width < row.cost[1] * height
    return cheaper, column if cheaper else row


def _line(field: Field, at: int, start: int, length: int, decoders: Decoders) -> Line:
    x, y, _, _ = field.box
    box = Box(x + at, y + start, 1, length) if field.down else Box(x + start, y + at, length, 1)
    placement = field.placement
    pieces = tuple(windows(placement.region.shape, placement.fold, box))
    asked = (crop for piece in pieces for crop in crops(placement, piece, decoders))
    whole = length == (field.box.height if field.down else field.box.width)
    return Line(whole, pieces, tuple(asked))


def planes(
    plan: ScenePlan,
    key: TileKey,
    sketched: Sketch,
    parts: Sequence[NDArray[np.uint8]],
    decoders: Decoders,
    looks: Looks,
) -> Mapping[str, NDArray[Any]]:
    """Estimate a tile's planes from what the lines of its fields read."""
    import numpy as np

    scale = 1 << (plan.canvas.max_zoom - key.zoom)
    found = {one.name: np.zeros((TILE, TILE), one.dtype) for one in looks.planes}
    named = {name.partition("/")[0]: plane for name, plane in found.items()}
    buffers = iter(parts)
    unseen: list[tuple[Field, float]] = []
    for field in sketched.notes:
        octaves = reference(plan.decisions, field.placement, looks.scale)
        strips = [
            _measured(field, line, key, scale, octaves, named, decoders, buffers)
            for line in field.lines
        ]
        if not decodable(field.placement.region, decoders):
            strips = [{"flags": np.array([HATCHED], np.uint8)}]
        elif not strips:
            unseen.append((field, _median(plan, field.placement, octaves)))
            continue
        _spread(field, strips, key, scale, named)
    _assume(unseen, key, scale, named)
    return found


def _edges(field: Field, key: TileKey, scale: int, *, down: bool) -> NDArray[np.int64]:
    """Return where pixels begin and end along an axis of a field, in elements from its edge."""
    import numpy as np

    box = field.placement.box
    first = (field.box.y + box.y) if down else (field.box.x + box.x)
    first -= (key.y if down else key.x) * TILE * scale
    last = first + (field.box.height if down else field.box.width)
    edges = np.arange(first // scale, -(-last // scale) + 1) * scale
    return np.clip(edges, first, last) - first


def _measured(
    field: Field,
    line: Line,
    key: TileKey,
    scale: int,
    octaves: float,
    named: Mapping[str, NDArray[Any]],
    decoders: Decoders,
    buffers: Iterator[NDArray[np.uint8]],
) -> dict[str, NDArray[Any]]:
    """Return what one element's breadth of a line adds to the pixels along it."""
    import numpy as np

    edges = _edges(field, key, scale, down=field.down)
    found = {name: np.zeros(edges.size - 1, plane.dtype) for name, plane in named.items()}
    for piece in line.pieces:
        elements = values(field.placement, piece, buffers, decoders).reshape(-1)
        start = piece.box.y - field.box.y if field.down else piece.box.x - field.box.x
        cuts = np.searchsorted(edges, (start, start + elements.size), "right") - 1
        first, last = int(cuts[0]), int(min(cuts[1], edges.size - 2))
        at = np.maximum(edges[first : last + 1] - start, 0)
        at, places = at[at < elements.size], np.arange(first, last + 1)[at < elements.size]
        _add(found, places, at, elements * np.float32(2**-octaves))
    if not line.whole:
        _fill(found, np.diff(edges))
    return found


def _add(
    found: dict[str, NDArray[Any]],
    places: NDArray[np.int64],
    at: NDArray[np.int64],
    elements: NDArray[np.float32],
) -> None:
    """Add up elements from each of `at` to the next."""
    import numpy as np

    finite = np.isfinite(elements)
    kept = np.where(finite, elements, np.float32(0))
    terms = {
        "count": finite.astype(np.float32),
        "sum": kept,
        "sum_abs": np.abs(kept),
        "sum_squares": kept * kept,
    }
    for name in terms.keys() & found.keys():
        found[name][places] += np.add.reduceat(terms[name], at)
    if "max_abs" in found:
        peaks = np.maximum.reduceat(np.abs(kept), at)
        found["max_abs"][places] = np.maximum(found["max_abs"][places], peaks)
    if not finite.all():
        bits = np.isnan(elements) * 1 + np.isposinf(elements) * 2 + np.isneginf(elements) * 4
        found["flags"][places] |= np.bitwise_or.reduceat(bits.astype(np.uint8), at)


def _fill(found: dict[str, NDArray[Any]], lengths: NDArray[np.int64]) -> None:
    """Let what was read of a line stand for the rest of it."""
    count = found["count"]
    total, rest = float(count.sum()), count == 0
    if not total:
        return
    for name, plane in found.items():
        if name == "max_abs":
            plane[rest] = plane.max()
        elif name != "flags":
            plane[rest] = float(plane.sum()) / total * lengths[rest]


def _median(plan: ScenePlan, placement: Placement, octaves: float) -> float:
    """Return the median |x| of a tensor that was not looked at, by its own sample or its role's."""
    role = plan.decisions.get("roles", {}).get(role_of(placement), {})
    own = plan.decisions.get("placements", {}).get(placement.name, role)
    return float(2.0 ** (float(own.get("log2_median", 0.0)) - octaves))


def _assume(
    unseen: Sequence[tuple[Field, float]],
    key: TileKey,
    scale: int,
    named: Mapping[str, NDArray[Any]],
) -> None:
    """Add what was not looked at to the planes of a tile: every element of it is typical."""
    import numpy as np

    from modelweightvis.kernels.rectangles import add_rectangles, raise_rectangles

    if not unseen:
        return
    medians = np.array([median for _, median in unseen], np.float32)
    corner = np.array([key.x * TILE * scale, key.y * TILE * scale, 0, 0])
    seen = np.array([one.box for one, _ in unseen], np.int64)
    seen[:, :2] += np.array([one.placement.box[:2] for one, _ in unseen], np.int64)
    boxes = seen - corner
    for name, plane in named.items():
        if name == "count":
            add_rectangles(boxes, np.ones_like(medians), scale, plane)
        elif name == "max_abs":
            raise_rectangles(boxes, TYPICAL[name] * medians, scale, plane)
        elif name in TYPICAL:
            power = 2 if name == "sum_squares" else 1
            add_rectangles(boxes, np.float32(TYPICAL[name]) * medians**power, scale, plane)


def _spread(
    field: Field,
    strips: Sequence[Mapping[str, NDArray[Any]]],
    key: TileKey,
    scale: int,
    named: Mapping[str, NDArray[Any]],
) -> None:
    """Add strips to the planes of a tile, each as broad as what it stands for."""
    import numpy as np

    breadth = np.diff(_edges(field, key, scale, down=not field.down))
    length = np.diff(_edges(field, key, scale, down=field.down))
    chosen = np.arange(breadth.size) * len(strips) // breadth.size
    side = TILE * scale
    top = (field.box.y + field.placement.box.y - key.y * side) // scale
    left = (field.box.x + field.placement.box.x - key.x * side) // scale
    for name, plane in named.items():
        if name not in strips[0]:
            continue
        lines = np.stack([one[name] for one in strips])
        lines = np.broadcast_to(lines, (len(strips), length.size))[chosen]
        area = plane.T[left:, top:] if field.down else plane[top:, left:]
        area = area[: breadth.size, : length.size]
        if name == "flags":
            area |= lines
        elif name == "max_abs":
            np.maximum(area, lines, out=area)
        else:
            area += lines * breadth[:, None].astype(np.float32)

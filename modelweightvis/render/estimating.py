"""The planes of a tile from what was read of a few lines of its tensors.

Each line stands for its strip; what was not looked at is drawn as what the plan's sample says is
typical of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from arbvis_core.api import TILE
from modelweightvis.render.deciding import reference
from modelweightvis.render.pieces import decodable, values
from modelweightvis.render.sampling import role_of
from modelweightvis.render.shading import HATCHED

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.api import Placement, ScenePlan, Sketch, TileKey
    from modelweightvis.options import Scale
    from modelweightvis.render.looks import Looks
    from modelweightvis.render.pieces import Decoders
    from modelweightvis.render.sketching import Field, Line

#: Mean |x|, rms and greatest |x| of many normal values, by their median |x|.
TYPICAL = {"sum_abs": 1.183, "sum_squares": 1.483**2, "max_abs": 6.0, "sum": 0.0}

#: What is added up of elements.
_TERMS: Mapping[str, Callable[[NDArray[np.float32]], NDArray[np.float32]]] = {
    "sum": lambda elements: elements,
    "sum_abs": abs,
    "sum_squares": lambda elements: elements * elements,
}


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
    buffers, seen = iter(parts), sketched.notes
    with np.errstate(over="ignore", invalid="ignore"):  # sums that exceed a float32 are infinite
        for field in seen.looked:
            octaves = reference(plan.decisions, field.placement, looks.scale)
            ends = ends_of(field, key, scale)
            strips = [
                _measured(field, line, ends.along, octaves, named, decoders, buffers)
                for line in field.lines
            ]
            spread(field, strips, ends, key, scale, named)
        others = [plan.placements[number] for number in seen.others.tolist()]
        medians = np.array(_medians(others, plan.decisions, looks.scale), np.float32)
        known = np.array([decodable(one.region, decoders) for one in others], np.bool_)
        for box in seen.boxes[~known]:
            mark(box, scale, named["flags"], HATCHED)
        _assume(seen.boxes[known], medians[known], scale, named)
    return found


def mark(box: NDArray[np.int64], scale: int, flags: NDArray[np.uint8], bit: int) -> None:
    """Flag what cannot be estimated: a box in pixels of the maximum zoom from the tile's corner."""
    left, top, width, height = box.tolist()
    down = slice(top // scale, -(-(top + height) // scale))
    across = slice(left // scale, -(-(left + width) // scale))
    flags[down, across] |= bit


class Ends(NamedTuple):
    """Where pixels begin and end along the lines of a field and across them, in elements from its edge."""

    along: NDArray[np.int64]
    across: NDArray[np.int64]


def ends_of(field: Field, key: TileKey, scale: int) -> Ends:
    """Return where the pixels of a tile begin and end in a field."""
    x, y, width, height = field.box
    corner = field.placement.box
    right = _edges(x + corner.x - key.x * TILE * scale, width, scale)
    down = _edges(y + corner.y - key.y * TILE * scale, height, scale)
    return Ends(down, right) if field.down else Ends(right, down)


def _edges(first: int, length: int, scale: int) -> NDArray[np.int64]:
    """Return where pixels begin and end along a length, from its beginning."""
    import numpy as np

    edges = np.arange(first // scale, -(-(first + length) // scale) + 1) * scale - first
    edges[0], edges[-1] = 0, length
    return edges


def _measured(
    field: Field,
    line: Line,
    edges: NDArray[np.int64],
    octaves: float,
    named: Mapping[str, NDArray[Any]],
    decoders: Decoders,
    buffers: Iterator[NDArray[np.uint8]],
) -> dict[str, NDArray[Any]]:
    """Return what one element's breadth of a line adds to the pixels along it."""
    import numpy as np

    found = {name: np.zeros(edges.size - 1, plane.dtype) for name, plane in named.items()}
    for piece in line.pieces:
        elements = values(field.placement, piece, buffers, decoders).reshape(-1)
        start = piece.box.y - field.box.y if field.down else piece.box.x - field.box.x
        cuts = np.searchsorted(edges, (start, start + elements.size), "right") - 1
        first, last = int(cuts[0]), int(min(cuts[1], edges.size - 2))
        at = np.maximum(edges[first : last + 1] - start, 0)
        at, places = at[at < elements.size], np.arange(first, last + 1)[at < elements.size]
        _add(found, places, at, elements * np.float32(2**-octaves) if octaves else elements)
    if not line.whole:
        fill(found, np.diff(edges))
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
    for name, term in _TERMS.items():
        if name in found:
            found[name][places] += np.add.reduceat(term(kept), at)
    found["count"][places] += np.add.reduceat(finite, at, dtype=np.float32)
    if "max_abs" in found:
        peaks = np.maximum.reduceat(np.abs(kept), at)
        found["max_abs"][places] = np.maximum(found["max_abs"][places], peaks)
    if not finite.all():
        bits = np.isnan(elements) * 1 + np.isposinf(elements) * 2 + np.isneginf(elements) * 4
        found["flags"][places] |= np.bitwise_or.reduceat(bits.astype(np.uint8), at)


def fill(found: dict[str, NDArray[Any]], lengths: NDArray[np.int64]) -> None:
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


def _medians(
    placements: Sequence[Placement], decisions: Mapping[str, Any], scale: Scale
) -> list[float]:
    """Return the median |x| of tensors that were not looked at, by their own sample or their role's.

    It is relative to what the colours of a placement are relative to.
    """
    own: Mapping[str, Any] = decisions.get("placements", {})
    by_role: dict[str, float] = {}
    found = []
    for one in placements:  # of which there are tens of thousands
        role, sampled = role_of(one), one.name in own
        median = None if sampled else by_role.get(role)
        if median is None:
            known = own[one.name] if sampled else decisions.get("roles", {}).get(role, {})
            octaves = known.get("log2_median", 0.0) - reference(decisions, one, scale)
            median = 2.0 ** float(octaves)
            if not sampled:
                by_role[role] = median
        found.append(median)
    return found


def _assume(
    boxes: NDArray[np.int64],
    medians: NDArray[np.float32],
    scale: int,
    named: Mapping[str, NDArray[Any]],
) -> None:
    """Add what was not looked at to the planes of a tile: every element of it is typical."""
    import numpy as np

    from modelweightvis.kernels.rectangles import add_rectangles, raise_rectangles

    if not medians.size:
        return
    for name, plane in named.items():
        if name == "count":
            add_rectangles(boxes, np.ones_like(medians), scale, plane)
        elif name == "max_abs":
            raise_rectangles(boxes, np.float32(TYPICAL[name]) * medians, scale, plane)
        elif name in TYPICAL:
            power = 2 if name == "sum_squares" else 1
            add_rectangles(boxes, np.float32(TYPICAL[name]) * medians**power, scale, plane)


def spread(
    field: Field,
    strips: Sequence[Mapping[str, NDArray[Any]]],
    ends: Ends,
    key: TileKey,
    scale: int,
    named: Mapping[str, NDArray[Any]],
) -> None:
    """Add strips to the planes of a tile, each as broad as what it stands for."""
    import numpy as np

    breadth = np.diff(ends.across)
    chosen = np.arange(breadth.size) * len(strips) // breadth.size
    weights = breadth[:, None].astype(np.float32)
    side = TILE * scale
    top = (field.box.y + field.placement.box.y - key.y * side) // scale
    left = (field.box.x + field.placement.box.x - key.x * side) // scale
    for name, plane in named.items():
        lines = strips[0][name]
        if len(strips) > 1:
            lines = np.stack([one[name] for one in strips])[chosen]
        area = plane.T[left:, top:] if field.down else plane[top:, left:]
        area = area[: breadth.size, : ends.along.size - 1]
        if name == "flags":
            area |= lines
        elif name == "max_abs":
            np.maximum(area, lines, out=area)
        else:
            area += lines * weights

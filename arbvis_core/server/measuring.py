"""Figures of what is asked for: of a tensor, a rectangle, the rows or columns of a tensor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any

from arbvis_core.errors import UsageError
from arbvis_core.registry import guard
from arbvis_core.server.curves import Curve
from arbvis_core.server.elements import Elements
from arbvis_core.server.faults import TooLargeError
from arbvis_core.server.figures import tiles_of
from arbvis_core.values import TileKey, View

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.server.scenes import LiveScene
    from arbvis_core.server.trees import Check
    from arbvis_core.values import Box, Placement

#: Elements of a tensor that is gone over for one question.
MOST = 1 << 33
#: Pixels of a rectangle.
PIXELS = 1 << 22
#: Elements that are decoded at once.
BAND = 1 << 20
#: Bins of a profile.
BINS = 4096


def of_tensor(scene: LiveScene, placement: Placement, check: Check) -> dict[str, Any]:
    """Return what `stats.json` would say of one placement.

    Raises:
        TooLargeError: it takes too long to measure only because somebody asks.
        GivenUpError: nobody waits for it.
    """
    measured = scene.figures.summary().get("placements", {}).get(placement.name)
    if measured is None:
        measured = _measured(scene, placement, check)
    return {"tensor": placement.name, **measured}


def of_file(scene: LiveScene, placement: Placement, check: Check) -> dict[str, Any]:
    """Return how often each byte occurs in a file."""
    found = Curve(scene).selection(placement.start, placement.stop, check)
    stats = {name: found[name] for name in ("bytes", "entropy", "counted", "sampled")}
    return {"tensor": placement.name, "stats": stats, "histogram": found["histogram"]}


def _measured(scene: LiveScene, placement: Placement, check: Check) -> Mapping[str, Any]:
    """Paint the tiles of one placement alone, and keep what they measure."""
    _bounded(placement)
    plan = scene.figures.plan.only((placement,))
    owner = scene.registry.renderer_entry(plan.renderer)
    total: list[Any] = []

    def add(_: TileKey, statistics: Any) -> None:
        if statistics is not None:
            total[:] = [owner.item.merge(total[0], statistics) if total else statistics]

    tree = scene.measuring(plan, View(), check, measured=add)
    rows, columns = tiles_of(placement)
    for y in range(rows.start, rows.stop):
        for x in range(columns.start, columns.stop):
            tree.leaf(TileKey(plan.canvas.max_zoom, x, y))
    with guard(owner, "render", f"the summary of {placement.name!r}"):
        summary = owner.item.summary(plan, total[0]) if total else {}
    found: Mapping[str, Any] = summary.get("placements", {}).get(placement.name, {"stats": {}})
    return found


def of_rectangle(scene: LiveScene, box: Box, check: Check) -> dict[str, Any]:
    """Return figures of what a rectangle of the canvas shows."""
    import numpy as np

    place = box._asdict()
    if scene.plan.canvas.curve is not None:
        grid = Curve(scene).rectangle(box, None)
        shown = grid.values[grid.known]
        least = min(0, int(shown.min(initial=0)))
        counts = np.bincount(shown - least, minlength=256)
        shares = counts[counts > 0] / max(1, shown.size)
        entropy = abs(float((shares * np.log2(shares)).sum()))
        stats = {"bytes": int(shown.size), "entropy": entropy}
        return {**place, "stats": stats, "first": least, "histogram": counts.tolist()}
    looking = Elements(scene)
    found: dict[str, list[NDArray[np.float32]]] = {}
    tensors = []
    for one in looking.shown(box):
        check.check()
        grids = looking.sides(one)
        known = np.logical_and.reduce([one.lay(grid.known) for grid in grids.values()])
        tensors.append(one.placement.name)
        for name, grid in grids.items():
            found.setdefault(name, []).append(one.lay(grid.values)[known])
    values = {name: np.concatenate(some) for name, some in found.items()}
    if len({one.size for one in values.values()}) > 1:
        raise UsageError("some of this is only on one side; choose a rectangle of what both have")
    owner = scene.registry.renderer_entry(scene.plan.renderer)
    with guard(owner, "render", f"figures of {tuple(box)}"):
        measured = dict(owner.item.measure(values)) if values else {"stats": {}}
    return {**place, "tensors": [*dict.fromkeys(tensors)], **measured}


def profile(
    scene: LiveScene, placement: Placement, axis: str, side: str | None, check: Check
) -> dict[str, Any]:
    """Return how large the rows or columns of a tensor are, leading axes counted through.

    Exact; null where there is no finite value, as where only one side of a difference has any. Where there are more than `BINS`, neighbours share a bin: of a bin are told the rms of all
    its elements, the rms of its largest row or column and which one that is, and the largest |x|.

    Raises:
        TooLargeError: it takes too long.
        GivenUpError: nobody waits for it.
    """
    import numpy as np

    _bounded(placement)
    looking, shape = Elements(scene), placement.region.shape
    tall, wide = prod(shape[:-1]), (1, *shape)[-1]
    length = tall if axis == "rows" else wide
    squares, counts, peaks = np.zeros(length), np.zeros(length), np.zeros(length)
    broken = 0
    for rows, columns in _bands(tall, wide):
        check.check()
        grid = looking.matrix(placement, rows, columns, side)
        finite = grid.known & np.isfinite(grid.values)
        broken += int((grid.known & ~finite).sum())
        values = np.where(finite, grid.values, 0)
        over, own = (1, rows) if axis == "rows" else (0, columns)
        part = slice(own.start, own.stop)
        squares[part] += np.square(values, dtype=np.float64).sum(axis=over)
        counts[part] += finite.sum(axis=over)
        np.maximum(peaks[part], np.abs(values).max(axis=over), out=peaks[part])
    found = _binned(squares, counts, peaks)
    return {"tensor": placement.name, "axis": axis, "count": length, **found, "non_finite": broken}


def _binned(
    squares: NDArray[np.float64], counts: NDArray[np.float64], peaks: NDArray[np.float64]
) -> dict[str, Any]:
    import numpy as np

    size = max(1, -(-squares.size // BINS))
    starts = np.arange(0, squares.size, size)
    own = np.sqrt(squares / np.maximum(counts, 1))
    held = np.add.reduceat(counts, starts)
    pooled = np.add.reduceat(squares, starts) / np.maximum(held, 1)
    largest = [int(start + own[start : start + size].argmax()) for start in starts]
    figures = {
        "rms": np.sqrt(pooled),
        "max_abs": np.maximum.reduceat(peaks, starts),
        "largest_rms": own[largest],
    }
    told = {
        name: [float(value) if there else None for value, there in zip(some, held, strict=True)]
        for name, some in figures.items()
    }
    return {"bin": size, "largest": largest, **told}


def _bands(tall: int, wide: int) -> Iterator[tuple[range, range]]:
    """Cut a matrix into rectangles that are decoded at once."""
    width = min(wide, BAND)
    height = max(1, BAND // max(width, 1))
    for top in range(0, tall, height):
        for left in range(0, wide, width):
            yield range(top, min(tall, top + height)), range(left, min(wide, left + width))


def _bounded(placement: Placement) -> None:
    elements = prod(placement.region.shape)
    if elements > MOST:
        raise TooLargeError(
            f"{placement.name} has {elements:,} elements, which takes too long to measure for one "
            f"question; the background measures it"
        )


def findings(scene: LiveScene) -> dict[str, Any]:
    """Return what stands out of what was measured so far."""
    figures = scene.figures
    # The background goes on meanwhile: what is said to be done is what was done when this began.
    done, of = figures.done, figures.of
    complete = done == of
    summary = figures.summary()
    plan = scene.plan if complete else replace(scene.plan, placements=figures.whole())
    owner = scene.registry.renderer_entry(scene.plan.renderer)
    with guard(owner, "render", f"the findings of scene {scene.plan.key!r}"):
        found = owner.item.findings(plan, summary, complete=complete)
    return {
        "findings": [dict(one) for one in found],
        "complete": complete,
        "done": done,
        "of": of,
    }

"""The two sides of a difference of bytes as pictures of their own, every byte where the difference has it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from arbvis_core import values
from arbvis_core.layouts.hilbert import hue_of, measure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from arbvis_core.values import Canvas, Placement, Region, Scene


def sides_of(scene: Scene, canvas: Canvas, labels: Sequence[str]) -> tuple[Scene, ...]:
    """Return what was compared, the first and the second, as far as it can lie where it was compared.

    The bytes of a picture have no gap. So a side is shown if every file of it but the last is as long
    as that of the other; and none, where bytes were laid beside each other in pieces.

    Args:
        scene: of the difference.
        canvas: that it is laid out on.
        labels: what the sides are called.
    """
    return tuple(
        replace(
            scene,
            key=label,
            label=label,
            placements=placements,
            renderer="bytes",
            labels=(),
            attributes={},
            warnings=(),
        )
        for side, label in enumerate(labels)
        if (placements := _placements(scene, canvas, side))
    )


def _placements(scene: Scene, canvas: Canvas, side: int) -> tuple[Placement, ...]:
    """Return the files of one side; none if there would be gaps between them."""
    held = [(one, found) for one in scene.placements if (found := _file(one.region, side))]
    ends = [(one.start, one.start + found.shape[0]) for one, found in held]
    starts = [start for start, _ in ends]
    if not held or starts != [0, *(stop for _, stop in ends[:-1])]:
        return ()
    if any("pieces" in one.region.attributes for one, _ in held):
        return ()
    return tuple(_laid(held, ends, canvas))


def _laid(
    held: Sequence[tuple[Placement, Region]], ends: Sequence[tuple[int, int]], canvas: Canvas
) -> Iterator[Placement]:
    boxes, middles = measure(ends, canvas)
    for (one, found), (start, stop), box, (x, y) in zip(
        held, ends, boxes.tolist(), middles.tolist(), strict=True
    ):
        yield replace(
            one,
            name=found.name,
            box=values.Box(*box),
            region=found,
            start=start,
            stop=stop,
            label=(x, y),
            hue=hue_of(found.name),
            attributes={"size": stop - start},
        )


def _file(region: Region, side: int) -> Region | None:
    """Return the file of one side of a pair; None if it has none, or an empty one."""
    if len(region.operands) == 2:
        found = region.operands[side]
    else:
        found = region.operands[0]
        if (region.attributes.get("side") == "B") != (side == 1):
            return None
    return found if found.shape[0] else None

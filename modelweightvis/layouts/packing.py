"""Rectangles into a strip of fixed width, as low as it gets: the MaxRects method.

The free space is kept as all the largest rectangles that fit into it (Jylänki, "A Thousand Ways to
Pack the Bin", 2010). Rectangles that never show together may lie on top of each other: each carries
a mask, one bit per picture it belongs to, and only those that share a bit keep apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

#: Lower than any strip is ever filled.
_DEEP: Final = 1 << 60
#: So many different masks are told apart; with more, nothing lies on top of anything.
_MASKS: Final = 16


#: More rectangles than this are put on shelves, which takes less time.
_MANY: Final = 250

#: A free rectangle: its top, left, bottom and right, the last two exclusive.
_Free = tuple[int, int, int, int]


class Packed(NamedTuple):
    """Where rectangles lie, in the order they were given, and the box around them."""

    corners: tuple[tuple[int, int], ...]
    width: int
    height: int


def pack(
    sizes: Sequence[tuple[int, int]],
    width: int,
    order: Sequence[int] | None = None,
    masks: Sequence[int] | None = None,
    placed: Mapping[int, tuple[int, int]] | None = None,
) -> Packed:
    """Return where rectangles go: each as high as it can, then as far left.

    Args:
        sizes: width and height of each; none may be wider than `width`.
        width: of the strip.
        order: in which they are placed; as given if nothing is said.
        masks: which pictures each belongs to; all to the same one if nothing is said.
        placed: corners of those that have their place already.
    """
    placed = placed or {}
    if len(sizes) > _MANY:
        return _shelves(sizes, width)
    masks = _few(masks, len(sizes))
    free: dict[int, list[_Free]] = {mask: [(0, 0, _DEEP, width)] for mask in masks}
    corners: list[tuple[int, int]] = [(0, 0)] * len(sizes)
    for number in range(len(sizes)) if order is None else order:
        wide, tall = sizes[number]
        mask = masks[number]
        corners[number] = x, y = placed.get(number) or _highest(free[mask], wide, tall)
        for other, rects in free.items():
            if other & mask:
                free[other] = _without(rects, (y, x, y + tall, x + wide))
    far = max((x + size[0] for (x, _), size in zip(corners, sizes, strict=True)), default=0)
    deep = max((y + size[1] for (_, y), size in zip(corners, sizes, strict=True)), default=0)
    return Packed(tuple(corners), far, deep)


def _shelves(sizes: Sequence[tuple[int, int]], width: int) -> Packed:
    """Return where rectangles go in rows, the highest first."""
    corners: list[tuple[int, int]] = [(0, 0)] * len(sizes)
    x = y = far = 0
    shelf = 0
    for number in sorted(range(len(sizes)), key=lambda n: (-sizes[n][1], -sizes[n][0])):
        wide, tall = sizes[number]
        if x + wide > width:
            x, y, shelf = 0, y + shelf, 0
        corners[number] = (x, y)
        x, shelf = x + wide, max(shelf, tall)
        far = max(far, x)
    return Packed(tuple(corners), far, y + shelf)


def _few(masks: Sequence[int] | None, count: int) -> Sequence[int]:
    return [1] * count if masks is None or len(set(masks)) > _MASKS else masks


def _highest(free: Iterable[_Free], width: int, height: int) -> tuple[int, int]:
    y, x, _, _ = min(one for one in free if one[3] - one[1] >= width and one[2] - one[0] >= height)
    return x, y


def _without(free: Iterable[_Free], taken: _Free) -> list[_Free]:
    """Return the largest free rectangles once `taken` is no longer free."""
    top, left, bottom, right = taken
    kept: list[_Free] = []
    cut: list[_Free] = []
    for one in free:
        y0, x0, y1, x1 = one
        if x0 >= right or left >= x1 or y0 >= bottom or top >= y1:
            kept.append(one)
            continue
        if left > x0:
            cut.append((y0, x0, y1, left))
        if x1 > right:
            cut.append((y0, right, y1, x1))
        if top > y0:
            cut.append((y0, x0, top, x1))
        if y1 > bottom:
            cut.append((bottom, x0, y1, x1))
    # the largest first: what holds another comes before it
    for y0, x0, y1, x1 in sorted(set(cut), key=lambda one: (one[0] - one[2]) * (one[3] - one[1])):
        for other in kept:
            if other[0] <= y0 and other[1] <= x0 and other[2] >= y1 and other[3] >= x1:
                break
        else:
            kept.append((y0, x0, y1, x1))
    return kept

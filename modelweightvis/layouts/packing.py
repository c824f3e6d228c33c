"""Rectangles into a strip of fixed width, as low as it gets: the MaxRects method.

The free space is kept as all the largest rectangles that fit into it (Jylänki, "A Thousand Ways to
Pack the Bin", 2010). Rectangles that never show together may lie on top of each other: each carries
a mask, one bit per picture it belongs to, and only those that share a bit keep apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

#: Lower than any strip is ever filled.
_DEEP: Final = 1 << 60
#: So many different masks are told apart; with more, nothing lies on top of anything.
_MASKS: Final = 16


class Rect(NamedTuple):
    """A rectangle in pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The first column that is not in it."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The first row that is not in it."""
        return self.y + self.height


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
) -> Packed:
    """Return where rectangles go: each as high as it can, then as far left.

    Args:
        sizes: width and height of each; none may be wider than `width`.
        width: of the strip.
        order: in which they are placed; as given if nothing is said.
        masks: which pictures each belongs to; all to the same one if nothing is said.
    """
    masks = _few(masks, len(sizes))
    free = {mask: [Rect(0, 0, width, _DEEP)] for mask in masks}
    corners: list[tuple[int, int]] = [(0, 0)] * len(sizes)
    for number in range(len(sizes)) if order is None else order:
        wide, tall = sizes[number]
        y, x = min((one.y, one.x) for one in free[masks[number]] if _fits(one, wide, tall))
        corners[number] = (x, y)
        placed = Rect(x, y, wide, tall)
        for mask, rects in free.items():
            if mask & masks[number]:
                free[mask] = _without(rects, placed)
    far = max((x + size[0] for (x, _), size in zip(corners, sizes, strict=True)), default=0)
    deep = max((y + size[1] for (_, y), size in zip(corners, sizes, strict=True)), default=0)
    return Packed(tuple(corners), far, deep)


def _few(masks: Sequence[int] | None, count: int) -> Sequence[int]:
    return [1] * count if masks is None or len(set(masks)) > _MASKS else masks


def _fits(free: Rect, width: int, height: int) -> bool:
    return free.width >= width and free.height >= height


def _without(free: list[Rect], taken: Rect) -> list[Rect]:
    """Return the largest free rectangles once `taken` is no longer free."""
    kept: list[Rect] = []
    cut: list[Rect] = []
    for one in free:
        if (
            one.x >= taken.right
            or taken.x >= one.right
            or one.y >= taken.bottom
            or taken.y >= one.bottom
        ):
            kept.append(one)
            continue
        if taken.x > one.x:
            cut.append(one._replace(width=taken.x - one.x))
        if one.right > taken.right:
            cut.append(one._replace(x=taken.right, width=one.right - taken.right))
        if taken.y > one.y:
            cut.append(one._replace(height=taken.y - one.y))
        if one.bottom > taken.bottom:
            cut.append(one._replace(y=taken.bottom, height=one.bottom - taken.bottom))
    for number, one in enumerate(cut):
        inside = any(_holds(other, one) for other in kept) or any(
            _holds(other, one) and (other != one or at < number)
            for at, other in enumerate(cut)
            if at != number
        )
        if not inside:
            kept.append(one)
    return kept


def _holds(outer: Rect, inner: Rect) -> bool:
    return (
        outer.x <= inner.x
        and outer.y <= inner.y
        and outer.right >= inner.right
        and outer.bottom >= inner.bottom
    )

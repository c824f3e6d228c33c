"""Turns a packing so that it reads in the model's order: what comes first lies left and above."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple


class _Tile(NamedTuple):
    x: int
    y: int
    width: int
    height: int
    mask: int


Corner = tuple[int, int]
Size = tuple[int, int]


def settled(
    corners: Sequence[Corner], sizes: Sequence[Size], masks: Sequence[int]
) -> tuple[Corner, ...]:
    """Return the corners mirrored and moved together, no wider and no higher than before.

    Args:
        corners: of a packing, in the order that is wanted.
        sizes: with the gaps.
        masks: only what shares a bit keeps apart.
    """
    tiles = [
        _Tile(*corner, *size, mask)
        for corner, size, mask in zip(corners, sizes, masks, strict=True)
    ]
    turned = (_fallen(_mirrored(tiles, *flip)) for flip in product((False, True), repeat=2))
    best = max(map(_exchanged, turned), key=_read)
    return tuple((tile.x, tile.y) for tile in best)


def _mirrored(tiles: Sequence[_Tile], across: bool, down: bool) -> list[_Tile]:  # noqa: FBT001
    right = max(tile.x + tile.width for tile in tiles)
    bottom = max(tile.y + tile.height for tile in tiles)
    return [
        tile._replace(
            x=right - tile.x - tile.width if across else tile.x,
            y=bottom - tile.y - tile.height if down else tile.y,
        )
        for tile in tiles
    ]


def _fallen(tiles: list[_Tile]) -> list[_Tile]:
    """Return the tiles moved up and to the left as far as they go."""
    while True:
        before = tiles.copy()
        for at in sorted(range(len(tiles)), key=lambda at: (tiles[at].y, tiles[at].x)):
            tiles[at] = tiles[at]._replace(y=_free_above(tiles, at))
        for at in sorted(range(len(tiles)), key=lambda at: (tiles[at].x, tiles[at].y)):
            tiles[at] = tiles[at]._replace(x=_free_left(tiles, at))
        if tiles == before:
            return tiles


def _free_above(tiles: Sequence[_Tile], at: int) -> int:
    one = tiles[at]
    return max(
        (
            other.y + other.height
            for other in tiles
            if other.mask & one.mask
            and other.y + other.height <= one.y
            and other.x < one.x + one.width
            and one.x < other.x + other.width
        ),
        default=0,
    )


def _free_left(tiles: Sequence[_Tile], at: int) -> int:
    one = tiles[at]
    return max(
        (
            other.x + other.width
            for other in tiles
            if other.mask & one.mask
            and other.x + other.width <= one.x
            and other.y < one.y + one.height
            and one.y < other.y + other.height
        ),
        default=0,
    )


def _exchanged(tiles: Sequence[_Tile]) -> list[_Tile]:
    """Return the tiles with those of one size in order among themselves."""
    alike: dict[tuple[int, int, int], list[int]] = {}
    for at, tile in enumerate(tiles):
        alike.setdefault((tile.width, tile.height, tile.mask), []).append(at)
    placed = list(tiles)
    for numbers in alike.values():
        seats = sorted(numbers, key=lambda at: (tiles[at].y + tiles[at].x, tiles[at].y))
        for at, seat in zip(numbers, seats, strict=True):
            placed[at] = tiles[seat]
    return placed


def _read(tiles: Sequence[_Tile]) -> int:
    """Return how far, over all pairs, what comes first lies above and to the left of the other."""
    total = 0
    for at, one in enumerate(tiles):
        for other in tiles[at + 1 :]:
            ahead = (
                2 * (other.x - one.x) + other.width - one.width
                + 2 * (other.y - one.y) + other.height - one.height
            )  # fmt: skip
            weight = min(one.width * one.height, other.width * other.height)
            total += weight if ahead > 0 else -weight if ahead < 0 else 0
    return total

"""The curve and the colours once more, by the textbook."""

from __future__ import annotations

import numpy as np


def point(position: int, side: int) -> tuple[int, int]:
    """The pixel at a position: quadrants turned and mirrored, from the smallest up."""
    square, rest = divmod(position, side * side)
    x = y = 0
    step = 1
    while step < side:
        right = 1 & (rest // 2)
        down = 1 & (rest ^ right)
        if down == 0:
            if right == 1:
                x, y = step - 1 - x, step - 1 - y
            x, y = y, x
        x += step * right
        y += step * down
        rest //= 4
        step *= 2
    return square * side + x, y


def mask(start: int, stop: int, side: int, width: int) -> np.ndarray:
    """Every pixel of an interval of the curve: bool, (side, width)."""
    covered = np.zeros((side, width), bool)
    for position in range(start, stop):
        x, y = point(position, side)
        covered[y, x] = True
    return covered


def edges(covered: np.ndarray) -> set[tuple[int, int, str]]:
    """Unit edges between what is covered and what is not: x, y and `-` or `|`."""
    padded = np.pad(covered, 1)
    across = np.argwhere(padded[1:, 1:-1] != padded[:-1, 1:-1])
    down = np.argwhere(padded[1:-1, 1:] != padded[1:-1, :-1])
    return {(int(x), int(y), "-") for y, x in across} | {(int(x), int(y), "|") for y, x in down}


def unit_edges(segments: list[float]) -> set[tuple[int, int, str]]:
    """Segments x0, y0, x1, y1 … cut into unit edges."""
    found = set()
    for x0, y0, x1, y1 in np.array(segments, int).reshape(-1, 4).tolist():
        found |= {(x, y0, "-") for x in range(x0, x1)} | {(x0, y, "|") for y in range(y0, y1)}
    return found


def colour(byte: int) -> tuple[int, int, int]:
    """The colour of a byte at 1:1."""
    if byte == 255:
        return 255, 255, 255
    if byte >= 127:
        return (byte - 127) * 255 // 127, 0, 0
    if byte >= 32:
        return 0, 0, (byte - 32) * 255 // 94
    if byte >= 1:
        return 0, (byte - 1) * 255 // 30, 0
    return 0, 0, 0

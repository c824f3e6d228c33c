"""The curve, against a recursion that never looks at the tables."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arbvis_core.kernels import hilbert

VECTORS = Path(__file__).parents[2] / "data" / "hilbert-vectors.json"


@cache
def curve(order: int) -> tuple[tuple[int, int], ...]:
    """Four copies of the curve of one order less: mirrored, as it is, as it is, mirrored."""
    if order == 0:
        return ((0, 0),)
    side = 1 << (order - 1)
    inner = curve(order - 1)
    last = side - 1
    return (
        *((y, x) for x, y in inner),
        *((x, y + side) for x, y in inner),
        *((x + side, y + side) for x, y in inner),
        *((2 * side - 1 - y, last - x) for x, y in inner),
    )


def on_canvas(position: int, order: int) -> tuple[int, int]:
    square, inner = divmod(position, 4**order)
    x, y = curve(order)[inner]
    return x + square * 2**order, y


def vectors() -> dict[str, object]:
    """What the viewer's tests read: every position of small curves, and some of large ones."""
    small = {str(order): [list(point) for point in curve(order)] for order in range(4)}
    chosen = {
        str(order): [
            [position, *on_canvas(position, order)]
            for position in sorted(
                {0, 1, 2, 3, 4**order - 1, 4**order, 2 * 4**order - 1}
                | {(p * 2654435761) % (2 * 4**order) for p in range(1, 25)}
            )
        ]
        for order in (1, 4, 7, 9)
    }
    return {
        "about": "x right, y down; small: [x, y] of positions 0, 1, 2 … of one square of 2^order "
        "pixels; chosen: [position, x, y] on two squares side by side",
        "small": small,
        "chosen": chosen,
    }


def test_the_vectors_are_those_of_the_recursion() -> None:
    assert json.loads(VECTORS.read_text("utf-8")) == vectors()


def test_the_reference_begins_like_this() -> None:
    assert curve(1) == ((0, 0), (0, 1), (1, 1), (1, 0))
    assert curve(2)[:5] == ((0, 0), (1, 0), (1, 1), (0, 1), (0, 2))


@pytest.mark.parametrize("order", range(5))
def test_every_pixel_of_a_square(order: int) -> None:
    for position, (x, y) in enumerate(curve(order)):
        assert hilbert.point(position, order) == (x, y)
        assert hilbert.locate(x, y, order)[0] == position


@pytest.mark.parametrize("order", [1, 4, 7, 9])
def test_chosen_pixels_of_two_squares(order: int) -> None:
    for position, x, y in vectors()["chosen"][str(order)]:
        assert hilbert.point(position, order) == (x, y)
        assert hilbert.locate(x, y, order)[0] == position


@settings(deadline=None)  # the first example compiles
@given(st.integers(0, 24), st.data())
def test_there_and_back_and_step_by_step(order: int, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, 2 * 4**order - 1))
    x, y = hilbert.point(position, order)
    assert 0 <= x < 2 << order
    assert 0 <= y < 1 << order
    assert hilbert.locate(x, y, order)[0] == position
    if (position + 1) % 4**order:
        right, below = hilbert.point(position + 1, order)
        assert abs(right - x) + abs(below - y) == 1


@settings(deadline=None)  # the first example compiles
@given(st.integers(0, 4), st.integers(0, 4), st.data())
def test_a_tile_is_a_run_of_the_curve_and_enters_in_its_state(
    upper: int, inner: int, data: st.DataObject
) -> None:
    tile = data.draw(st.integers(0, 4**upper - 1))
    left, top = curve(upper)[tile]
    position, state = hilbert.locate(left, top, upper)
    x, y, _ = hilbert.walk(inner)
    expected = curve(upper + inner)[position << 2 * inner : (position + 1) << 2 * inner]
    found = zip((left << inner) + x[state], (top << inner) + y[state], strict=True)
    assert position == tile
    assert tuple((int(a), int(b)) for a, b in found) == expected


@settings(deadline=None)  # the first example compiles
@given(st.integers(0, 4), st.data())
def test_an_interval_is_measured_like_its_pixels(order: int, data: st.DataObject) -> None:
    ends = st.integers(0, 2 * 4**order)
    pairs = st.tuples(ends, ends).filter(lambda pair: pair[0] < pair[1])
    intervals = data.draw(st.lists(pairs, min_size=1, max_size=5))
    boxes, centroids = np.empty((len(intervals), 4), np.int64), np.empty((len(intervals), 2))
    hilbert.bounds(np.array(intervals), order, boxes, centroids)
    for (start, stop), box, centroid in zip(intervals, boxes, centroids, strict=True):
        points = np.array([on_canvas(position, order) for position in range(start, stop)])
        low, high = points.min(axis=0), points.max(axis=0)
        assert box.tolist() == [*low, *(high - low + 1)]
        assert centroid == pytest.approx((points + 0.5).mean(axis=0))


def test_an_interval_of_a_terabyte_takes_as_long_as_a_short_one() -> None:
    boxes, centroids = np.empty((1, 4), np.int64), np.empty((1, 2))
    hilbert.bounds(np.array([[0, 1 << 41]]), 20, boxes, centroids)
    assert boxes[0].tolist() == [0, 0, 1 << 21, 1 << 20]
    assert centroids[0].tolist() == [1 << 20, 1 << 19]


def test_the_page_about_the_curve_has_the_tables_of_the_code() -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "hilbert.md").read_text("utf-8")
    rows = [
        [int(number) for number in re.findall(r"\d+", line)]
        for line in page.splitlines()
        if re.match(r"\| (y )?\d \|", line)
    ]
    steps, digits, square = rows[:4], rows[4:8], rows[8:]
    for state in range(4):
        assert steps[state] == [state, *hilbert.STEPS[state].ravel().tolist()]
        assert digits[state] == [state, *hilbert.DIGITS[state].ravel().tolist()]
    for y, row in enumerate(square):
        assert [curve(2)[position] for position in row[1:]] == [(x, y) for x in range(4)]
    assert len(square) == 4


if __name__ == "__main__":
    VECTORS.write_text(json.dumps(vectors(), separators=(",", ":")) + "\n", "utf-8")

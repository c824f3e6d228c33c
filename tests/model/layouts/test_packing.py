"""Rectangles are packed without overlap, within their strip, the same way every time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from modelweightvis.layouts.packing import pack
from modelweightvis.layouts.settling import settled

Corner = tuple[int, int]
SIZES = st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30)), min_size=1, max_size=14)


def clashes(corners: Sequence[Corner], sizes: Sequence[Corner], masks: Sequence[int]) -> bool:
    """Tell whether two rectangles of one picture share a pixel."""
    placed = [(x, y, x + w, y + h) for (x, y), (w, h) in zip(corners, sizes, strict=True)]
    return any(
        masks[a] & masks[b]
        and placed[a][0] < placed[b][2]
        and placed[b][0] < placed[a][2]
        and placed[a][1] < placed[b][3]
        and placed[b][1] < placed[a][3]
        for a, b in combinations(range(len(placed)), 2)
    )


def box(corners: Sequence[Corner], sizes: Sequence[Corner]) -> Corner:
    ends = [(x + w, y + h) for (x, y), (w, h) in zip(corners, sizes, strict=True)]
    return max(x for x, _ in ends), max(y for _, y in ends)


@given(SIZES, st.integers(30, 90), st.data())
def test_what_shares_a_picture_keeps_apart(
    sizes: list[Corner], width: int, data: st.DataObject
) -> None:
    masks = [data.draw(st.integers(1, 7)) for _ in sizes]
    order = data.draw(st.permutations(range(len(sizes))))
    packed = pack(sizes, width, order, masks)
    assert not clashes(packed.corners, sizes, masks)
    assert (packed.width, packed.height) == box(packed.corners, sizes)
    assert packed.width <= width
    assert min(min(corner) for corner in packed.corners) >= 0
    assert packed == pack(sizes, width, order, masks)


@given(SIZES)
def test_what_never_shares_a_picture_takes_no_room(sizes: list[Corner]) -> None:
    packed = pack(sizes, 30, masks=[1 << number for number in range(len(sizes))])
    assert set(packed.corners) == {(0, 0)} or len(sizes) > 16


@given(SIZES, SIZES)
def test_the_rest_keeps_clear_of_what_has_its_place(
    large: list[Corner], small: list[Corner]
) -> None:
    first = pack(large, 60)
    whole = pack([*large, *small], 60, placed=dict(enumerate(first.corners)))
    assert whole.corners[: len(large)] == first.corners
    assert not clashes(whole.corners, [*large, *small], [1] * len(whole.corners))


def test_squares_fill_a_square() -> None:
    packed = pack([(5, 5)] * 16, 20)
    assert (packed.width, packed.height) == (20, 20)


def test_thousands_are_packed_too() -> None:
    sizes = [(1 + n % 37, 1 + n % 53) for n in range(5000)]
    packed = pack(sizes, 2000)
    area = sum(width * height for width, height in sizes)
    assert packed.width <= 2000
    assert area > 0.9 * packed.width * packed.height
    rows: dict[int, list[tuple[int, int]]] = {}
    for (x, y), (width, _) in zip(packed.corners, sizes, strict=True):
        rows.setdefault(y, []).append((x, x + width))
    for row in rows.values():
        assert all(a[1] <= b[0] for a, b in pairwise(sorted(row)))
    ends = {
        y: y + max(h for (_, at), (_, h) in zip(packed.corners, sizes, strict=True) if at == y)
        for y in rows
    }
    assert all(ends[a] <= b for a, b in pairwise(sorted(rows)))


@given(SIZES, st.data())
def test_settling_keeps_apart_and_within(sizes: list[Corner], data: st.DataObject) -> None:
    masks = [data.draw(st.integers(1, 7)) for _ in sizes]
    packed = pack(sizes, 60, masks=masks)
    corners = settled(packed.corners, sizes, masks)
    assert not clashes(corners, sizes, masks)
    width, height = box(corners, sizes)
    assert width <= packed.width
    assert height <= packed.height


def test_what_comes_first_lies_first() -> None:
    """A row that was packed the wrong way round is turned."""
    sizes = [(10, 8), (20, 9), (30, 10)]
    assert settled([(50, 0), (30, 0), (0, 0)], sizes, [1, 1, 1]) == ((0, 0), (10, 0), (30, 0))


def test_equals_change_places_to_stand_in_order() -> None:
    assert settled([(4, 0), (0, 4), (0, 0)], [(4, 4)] * 3, [1] * 3)[0] == (0, 0)

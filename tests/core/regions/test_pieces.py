"""Pieces of two files, against a plain walk over all positions."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from arbvis_core.regions.pieces import SAME, pack, readings, runs, same

PIECE = st.tuples(st.integers(0, 5), st.integers(0, 5), st.booleans(), st.integers(0, 20))


def laid(rows: list[tuple[int, int, bool, int]]) -> list[tuple[int, int, int, int]]:
    """Turn lengths into a table in which the left goes on and the right jumps about."""
    table, left = [], 0
    for ours, theirs, alike, jump in rows:
        right = (SAME, SAME) if alike else (jump * 7, jump * 7 + theirs)
        if ours or (theirs and not alike):
            table.append((left, left + ours, *right))
        left += ours
    return table


@given(st.lists(PIECE, max_size=20), st.data())
def test_every_position_has_its_bytes(
    rows: list[tuple[int, int, bool, int]], data: st.DataObject
) -> None:
    table = laid(rows)
    packed, size = pack(table)
    wanted = np.full((2, size), -1)
    shared = np.zeros(size, bool)
    at = 0
    for left, left_stop, right, right_stop in table:
        length = max(left_stop - left, right_stop - right)
        if right == SAME:
            shared[at : at + length] = True
        else:
            wanted[0, at : at + left_stop - left] = np.arange(left, left_stop)
            wanted[1, at : at + right_stop - right] = np.arange(right, right_stop)
        at += length
    assert at == size
    start = data.draw(st.integers(0, size))
    stop = data.draw(st.integers(start, size))
    found = np.full((2, size), -1)
    for one in runs(packed, start, stop):
        found[one.side, one.at : one.at + one.size] = np.arange(one.start, one.start + one.size)
    assert np.array_equal(found[:, start:stop], wanted[:, start:stop])
    assert (found[:, :start] == -1).all()
    assert (found[:, stop:] == -1).all()
    marked = np.zeros(size, bool)
    for first, last in same(packed, start, stop):
        marked[first:last] = True
    assert np.array_equal(marked[start:stop], shared[start:stop])
    read = readings(packed, start, stop)
    assert sorted(run for one in read for run in one.runs) == sorted(runs(packed, start, stop))
    assert all(
        one.start <= run.start <= run.start + run.size <= one.stop
        for one in read
        for run in one.runs
    )


def test_what_lies_near_is_read_at_once_and_what_lies_far_is_not() -> None:
    packed, size = pack([(0, 5, 0, 5), (5, 9, SAME, SAME), (9, 12, 900_000, 900_002)])
    found = [(one.side, one.start, one.stop) for one in readings(packed, 0, size)]
    assert found == [(0, 0, 12), (1, 0, 5), (1, 900_000, 900_002)]

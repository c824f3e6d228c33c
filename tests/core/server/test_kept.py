from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from arbvis_core.server.kept import Kept


def test_the_least_recently_used_goes_first() -> None:
    kept: Kept[str] = Kept(10)
    kept.put("a", "A", 4)
    kept.put("b", "B", 4)
    assert kept.get("a") == "A"
    kept.put("c", "C", 4)
    assert (kept.get("a"), kept.get("b"), kept.get("c")) == ("A", None, "C")


def test_what_is_larger_than_all_is_not_kept() -> None:
    kept: Kept[str] = Kept(10)
    kept.put("a", "A", 4)
    kept.put("a", "AA", 11)
    assert kept.get("a") is None
    assert kept.held == 0


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 50), st.booleans())))
def test_the_limit_holds(steps: list[tuple[int, int, bool]]) -> None:
    kept: Kept[int] = Kept(100)
    sizes: dict[int, int] = {}
    for key, size, drop in steps:
        if drop:
            kept.drop(key)
        else:
            kept.put(key, size, size)
            sizes[key] = size
        there = [key for key in sizes if kept.get(key) is not None]
        assert kept.held == sum(sizes[key] for key in there) <= 100
        assert all(kept.get(key) == sizes[key] for key in there)

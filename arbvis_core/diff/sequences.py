"""The longest common subsequence, at a bounded cost."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from typing import Any

#: Pairs of equal elements that are looked at in two files; each costs about two microseconds.
MOST_PAIRS = 1_000_000

#: Indices of elements that belong together, in order: (left, right).
Matches = list[tuple[int, int]]


class Budget:
    """The pairs that may still be looked at, in all sequences of two files together."""

    def __init__(self, pairs: int = MOST_PAIRS) -> None:
        self._left = pairs

    def take(self, pairs: int) -> bool:
        """Tell whether so many are left, and take them."""
        enough = pairs <= self._left
        self._left -= pairs if enough else 0
        return enough


def common(left: Sequence[int], right: Sequence[int], budget: Budget) -> Matches | None:
    """Return a longest common subsequence as pairs of indices, or None if it would cost too much.

    What is equal at both ends costs nothing. In between, Hunt and Szymanski's way looks at every
    pair of equal elements, so that the cost is known before: it is their number.

    Args:
        left: elements by number; equal numbers are equal elements.
        right: the same of the other.
        budget: pairs that may be looked at.
    """
    size = min(len(left), len(right))
    head = 0
    while head < size and left[head] == right[head]:
        head += 1
    tail = 0
    while tail < size - head and left[-1 - tail] == right[-1 - tail]:
        tail += 1
    ours, theirs = left[head : len(left) - tail], right[head : len(right) - tail]
    middle = _between(ours, theirs, budget)
    if middle is None:
        return None
    ends = len(left) - tail, len(right) - tail
    return [
        *((index, index) for index in range(head)),
        *((head + one, head + other) for one, other in middle),
        *((ends[0] + index, ends[1] + index) for index in range(tail)),
    ]


def _between(left: Sequence[int], right: Sequence[int], budget: Budget) -> Matches | None:
    counts = Counter(right)
    if not budget.take(sum(counts[element] for element in left)):
        return None
    places: dict[int, list[int]] = {}
    for index in range(len(right) - 1, -1, -1):
        places.setdefault(right[index], []).append(index)
    ends: list[int] = []  # the least last index on the right of a chain of each length
    chains: list[Any] = []  # and that chain, from its end: (left, right, the chain before)
    for index, element in enumerate(left):
        for place in places.get(element, ()):
            length = bisect_left(ends, place)
            chain = (index, place, chains[length - 1] if length else None)
            if length == len(ends):
                ends.append(place)
                chains.append(chain)
            else:
                ends[length] = place
                chains[length] = chain
    found: Matches = []
    link = chains[-1] if chains else None
    while link is not None:
        found.append((link[0], link[1]))
        link = link[2]
    return found[::-1]

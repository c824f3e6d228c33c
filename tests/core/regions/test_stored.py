"""Where single elements are stored, against the bytes of regions seen through any view."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from regions_oracle import PLAIN, apply, shapes, steps, stored

from arbvis_core.regions import stored_at
from arbvis_core.values import Add, Concat, Part, Region


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_an_element_is_stored_where_its_bytes_are(data: st.DataObject) -> None:
    shape = data.draw(shapes(3))
    part, blob, array = data.draw(stored(shape, "uint8"))
    view, seen = [], array
    for _ in range(data.draw(st.integers(0, 3))):
        step = data.draw(steps(seen.shape))
        if not isinstance(step, Add) and apply(step, seen).size:
            view.append(step)
            seen = apply(step, seen)
    region = Region("r", seen.shape, "uint8", (part,), tuple(view), array.shape)
    index = tuple(data.draw(st.integers(0, length - 1)) for length in seen.shape)
    found = stored_at(region, index)
    assert found is not None
    assert blob[found.start] == seen[index]
    assert (found.size, found.elements, found.position) == (1, 1, 0)
    assert np.ravel(array)[found.number] == seen[index]


def test_of_a_block_it_is_told_which_element() -> None:
    part = Part("codes", "blob", 100, 100 + 4 * 2 * 18, (4, 2), (36, 18), (1, 32))
    region = Region("r", (4, 50), "Q", (part,), (), (4, 50))
    found = stored_at(region, (3, 40))
    assert found is not None
    assert (found.number, found.start, found.size) == (7, 100 + 3 * 36 + 18, 18)
    assert (found.elements, found.position) == (32, 8)


def test_of_what_is_joined_the_member_is_told() -> None:
    first = Region("a", (6, 10), "uint8", (PLAIN,))
    second = Region("b", (6, 10), "uint8", (PLAIN,))
    both = Region("c", (12, 10), "", (), (Concat(0),), (), (first, second))
    found = stored_at(both, (7, 3))
    assert found is not None
    assert (found.region.name, found.start, found.window) == ("b", 13, ((1, 2), (3, 4)))


def test_what_is_computed_is_stored_nowhere() -> None:
    one = Region("a", (6, 10), "uint8", (PLAIN,))
    assert stored_at(Region("d", (6, 10), "difference", operands=(one, one)), (0, 0)) is None

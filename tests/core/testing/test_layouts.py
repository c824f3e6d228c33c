from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbvis_core.formats.raw import RawFormat
from arbvis_core.protocols import Group, Layout
from arbvis_core.testing import LayoutContract, MemorySource
from arbvis_core.testing.layouts import overlap
from arbvis_core.values import Box, Canvas, Document, Placement, Range, Request, Scene

from .conftest import Run


class Rows(Layout):
    """One row of pixels per region."""

    name = "rows"
    priority = 100
    curve: str | None = None

    def matches(self, request: Request, documents: Sequence[Document]) -> bool:
        return any(document.regions for document in documents)

    def arrange(self, request: Request, documents: Sequence[Document]) -> Sequence[Scene]:
        regions = [region for document in documents for region in document.regions]
        placements = tuple(
            Placement(region.name, Box(0, row, region.shape[0], 1), region)
            for row, region in enumerate(regions)
        )
        return [self.scene(documents, placements)]

    def scene(self, documents: Sequence[Document], placements: Sequence[Placement]) -> Scene:
        extent = Canvas(100, len(placements), self.curve)
        return Scene("rows", "Rows", extent, tuple(placements), "bytes", tuple(documents))


class Changed(Rows):
    """Rows, with something done to every placement, and to the scene."""

    def __init__(self, scene: dict[str, Any] | None = None, **placement: Any) -> None:
        self.changes = scene or {}
        self.placement = placement

    def scene(self, documents: Sequence[Document], placements: Sequence[Placement]) -> Scene:
        changed = [replace(one, **self.placement) for one in placements]
        return replace(super().scene(documents, changed), **self.changes)


class Curved(Rows):
    curve = "hilbert"

    def scene(self, documents: Sequence[Document], placements: Sequence[Placement]) -> Scene:
        ends = list(itertools.accumulate((one.box.width for one in placements), initial=0))
        changed = [
            replace(one, start=start, stop=stop)
            for one, start, stop in zip(placements, ends, ends[1:], strict=False)
        ]
        return super().scene(documents, changed)


class Copies(Rows):
    def arrange(self, request: Request, documents: Sequence[Document]) -> Sequence[Scene]:
        return super().arrange(request, [replace(document) for document in documents])


class Counts(Rows):
    calls = itertools.count()

    def scene(self, documents: Sequence[Document], placements: Sequence[Placement]) -> Scene:
        return replace(super().scene(documents, placements), label=str(next(self.calls)))


class Reads(Rows):
    def arrange(self, request: Request, documents: Sequence[Document]) -> Sequence[Scene]:
        documents[0].sources[0].read([Range(0, 1)])
        return super().arrange(request, documents)


class Always(Rows):
    def matches(self, request: Request, documents: Sequence[Document]) -> bool:
        return True


class Nothing(Rows):
    def arrange(self, request: Request, documents: Sequence[Document]) -> Sequence[Scene]:
        return []


class Suite(LayoutContract):
    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    def documents(self) -> Sequence[Document]:
        sources = tuple(MemorySource(f"{size}.bin", bytes(size)) for size in (3, 50, 100))
        return RawFormat().parse(Group("memory", sources, ()))


@pytest.mark.parametrize("layout", [Rows(), Curved()])
def test_a_good_layout_passes(layout: Layout, failures: Run) -> None:
    assert failures(Suite(layout)) == {}


VALID = "test_scenes_are_valid"


@pytest.mark.parametrize(
    ("bad", "test", "words"),
    [
        (Changed(box=Box(0, 0, 5, 1)), VALID, "overlap"),
        (Changed(box=Box(96, 0, 5, 1)), VALID, "not on the canvas"),
        (Changed(box=Box(0, -1, 5, 1)), VALID, "not on the canvas"),
        (Changed(box=Box(0, 0, 0, 1)), VALID, "0 pixels wide"),
        (Changed(label=(101.0, 0.0)), VALID, "label of"),
        (Changed(hue=360), VALID, "hue 360"),
        (Changed(attributes={"x": object()}), VALID, "not plain data"),
        (Changed(name=""), VALID, "no name"),
        (Changed({"key": ""}), VALID, "no key"),
        (Changed({"renderer": ""}), VALID, "names no renderer"),
        (Changed({"documents": ()}), VALID, "which documents"),
        (Changed({"extent": Canvas(100, 3, "hilbert")}, start=0, stop=1), VALID, "1 pixels"),
        (Changed({"extent": Canvas(10, 3, "hilbert")}), VALID, "not on the canvas"),
        (Copies(), VALID, "not what the layout was handed"),
        (Nothing(), VALID, "shows nothing"),
        (Counts(), "test_the_same_documents_are_arranged_the_same", "AssertionError"),
        (Changed(attributes={"x": object()}), "test_scenes_can_be_sent_to_another_process", "same"),
        (Reads(), "test_nothing_is_read", "3.bin"),
        (Always(), "test_it_matches_what_it_can_show", "AssertionError"),
        (Rows, "test_the_registry_takes_it", "as a class"),
    ],
)
def test_a_bad_layout_fails(bad: Any, test: str, words: str, failures: Run) -> None:
    assert words in failures(Suite(bad), test).get(test, "it passes")


BOXES = st.builds(Box, *[st.integers(0, 12)] * 2, *[st.integers(1, 5)] * 2)


@given(st.lists(BOXES, max_size=8))
def test_overlaps_are_those_that_painting_shows(boxes: list[Box]) -> None:
    painted = [
        (x, y)
        for box in boxes
        for x in range(box.x, box.x + box.width)
        for y in range(box.y, box.y + box.height)
    ]
    found = overlap((str(number), box) for number, box in enumerate(boxes))
    assert (found is None) == (len(set(painted)) == len(painted))
    if found is not None:
        left, right = (boxes[int(name)] for name in found)
        assert left.meets(right)

"""The contract of layouts: everything on the canvas, nothing on top of anything else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import prod

from arbvis_core.errors import LayoutError
from arbvis_core.protocols import Layout
from arbvis_core.testing.documents import check_pickles, check_plain
from arbvis_core.testing.memory import CountingSource
from arbvis_core.testing.plugins import check_object
from arbvis_core.values import Box, Canvas, Document, Placement, Request, Scene, parts_of


def check_scenes(scenes: Sequence[Scene], documents: Sequence[Document]) -> None:
    """Check that scenes are valid: on their canvas, apart from each other, of known documents.

    Args:
        scenes: what a layout returned.
        documents: what it was handed.

    Raises:
        AssertionError: something is not valid; the message says what.
    """
    for scene in scenes:
        what = f"scene {scene.key!r}"
        assert scene.key, "a scene has no key"
        assert scene.label, f"{what} has no label"
        assert scene.renderer, f"{what} names no renderer"
        check_plain(scene.attributes, f"attributes of {what}")
        known = {id(document) for document in documents}
        foreign = [one.name for one in scene.documents if id(one) not in known]
        assert not foreign, f"{what} shows {foreign}, which is not what the layout was handed"
        keys = {source.key for document in scene.documents for source in document.sources}
        for placement in scene.placements:
            _check_placement(what, placement, keys)
        if isinstance(scene.extent, Canvas):
            _check_canvas(scene, scene.extent)


class LayoutContract:
    """A layout.

    Attributes:
        layout: the object under test.
    """

    layout: Layout

    def documents(self) -> Sequence[Document]:
        """Return documents that the layout can show."""
        raise NotImplementedError

    def request(self) -> Request:
        """Return a request."""
        return Request(("input",), layout=self.layout.name)

    def arranged(self) -> Sequence[Scene]:
        """Arrange the documents."""
        return self.layout.arrange(self.request(), self.documents())

    def test_the_registry_takes_it(self) -> None:
        """Name, priority and methods are in order."""
        check_object("layouts", self.layout)

    def test_it_matches_what_it_can_show(self) -> None:
        """It takes the documents, and has no answer but no where there are none."""
        assert self.layout.matches(self.request(), self.documents()) is True
        assert self.layout.matches(self.request(), ()) is False

    def test_scenes_are_valid(self) -> None:
        """Placements lie on the canvas, apart from each other, and read what the scene holds."""
        documents = self.documents()
        scenes = self.layout.arrange(self.request(), documents)
        assert scenes, "it matches and shows nothing"
        assert any(scene.placements for scene in scenes), "its scenes are empty"
        assert any(scene.documents for scene in scenes), "it does not say which documents it shows"
        check_scenes(scenes, documents)

    def test_the_same_documents_are_arranged_the_same(self) -> None:
        """Arranging twice gives equal scenes."""
        assert list(self.arranged()) == list(self.arranged())

    def test_scenes_can_be_sent_to_another_process(self) -> None:
        """Scenes survive pickling."""
        for scene in self.arranged():
            check_pickles(scene, f"scene {scene.key!r}")

    def test_nothing_is_read(self) -> None:
        """Where things lie does not depend on the bytes they hold."""
        counted: dict[str, CountingSource] = {}

        def counting(document: Document) -> Document:
            sources = [
                counted.setdefault(source.key, CountingSource(source))
                for source in document.sources
            ]
            return replace(document, sources=tuple(sources))

        self.layout.arrange(self.request(), [counting(one) for one in self.documents()])
        read = {key: source.bytes_read for key, source in counted.items() if source.reads}
        assert not read, f"it reads {read}"

    def test_documents_that_hold_nothing_are_a_sentence_or_a_scene(self) -> None:
        """Documents without regions or bytes end in `LayoutError`, if they are not refused."""
        empty = [
            replace(document, regions=(), sources=tuple(document.sources[:0]))
            for document in self.documents()
        ]
        if self.layout.matches(self.request(), empty):
            try:
                check_scenes(self.layout.arrange(self.request(), empty), empty)
            except LayoutError as error:
                assert "\n" not in str(error)  # noqa: PT017 - either way is allowed


def _check_placement(scene: str, placement: Placement, keys: set[str]) -> None:
    what = f"{scene}: placement {placement.name!r}"
    assert placement.name, f"{scene}: a placement has no name"
    assert 0 <= placement.hue < 360, f"{what} has hue {placement.hue}"
    check_plain(placement.attributes, f"attributes of {what}")
    if isinstance(placement.fold, Mapping):
        check_plain(placement.fold, f"fold of {what}")
    unknown = {part.source for part in parts_of(placement.region)} - keys
    assert not unknown, f"{what} reads {unknown}, which none of the scene's documents holds"


def _check_canvas(scene: Scene, canvas: Canvas) -> None:
    what = f"scene {scene.key!r}"
    assert canvas.width > 0, f"{what} is {canvas.width} pixels wide"
    assert canvas.height > 0, f"{what} is {canvas.height} pixels high"
    placed = [(one.name, one.box) for one in scene.placements]
    for name, box in (*placed, *((one.name, one.box) for one in scene.labels)):
        assert box.width > 0, f"{what}: {name!r} is {box.width} pixels wide"
        assert box.height > 0, f"{what}: {name!r} is {box.height} pixels high"
        fits = 0 <= box.x <= canvas.width - box.width and 0 <= box.y <= canvas.height - box.height
        assert fits, f"{what}: {name!r} at {tuple(box)} is not on the canvas"
    for one in scene.placements:
        if one.label is not None:
            x, y = one.label
            on = 0 <= x <= canvas.width and 0 <= y <= canvas.height
            assert on, f"{what}: the label of {one.name!r} is not on the canvas"
    if canvas.curve is None:
        clash = overlap(placed)
        assert not clash, f"{what}: {clash[0]!r} and {clash[1]!r} overlap"
    else:
        _check_curve(what, canvas, scene.placements)


def _check_curve(scene: str, canvas: Canvas, placements: Sequence[Placement]) -> None:
    """Check that placements follow each other along the curve, one pixel per element."""
    reached, before = 0, ""
    for one in sorted(placements, key=lambda placement: placement.start):
        assert reached <= one.start, f"{scene}: {before!r} and {one.name!r} overlap on the curve"
        size = one.stop - one.start
        assert size == prod(one.region.shape), f"{scene}: {one.name!r} has {size} pixels"
        reached, before = one.stop, one.name
    assert reached <= canvas.width * canvas.height, f"{scene}: {before!r} leaves the canvas"


def overlap(boxes: Iterable[tuple[str, Box]]) -> tuple[str, str] | None:
    """Return the names of two boxes that share a pixel, or None."""
    open_boxes: list[tuple[str, Box]] = []
    for name, box in sorted(boxes, key=lambda pair: pair[1].x):
        open_boxes = [pair for pair in open_boxes if pair[1].x + pair[1].width > box.x]
        for other, opened in open_boxes:
            if opened.meets(box):
                return other, name
        open_boxes.append((name, box))
    return None

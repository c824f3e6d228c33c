"""The canvas, the placements and the outlines of the byte picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbvis_core.errors import LayoutError
from arbvis_core.layouts.hilbert import HilbertLayout, canvas_of, hue_of
from arbvis_core.values import Document, Part, Region, Request, Scene


@dataclass(frozen=True)
class Bytes:
    name: str
    size: int
    folder: str = ""
    identity: str = ""

    @property
    def key(self) -> str:
        return f"/{self.name}"


def document(*sources: Bytes, regions: tuple[Region, ...] = (), **more: object) -> Document:
    return Document("document", "raw", sources, regions, **more)


def arrange(*documents: Document) -> Scene:
    (scene,) = HilbertLayout().arrange(Request(()), documents)
    return scene


def region(name: str, *extents: tuple[str, int, int], encoding: str = "f16") -> Region:
    parts = tuple(
        Part("codes", key, start, stop, (stop - start,), (1,)) for key, start, stop in extents
    )
    return Region(name, (2, 3), encoding, parts)


@given(st.integers(1, 1 << 44))
def test_the_canvas_is_the_smallest_that_holds_everything(total: int) -> None:
    canvas = canvas_of(total)
    area = canvas.width * canvas.height
    assert canvas.curve == "hilbert"
    assert canvas.width in {canvas.height, 2 * canvas.height}
    assert canvas.height & (canvas.height - 1) == 0
    assert total <= area
    assert canvas.height == canvas.width == 512 or 2 * total > area


@pytest.mark.parametrize(
    ("total", "width", "height"),
    [(1, 512, 512), (1 << 18, 512, 512), ((1 << 18) + 1, 1024, 512), (1 << 30, 32768, 32768)],
)
def test_canvases_of_the_reference(total: int, width: int, height: int) -> None:
    assert (canvas_of(total).width, canvas_of(total).height) == (width, height)


def test_files_follow_one_another_and_empty_ones_take_no_room() -> None:
    scene = arrange(document(Bytes("a", 5), Bytes("nothing", 0)), document(Bytes("b", 7), input=1))
    assert [(p.name, p.start, p.stop) for p in scene.placements] == [("a", 0, 5), ("b", 5, 12)]
    assert scene.placements[1].region == Region(
        "b", (7,), "bytes", (Part("bytes", "/b", 0, 7, (7,), (1,)),)
    )
    assert (scene.key, scene.renderer) == ("bytes", "bytes")


def test_inputs_keep_their_order_and_a_repeated_one_is_shown_twice() -> None:
    shared = Bytes("a", 5)
    scene = arrange(
        document(Bytes("late", 1), input=2), document(shared, input=0), document(shared, input=1)
    )
    assert [p.name for p in scene.placements] == ["a", "a", "late"]


def test_a_file_of_two_documents_is_shown_once() -> None:
    shared = Bytes("a", 5)
    assert len(arrange(document(shared), document(shared)).placements) == 1


def test_a_file_lies_where_its_bytes_lie() -> None:
    from arbvis_core.kernels.hilbert import point

    scene = arrange(document(Bytes("a", 1000), Bytes("b", 300_000)))
    for placement in scene.placements:
        points = [point(position, 9) for position in range(placement.start, placement.stop, 7)]
        box = placement.box
        assert all(
            box.x <= x < box.x + box.width and box.y <= y < box.y + box.height for x, y in points
        )
        assert placement.label == pytest.approx(np.mean(points, axis=0) + 0.5, abs=1)


def test_hues_are_stable() -> None:
    assert [hue_of(name) for name in ("a", "model.safetensors", "\udcff")] == [
        hue_of(name) for name in ("a", "model.safetensors", "\udcff")
    ]
    assert all(0 <= hue_of(str(number)) < 360 for number in range(100))
    assert hue_of("a") == 248


def test_what_a_format_found_is_outlined() -> None:
    scene = arrange(
        document(
            Bytes("first", 10),
            Bytes("second", 90),
            regions=(
                region("joined", ("/second", 4, 8), ("/second", 8, 12), ("/first", 1, 3)),
                region("hostile", ("/second", 80, 10**9), ("/elsewhere", 0, 5)),
                region("raw", ("/first", 0, 10), encoding="bytes"),
            ),
        )
    )
    assert [(label.name, label.kind, label.start, label.stop) for label in scene.labels] == [
        ("joined", "region", 1, 3),
        ("joined", "region", 14, 22),
        ("hostile", "region", 90, 100),
    ]
    assert scene.labels[0].text == "2 × 3, f16"


def test_derived_documents_are_left_alone() -> None:
    layout = HilbertLayout()
    derived = document(Bytes("panel", 5), derived=True)
    assert not layout.matches(Request(()), [derived])
    assert layout.matches(Request(()), [derived, document(Bytes("a", 0))])
    assert [p.name for p in arrange(derived, document(Bytes("a", 1))).placements] == ["a"]


@pytest.mark.parametrize(
    ("sources", "sentence"),
    [
        ([Bytes("empty.bin", 0)], "'empty.bin' is empty"),
        ([Bytes("a", 0), Bytes("b", 0)], "all 2 files are empty"),
        ([], "there is no file"),
    ],
)
def test_nothing_to_show_is_said(sources: list[Bytes], sentence: str) -> None:
    with pytest.raises(LayoutError, match=sentence):
        HilbertLayout().arrange(Request(()), [document(*sources)])

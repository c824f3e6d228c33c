"""The pixels of differences, against numpy and the curve's own definition."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbvis_core.diff.builder import ByteDiffBuilder
from arbvis_core.kernels import byte_difference, byte_tile, hilbert
from arbvis_core.layouts.hilbert import HilbertLayout
from arbvis_core.pipeline.planning import plan_scene
from arbvis_core.registry import load
from arbvis_core.render.byte_differences import ByteDifferenceRenderer, Measured
from arbvis_core.testing import MemorySource
from arbvis_core.testing.renderers import rgba
from arbvis_core.values import Document, Leaf, Range, Request, ScenePlan, TileKey, View

RENDERER = ByteDifferenceRenderer()
AREA = 512 * 512
REQUEST = Request(("old", "new"), diff=True)
PLANES = ("both", "left", "right", "grew", "shrank")


def plan_of(left: dict[str, bytes], right: dict[str, bytes]) -> ScenePlan:
    sides = [
        [Document("files", "raw", tuple(MemorySource(*one, folder) for one in files.items()), ())]
        for folder, files in (("old", left), ("new", right))
    ]
    (made,) = ByteDiffBuilder().build(REQUEST, sides)
    (scene,) = HilbertLayout().arrange(REQUEST, [replace(made, derived=True)])
    return plan_scene(scene, load(allow=()))


def paint(plan: ScenePlan, key: TileKey) -> Leaf:
    parts = [
        np.frombuffer(plan.sources[one.source].read([Range(one.start, one.stop)])[0], np.uint8)[
            None
        ]
        for one in RENDERER.reads(plan, key, {})
    ]
    return RENDERER.paint(plan, key, parts, {}, View())


def streams(plan: ScenePlan, left: dict[str, bytes], right: dict[str, bytes]) -> np.ndarray:
    """Both sides along the curve, -1 where there is no byte, (2, positions)."""
    found = np.full((2, plan.canvas.width * plan.canvas.height), -1)
    for one in plan.placements:
        for side, files in enumerate((left, right)):
            content = np.frombuffer(files.get(one.name, b""), np.uint8)
            found[side, one.start : one.start + content.size] = content
    return found


def positions(plan: ScenePlan, key: TileKey) -> np.ndarray:
    """The position along the curve of every pixel of a tile, (512, 512)."""
    number, state = hilbert.locate(key.x, key.y, plan.canvas.height.bit_length() - 10)
    x, y, _ = hilbert.walk(9)
    found = np.empty((512, 512), np.int64)
    found[y[state], x[state]] = number * AREA + np.arange(AREA)
    return found


def colour(left: int, right: int) -> tuple[int, int, int, int]:
    """Return what a pair of bytes looks like, as the documentation states it."""
    if left < 0 and right < 0:
        return 0, 0, 0, 0
    if left < 0 or right < 0:
        base, byte = ((40, 220, 40), right) if left < 0 else ((220, 40, 40), left)
        tinted = [
            (int(one) + two) // 2 for one, two in zip(byte_tile.COLOURS[byte], base, strict=True)
        ]
        return tinted[0], tinted[1], tinted[2], 255
    step = 0 if left == right else max(1, round(abs(right - left) * 127 / 255))
    level = round(90 + 165 * step / 127) if step else 0
    return (level, 0, 0, 255) if right < left else (0, level, 0, 255)


@cache
def table() -> np.ndarray:
    """The colours of all pairs of bytes, none of them first, (257, 257, 4)."""
    return np.array([[colour(x, y) for y in range(-1, 256)] for x in range(-1, 256)], np.uint8)


NOISE = np.random.default_rng(7).bytes(3 * AREA)
LEFT = {"a": NOISE[: AREA + 5], "gone": NOISE[:9], "c": NOISE[:300_000]}
RIGHT = {"a": NOISE[: AREA - 7], "c": NOISE[1:300_010], "new": NOISE[:77]}
KEYS = [TileKey(1, x, y) for y in range(2) for x in range(2)]


@pytest.mark.parametrize("key", KEYS)
def test_every_pixel_shows_its_pair_of_bytes(key: TileKey) -> None:
    plan = plan_of(LEFT, RIGHT)
    left, right = streams(plan, LEFT, RIGHT)[:, positions(plan, key)]
    assert RENDERER.present(plan, key) == bool(((left >= 0) | (right >= 0)).any())
    assert np.array_equal(rgba(paint(plan, key).tile), table()[left + 1, right + 1])


@pytest.mark.parametrize("key", KEYS)
def test_planes_and_figures_are_those_of_numpy(key: TileKey) -> None:
    plan = plan_of(LEFT, RIGHT)
    left, right = streams(plan, LEFT, RIGHT)[:, positions(plan, key)]
    both = (left >= 0) & (right >= 0)
    change = np.where(both, right - left, 0)
    layers = {
        "both": both,
        "left": (left >= 0) & (right < 0),
        "right": (left < 0) & (right >= 0),
        "grew": np.maximum(change, 0),
        "shrank": np.maximum(-change, 0),
    }
    leaf = paint(plan, key)
    for name, layer in layers.items():
        assert np.array_equal(leaf.planes[name], layer.reshape(256, 2, 256, 2).sum(axis=(1, 3)))
    total = Measured()
    for one in leaf.statistics.values():
        total = total.plus(one)
    assert total.compared == both.sum()
    assert total.changed == (change != 0).sum()
    assert total.magnitude == abs(change).sum()
    assert total.largest == abs(change).max()
    assert (total.only_left, total.only_right) == (layers["left"].sum(), layers["right"].sum())


def test_offsets_are_those_of_the_file_across_tiles() -> None:
    plan = plan_of(LEFT, RIGHT)
    merged: dict[str, Measured] = {}
    for key in KEYS:
        if RENDERER.present(plan, key):
            merged = dict(RENDERER.merge(merged, paint(plan, key).statistics))
    old, new = (np.frombuffer(side["c"][:300_000], np.uint8) for side in (LEFT, RIGHT))
    differs = np.flatnonzero(old != new[: old.size])
    assert (merged["c"].first, merged["c"].last) == (differs[0], differs[-1])
    assert (merged["a"].first, merged["a"].last) == (-1, -1)
    assert merged["c"].changed == differs.size


def test_no_change_looks_identical_and_larger_ones_are_never_darker() -> None:
    levels = byte_difference.PALETTE[byte_difference.CODES].astype(int)
    assert (levels[255] == (0, 0, 0, 255)).all()
    assert (np.diff(levels[256:, 1]) >= 0).all()
    assert (np.diff(levels[:255, 0]) <= 0).all()
    assert levels[256, 1] >= 90
    assert levels[254, 0] >= 90
    assert (levels[:, 2] == 0).all()
    assert (levels[0, 0], levels[-1, 1]) == (255, 255)


def shaded(**planes: float) -> np.ndarray:
    """Return the colour of a pixel of an overview from its planes."""
    arrays = [np.full((1, 1), planes.get(name, 0), np.float32) for name in PLANES]
    colours: np.ndarray = byte_difference.shade(*arrays)[0, 0].astype(int)
    return colours


@given(st.integers(1, 1 << 40), st.integers(1, 255))
def test_one_changed_byte_is_seen_from_any_distance(both: int, change: int) -> None:
    assert shaded(both=both, grew=change)[1] >= 90
    assert shaded(both=both, shrank=change)[0] >= 90


@given(st.integers(1, 1 << 40))
def test_one_byte_of_one_side_is_seen_from_any_distance(both: int) -> None:
    assert shaded(both=both, right=1)[1] >= 35
    assert shaded(both=both, left=1)[0] >= 35
    crowd = shaded(both=1, right=both, shrank=1)
    assert min(crowd[:2]) >= 30


def test_overviews_say_in_which_direction() -> None:
    assert list(shaded(both=9)) == [0, 0, 0, 255]
    assert list(shaded()) == [0, 0, 0, 0]
    assert list(shaded(both=1, grew=255)) == [0, 255, 0, 255]
    assert list(shaded(both=1, shrank=255)) == [255, 0, 0, 255]
    red, green, blue, _ = shaded(both=8, grew=60, shrank=60)
    assert red == green > blue == 0


def test_the_legend_counts() -> None:
    plan = plan_of({"a": b"abcdef"}, {"a": b"abdde"})
    (leaf, overview) = RENDERER.legend(plan, View(), paint(plan, TileKey(0, 0, 0)).statistics)
    shares = {entry.label: entry.share for entry in leaf.entries}
    assert shares == pytest.approx(
        {
            "shrank": 0,
            "identical": 4 / 6,
            "grew": 1 / 6,
            "only in old (tinted)": 1 / 6,
            "only in new (tinted)": 0,
        }
    )
    assert leaf.title == "new − old"
    assert leaf.note == (
        "1 of 5 bytes differ, the first at 2 of a, the last at 2 of a. 1 byte is only in old."
    )
    assert overview.note.startswith(leaf.note)


@pytest.mark.parametrize(
    ("left", "right", "sentence"),
    [
        ({"a": b"ab"}, {"a": b"ab"}, "None of 2 bytes differ."),
        ({"a": b"ab"}, {"a": b"abcd"}, "None of 2 bytes differ. 2 bytes are only in new."),
        (
            {"a": b""},
            {"a": b"x" * 1234},
            "Nothing is in both. 1,234 bytes are only in new.",
        ),
        (
            {"a": b"x"},
            {"a": b""},
            "Nothing is in both. 1 byte is only in old.",
        ),
        (
            {"a": b"abc", "b": b""},
            {"a": b"", "b": b"de"},
            "Nothing is in both. 3 bytes are only in old. 2 bytes are only in new.",
        ),
    ],
)
def test_a_sentence_says_what_differs(
    left: dict[str, bytes], right: dict[str, bytes], sentence: str
) -> None:
    plan = plan_of(left, right)
    told = RENDERER.legend(plan, View(), paint(plan, TileKey(0, 0, 0)).statistics)[0].note
    assert told == sentence

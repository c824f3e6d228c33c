"""Which files are compared, and what is said of those that cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from arbvis_core import api
from arbvis_core.diff.builder import ByteDiffBuilder
from arbvis_core.diff.files import pair
from arbvis_core.errors import LayoutError, UsageError
from arbvis_core.formats.raw import RawFormat
from arbvis_core.testing import MemorySource
from arbvis_core.testing.documents import decoders_with, region_values
from arbvis_core.values import Document, Region, Request


def source(name: str, content: bytes = b"", folder: str = "left") -> MemorySource:
    return MemorySource(name, content, folder)


def documents(*sides: list[MemorySource]) -> list[list[Document]]:
    return [[Document("files", "raw", tuple(files), ())] for files in sides]


def build(*sides: list[MemorySource]) -> list[Document]:
    names = tuple("ABCD"[: len(sides)])
    return list(ByteDiffBuilder().build(Request(names, diff=True), documents(*sides)))


def region(left: bytes, right: bytes) -> tuple[Region, Document]:
    (made,) = build([source("x", left)], [source("y", right, "right")])
    (one,) = made.regions
    return one, made


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def measured(*inputs: Path) -> dict[str, Any]:
    """Draw the difference and return what was measured, by scene."""
    request = Request(tuple(map(str, inputs)), diff=True)
    return dict(api.render(api.plan(request), None, executor="serial").summaries)


def test_one_file_is_compared_with_one_file_whatever_they_are_called() -> None:
    (one,) = pair([source("x")], [source("y", folder="right")])
    assert one.left
    assert one.right
    assert (one.left.name, one.right.name) == ("x", "y")


def test_files_of_folders_are_paired_by_relative_path() -> None:
    left = [source("a"), source("b/c"), source("d")]
    right = [source(name, folder="right") for name in ("b/c", "e", "a")]
    found = {one.name: (one.left is not None, one.right is not None) for one in pair(left, right)}
    both, only_left, only_right = (True, True), (True, False), (False, True)
    assert found == {"a": both, "b/c": both, "d": only_left, "e": only_right}


def test_names_that_come_twice_are_paired_in_turn() -> None:
    left = [source("a", b"1"), source("a", b"2", "other")]
    found = pair(left, [source("a", b"3", "right")])
    assert [(one.name, one.right is not None) for one in found] == [("a", True), ("a (2)", False)]


def test_what_is_on_one_side_only_is_named() -> None:
    many = [source(f"f{index}") for index in range(12)]
    (made,) = build([source("a", b"12"), *many], [source("a", b"123", "right"), source("new")])
    assert made.warnings == (
        "12 files are only in A: f0, f1, f2, f3, f4, f5, f6, f7, f8, f9 and 2 more",
        "1 file is only in B: new",
        "a: 2 bytes in A and 3 in B; the last 1 are only in B",
    )
    told = made.metadata["difference"]
    assert (told["paired"], told["only_left"], told["only_right"], told["unequal"]) == (1, 12, 1, 1)
    assert [one.attributes["side"] for one in made.regions] == ["both", *["A"] * 12, "B"]


@pytest.mark.parametrize(("left", "right"), [(b"", b"ab"), (b"ab", b""), (b"\0\xff7", b"\xff\0")])
def test_values_are_the_second_minus_the_first_and_nan_where_one_has_none(
    left: bytes, right: bytes
) -> None:
    one, made = region(left, right)
    values = region_values(one, made.sources, decoders_with(RawFormat(), ByteDiffBuilder()))
    shared = min(len(left), len(right))
    numbers = [np.frombuffer(side[:shared], np.uint8).astype(int) for side in (left, right)]
    assert np.array_equal(values[:shared], numbers[1] - numbers[0])
    assert np.isnan(values[shared:]).all()
    assert values.size == max(len(left), len(right))


def test_every_other_input_is_compared_with_the_first() -> None:
    made = build(*([source("x", b"1", folder)] for folder in ("one", "two", "three")))
    assert [(one.name, one.input) for one in made] == [("B − A", 1), ("C − A", 2)]


def test_an_input_that_was_left_out_does_not_count() -> None:
    sides = documents([source("x", b"1")], [], [source("x", b"2", "right")])
    sides[1] = []
    opened = (sides[0][0].sources, (), sides[2][0].sources)
    request = Request(("A", "B", "C"), diff=True, opened=opened)
    assert ByteDiffBuilder().matches(request, sides)
    assert [one.name for one in ByteDiffBuilder().build(request, sides)] == ["C − A"]
    assert not ByteDiffBuilder().matches(Request(("A", "B", "C"), diff=True), sides)


def test_one_changed_byte_is_counted_and_found(tmp_path: Path) -> None:
    old = np.random.default_rng(5).integers(0, 200, 300_000, np.uint8)
    new = old.copy()
    new[271_828] += 40
    write(tmp_path, {"old.bin": old.tobytes(), "new.bin": new.tobytes() + b"more"})
    names = [tmp_path / "old.bin", tmp_path / "new.bin"]
    stats = measured(*names)["difference"]
    place = {"name": "old.bin", "offset": 271_828}
    assert stats["first"] == stats["last"] == place
    assert (stats["compared"], stats["changed"], stats["grew"]) == (300_000, 1, 1)
    assert (stats["largest"], stats["only_left"], stats["only_right"]) == (40, 0, 4)
    assert stats["mean_absolute"] == pytest.approx(40 / 300_000)


def test_the_same_file_twice_differs_nowhere(tmp_path: Path) -> None:
    path = write(tmp_path, {"a.bin": bytes(range(256))}) / "a.bin"
    stats = measured(path, path)["difference"]
    assert stats["first"] is stats["last"] is None
    assert (stats["compared"], stats["changed"], stats["mean_absolute"]) == (256, 0, 0)


def test_folders_are_compared_file_by_file(tmp_path: Path) -> None:
    old = write(tmp_path / "old", {"a": b"same", "b/c": b"abc", "gone": b"12345"})
    new = write(tmp_path / "new", {"a": b"same", "b/c": b"abd", "come": b"123"})
    other = write(tmp_path / "other", {"a": b"same"})
    stats = measured(old, new, other)
    assert stats.keys() == {"difference", "difference-2"}
    found = stats["difference"]["placements"]
    assert found["b/c"]["stats"] | {"changed": 1, "first": 2} == found["b/c"]["stats"]
    assert found["gone"]["stats"]["only_left"] == 5
    assert found["come"]["stats"]["only_right"] == 3
    assert stats["difference"]["files_changed"] == 1
    assert stats["difference-2"]["files_changed"] == 0


def test_files_without_a_byte_are_a_sentence(tmp_path: Path) -> None:
    write(tmp_path, {"a": b"", "b": b""})
    with pytest.raises(LayoutError, match="no byte to compare"):
        api.plan(Request((str(tmp_path / "a"), str(tmp_path / "b")), diff=True))


def test_one_input_is_a_sentence(tmp_path: Path) -> None:
    write(tmp_path, {"a": b"1"})
    with pytest.raises(UsageError, match="at least two inputs"):
        api.plan(Request((str(tmp_path / "a"),), diff=True))

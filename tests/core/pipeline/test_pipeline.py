"""From request to plan: who is asked, in which order, and what happens when they fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from arbvis_core import api
from arbvis_core.errors import FormatError, LayoutError, PluginError, SourceError, UsageError
from arbvis_core.registry import Registered, Registry, load

BARE = load((), ())


def with_objects(**kinds: Sequence[Any]) -> Registry:
    """The built-in registry with further objects, ranked as the loader ranks them."""
    added = {
        kind: tuple(
            sorted(
                [*getattr(BARE, kind), *(Registered("toy", "1.0", item) for item in items)],
                key=lambda one: one.rank,
            )
        )
        for kind, items in kinds.items()
    }
    return replace(BARE, faults=[], **added)


@dataclass
class ToyFormat(api.Format):
    name: str = "toy"
    priority: int = 100
    suffix: str = ".toy"
    fails: Exception | None = None
    seen: list[api.Group] | None = None

    def matches(self, probe: api.Probe) -> bool:
        if isinstance(self.fails, AssertionError):
            raise self.fails
        return probe.name.endswith(self.suffix)

    def parse(self, group: api.Group) -> Sequence[api.Document]:
        if self.seen is not None:
            self.seen.append(group)
        if self.fails:
            raise self.fails
        return [api.Document(group.folder, self.name, group.claimed, ())]


def request(*inputs: Path | str, **fields: Any) -> api.Request:
    return api.Request(tuple(str(one) for one in inputs), **fields)


def test_an_empty_name_is_said_to_be_one() -> None:
    with pytest.raises(SourceError, match="an input has an empty name"):
        api.plan(request(""), registry=BARE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in [("a.toy", b"aa"), ("b.txt", b"bbb"), ("c.toy", b"c")]:
        (tmp_path / name).write_bytes(content)
    return tmp_path


def names(plan: api.Plan) -> list[str]:
    return [placement.name for placement in plan.scenes[0].placements]


def test_files_keep_the_order_of_the_command_line(folder: Path) -> None:
    plan = api.plan(request(folder / "b.txt", folder / "a.toy", folder / "b.txt"), registry=BARE)
    assert [(one.start, one.stop) for one in plan.scenes[0].placements] == [(0, 3), (3, 5), (5, 8)]
    assert [one["size"] for one in plan.inputs] == [3, 2, 3]


def test_a_format_sees_what_it_claimed_in_a_folder_and_what_lies_beside(folder: Path) -> None:
    toy = ToyFormat(seen=[])
    plan = api.plan(request(folder), registry=with_objects(formats=[toy]))
    (group,) = toy.seen or []
    assert [Path(one.key).name for one in group.claimed] == ["a.toy", "c.toy"]
    assert [Path(one.key).name for one in group.siblings] == ["b.txt"]
    assert len(names(plan)) == 3  # in the order of the folder, whoever claimed them
    assert [Path(name).name for name in names(plan)] == ["a.toy", "b.txt", "c.toy"]


def test_the_higher_priority_claims_and_an_explicit_format_beats_it(folder: Path) -> None:
    low, high = ToyFormat("low", 100, seen=[]), ToyFormat("high", 200, seen=[])
    registry = with_objects(formats=[low, high])
    api.plan(request(folder / "a.toy"), registry=registry)
    assert (len(low.seen or []), len(high.seen or [])) == (0, 1)
    api.plan(request(folder / "a.toy", format="low"), registry=registry)
    assert (len(low.seen or []), len(high.seen or [])) == (1, 1)


def test_a_format_that_cannot_tell_is_passed_over_and_named(folder: Path) -> None:
    registry = with_objects(formats=[ToyFormat(fails=AssertionError("hm"))])
    plan = api.plan(request(folder / "a.toy"), registry=registry)
    assert names(plan) == ["a.toy"]
    assert any("toy" in fault and "hm" in fault for fault in plan.warnings)
    assert not registry.faults  # the next run starts afresh


def test_a_file_that_cannot_be_parsed_is_shown_as_bytes_with_a_warning(folder: Path) -> None:
    registry = with_objects(formats=[ToyFormat(fails=FormatError("a.toy: byte 1 is wrong"))])
    plan = api.plan(request(folder / "a.toy"), registry=registry)
    assert names(plan) == ["a.toy"]
    assert plan.warnings == ("a.toy: byte 1 is wrong (shown as plain bytes)",)


@dataclass
class Forgetful(ToyFormat):
    """Claims every file and makes a document of none, or of the first."""

    def matches(self, probe: api.Probe) -> bool:
        return True

    def parse(self, group: api.Group) -> Sequence[api.Document]:
        return [api.Document("first", self.name, group.claimed[:1], ())]


def test_a_file_that_its_format_leaves_out_is_shown_as_bytes(folder: Path) -> None:
    plan = api.plan(request(folder), registry=with_objects(formats=[Forgetful()]))
    assert [Path(name).name for name in names(plan)] == ["a.toy", "b.txt", "c.toy"]


@dataclass
class Particular(ToyFormat):
    """Names the file of a group that is not valid."""

    def parse(self, group: api.Group) -> Sequence[api.Document]:
        for source in group.claimed:
            if source.key.endswith("a.toy"):
                error = FormatError("a.toy: byte 1 is wrong")
                error.source = source.key
                raise error
        return super().parse(group)


def test_one_bad_file_does_not_take_its_group_along(folder: Path) -> None:
    toy = Particular(seen=[])
    plan = api.plan(request(folder), registry=with_objects(formats=[toy]))
    (group,) = toy.seen or []
    assert [Path(one.key).name for one in group.claimed] == ["c.toy"]
    assert len(names(plan)) == 3
    assert plan.warnings == ("a.toy: byte 1 is wrong (shown as plain bytes)",)


def test_a_format_that_is_asked_for_takes_the_file_that_is_named(folder: Path) -> None:
    toy = ToyFormat(suffix=".other", seen=[])
    registry = with_objects(formats=[toy])
    api.plan(request(folder / "b.txt", format="toy"), registry=registry)
    assert len(toy.seen or []) == 1
    with pytest.raises(UsageError, match="--format toy: it reads none"):
        api.plan(request(folder, format="toy"), registry=registry)


def test_keep_going_leaves_out_what_is_missing(folder: Path) -> None:
    missing = folder / "nothing.bin"
    plan = api.plan(request(missing, folder / "b.txt", keep_going=True), registry=BARE)
    assert names(plan) == ["b.txt"]
    assert any("nothing.bin" in warning for warning in plan.warnings)
    with pytest.raises(SourceError, match=r"nothing\.bin"):
        api.plan(request(missing, keep_going=True), registry=BARE)


@dataclass
class Differ(api.DiffBuilder):
    name: str = "toy"
    priority: int = 100

    def matches(self, request: api.Request, sides: Sequence[Sequence[api.Document]]) -> bool:
        return True

    def build(
        self,
        request: api.Request,
        sides: Sequence[Sequence[api.Document]],
    ) -> Sequence[api.Document]:
        return [replace(sides[0][0], name="difference")]


def test_a_difference_is_never_drawn_as_the_bytes_of_its_inputs(folder: Path) -> None:
    registry = with_objects(diff_builders=[Differ()])
    with pytest.raises(LayoutError, match="no layout shows difference"):
        api.plan(request(folder / "a.toy", folder / "c.toy", diff=True), registry=registry)


def test_a_strict_profile_ends_the_run_and_keep_going_goes_on(folder: Path) -> None:
    registry = with_objects(formats=[ToyFormat(fails=FormatError("a.toy: byte 1 is wrong"))])
    strict = api.Profile("strict", strict=True)
    with pytest.raises(FormatError, match="byte 1"):
        api.plan(request(folder, profile=strict), registry=registry)
    plan = api.plan(
        request(folder, profile=strict, keep_going=True, layout="hilbert"), registry=registry
    )
    assert plan.warnings == ("a.toy: byte 1 is wrong",)
    with pytest.raises(UsageError, match=r"recognised by any of the formats toy; a\.toy: byte 1"):
        api.plan(request(folder, profile=strict, keep_going=True), registry=registry)


def test_a_format_that_was_forced_is_the_one_that_is_named(folder: Path) -> None:
    toys = [ToyFormat(fails=FormatError("a.toy: byte 1 is wrong")), ToyFormat("other")]
    strict = api.Profile("strict", strict=True)
    asked = request(folder / "a.toy", profile=strict, keep_going=True, format="toy")
    with pytest.raises(UsageError) as caught:
        api.plan(asked, registry=with_objects(formats=toys))
    assert "recognised by toy, the format that --format forces; a.toy: byte 1" in str(caught.value)
    assert "other" not in str(caught.value)


def test_bytes_that_were_forced_are_shown_by_the_other_program(folder: Path) -> None:
    strict = api.Profile("strict", strict=True)
    files = str(folder / "a.toy"), str(folder / "c.toy")
    with pytest.raises(UsageError) as caught:
        api.plan(request(*files, profile=strict, diff=True, format="raw"), registry=BARE)
    command = f"arbvis --diff {' '.join(files)} --format raw"
    assert "--format raw makes nothing of it but bytes" in str(caught.value)
    assert str(caught.value).endswith(f"by: {command}")


def test_a_strict_profile_shows_no_file_that_only_a_fallback_takes(folder: Path) -> None:
    seen: list[api.Group] = []
    (folder / "config.json").write_text("{}")
    strict = api.Profile("strict", strict=True)
    registry = with_objects(formats=[ToyFormat(seen=seen)])
    plan = api.plan(request(folder, profile=strict), registry=registry)
    assert [one.name for scene in plan.scenes for one in scene.placements] == ["a.toy", "c.toy"]
    assert "config.json" in [one.name for one in seen[0].siblings]


def test_a_format_sees_what_lies_beside_the_one_file_that_was_named(folder: Path) -> None:
    seen: list[api.Group] = []
    (folder / "config.json").write_text("{}")
    api.plan(request(folder / "a.toy"), registry=with_objects(formats=[ToyFormat(seen=seen)]))
    names = [one.name for one in seen[0].siblings]
    assert "config.json" in names
    assert "a.toy" not in names


def test_a_format_that_breaks_after_its_claim_is_a_plugin_error(folder: Path) -> None:
    registry = with_objects(formats=[ToyFormat(fails=KeyError("oops"))])
    with pytest.raises(PluginError) as caught:
        api.plan(request(folder / "a.toy"), registry=registry)
    assert (caught.value.plugin, caught.value.stage) == ("toy", "parse")
    assert isinstance(caught.value.__cause__, KeyError)


@pytest.mark.parametrize(
    ("fields", "error", "words"),
    [
        ({"layout": "hilbrt"}, LayoutError, "hilbert"),
        ({"format": "rww"}, UsageError, "raw"),
        ({"diff": True}, UsageError, "at least two"),
    ],
)
def test_what_is_asked_for_must_exist(
    folder: Path, fields: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        api.plan(request(folder / "a.toy", **fields), registry=BARE)


def test_a_difference_that_nobody_can_make_says_so(folder: Path) -> None:
    asked = request(folder / "gone.toy", folder / "c.toy", diff=True, keep_going=True)
    with pytest.raises(UsageError, match="compare"):
        api.plan(asked, registry=BARE)


@dataclass
class TwoScenes(api.Layout):
    """Hands out scenes with keys that clash and are not fit for paths."""

    name: str = "two"
    priority: int = 500

    def matches(self, request: api.Request, documents: Sequence[api.Document]) -> bool:
        return True

    def arrange(
        self, request: api.Request, documents: Sequence[api.Document]
    ) -> Sequence[api.Scene]:
        (scene,) = BARE.layout("hilbert").item.arrange(request, documents)
        return [replace(scene, key=key) for key in ("../Ä b", "b", "b", "", "NUL")]


class Nothing(TwoScenes):
    """A layout that shows nothing."""

    def matches(self, request: api.Request, documents: Sequence[api.Document]) -> bool:
        return False


def test_a_layout_that_cannot_show_it_is_told_from_those_that_can(folder: Path) -> None:
    registry = with_objects(layouts=[Nothing("none"), TwoScenes()])
    with pytest.raises(LayoutError) as caught:
        api.plan(request(folder / "a.toy", layout="none"), registry=registry)
    said = str(caught.value)
    assert said.endswith("--layout none: it cannot show a.toy, but two and hilbert can")


def test_nothing_to_show_says_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="name a file"):
        api.plan(request(), registry=BARE)
    with pytest.raises(SourceError, match=r"nothing\.bin"):
        api.plan(request(tmp_path / "nothing.bin"), registry=BARE)


def test_scene_keys_become_unique_slugs(folder: Path) -> None:
    registry = with_objects(layouts=[TwoScenes()])
    plan = api.plan(request(folder / "a.toy", layout="two"), registry=registry)
    assert [scene.key for scene in plan.scenes] == ["b", "b-2", "b-3", "scene", "nul-scene"]


def test_inputs_are_named_counted_and_hashed(folder: Path) -> None:
    import hashlib

    plan = api.plan(request(folder, folder / "b.txt"), registry=BARE)
    assert plan.inputs[0] == {"name": folder.name, "files": 3, "size": 6}
    digest = hashlib.sha256(b"bbb").hexdigest()
    assert plan.inputs[1] == {"name": "b.txt", "files": 1, "size": 3, "sha256": digest}
    assert plan.title == f"{folder.name}, b.txt"

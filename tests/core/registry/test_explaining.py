from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from arbvis_core.registry import Registry
from arbvis_core.registry.explaining import Explanation, Stage
from arbvis_core.values import Profile

#: Claims files that begin with TOY, and can be told to fail.
TOY = """
    from arbvis_core import hookimpl
    from arbvis_core.formats.raw import RawFormat
    from arbvis_core.layouts.hilbert import HilbertLayout

    class Toy(RawFormat):
        name = "toy"
        priority = 100

        def matches(self, probe):
            return probe.head(3) == b"TOY"

        def parse(self, group):
            source = group.claimed[0]
            if source.size > 100:
                raise ValueError("too much")
            return super().parse(group)

    class Broken(RawFormat):
        name = "broken"
        priority = 200

        def matches(self, probe):
            raise KeyError("odd")

    class Flat(HilbertLayout):
        name = "flat"
        priority = 100

    @hookimpl
    def arbvis_formats():
        return [Toy(), Broken()]

    @hookimpl
    def arbvis_layouts():
        return [Flat()]
"""


def stage(explanation: Explanation, name: str) -> Stage:
    return next(one for one in explanation.stages if one.name == name)


def answers(stage: Stage) -> list[tuple[str, str, bool]]:
    return [(one.name, one.verdict, one.wins) for one in stage.candidates]


def test_every_stage_lists_its_candidates_in_order_and_who_wins(
    install: Callable[..., str], loaded: Callable[..., Registry], tmp_path: Path
) -> None:
    install("arbvis-toy", TOY)
    file = tmp_path / "a.bin"
    file.write_bytes(b"TOY" * 20)
    found = loaded("arbvis-toy").explain(str(file))
    assert (found.error, found.sources, found.profile) == (None, 1, "arbvis")
    assert ("local", "yes", True) in answers(stage(found, "open"))
    assert ("stdin", "no", False) in answers(stage(found, "open"))
    assert answers(stage(found, "parse")) == [
        ("broken", "fault", False),
        ("toy", "yes", True),
        ("raw", "yes", False),
    ]
    broken, toy, raw = stage(found, "parse").candidates
    assert (broken.plugin, broken.priority, broken.reason) == ("arbvis-toy", 200, "KeyError: 'odd'")
    assert (toy.reason, raw.reason) == ("the first that matches", "")
    # The profile's layout is asked before those of a higher priority.
    assert answers(stage(found, "arrange")) == [("hilbert", "yes", True), ("flat", "yes", False)]
    assert "unless --layout" in stage(found, "arrange").candidates[0].reason
    assert ("bytes", "yes", True) in answers(stage(found, "render"))


def test_a_profile_without_a_layout_lets_priority_decide(
    install: Callable[..., str], loaded: Callable[..., Registry], tmp_path: Path
) -> None:
    install("arbvis-toy", TOY)
    file = tmp_path / "a.bin"
    file.write_bytes(b"anything")
    found = loaded("arbvis-toy").explain(str(file), Profile("free"))
    assert answers(stage(found, "parse"))[1:] == [("toy", "no", False), ("raw", "yes", True)]
    assert answers(stage(found, "arrange")) == [("flat", "yes", True), ("hilbert", "yes", False)]


def test_an_explanation_goes_as_far_as_it_can(
    install: Callable[..., str], loaded: Callable[..., Registry], tmp_path: Path
) -> None:
    install("arbvis-toy", TOY)
    registry = loaded("arbvis-toy")
    missing = registry.explain(str(tmp_path / "missing"))
    assert "missing does not exist" in (missing.error or "")
    assert [one.name for one in missing.stages] == ["open"]
    file = tmp_path / "a.bin"
    file.write_bytes(b"TOY" * 100)
    failing = registry.explain(str(file))
    assert "arbvis-toy 1.0 failed while it was to parse a.bin" in (failing.error or "")
    assert [one.name for one in failing.stages] == ["open", "parse"]


def test_what_nothing_opens_is_said(loaded: Callable[..., Registry]) -> None:
    found = loaded().explain("gopher://nowhere/at/all")
    assert [one.wins for one in stage(found, "open").candidates] == [False, False]
    assert found.sources == 0
    assert "can open gopher://" in (found.error or "")


def test_of_a_folder_every_file_is_explained(
    install: Callable[..., str], loaded: Callable[..., Registry], tmp_path: Path
) -> None:
    install("arbvis-toy", TOY)
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    for name in ("deep/c.toy", "b.toy", "a.bin", "d.toy"):
        (folder / name).write_bytes(b"TOY" if name.endswith("toy") else b"x")
    found = loaded("arbvis-toy").explain(str(folder))
    assert (found.error, found.sources) == (None, 4)
    parsed = [one for one in found.stages if one.name == "parse"]
    winners = [[one.name for one in stage.candidates if one.wins] for stage in parsed]
    assert [(one.subject, one.files) for one in parsed] == [
        ("a.bin", ("a.bin",)),
        ("b.toy, d.toy, deep/c.toy", ("b.toy", "d.toy", "deep/c.toy")),
    ]
    assert winners == [["raw"], ["toy"]]


def test_many_files_are_counted_where_they_are_not_listed(
    loaded: Callable[..., Registry], tmp_path: Path
) -> None:
    for number in range(25):
        (tmp_path / f"{number:02}").write_bytes(b"x")
    parsed = stage(loaded().explain(str(tmp_path)), "parse")
    assert parsed.subject.endswith("18, 19 and 5 more")
    assert len(parsed.files) == 25


def test_a_strict_profile_has_no_fallback(loaded: Callable[..., Registry], tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    found = loaded().explain(str(tmp_path), Profile("modelweightvis", strict=True))
    assert answers(stage(found, "parse")) == [("raw", "no", False)]
    assert f"finds nothing to show in {tmp_path}" in (found.error or "")

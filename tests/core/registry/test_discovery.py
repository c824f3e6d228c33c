from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from arbvis_core.registry import Registry, load
from arbvis_core.registry.discovery import candidates
from arbvis_core.registry.loading import forget
from arbvis_core.registry.records import RegistrySpec


def names(spec: RegistrySpec) -> list[str]:
    return [one.name for one in candidates(spec)]


def test_entry_points_are_sorted_by_distribution_and_name(install: Callable[..., str]) -> None:
    install("arbvis-b", points="[arbvis]\nx = arbvis_b\na = arbvis_b\n")
    install("arbvis-a", points="[arbvis]\ny = arbvis_a\n")
    assert names(RegistrySpec(("x", "a", "y"))) == ["arbvis", "y", "a", "x"]


def test_without_an_allowlist_everything_that_is_installed_is_loaded(
    install: Callable[..., str],
) -> None:
    install("arbvis-a")
    install("arbvis-b")
    assert {"arbvis", "arbvis-a", "arbvis-b"} <= set(names(RegistrySpec()))


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        (None, {"arbvis", "arbvis-a", "arbvis-b"}),
        ("", {"arbvis"}),
        (" , ", {"arbvis"}),
        ("arbvis-b", {"arbvis", "arbvis-b"}),
        (" arbvis-b ,arbvis-a,", {"arbvis", "arbvis-a", "arbvis-b"}),
    ],
)
def test_the_environment_names_what_is_loaded(
    listed: str | None,
    expected: set[str],
    install: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    install("arbvis-a")
    install("arbvis-b", "import nothing_of_this_name")
    if listed is not None:
        monkeypatch.setenv("ARBVIS_PLUGINS", listed)
    found = {one.name for one in load().plugins}
    assert expected <= found if listed is None else expected == found


def test_a_name_that_is_not_installed_is_a_fault_with_a_suggestion(
    install: Callable[..., str], loaded: Callable[..., Registry]
) -> None:
    install("arbvis-toy")
    (_, _, missing) = loaded("arbvis-toy", "arbvis-tyo").plugins
    assert (missing.name, missing.origin) == ("arbvis-tyo", "ARBVIS_PLUGINS")
    assert missing.error == "is not installed; did you mean arbvis-toy?"


@pytest.mark.parametrize("points", ["[arbvis]\nno equals sign\n", "[arbvis]\ntoy = \n"])
def test_a_damaged_installation_is_named_and_does_not_hide_the_others(
    points: str, install: Callable[..., str]
) -> None:
    install("arbvis-a", points=points)
    install("arbvis-b")
    forget()
    plugins = {one.name: one.error for one in load().plugins}
    assert plugins["arbvis-b"] is None
    assert "entry points cannot be read" in (plugins["arbvis-a"] or "")


def test_a_damaged_installation_of_something_else_is_none_of_our_business(
    install: Callable[..., str], tmp_path: Path
) -> None:
    install("other", points="")
    (tmp_path / "other-1.0.dist-info" / "entry_points.txt").write_bytes(b"\xff\xfe[x")
    (tmp_path / "noname-1.0.dist-info").mkdir()
    assert not [one for one in names(RegistrySpec()) if one in {"other", "noname"}]


def test_the_first_distribution_of_a_name_on_the_path_wins(
    install: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("arbvis-toy", version="1.0")
    older = tmp_path / "older" / "arbvis_toy-0.1.dist-info"
    older.mkdir(parents=True)
    (older / "METADATA").write_text("Name: Arbvis-Toy\nVersion: 0.1\n", encoding="utf-8")
    (older / "entry_points.txt").write_text("[arbvis]\narbvis-toy = x\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path / "older")
    monkeypatch.syspath_prepend(tmp_path)
    found = [one.version for one in candidates(RegistrySpec(("arbvis-toy",)))][1:]
    assert found == ["1.0"]


def test_an_extra_module_that_is_installed_is_not_loaded_twice(
    install: Callable[..., str],
) -> None:
    install("arbvis-toy")
    spec = RegistrySpec(("arbvis-toy",), ("arbvis_toy", "json", "json"))
    assert names(spec) == ["arbvis", "arbvis-toy", "json"]


def test_an_extra_module_is_loaded_though_its_entry_point_is_not_allowed(
    install: Callable[..., str],
) -> None:
    install("arbvis-toy")
    assert names(RegistrySpec((), ("arbvis_toy",))) == ["arbvis", "arbvis_toy"]

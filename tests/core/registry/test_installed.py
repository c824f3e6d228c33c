from __future__ import annotations

import sys
import zipfile
from collections.abc import Sequence
from importlib.metadata import Distribution, DistributionFinder, distributions
from pathlib import Path

import pytest

from arbvis_core.registry.installed import Installed, installed

POINTS = "[arbvis]\ntoy = toy\n\n[other]\nx = y\n"


def library(group: str) -> set[Installed]:
    """Return what `importlib.metadata` finds, the first of each name."""
    found: dict[str, Installed] = {}
    for one in distributions():
        points = one.read_text("entry_points.txt") or ""
        if f"[{group}]" in points:
            said = Installed(one.metadata["Name"], one.metadata["Version"], points)
            found.setdefault(said.name.lower(), said)
    return {*found.values()}


def describe(folder: Path, facts: str = "METADATA", name: str = "toy") -> None:
    folder.mkdir(parents=True)
    headers = f"Metadata-Version: 2.1\nName: {name}\nversion:  1.5\n\nName: of the text below\n"
    (folder / facts).write_text(headers, encoding="utf-8")
    (folder / "entry_points.txt").write_text(POINTS, encoding="utf-8")


@pytest.mark.parametrize("group", ["arbvis", "console_scripts", "pytest11"])
def test_what_is_installed_here_is_found_as_python_finds_it(group: str) -> None:
    found = [*installed(group)]
    assert len(found) == len({*found})
    assert {*found} == library(group)


@pytest.mark.parametrize(
    ("folder", "facts"),
    [
        ("toy-1.5.dist-info", "METADATA"),
        ("toy-1.5.DIST-INFO", "METADATA"),
        ("toy.egg-info", "PKG-INFO"),
        ("toy-1.5-py3.11.egg/EGG-INFO", "PKG-INFO"),
    ],
)
def test_every_kind_of_folder(
    folder: str, facts: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    describe(tmp_path / folder, facts)
    place = (tmp_path / folder).parent
    monkeypatch.setattr(sys, "path", [str(tmp_path / "missing"), str(place)])
    assert [*installed("arbvis")] == [Installed("toy", "1.5", POINTS)]
    assert {*installed("arbvis")} == library("arbvis")
    assert not [*installed("arb")]


def test_an_archive_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    describe(tmp_path / "toy-1.5.dist-info")
    with zipfile.ZipFile(tmp_path / "toy.zip", "w") as archive:
        for path in (tmp_path / "toy-1.5.dist-info").iterdir():
            archive.write(path, path.relative_to(tmp_path))
    monkeypatch.setattr(sys, "path", [str(tmp_path / "toy.zip")])
    assert [*installed("arbvis")] == [Installed("toy", "1.5", POINTS)]


def test_an_importer_with_distributions_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    describe(tmp_path / "toy-1.5.dist-info")

    class Finder:
        @staticmethod
        def find_spec(*_: object) -> None:
            return None

        @staticmethod
        def find_distributions(_: DistributionFinder.Context) -> Sequence[Distribution]:
            return [Distribution.at(tmp_path / "toy-1.5.dist-info")]

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder])
    assert Installed("toy", "1.5", POINTS) in {*installed("arbvis")}


def test_what_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    describe(tmp_path / "toy-1.5.dist-info")
    (tmp_path / "toy-1.5.dist-info" / "METADATA").write_bytes(b"\xff\xfe")
    (tmp_path / "empty-1.5.dist-info").mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert [*installed("arbvis")] == [Installed("", "", POINTS)]

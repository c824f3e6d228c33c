"""Where compiled kernels are kept."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from arbvis_core.kernels import cache

posix_only = pytest.mark.skipif(not hasattr(os, "getuid"), reason="no owners on this platform")


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Every place that a cache could lie in, none of which is the real one."""
    named = {name: tmp_path / name for name in ("chosen", "home", "temporary")}
    for folder in named.values():
        folder.mkdir(mode=0o700)
    monkeypatch.setenv("ARBVIS_CACHE_DIR", str(named["chosen"]))
    monkeypatch.setenv("HOME", str(named["home"]))
    monkeypatch.setenv("USERPROFILE", str(named["home"]))
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(named["temporary"]))
    return named


def block(folder: Path) -> None:
    """Put a file where a folder should be: not even root can write into it."""
    folder.rmdir()
    folder.write_text("")


def found() -> Path | None:
    return cache.cache_folder.__wrapped__()


def test_the_chosen_folder_comes_first(places: dict[str, Path]) -> None:
    assert found() == places["chosen"] / "kernels"


def test_then_the_users_own(places: dict[str, Path]) -> None:
    block(places["chosen"])
    folder = found()
    assert folder is not None
    assert places["home"] in folder.parents


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="not a place of this platform")
def test_the_users_own_may_be_elsewhere(
    places: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    block(places["chosen"])
    monkeypatch.setenv("XDG_CACHE_HOME", str(places["temporary"] / "cache"))
    assert found() == places["temporary"] / "cache" / "arbvis" / "kernels"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert found() == places["home"] / ".cache" / "arbvis" / "kernels"


def test_then_a_temporary_one(places: dict[str, Path]) -> None:
    block(places["chosen"])
    block(places["home"])
    folder = found()
    assert folder is not None
    assert folder.parent.parent == places["temporary"]


def test_then_none(places: dict[str, Path]) -> None:
    for folder in places.values():
        block(folder)
    assert found() is None


@posix_only
@pytest.mark.parametrize("mode", [0o777, 0o770])
def test_a_folder_that_others_can_write_to_is_not_used(places: dict[str, Path], mode: int) -> None:
    for name in ("chosen", "home"):
        block(places[name])
    mine = places["temporary"] / f"arbvis-{os.getuid()}"
    mine.mkdir()
    mine.chmod(mode)
    assert found() is None
    mine.chmod(0o700)
    (mine / "kernels").chmod(mode)
    assert found() is None


@posix_only
def test_a_link_to_elsewhere_is_not_used(places: dict[str, Path], tmp_path: Path) -> None:
    for name in ("chosen", "home"):
        block(places[name])
    (tmp_path / "elsewhere").mkdir()
    (places["temporary"] / f"arbvis-{os.getuid()}").symlink_to(tmp_path / "elsewhere")
    assert found() is None


@posix_only
@pytest.mark.usefixtures("places")
def test_a_folder_of_somebody_else_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found() is not None
    real = os.getuid()
    monkeypatch.setattr("os.getuid", lambda: real + 1)
    assert found() is None

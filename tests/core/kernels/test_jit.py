"""Where compiled kernels are kept, and that nothing about it can break a run."""

from __future__ import annotations

import importlib.util
import os
import sys
import threading
from pathlib import Path
from types import ModuleType

import numba
import pytest

from arbvis_core.kernels import jit

compiled_only = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
posix_only = pytest.mark.skipif(not hasattr(os, "getuid"), reason="no owners on this platform")

SOURCE = """
from arbvis_core.kernels.jit import kernel

@kernel
def double(x: int) -> int:
    return 2 * x
"""


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
    return jit.cache_folder.__wrapped__()


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


def load(folder: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("doubling", folder / "doubling.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "doubling.py").write_text(SOURCE)
    kept = tmp_path / "kept"
    kept.mkdir()
    monkeypatch.setattr(jit, "cache_folder", lambda: kept)
    jit._stamp.cache_clear()
    return folder


def hits(module: ModuleType) -> int:
    assert module.double(21) == 42
    return sum(module.double.stats.cache_hits.values())


@compiled_only
def test_a_kernel_is_compiled_once(package: Path) -> None:
    assert [hits(load(package)), hits(load(package))] == [0, 1]


@compiled_only
def test_a_neighbour_that_changes_counts(package: Path) -> None:
    hits(load(package))
    (package / "neighbour.py").write_text("TABLE = 1")
    jit._stamp.cache_clear()
    assert hits(load(package)) == 0


@compiled_only
@pytest.mark.parametrize("content", [b"", b"\x80", b"rubbish"])
def test_a_damaged_cache_costs_time_and_nothing_else(
    package: Path, tmp_path: Path, content: bytes
) -> None:
    hits(load(package))
    for file in (tmp_path / "kept").rglob("*.nb?"):
        file.write_bytes(content)
    assert hits(load(package)) == 0


@compiled_only
def test_a_cache_that_cannot_be_written_does_no_harm(package: Path) -> None:
    module = load(package)
    Path(module.double.stats.cache_path).write_text("a file where the folder should be")
    assert hits(module) == 0


def test_without_a_cache_kernels_work(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit, "cache_folder", lambda: None)
    assert load(package).double(4) == 8


@compiled_only
def test_kernels_run_without_the_gil() -> None:
    assert jit.kernel(lambda x: x).targetoptions["nogil"]


def test_many_threads_may_be_first(package: Path) -> None:
    module, results = load(package), []
    threads = [threading.Thread(target=lambda: results.append(module.double(3))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [6] * 8

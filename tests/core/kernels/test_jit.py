"""What kernels take and return, and that nothing about keeping them can break a run."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import Any

import numba
import numpy as np
import pytest

from arbvis_core.kernels import cache, compiling
from arbvis_core.kernels.jit import kernel, on_compile

compiled_only = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")

SOURCE = """
from arbvis_core.kernels.jit import kernel

@kernel
def twice(x: int) -> int:
    return 2 * x

@kernel
def double(x: int) -> int:
    return twice(x)
"""


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
    monkeypatch.setattr(cache, "cache_folder", lambda: kept)
    cache._stamp.cache_clear()
    return folder


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what was compiled since."""
    names: list[str] = []
    real = compiling.compile_kernel

    def compile_kernel(function: Any, kinds: Any) -> cache.Code:
        names.append(function.__name__)
        return real(function, kinds)

    monkeypatch.setattr(compiling, "compile_kernel", compile_kernel)
    return names


@compiled_only
def test_a_kernel_is_compiled_once(package: Path, compilations: list[str]) -> None:
    assert [load(package).double(21), load(package).double(21)] == [42, 42]
    assert compilations == ["double"]


@compiled_only
def test_who_listens_is_told_of_what_is_compiled_and_of_nothing_else(package: Path) -> None:
    told: list[str] = []
    on_compile.append(told.append)
    try:
        for _ in range(2):
            module = load(package)
            assert module.twice(3) == 6
    finally:
        on_compile.remove(told.append)
    assert told == ["twice"]


@compiled_only
def test_a_kernel_is_compiled_for_every_kind_of_argument(
    package: Path, compilations: list[str]
) -> None:
    module = load(package)
    results = [module.double(x) for x in (21, 21.5, np.float32(1.5), np.uint8(200), 22)]
    assert results == [42, 43.0, 3.0, 400, 44]
    assert len(compilations) == 4


@compiled_only
@pytest.mark.parametrize("name", ["neighbour.py", "doubling.py"])
def test_what_lies_beside_a_kernel_counts(
    package: Path, compilations: list[str], name: str
) -> None:
    load(package).double(21)
    # Longer than before: Python takes its own compiled file for current by size and whole seconds.
    (package / name).write_text(SOURCE.replace("2 * x", "3 * x + 0"))
    cache._stamp.cache_clear()
    assert load(package).double(21) == (63 if name == "doubling.py" else 42)
    assert len(compilations) == 2


@compiled_only
def test_settings_of_numba_count(
    package: Path, compilations: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    load(package).double(21)
    monkeypatch.setenv("NUMBA_OPT", "1")
    cache._compiler.cache_clear()
    assert load(package).double(21) == 42
    cache._compiler.cache_clear()
    assert len(compilations) == 2


def kept(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@compiled_only
@pytest.mark.parametrize("keep", [0, 1, 100, -1])
def test_a_damaged_file_costs_time_and_nothing_else(
    package: Path, tmp_path: Path, compilations: list[str], keep: int
) -> None:
    load(package).double(21)
    (file,) = kept(tmp_path / "kept")
    file.write_bytes(file.read_bytes()[:keep])
    assert load(package).double(21) == 42
    assert len(compilations) == 2
    assert load(package).double(21) == 42
    assert len(compilations) == 2


@compiled_only
@pytest.mark.parametrize("content", [b"[]\n", b"1\n", b"{}\n", b"\x80\n", b'{"stamp": 1}\n'])
def test_another_file_in_its_place_costs_time_and_nothing_else(
    package: Path, tmp_path: Path, content: bytes
) -> None:
    load(package).double(21)
    (file,) = kept(tmp_path / "kept")
    file.write_bytes(content)
    assert load(package).double(21) == 42


@compiled_only
def test_a_folder_that_cannot_be_written_does_no_harm(package: Path, tmp_path: Path) -> None:
    load(package).double(21)
    (file,) = kept(tmp_path / "kept")
    file.unlink()
    file.parent.rmdir()
    file.parent.write_text("a file where the folder should be")
    assert load(package).double(21) == 42


@compiled_only
def test_a_disk_that_fills_up_does_no_harm(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(28, "no space")

    monkeypatch.setattr(Path, "replace", refuse)
    assert load(package).double(21) == 42
    assert kept(tmp_path / "kept") == []


def test_without_a_folder_kernels_work(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "cache_folder", lambda: None)
    assert load(package).double(4) == 8


def test_many_threads_may_be_first(package: Path) -> None:
    module, results = load(package), []
    threads = [threading.Thread(target=lambda: results.append(module.double(3))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [6] * 8


@kernel
def _scaled(values: Any, factor: float, out: Any) -> Any:
    total = 0.0
    for y in range(values.shape[0]):
        for x in range(values.shape[1]):
            out[y, x] = values[y, x] * factor
            total += out[y, x]
    return total


@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.uint8])
@pytest.mark.parametrize("writeable", [True, False])
def test_arrays_may_be_views_and_read_only(step: int, dtype: Any, writeable: bool) -> None:
    whole = np.arange(48, dtype=dtype).reshape(6, 8)
    values = whole[1::step, ::step]
    values.flags.writeable = writeable
    out = np.zeros((12, 12))[::2, 1 : 1 + values.shape[1]]
    assert _scaled(values, 0.5, out[: values.shape[0]]) == values.sum() / 2
    assert (out[: values.shape[0]] == values / 2).all()


@kernel
def _both(x: int, y: int) -> tuple[int, int]:
    return y, x


def test_a_kernel_may_return_several_numbers() -> None:
    assert _both(3, -(1 << 40)) == (-(1 << 40), 3)


@kernel
def _nothing(out: Any) -> None:
    out[0] = 1


def test_a_kernel_may_return_nothing() -> None:
    out = np.zeros(1)
    assert _nothing(out) is None
    assert out[0] == 1


@compiled_only
def test_a_kernel_that_makes_an_array_is_refused() -> None:
    with pytest.raises(numba.core.errors.NumbaError):
        kernel(lambda n: np.zeros(n).size)(3)


@compiled_only
def test_what_was_compiled_runs_without_numba() -> None:
    code = (
        "import sys; from arbvis_core.kernels.hilbert import point\n"
        "print(point(12345, 8), 'numba' in sys.modules)"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert runs[0].stdout.split(")")[0] == runs[1].stdout.split(")")[0]
    assert runs[1].stdout.split()[-1] == "False"


@compiled_only
def test_kernels_run_without_the_gil() -> None:
    @kernel
    def wait_for(flag: Any) -> int:
        turns = 0
        while flag[0] == 0 and turns < 1 << 40:
            turns += 1
            flag[1] = turns
        return turns

    flag = np.zeros(2, np.int64)
    thread = threading.Thread(target=wait_for, args=(flag,))
    thread.start()
    while flag[1] == 0:  # only seen if both run at once
        pass
    flag[0] = 1
    thread.join(60)
    assert not thread.is_alive()

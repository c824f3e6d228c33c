from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from arbvis_core import __version__

POSIX = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
Words = Callable[..., Sequence[str]]


def run(words: Sequence[str], **options: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(words, capture_output=True, check=False, timeout=120, **options)


#: What nobody needs to be told what there is: libraries, slow modules of Python, most of our own.
HEAVY = {
    *("numpy", "numba", "PIL", "rich", "isal", "huggingface_hub", "json", "multiprocessing"),
    *("arbvis_core.regions", "arbvis_core.values.scenes", "arbvis_core.values.tiles"),
    *("arbvis_core.values.documents", "arbvis_core.values.views", "modelweightvis.names"),
    *("modelweightvis.layouts", "modelweightvis.render", "modelweightvis.tensors"),
}


#: What typer itself brings to some of its answers.
SLOW = {"email", "importlib.metadata", "tempfile"}


@pytest.mark.parametrize(
    ("args", "heavy"),
    [
        (("--help",), HEAVY | SLOW),
        (("--version",), HEAVY | SLOW),
        (("--layuot",), HEAVY | SLOW),
        (("plugins",), HEAVY),
    ],
)
def test_start_is_light(command: Words, args: tuple[str, ...], heavy: set[str]) -> None:
    before = (
        "import atexit, sys\n"
        f"heavy = {sorted(heavy)}\n"
        "atexit.register(lambda: sys.stderr.write(f'heavy: {sorted({*heavy} & {*sys.modules})}'))"
    )
    environment = {**os.environ, "ARBVIS_PLUGINS": "modelweightvis"}
    done = run(command(*args, before=before), env=environment)
    assert done.stderr.endswith(b"heavy: []"), done.stderr


def test_version(command: Words) -> None:
    done = run(command("--version"))
    assert (done.returncode, done.stdout.split()) == (0, [b"arbvis", __version__.encode()])


def test_a_console_of_few_characters(command: Words, tmp_path: Path) -> None:
    done = run(
        command("Größe→文"),
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "1"},
    )
    assert done.returncode == 2
    assert b"Gr\\xf6\\xdfe\\u2192\\u6587" in done.stderr
    assert b"Traceback" not in done.stderr


@POSIX
def test_a_reader_that_has_gone(command: Words) -> None:
    process = subprocess.Popen(
        command("plugins", "--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 141
    assert said == b""


@POSIX
def test_a_defect_is_ours(command: Words, sample: Path, tmp_path: Path) -> None:
    before = "from arbvis_core import api; api.plan = lambda *a, **k: 1 / 0"
    words = command(str(sample), "-o", str(tmp_path / "out"), before=before)
    done = run(words)
    assert done.returncode == 70
    assert b"defect of arbvis" in done.stderr
    assert b"Traceback" not in done.stderr
    assert [*tmp_path.iterdir()] == [sample]
    done = run(words, env={**os.environ, "ARBVIS_DEBUG": "1"})
    assert b"Traceback" in done.stderr


@POSIX
@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_a_full_disk_is_one_sentence(
    command: Words, cli: Any, tmp_path: Path, executor: str
) -> None:
    (tmp_path / "in").write_bytes(os.urandom(300_000))
    # What has to be compiled is compiled, so that the limit meets tiles only.
    assert cli(str(tmp_path / "in"), "-q", "--png", str(tmp_path / "warm.png")).code == 0
    (tmp_path / "warm.png").unlink()
    before = (
        "import resource\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.RLIM_INFINITY))"
    )
    done = run(
        command(
            *(str(tmp_path / "in"), "-q", "-o", str(tmp_path / "out"), "--executor", executor),
            before=before,
        )
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.count(b"\n") == 1
    assert b"out cannot be written: a file would be larger than the system allows" in done.stderr
    assert [one.name for one in tmp_path.iterdir()] == ["in"]


@POSIX
@pytest.mark.parametrize(
    ("number", "executor", "code"),
    [
        (signal.SIGINT, "threads", 130),
        (signal.SIGINT, "processes", 130),
        (signal.SIGTERM, "serial", 143),
    ],
)
def test_interruption_leaves_nothing(
    command: Words, tmp_path: Path, number: int, executor: str, code: int
) -> None:
    with (tmp_path / "in").open("wb") as file:
        file.truncate(4 << 30)
    before = "from arbvis_core.cli import space; space.free_bytes = lambda path: 1 << 60"
    words = command(
        *(str(tmp_path / "in"), "-o", str(tmp_path / "deep" / "out"), "--executor", executor),
        before=before,
    )
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 60
        while not [*tmp_path.glob("deep/.out.partial-*/tiles/**/*.png")]:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(number)
        out, said = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == code
    assert out == b""
    assert b"Traceback" not in said
    assert [one.name for one in tmp_path.iterdir()] == ["in"]


@POSIX
def test_interrupted_reading_of_a_pipe_leaves_nothing(command: Words, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    process = subprocess.Popen(
        command("-", "-o", str(tmp_path / "out")),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(spool)},
    )
    assert process.stdin is not None
    try:
        process.stdin.write(bytes(3 << 20))
        process.stdin.flush()
        deadline = time.monotonic() + 60
        while not [*spool.glob("arbvis-stdin-*")]:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        process.wait(60)
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            stream.close()
    assert process.returncode == 130
    assert [one.name for one in tmp_path.iterdir()] == ["spool"]
    assert not [*spool.iterdir()]


def test_the_temporary_file_of_a_pipe_goes(command: Words, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    environment = {**os.environ, "TMPDIR": str(spool), "TEMP": str(spool), "TMP": str(spool)}
    args = ("-", "-q", "-o", str(tmp_path / "out"), "--executor", "processes", "--jobs", "1")
    done = run(command(*args), input=b"piped" * 1000, env=environment)
    assert done.returncode == 0, done.stderr
    assert not [*spool.glob("arbvis-stdin-*")]


def test_both_programs_share_their_flags() -> None:
    code = (
        "from arbvis_core.cli.app import build_app\n"
        "from arbvis_core.values import ARBVIS\n"
        "from modelweightvis.profile import MODELWEIGHTVIS\n"
        "from arbvis_core.registry import load\n"
        "flags = [{f for p in build_app(one, load()).params for f in p.opts}\n"
        "         for one in (ARBVIS, MODELWEIGHTVIS)]\n"
        "assert flags[0] <= flags[1], flags"
    )
    assert run([sys.executable, "-c", code]).returncode == 0

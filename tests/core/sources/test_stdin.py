from __future__ import annotations

import io
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from arbvis_core.errors import SourceError
from arbvis_core.sources.spool import CHUNK
from arbvis_core.sources.stdin import StdinProvider
from arbvis_core.values import Range


@pytest.fixture(autouse=True)
def _spools_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def feed(monkeypatch: pytest.MonkeyPatch, stream: Any) -> None:
    monkeypatch.setattr(sys, "stdin", None if stream is None else SimpleNamespace(buffer=stream))


def test_claims_the_dash_only() -> None:
    assert StdinProvider().matches("-")
    assert not StdinProvider().matches("./-")


@pytest.mark.parametrize("size", [0, 5, CHUNK + 3])
def test_what_was_piped_can_be_read(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    data = os.urandom(size)
    feed(monkeypatch, io.BytesIO(data))
    (source,) = StdinProvider().open("-")
    assert (source.name, source.size) == ("stdin", size)
    assert source.read([Range(0, size)]) == [data]
    source.verify()


def test_another_process_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    feed(monkeypatch, io.BytesIO(b"piped"))
    (source,) = StdinProvider().open("-")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert pool.submit(source.read, [Range(0, 4)]).result() == [b"pipe"]


def test_a_terminal_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.BytesIO()
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    feed(monkeypatch, terminal)
    with pytest.raises(SourceError, match=r"is a terminal; pipe something into it"):
        StdinProvider().open("-")


def test_no_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    feed(monkeypatch, None)
    with pytest.raises(SourceError, match="there is none"):
        StdinProvider().open("-")


def test_it_is_read_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    feed(monkeypatch, io.BytesIO(b"x"))
    provider = StdinProvider()
    provider.open("-")
    with pytest.raises(SourceError, match="only once"):
        provider.open("-")
    feed(monkeypatch, io.BytesIO(b"another"))
    (source,) = provider.open("-")
    assert source.size == 7


def test_unreadable_standard_input_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Broken(io.BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            raise IsADirectoryError(21, "Is a directory")

    feed(monkeypatch, Broken())
    with pytest.raises(SourceError, match="standard input cannot be read: is a directory"):
        StdinProvider().open("-")
    assert not [*tmp_path.iterdir()]


def test_interrupted_spooling_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Interrupted(io.BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            raise KeyboardInterrupt

    feed(monkeypatch, Interrupted())
    with pytest.raises(KeyboardInterrupt):
        StdinProvider().open("-")
    assert not [*tmp_path.iterdir()]


def test_a_full_disk_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    feed(monkeypatch, io.BytesIO(bytes(20_000)))
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(SourceError, match=r"does not fit into .*: file too large; set TMPDIR"):
            StdinProvider().open("-")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not [*tmp_path.iterdir()]

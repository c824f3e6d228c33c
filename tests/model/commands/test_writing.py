from __future__ import annotations

import os
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from checkpoints import folder

import modelweightvis
from arbvis_core.api import Document, LocalSource, Part, Region, SinkError, UsageError
from modelweightvis.commands import writing
from modelweightvis.commands.writing import npy_chunks, raw_chunks, write
from modelweightvis.lazy import LazyTensor
from modelweightvis.names import parse_names
from modelweightvis.tensors import Tensor


def ignore(_bytes: int) -> None:
    return


def put(out: Path, *chunks: bytes, size: int = 0, force: bool = False) -> None:
    write(str(out), iter(chunks), size, inputs=(), force=force, on_progress=ignore)


def test_raw_bytes_are_the_parts_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "CHUNK", 7)
    content = bytes(range(200))
    (tmp_path / "f").write_bytes(content)
    stat = (tmp_path / "f").stat()
    source = LocalSource(str(tmp_path / "f"), "f", "", 200, stat.st_mtime_ns, stat.st_ino)
    parts = tuple(
        Part(role, source.key, *extent, (), ())
        for role, extent in {"codes": (100, 164), "scales": (10, 14)}.items()
    )
    operand = Region("o", (3,), "U8", (Part("codes", source.key, 50, 53, (3,), (1,)),))
    region = Region("w", (64,), "scaled", parts, operands=(operand,))
    document = Document("f", "test", (source,), (region,))
    chunks, size = raw_chunks(LazyTensor(document, Tensor(region, parse_names(["w"])[0])))
    found = [bytes(chunk) for chunk in chunks]
    assert b"".join(found) == content[100:164] + content[10:14] + content[50:53]
    assert size == 71
    assert max(map(len, found)) == 7


def test_memory_is_bounded(tmp_path: Path) -> None:
    count = 48 << 20
    model = modelweightvis.open(folder(tmp_path / "m", {"w": np.ones(count, "f2")}))
    chunks, told = npy_chunks(model["w"])
    begun = sum(len(next(chunks)) for _ in range(2))  # everything is imported and compiled
    tracemalloc.start()
    written = begun + sum(map(len, chunks))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert written == told == 4 * count + 128
    assert peak < 160 << 20


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        assert len([*tmp_path.iterdir()]) == 1
        assert not (tmp_path / "out").exists()
        raise OSError(28, os.strerror(28))

    with pytest.raises(SinkError, match=os.strerror(28).lower()):
        write(str(tmp_path / "out"), broken(), 8, inputs=(), force=False, on_progress=ignore)
    assert [*tmp_path.iterdir()] == []
    put(tmp_path / "out", b"wh", b"ole")
    assert (tmp_path / "out").read_bytes() == b"whole"


def test_progress_adds_up(tmp_path: Path) -> None:
    seen: list[int] = []
    out, chunks = str(tmp_path / "x"), iter([b"abc", b"", b"de"])
    write(out, chunks, 5, inputs=(), force=False, on_progress=seen.append)
    assert sum(seen) == 5


def test_a_disk_without_room_is_known_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing.shutil, "disk_usage", lambda _path: SimpleNamespace(free=100))
    with pytest.raises(SinkError, match="would have 4,224 bytes, and the disk has 100 left"):
        put(tmp_path / "x", b"never", size=4224)
    assert [*tmp_path.iterdir()] == []


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_to_nothing_is_not_replaced_by_accident(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nothing")
    with pytest.raises(SinkError, match="exists"):
        put(tmp_path / "link", b"x")
    put(tmp_path / "link", b"x", force=True)
    assert (tmp_path / "link").read_bytes() == b"x"


def test_a_terminal_is_not_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(isatty=lambda: True))
    with pytest.raises(UsageError, match="terminal"):
        write("-", iter([b"x"]), 1, inputs=(), force=False, on_progress=ignore)

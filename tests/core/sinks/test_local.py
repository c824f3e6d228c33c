from __future__ import annotations

import errno
import json
import os
import pickle
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from arbvis_core.errors import SinkError
from arbvis_core.protocols import Sink
from arbvis_core.sinks.local import BundleUpdate, LocalSink
from arbvis_core.values import Blob

MANIFEST = json.dumps({"schema": 1, "generator": {"name": "arbvis", "version": "0"}}).encode()


def blob(path: str, data: bytes = b"x") -> Blob:
    return Blob(path, "application/octet-stream", data)


def fill(path: Path, **files: bytes) -> Path:
    path.mkdir(parents=True)
    for name, data in files.items():
        (path / name.replace("_", ".")).write_bytes(data)
    return path


def tree(path: Path) -> dict[str, bytes]:
    return {
        one.relative_to(path).as_posix(): one.read_bytes()
        for one in path.rglob("*")
        if one.is_file()
    }


def write(path: Path | str, **options: Any) -> str:
    sink = LocalSink(str(path), **options)
    sink.put(blob("manifest.json", MANIFEST))
    sink.put(blob("tiles/bytes/0/0/0.png", b"png"))
    return sink.commit()


WRITTEN = {"manifest.json": MANIFEST, "tiles/bytes/0/0/0.png": b"png"}


def test_appears_at_once(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "down" / "out"
    sink: Sink = LocalSink(str(target))
    sink.put(blob("manifest.json", MANIFEST))
    sink.put(blob("tiles/bytes/0/0/0.png", b"png"))
    assert not target.exists()
    assert sink.commit() == str(target)
    sink.abort()
    assert tree(target) == WRITTEN
    assert [*target.parent.iterdir()] == [target]


def test_leaves_nothing_when_aborted(tmp_path: Path) -> None:
    sink = LocalSink(str(tmp_path / "a" / "b"))
    sink.put(blob("x/y"))
    sink.abort()
    sink.abort()
    assert not [*tmp_path.iterdir()]
    with pytest.raises(SinkError):
        sink.put(blob("x/y"))
    with pytest.raises(SinkError):
        sink.put(blob("new/y"))
    assert not [*tmp_path.iterdir()]


def test_parents_that_were_there_stay(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    LocalSink(str(tmp_path / "a" / "b" / "c")).abort()
    assert [*tmp_path.rglob("*")] == [tmp_path / "a"]


@pytest.mark.parametrize("existing", [{}, {"manifest_json": MANIFEST, "old": b"old"}])
def test_replaces_an_empty_folder_and_one_of_ours(
    tmp_path: Path, existing: dict[str, bytes]
) -> None:
    target = fill(tmp_path / "out", **existing)
    write(target)
    assert tree(target) == WRITTEN
    assert [*tmp_path.iterdir()] == [target]


def test_the_old_bundle_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    target = fill(tmp_path / "out", manifest_json=MANIFEST, old=b"old")
    sink = LocalSink(str(target))
    sink.put(blob("index.html"))
    assert tree(target) == {"manifest.json": MANIFEST, "old": b"old"}
    sink.abort()
    assert tree(target) == {"manifest.json": MANIFEST, "old": b"old"}


def test_keeps_what_is_not_ours(tmp_path: Path) -> None:
    target = fill(tmp_path / "out", thesis=b"dear")
    with pytest.raises(SinkError, match=r"holds thesis.*--force"):
        LocalSink(str(target))
    assert [*tmp_path.iterdir()] == [target]
    write(target, force=True)
    assert tree(target) == WRITTEN


def test_looks_again_before_it_replaces(tmp_path: Path) -> None:
    target = tmp_path / "out"
    sink = LocalSink(str(target))
    sink.put(blob("index.html"))
    fill(target, thesis=b"dear")
    with pytest.raises(SinkError, match="holds thesis"):
        sink.commit()
    sink.abort()
    assert tree(tmp_path) == {"out/thesis": b"dear"}


def test_a_failed_rename_brings_the_old_one_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = fill(tmp_path / "out", manifest_json=MANIFEST, old=b"old")
    sink = LocalSink(str(target))
    sink.put(blob("index.html"))
    rename = os.rename

    def refuse(source: str, destination: str) -> None:
        if "partial" in source and destination == str(target):
            raise PermissionError(errno.EACCES, "Permission denied")
        rename(source, destination)

    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(SinkError, match="out cannot be written: permission denied"):
        sink.commit()
    sink.abort()
    assert tree(tmp_path) == {"out/manifest.json": MANIFEST, "out/old": b"old"}
    assert [*tmp_path.iterdir()] == [target]


def test_a_file_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"dear")
    with pytest.raises(SinkError, match="out is a file"):
        LocalSink(str(tmp_path / "out"), force=True)


def test_a_file_as_parent(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"dear")
    with pytest.raises(SinkError, match="cannot be written: a file stands where a folder"):
        LocalSink(str(tmp_path / "file" / "out"))
    with pytest.raises(SinkError, match="cannot be written"):
        LocalSink(str(tmp_path / "file" / "a" / "b" / "out"))
    assert tree(tmp_path) == {"file": b"dear"}


@pytest.mark.parametrize("path", ["", "a\0b", "hf://a/b", "/"])
def test_impossible_targets(path: str) -> None:
    with pytest.raises(SinkError):
        LocalSink(path, force=True)


def test_the_current_folder_and_home_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "up" / "here"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    for path in (".", str(here), "..", str(tmp_path)):
        with pytest.raises(SinkError, match="holds the current folder"):
            LocalSink(path, force=True)
    monkeypatch.setattr(os.path, "expanduser", lambda _: str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    with pytest.raises(SinkError, match="holds your home folder"):
        LocalSink(str(tmp_path / "home"))
    assert sorted(tmp_path.iterdir()) == [tmp_path / "home", tmp_path / "up"]


def test_inputs_are_kept(tmp_path: Path) -> None:
    target = fill(tmp_path / "out", manifest_json=MANIFEST, input=b"dear")
    inside = str(target / "input")
    for inputs in ([inside], [str(target)], ["-", str(tmp_path / "gone"), inside]):
        with pytest.raises(SinkError, match="holds an input"):
            LocalSink(str(target), force=True, inputs=inputs)
    beside = fill(tmp_path / "out2", manifest_json=MANIFEST)
    LocalSink(str(beside), inputs=[inside, str(tmp_path), "-", "hf://a/b", "\0"]).abort()


def test_inputs_behind_links_are_kept(tmp_path: Path) -> None:
    target = fill(tmp_path / "out", manifest_json=MANIFEST, input=b"dear")
    try:
        (tmp_path / "link").symlink_to(target / "input")
        (tmp_path / "other").symlink_to(target)
    except OSError:
        pytest.skip("links cannot be made here")
    with pytest.raises(SinkError, match="holds an input"):
        LocalSink(str(target), force=True, inputs=[str(tmp_path / "link")])
    with pytest.raises(SinkError, match="holds an input"):
        LocalSink(str(tmp_path / "other"), force=True, inputs=[str(target / "input")])
    assert (tmp_path / "other").is_symlink()


def test_a_link_is_followed(tmp_path: Path) -> None:
    target = fill(tmp_path / "real", manifest_json=MANIFEST)
    (tmp_path / "out").symlink_to(target)
    write(tmp_path / "out")
    assert (tmp_path / "out").is_symlink()
    assert tree(target) == WRITTEN


def test_long_names(tmp_path: Path) -> None:
    write(tmp_path / ("é" * 127))
    assert tree(tmp_path / ("é" * 127)) == WRITTEN


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_permissions_are_those_of_ordinary_files(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write(tmp_path / "out")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o750
    assert stat.S_IMODE((tmp_path / "out" / "manifest.json").stat().st_mode) == 0o640


def test_many_threads_and_a_pickled_copy(tmp_path: Path) -> None:
    sink = LocalSink(str(tmp_path / "out"))
    copy = pickle.loads(pickle.dumps(sink))
    blobs = [blob(f"tiles/{n % 7}/{n % 5}/{n}.png", str(n).encode()) for n in range(500)]
    with ThreadPoolExecutor(8) as pool:
        for number, one in enumerate(blobs):
            pool.submit((copy if number % 2 else sink).put, one)
    sink.commit()
    assert tree(tmp_path / "out") == {one.path: one.data for one in blobs}


def test_blobs_stay_inside(tmp_path: Path) -> None:
    sink = LocalSink(str(tmp_path / "out"))
    for path in ("../escaped", "/escaped", "a/../../escaped"):
        with pytest.raises(SinkError):
            sink.put(blob(path))
    sink.abort()
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "the disk quota is used up"),
        (errno.EROFS, "the file system is read-only"),
        (errno.EACCES, "permission denied"),
        (errno.EIO, os.strerror(errno.EIO).lower()),
    ],
)
def test_the_system_s_refusals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, reason: str
) -> None:
    def refuse(*_args: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "mkdir", refuse)
    with pytest.raises(SinkError, match=f"out cannot be written: {reason}"):
        LocalSink(str(tmp_path / "out"))


def test_a_file_beyond_the_limit(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    sink = LocalSink(str(tmp_path / "out"))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(SinkError, match="out cannot be written: a file would be larger"):
            sink.put(blob("a", bytes(20_000)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    sink.abort()
    assert not [*tmp_path.iterdir()]


def test_update_keeps_the_other_files(tmp_path: Path) -> None:
    write(tmp_path / "out")
    update: Sink = BundleUpdate(str(tmp_path / "out"))
    update.put(blob("index.html", b"new"))
    update.put(blob("data/bytes/stats.json", b"{}"))
    assert tree(tmp_path / "out") == WRITTEN
    update.commit()
    update.abort()
    assert tree(tmp_path / "out") == {
        **WRITTEN,
        "index.html": b"new",
        "data/bytes/stats.json": b"{}",
    }
    assert [*tmp_path.iterdir()] == [tmp_path / "out"]


def test_aborted_update_changes_nothing(tmp_path: Path) -> None:
    write(tmp_path / "out")
    update = BundleUpdate(str(tmp_path / "out"))
    update.put(blob("index.html", b"new"))
    update.abort()
    assert tree(tmp_path) == {f"out/{path}": data for path, data in WRITTEN.items()}


def test_update_needs_a_bundle(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "gone"):
        with pytest.raises(SinkError, match="is not a bundle of arbvis"):
            BundleUpdate(str(path))
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("after", [1, 2])
def test_a_signal_right_after_a_rename_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    target = tmp_path / "out"
    old = LocalSink(target)
    old.put(
        Blob("manifest.json", "application/json", b'{"schema":1,"generator":{"name":"arbvis"}}')
    )
    old.commit()
    sink = LocalSink(target)
    sink.put(Blob("new.txt", "text/plain", b"new"))
    renames = 0
    rename = os.rename

    def interrupted(source: str, destination: str) -> None:
        nonlocal renames
        rename(source, destination)
        renames += 1
        if renames == after:
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sink.commit()
    sink.abort()
    assert [one.name for one in tmp_path.iterdir()] == ["out"]
    assert (target / ("manifest.json" if after == 1 else "new.txt")).exists()

from __future__ import annotations

import os
import pickle
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbvis_core.errors import SourceChangedError, SourceError
from arbvis_core.protocols import SourceProvider
from arbvis_core.sources import handles
from arbvis_core.sources.files import LocalSource, display_name
from arbvis_core.sources.local import LocalProvider
from arbvis_core.values import Range, Source

POSIX = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX file system")


def open_one(path: Path) -> LocalSource:
    (source,) = LocalProvider().open(str(path))
    return source


def names(path: Path | str) -> list[str]:
    return [source.name for source in LocalProvider().open(str(path))]


@pytest.mark.parametrize("spec", ["a", "/a/b", "C:\\a", "~/a", "", "a:b", "-a", "\0", "\udcff"])
def test_claims_paths(spec: str) -> None:
    assert LocalProvider().matches(spec)


@pytest.mark.parametrize("spec", ["-", "hf://a/b", "https://x", "s3+x://a"])
def test_leaves_standard_input_and_addresses_alone(spec: str) -> None:
    assert not LocalProvider().matches(spec)


@given(st.text())
def test_never_raises_on_a_spec(spec: str) -> None:
    LocalProvider().matches(spec)


def test_file(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"0123456789")
    source = open_one(path)
    assert isinstance(source, Source)
    assert (source.key, source.name, source.size) == (str(path), "a.bin", 10)
    assert source.folder == str(tmp_path)
    assert source.identity == f"10-{path.stat().st_mtime_ns}-{path.stat().st_ino}"
    assert [*source.read([Range(0, 10), Range(3, 5), Range(4, 4)])] == [b"0123456789", b"34", b""]


def test_relative_paths_have_absolute_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    (source,) = LocalProvider().open("a")
    assert source.key == str(tmp_path / "a")
    (again,) = LocalProvider().open("./a")
    assert again == source


@POSIX
def test_parent_of_a_link_is_the_system_s(tmp_path: Path) -> None:
    (tmp_path / "real" / "sub").mkdir(parents=True)
    (tmp_path / "real" / "a").write_bytes(b"right")
    (tmp_path / "a").write_bytes(b"wrong")
    (tmp_path / "link").symlink_to(tmp_path / "real" / "sub")
    (source,) = LocalProvider().open(f"{tmp_path}/link/../a")
    assert source.read([Range(0, 5)]) == [b"right"]


def test_folder_is_sorted_by_components(tmp_path: Path) -> None:
    for name in ("b", "a.txt", "a/z", "a/B", ".hidden", "a/b/c", "é", "A"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(b"")
    expected = sorted(
        (".hidden", "A", "a/B", "a/b/c", "a/z", "a.txt", "b", "é"),
        key=lambda name: name.encode().split(b"/"),
    )
    assert names(tmp_path) == expected
    by_name = {source.name: source for source in LocalProvider().open(str(tmp_path))}
    assert by_name["a/b/c"].folder == str(tmp_path / "a" / "b")
    assert by_name["b"].folder == str(tmp_path)


@POSIX
def test_links_to_files_are_followed_and_links_to_folders_are_not(tmp_path: Path) -> None:
    blobs = tmp_path / "blobs"
    snapshot = tmp_path / "snapshots" / "main"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    (blobs / "f00").write_bytes(b"weights")
    (snapshot / "model.safetensors").symlink_to("../../blobs/f00")
    (snapshot / "loop").symlink_to(snapshot)
    (snapshot / "more").symlink_to(blobs)
    (snapshot / "gone").symlink_to("nowhere")
    (snapshot / "self").symlink_to("self")
    (source,) = LocalProvider().open(str(snapshot))
    assert source.name == "model.safetensors"
    assert source.read([Range(0, 7)]) == [b"weights"]
    assert source.notes == (
        f"{snapshot}: 2 links lead nowhere and nothing is shown of them: gone, self",
    )


@POSIX
def test_links_that_lead_nowhere_are_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "a").symlink_to("gone")
    (tmp_path / "b").symlink_to("x" * 300)
    (tmp_path / "deep" / "c").symlink_to(tmp_path / "deep" / "file" / "under a file")
    with pytest.raises(SourceError, match="3 links lead nowhere"):
        names(tmp_path)
    (tmp_path / "deep" / "file").write_bytes(b"x")
    (tmp_path / "d").symlink_to("gone")
    (source,) = LocalProvider().open(str(tmp_path))
    (note,) = source.notes
    assert note.endswith("4 links lead nowhere and nothing is shown of them: a, b, d and 1 more")
    (tmp_path / "e").write_bytes(b"x")
    assert [bool(one.notes) for one in LocalProvider().open(str(tmp_path))] == [True, False]
    for path in tmp_path.rglob("*"):
        if path.is_symlink() and path.name != "a":
            path.unlink()
    note = LocalProvider().open(str(tmp_path))[0].notes[0]
    assert note.endswith("a link leads nowhere and nothing is shown of it: a")


@POSIX
@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("gone", "is a link to gone, which does not exist"),
        ("link", "is a link to link, which leads back to itself"),
        ("x" * 300, f"is a link to {'x' * 150}…{'x' * 30}, a name that is too long to exist"),
        ("file/under", "is a link to file/under, where a file stands in place of a folder"),
    ],
)
def test_a_link_that_leads_nowhere_says_where_it_leads(
    tmp_path: Path, target: str, said: str
) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(SourceError) as told:
        names(tmp_path / "link")
    assert str(told.value) == f"{tmp_path / 'link'} {said}"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
@pytest.mark.parametrize("path", ["/proc/self/status", "/proc/cpuinfo", "/sys/kernel/mm/ksm/run"])
def test_files_that_do_not_say_how_long_they_are(path: str) -> None:
    if not Path(path).exists():
        pytest.skip(f"there is no {path} here")
    content = Path(path).read_bytes()
    source = open_one(Path(path))
    assert source.name == Path(path).name
    assert source.folder == str(Path(path).parent.resolve())
    assert source.size > 0
    if path != "/proc/self/status":
        assert source.read([Range(0, source.size)]) == [content]
    source.verify()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_files_in_folders_that_say_they_are_empty_and_are_not_are_told(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "status").symlink_to("/proc/self/status")
    told = "a file says that it is empty and is not; nothing is shown of it unless an input names"
    with pytest.raises(SourceError) as raised:
        names(tmp_path)
    assert str(raised.value) == f"{tmp_path}: {told} it: status"
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "gone").symlink_to("nowhere")
    sources = LocalProvider().open(str(tmp_path))
    assert [(one.name, one.size) for one in sources] == [("a", 1), ("empty", 0), ("status", 0)]
    assert sources[0].notes == (
        f"{tmp_path}: a link leads nowhere and nothing is shown of it: gone",
        f"{tmp_path}: {told} it: status",
    )
    for name in "vwxy":
        (tmp_path / name).symlink_to("/proc/self/status")
    notes = LocalProvider().open(str(tmp_path))[0].notes
    assert "5 files say that they are empty and are not; nothing is shown of them" in notes[1]
    assert notes[1].endswith(": status, v, w and 2 more")


@POSIX
def test_special_files_are_passed_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(tmp_path)
        server.bind("socket")
        os.chdir(here)
        (tmp_path / "file").write_bytes(b"x")
        assert names(tmp_path) == ["file"]
        with pytest.raises(SourceError, match="is a socket"):
            names(tmp_path / "socket")
    with pytest.raises(SourceError, match="pipe is a pipe, not a file"):
        names(tmp_path / "pipe")
    with pytest.raises(SourceError, match="/dev/null is a device"):
        names("/dev/null")


def test_absent_path_is_named_with_a_near_miss(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"")
    with pytest.raises(SourceError) as caught:
        names(tmp_path / "modle.gguf")
    assert f"{tmp_path / 'modle.gguf'} does not exist" in str(caught.value)
    assert f"did you mean {tmp_path / 'model.gguf'}?" in str(caught.value)
    with pytest.raises(SourceError, match=r"zzzzzz does not exist$"):
        names(tmp_path / "zzzzzz")
    with pytest.raises(SourceError, match="does not exist"):
        names(tmp_path / "no" / "such")


@pytest.mark.parametrize("spec", ["", "a\0b", "x" * 5000])
def test_impossible_paths(spec: str) -> None:
    with pytest.raises(SourceError):
        names(spec)


def test_file_in_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(SourceError, match="a"):
        names(tmp_path / "a" / "b")


def test_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    with pytest.raises(SourceError, match="holds no files"):
        names(tmp_path)


def test_unreadable_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "secret").write_bytes(b"x")
    # The tests may run as a user whom no permission stops.
    monkeypatch.setattr(os, "access", lambda path, _mode: not str(path).endswith("secret"))
    for spec in (tmp_path, tmp_path / "sub" / "secret"):
        with pytest.raises(SourceError, match=r"secret cannot be read: permission denied"):
            names(spec)


@POSIX
@pytest.mark.skipif(sys.platform == "darwin", reason="macOS refuses undecodable names")
def test_hostile_names(tmp_path: Path) -> None:
    hostile = [
        b"a\nb",
        b"\"'`$(x)",
        b"<script>alert(1)<",
        b"\xff\xfe.bin",
        b"back\\slash",
        b"\x1b[31m",
    ]
    for name in hostile:
        Path(tmp_path, os.fsdecode(name)).write_bytes(name)
    sources = {source.key: source for source in LocalProvider().open(str(tmp_path))}
    assert len(sources) == len(hostile)
    for name in hostile:
        source = sources[str(Path(tmp_path, os.fsdecode(name)))]
        source.name.encode("utf-8")
        assert source.read([Range(0, len(name))]) == [name]
        assert pickle.loads(pickle.dumps(source)) == source
    assert "\\xff\\xfe.bin" in {source.name for source in sources.values()}


@POSIX
@given(st.binary(min_size=1).filter(lambda name: b"\0" not in name))
def test_every_name_can_be_displayed(name: bytes) -> None:
    display_name(os.fsdecode(name)).encode("utf-8")


def test_shrinking_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"0123456789")
    source = open_one(path)
    source.read([Range(0, 10)])
    os.truncate(path, 4)
    with pytest.raises(SourceChangedError, match=r"a shrank from 10 to 4 bytes"):
        source.read([Range(0, 2)])
    with pytest.raises(SourceChangedError, match="shrank"):
        source.verify()


def test_growing_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"0123456789")
    source = open_one(path)
    with path.open("ab") as file:
        file.write(b"more")
    with pytest.raises(SourceChangedError, match="grew from 10 to 14"):
        source.read([Range(0, 2)])


def test_touched_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"0123456789")
    source = open_one(path)
    source.verify()
    os.utime(path, ns=(1, 1))
    with pytest.raises(SourceChangedError, match="was modified"):
        source.verify()
    with pytest.raises(SourceChangedError, match="was modified"):
        source.read([Range(0, 1)])
    assert open_one(path).read([Range(0, 1)]) == [b"0"]


def test_deleted_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"0123456789")
    source = open_one(path)
    path.unlink()
    with pytest.raises(SourceChangedError, match="was deleted"):
        source.verify()
    with pytest.raises(SourceChangedError, match="was deleted"):
        source.read([Range(0, 1)])


def test_read_past_the_end_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"0123456789")
    with pytest.raises(SourceChangedError, match="ended at byte 10"):
        open_one(path).read([Range(5, 20)])


def test_file_replaced_by_a_pipe_does_not_block(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"0123456789")
    source = open_one(path)
    path.unlink()
    if hasattr(os, "mkfifo"):
        os.mkfifo(path)
    with pytest.raises(SourceError):
        source.read([Range(0, 1)])


@pytest.mark.parametrize("positioned", [True, False])
def test_many_files_from_many_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, positioned: bool
) -> None:
    if not positioned:
        monkeypatch.delattr(os, "pread", raising=False)
    monkeypatch.setattr(handles, "LARGEST", 1000)
    count = handles.LIMIT + 20
    for number in range(count):
        (tmp_path / f"{number:03}").write_bytes(bytes([number]) * 4096)
    sources = LocalProvider().open(str(tmp_path))

    def check(number: int) -> bool:
        which = number * 7 % count
        (data,) = sources[which].read([Range(number, 3000 + number)])
        return data == bytes([which]) * 3000

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(check, range(1000)))


def test_open_files_are_bounded(tmp_path: Path) -> None:
    pool = handles.Handles(limit=3)
    for number in range(10):
        path = tmp_path / str(number)
        path.write_bytes(b"x")
        pool.get(number, str(path))
        assert len(pool) <= 3
    kept = pool.get(9, str(tmp_path / "9"))
    assert pool.get(9, str(tmp_path / "9")) is kept
    pool.drop(9)
    assert pool.get(9, str(tmp_path / "9")) is not kept


def test_provider_fulfils_the_protocol() -> None:
    provider: SourceProvider = LocalProvider()
    assert provider.priority == 0

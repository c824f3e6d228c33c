from __future__ import annotations

import io
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from arbvis_core.cli import inputs
from arbvis_core.errors import UsageError


def feed(monkeypatch: pytest.MonkeyPatch, data: bytes | None) -> None:
    stream = SimpleNamespace(isatty=lambda: data is None, buffer=io.BytesIO(data or b""))
    monkeypatch.setattr(sys, "stdin", stream)


def listed(tmp_path: Path, content: bytes) -> tuple[str, ...]:
    path = tmp_path / "list"
    path.write_bytes(content)
    return inputs.gather([], str(path))


def test_arguments_then_the_list(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_text("c\nd\n")
    assert inputs.gather(["a", "b"], str(path)) == ("a", "b", "c", "d")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a\nb", ("a", "b")),
        (b"\n  \na b\n\n c\n", ("a b", " c")),
        (b"a\r\nb\r\n", ("a", "b")),
        (b"\xef\xbb\xbfa\n", ("a",)),
        (b"-\n", ("-",)),
        ("é\n".encode(), ("é",)),
    ],
)
def test_one_path_per_line(tmp_path: Path, content: bytes, expected: tuple[str, ...]) -> None:
    assert listed(tmp_path, content) == expected


@pytest.mark.skipif(os.name != "posix", reason="names of bytes")
def test_names_that_are_not_utf_8(tmp_path: Path) -> None:
    assert listed(tmp_path, b"\xff\xfe\n") == (os.fsdecode(b"\xff\xfe"),)


@pytest.mark.parametrize("content", [b"", b"\n \n\r\n"])
def test_an_empty_list_is_an_error(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UsageError, match="list names no files"):
        listed(tmp_path, content)


def test_a_model_is_no_list(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a list of paths"):
        listed(tmp_path, b"GGUF\0\0\0")


def test_a_folder_is_no_list(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder, not a list"):
        inputs.gather([], str(tmp_path))


@pytest.mark.parametrize("path", ["gone", "a\0b"])
def test_an_absent_list(tmp_path: Path, path: str) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        inputs.gather([], str(tmp_path / path))


def test_a_list_from_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    feed(monkeypatch, b"a\nb\n")
    assert inputs.gather([], "-") == ("a", "b")


def test_a_terminal_is_no_list(monkeypatch: pytest.MonkeyPatch) -> None:
    feed(monkeypatch, None)
    with pytest.raises(UsageError, match="is a terminal"):
        inputs.gather([], "-")


def test_standard_input_is_used_once() -> None:
    with pytest.raises(UsageError, match="cannot be both"):
        inputs.gather(["-"], "-")


def test_a_pipe_is_read_when_nothing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    feed(monkeypatch, b"x")
    assert inputs.gather([], None) == ("-",)


@pytest.mark.parametrize("closed", [True, False])
def test_nothing_to_show(monkeypatch: pytest.MonkeyPatch, closed: bool) -> None:
    feed(monkeypatch, None)
    if closed:
        monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UsageError, match="name a file or a folder, or pipe"):
        inputs.gather([], None)


@pytest.mark.skipif(os.name != "posix", reason="quotes of POSIX shells")
@pytest.mark.parametrize(
    ("typed", "first", "words"),
    [
        (["my file"], "my file", ["arbvis", "my file", "--out", "my file.arbvis"]),
        (["a/b/", "-q"], "a/b/", ["arbvis", "a/b/", "-q", "--out", "b.arbvis"]),
        (["it's"], "it's", ["arbvis", "it's", "--out", "it's.arbvis"]),
        ([], "-", ["arbvis", "--out", "stdin.arbvis"]),
        (["hf://o/m"], "hf://o/m", ["arbvis", "hf://o/m", "--out", "m.arbvis"]),
        (["--", "-x"], "-x", ["arbvis", "--out", "-x.arbvis", "--", "-x"]),
        (["/"], "/", ["arbvis", "/", "--out", "root.arbvis"]),
    ],
)
def test_the_whole_command(typed: list[str], first: str, words: list[str]) -> None:
    assert shlex.split(inputs.whole_command("arbvis", typed, [first])) == words


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs a shell with $'' quotes")
@pytest.mark.parametrize(
    "name", ["a\nb", "\x1b[31m'x'", "\\n\t", "caf\xe9\x7f", "\udcff\udcfe", "\u202ex"]
)
def test_names_that_cannot_be_shown_can_be_typed(name: str) -> None:
    line = inputs.whole_command("echo", [name], [name])
    assert line.isprintable()
    said = subprocess.run(
        ["bash", "-c", line.replace("echo", "printf '%s\\0'", 1)], capture_output=True, check=True
    )
    typed, out, target, _ = said.stdout.split(b"\0")
    assert (typed, out) == (os.fsencode(name), b"--out")
    assert target.decode().isprintable()


def test_the_current_folder_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    assert inputs.whole_command("arbvis", ["."], ["."]) == "arbvis . --out project.arbvis"


def test_a_mistyped_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="plugns does not exist; did you mean the command plugins"):
        inputs.check_command(["plugns"], ["plugins"])
    inputs.check_command(["something", "plugns"], ["plugins"])
    (tmp_path / "plugns").touch()
    inputs.check_command(["plugns"], ["plugins"])

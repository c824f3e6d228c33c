from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from arbvis_core.sinks import claims
from arbvis_core.sinks.claims import Claim, clear_abandoned
from arbvis_core.sinks.local import BundleUpdate, LocalSink
from arbvis_core.values import Blob

from .test_local import MANIFEST, WRITTEN, fill, tree, write

#: A run that ends without a chance to clean up, at one place or another.
KILLED = """
import os, sys
from arbvis_core.sinks.local import LocalSink
from arbvis_core.values import Blob

target, where = sys.argv[1:]
sink = LocalSink(target)
sink.put(Blob("manifest.json", "application/json", {manifest!r}))
sink.put(Blob("tiles/bytes/0/0/0.png", "image/png", b"png"))
if where == "writing":
    os._exit(9)
if where == "deleting":
    os.rmdir = lambda *args, **named: os._exit(9)
    sink.abort()
rename = os.rename
def counted(source, destination, done=[]):
    if done == [where]:
        os._exit(9)
    rename(source, destination)
    done.append("between renames" if destination != target else "after renames")
os.rename = counted
os.rmdir = lambda *args, **named: os._exit(9)
sink.commit()
"""


def killed(target: Path, where: str) -> None:
    words = [sys.executable, "-c", KILLED.format(manifest=MANIFEST), str(target), where]
    assert subprocess.run(words, check=False, timeout=60).returncode == 9


def left(folder: Path) -> list[str]:
    return sorted(one.name.partition("-")[0] for one in folder.iterdir())


@pytest.mark.parametrize(
    ("where", "remains"),
    [
        ("writing", [".out.lock", ".out.partial", "out"]),
        ("deleting", [".out.doomed", ".out.lock", "out"]),
        ("between renames", [".out.lock", ".out.old", ".out.partial"]),
        ("after renames", [".out.lock", ".out.old", "out"]),
    ],
)
def test_the_next_run_removes_what_a_killed_one_has_left(
    where: str, remains: list[str], tmp_path: Path
) -> None:
    target = fill(tmp_path / "out", manifest_json=MANIFEST, old=b"old")
    killed(target, where)
    assert left(tmp_path) == remains
    LocalSink(str(target)).abort()
    assert left(tmp_path) == ["out"]
    before = {"manifest.json": MANIFEST, "old": b"old"}
    assert tree(target) == (WRITTEN if where == "after renames" else before)


def test_a_new_viewer_removes_it_too(tmp_path: Path) -> None:
    target = fill(tmp_path / "out", manifest_json=MANIFEST)
    killed(target, "between renames")
    BundleUpdate(str(target)).abort()
    assert left(tmp_path) == ["out"]
    assert tree(target) == {"manifest.json": MANIFEST}


def test_what_a_living_run_writes_stays(tmp_path: Path) -> None:
    living = LocalSink(str(tmp_path / "out"))
    living.put(Blob("manifest.json", "application/json", MANIFEST))
    code = (
        "import sys; from arbvis_core.sinks.local import LocalSink; LocalSink(sys.argv[1]).abort()"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "out")], check=True, timeout=60)
    write(tmp_path / "out")
    assert left(tmp_path) == [".out.lock", ".out.partial", "out"]
    living.commit()
    assert tree(tmp_path) == {"out/manifest.json": MANIFEST}


def test_what_is_left_for_other_targets_stays(tmp_path: Path) -> None:
    long = "x" * 50
    killed(tmp_path / f"{long}a", "writing")
    killed(tmp_path / "other", "writing")
    before = sorted(tmp_path.iterdir())
    write(tmp_path / f"{long}b")
    write(tmp_path / "out")
    assert sorted(tmp_path.iterdir()) == sorted([*before, tmp_path / f"{long}b", tmp_path / "out"])


def test_what_is_called_like_ours_and_is_not_stays(tmp_path: Path) -> None:
    fill(tmp_path / ".out.partial-abcdef", thesis=b"dear")
    fill(tmp_path / ".out.lock-abcdef", thesis=b"dear")
    fill(tmp_path / ".out.partial-123456", thesis=b"dear")
    (tmp_path / ".out.lock-123456").write_bytes(b"of something else")
    fill(tmp_path / ".out.partial-of-mine", thesis=b"dear")
    (tmp_path / ".out.lock-of-mine").write_bytes(claims._note("out"))
    before = sorted(tmp_path.rglob("*"))
    LocalSink(str(tmp_path / "out")).abort()
    assert sorted(tmp_path.rglob("*")) == before


def test_a_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_descriptor: int) -> bool:
        raise OSError(errno.ENOLCK, "No locks available")

    killed(tmp_path / "out", "writing")
    monkeypatch.setattr(claims, "_lock", refuse)
    write(tmp_path / "out")
    assert left(tmp_path) == [".out.lock", ".out.partial", "out"]


def test_names_are_given_up_once(tmp_path: Path) -> None:
    claim, other = (Claim(str(tmp_path / "out")) for _ in range(2))
    assert claim.beside("old") != other.beside("old")
    clear_abandoned(str(tmp_path / "out"))
    assert left(tmp_path) == [".out.lock", ".out.lock"]
    for _ in range(2):
        claim.release()
    assert [*tmp_path.iterdir()] == [Path(other.beside("lock"))]
    other.release()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    clear_abandoned(str(tmp_path / "gone" / "out"))
    assert not [*tmp_path.iterdir()]

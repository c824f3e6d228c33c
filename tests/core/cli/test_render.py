from __future__ import annotations

import io
import json
import os
import stat
import sys
from math import prod
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from arbvis_core import api
from arbvis_core.cli import space
from arbvis_core.encode import encode_tiles
from arbvis_core.engine.estimate import most_bytes
from arbvis_core.registry import load
from arbvis_core.values import ARBVIS, TILE, Profile, Request, TrueColour


def manifest(out: Path) -> dict[str, Any]:
    return json.loads((out / "manifest.json").read_text(encoding="utf-8"))


def piped(data: bytes) -> Any:
    return SimpleNamespace(buffer=io.BytesIO(data), isatty=lambda: False)


def test_a_file(cli: Any, sample: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    outcome = cli(str(sample), "--out", str(out))
    assert outcome.code == 0
    assert outcome.out == f"{out / 'index.html'}\n"
    assert "free" in outcome.err.splitlines()[0]
    assert "px/s" in outcome.err.splitlines()[1]
    assert (out / "index.html").is_file()
    assert (out / "tiles" / "bytes" / "0" / "0" / "0.png").is_file()
    assert manifest(out)["title"] == "sample.bin"
    assert manifest(out)["brand"] == "arbvis"


def test_quiet_says_the_path_only(cli: Any, sample: Path, tmp_path: Path) -> None:
    outcome = cli(str(sample), "-q", "-o", str(tmp_path / "out"))
    assert outcome.code == 0
    assert outcome.err == ""
    assert outcome.out == f"{tmp_path / 'out' / 'index.html'}\n"


def test_flags_reach_the_bundle(cli: Any, sample: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    listed = tmp_path / "list"
    listed.write_text(f"{sample}\n{sample}\n")
    args = ("--title", "A & B", "--tile-format", "avif", "--executor", "serial")
    assert cli(str(sample), "-l", str(listed), "-o", str(out), *args).code == 0
    assert manifest(out)["title"] == "A & B"
    assert manifest(out)["scenes"][0]["canvas"]["tile_format"] == "avif"
    assert len(manifest(out)["inputs"]) == 3


@pytest.mark.parametrize("args", [("-",), ()])
def test_a_pipe(cli: Any, tmp_path: Path, args: tuple[str, ...]) -> None:
    out = tmp_path / "out"
    assert cli(*args, "-o", str(out), stdin=piped(b"x" * 1000)).code == 0
    assert manifest(out)["inputs"][0]["name"] == "stdin"
    assert manifest(out)["inputs"][0]["size"] == 1000


@pytest.mark.parametrize("args", [("-", "-o", "out"), ("-o", "out"), ()])
def test_a_terminal_is_refused_with_a_hint(cli: Any, tmp_path: Path, args: tuple[str, ...]) -> None:
    os.chdir(tmp_path)
    outcome = cli(*args)
    assert outcome.code == 2
    assert "pipe something" in outcome.err
    assert not [*tmp_path.iterdir()]


@pytest.mark.skipif(os.name != "posix", reason="quotes of POSIX shells")
def test_without_a_target_the_whole_command_is_shown(cli: Any, tmp_path: Path) -> None:
    os.chdir(tmp_path)
    Path("my file").write_bytes(b"x")
    outcome = cli("my file", "--jobs", "1")
    assert outcome.code == 2
    assert outcome.err.endswith(": arbvis 'my file' --jobs 1 --out 'my file.arbvis'\n")


def test_an_image(cli: Any, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(os.urandom(70_000))
    outcome = cli(str(tmp_path / "in"), "--png", str(tmp_path / "a.png"))
    assert (outcome.code, outcome.out) == (0, f"{tmp_path / 'a.png'}\n")
    both = cli(str(tmp_path / "in"), "--png", str(tmp_path / "a.png"), "-o", str(tmp_path / "out"))
    assert both.out == f"{tmp_path / 'out' / 'index.html'}\n"
    canvas = manifest(tmp_path / "out")["scenes"][0]["canvas"]
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (canvas["width"], canvas["height"])


def test_a_refused_image_leaves_nothing(cli: Any, sample: Path, tmp_path: Path) -> None:
    outcome = cli(str(sample), "--png", str(sample), "-o", str(tmp_path / "out"))
    assert outcome.code == 2
    assert "is an input" in outcome.err
    assert [*tmp_path.iterdir()] == [sample]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("gone.bin", "-o", "out"), "gone.bin does not exist"),
        (("sampel.bin", "-o", "out"), "did you mean sample.bin?"),
        (("empty", "-o", "out"), "empty holds no files"),
        (("plugns",), "did you mean the command plugins?"),
        (("sample.bin", "-o", "sample.bin"), "is a file"),
        (("sample.bin", "-o", "sample.bin/out"), "cannot be written: a file stands"),
        (("sample.bin", "-o", "."), "holds the current folder"),
        (("sample.bin", "-o", "full"), "holds thesis; name another|holds thesis"),
        (("sample.bin", "-o", "hf://a/b"), "is an address"),
        (("sample.bin", "-o", "out", "--layout", "hilbret"), "did you mean hilbert?"),
        (("sample.bin", "-o", "out", "--format", "rwa"), "did you mean raw?"),
        (("sample.bin", "-o", "out", "--jobs", "0"), "0 is not in the range|greater than"),
        (("sample.bin", "-o", "out", "--executor", "dask"), "'serial'"),
        (("sample.bin", "-o", "out", "--executor", "serial", "-j", "2"), "--jobs changes nothing"),
        (("sample.bin", "--png", "a.png", "--title", "T"), "--title changes nothing here"),
        (("sample.bin", "--uot", "out"), "there is no option --uot; did you mean --out?"),
        (("sample.bin", "--no-such"), "there is no option --no-such"),
        (("sample.bin", "--out"), "requires an argument"),
        (("-l", "empty", "-o", "out"), "is a folder, not a list"),
        (("-l", "sample.bin", "-o", "out"), "is not a list"),
        (("-", "-l", "-", "-o", "out"), "cannot be both"),
        (("http://x/y", "-o", "out"), "http://x/y"),
    ],
)
def test_what_the_user_can_mend(cli: Any, sample: Path, args: tuple[str, ...], said: str) -> None:
    os.chdir(sample.parent)
    Path("empty").mkdir()
    Path("full").mkdir()
    Path("full", "thesis").write_bytes(b"dear")
    before = sorted(Path.cwd().rglob("*"))
    outcome = cli(*args)
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.startswith("arbvis: ")
    assert outcome.err.count("\n") == 1
    assert any(one in outcome.err for one in said.split("|")), outcome.err
    assert sorted(Path.cwd().rglob("*")) == before


def test_force(cli: Any, sample: Path) -> None:
    full = sample.parent / "full"
    full.mkdir()
    (full / "thesis").write_bytes(b"cheap")
    assert cli(str(sample), "-o", str(full), "--force").code == 0
    assert not (full / "thesis").exists()
    assert cli(str(full / "index.html"), "-o", str(full), "--force").code == 2


def test_too_little_space(
    cli: Any, sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(space, "free_bytes", lambda _: 1000)
    outcome = cli(str(sample), "-o", str(tmp_path / "out"))
    assert outcome.code == 2
    assert "has 1.0 kB free" in outcome.err
    assert "would fit" in outcome.err
    assert [*tmp_path.iterdir()] == [sample]


def test_a_quiet_run_draws_nothing_on_trial(
    cli: Any, sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody hears what it would take, and whatever it takes there is room."""
    monkeypatch.delattr(api, "estimate")
    assert cli(str(sample), "--out", str(tmp_path / "out"), "--quiet").code == 0


def test_no_tile_takes_more_than_is_reckoned_with(sample: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (TILE, TILE, 4)).astype(np.uint8)
    plan = api.plan(Request((str(sample),), ARBVIS), registry=load())
    (scene,) = plan.scenes
    tiles = sum(prod(scene.canvas.tiles(zoom)) for zoom in range(scene.canvas.max_zoom + 1))
    ((_, _, most),) = encode_tiles([TrueColour(noise)], "png", lossless=True)
    assert len(most) > 4 * TILE * TILE
    assert most_bytes(plan) >= tiles * len(most)


def test_a_quiet_run_is_refused_where_it_cannot_fit(
    cli: Any, sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(space, "free_bytes", lambda _: 1000)
    done = cli(str(sample), "--out", str(tmp_path / "out"), "--quiet")
    assert (done.code, done.out) == (2, "")
    assert "1.0 kB free" in done.err
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes")
def test_hostile_names(cli: Any, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    names = [b"a\nb", b"<script>alert(1)<", b"\xff\xfe", b"\"'`", b"\x1b[31m", b"</"]
    names.remove(b"</")
    for name in names:
        Path(folder, os.fsdecode(name)).write_bytes(b"content")
    os.chdir(tmp_path)
    for name in names:
        outcome = cli(f"in/{os.fsdecode(name)}", "-o", "out")
        assert outcome.code == 0, outcome.err
        outcome = cli(f"in/{os.fsdecode(name)}")
        assert outcome.code == 2
        assert outcome.err.rstrip("\n").isprintable()
    assert cli("in", "-o", "out").code == 0
    placed = {one["name"] for one in manifest(Path("out"))["scenes"][0]["placements"]}
    assert {"a\nb", "<script>alert(1)<", "\\xff\\xfe"} <= placed
    page = Path("out", "index.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    outcome = cli("in", "-o", os.fsdecode(b"out\xff\n"))
    assert outcome.code == 0
    assert outcome.out == "out\\xff\\n/index.html\n"


@pytest.mark.skipif(os.name != "posix", reason="needs links")
@pytest.mark.usefixtures("sample")
def test_links_that_lead_nowhere_are_a_warning(cli: Any, tmp_path: Path) -> None:
    for name in ("one", "two\x1b"):
        (tmp_path / name).symlink_to("gone")
    outcome = cli(str(tmp_path), "-o", str(tmp_path.parent / "linked-out"))
    assert outcome.code == 0, outcome.err
    (said,) = (line for line in outcome.err.splitlines() if "nowhere" in line)
    assert said.startswith("arbvis: warning: ")
    assert said.endswith("2 links lead nowhere and nothing is shown of them: one, two\\x1b")
    assert "one, two" in manifest(tmp_path.parent / "linked-out")["warnings"][0]


def test_a_program_whose_layout_is_not_installed(cli: Any, sample: Path, tmp_path: Path) -> None:
    profile = Profile("other", layout="galaxy")
    outcome = cli(str(sample), "-o", str(tmp_path / "out"), profile=profile)
    assert outcome.code == 2
    assert outcome.err.startswith("other: the layout galaxy")
    assert "arbvis FILE --out DIR" in outcome.err
    args = (str(sample), "-o", str(tmp_path / "out"), "--layout", "hilbert")
    assert cli(*args, profile=profile).code == 0


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_bundles_are_readable_like_other_files(cli: Any, sample: Path, tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        cli(str(sample), "-o", str(tmp_path / "out"))
    finally:
        os.umask(before)
    for one in (tmp_path / "out").rglob("*"):
        assert stat.S_IMODE(one.stat().st_mode) == (0o755 if one.is_dir() else 0o644)


def test_files_behind_linked_inputs_are_not_replaced(cli: Any, tmp_path: Path) -> None:
    (tmp_path / "blobs").mkdir()
    (tmp_path / "snapshot").mkdir()
    real = tmp_path / "blobs" / "real"
    real.write_bytes(b"weights")
    (tmp_path / "snapshot" / "model.bin").symlink_to(real)
    outcome = cli(str(tmp_path / "snapshot"), "--out", str(tmp_path / "blobs"), "--force")
    assert (outcome.code, "holds an input" in outcome.err) == (2, True)
    assert real.read_bytes() == b"weights"


def test_a_picture_does_not_replace_a_file_of_an_input_folder(cli: Any, tmp_path: Path) -> None:
    from PIL import Image

    photo = tmp_path / "photos" / "photo.png"
    photo.parent.mkdir()
    Image.new("RGB", (3, 3)).save(photo)
    before = photo.read_bytes()
    outcome = cli(str(photo.parent), "--png", str(photo))
    assert (outcome.code, "is an input" in outcome.err) == (2, True)
    assert photo.read_bytes() == before


def test_a_picture_inside_the_bundle_it_belongs_to_is_refused(cli: Any, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"abc")
    out = tmp_path / "out"
    outcome = cli(str(tmp_path / "a.bin"), "--out", str(out), "--png", str(out / "x.png"))
    assert outcome.code == 2
    assert not out.exists()

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def bundle(cli: Any, sample: Path, tmp_path: Path) -> Path:
    outcome = cli(str(sample), "--out", str(tmp_path / "out"), "--title", "Before")
    assert outcome.code == 0, outcome.err
    return tmp_path / "out"


def tree(path: Path) -> dict[str, bytes]:
    return {
        one.relative_to(path).as_posix(): one.read_bytes()
        for one in path.rglob("*")
        if one.is_file()
    }


def change(bundle: Path, **facts: Any) -> None:
    path = bundle / "manifest.json"
    manifest = {**json.loads(path.read_text()), **facts}
    path.write_text(json.dumps({k: v for k, v in manifest.items() if v is not None}))


def test_brings_back_everything_but_tiles(cli: Any, bundle: Path) -> None:
    before = tree(bundle)
    (bundle / "index.html").write_text("broken")
    shutil.rmtree(bundle / "viewer")
    outcome = cli("--regen-html", str(bundle))
    assert (outcome.code, outcome.out) == (0, f"{bundle / 'index.html'}\n")
    assert tree(bundle) == before
    assert not [one for one in bundle.parent.iterdir() if one.name.startswith(".")]


def test_changes_the_title(cli: Any, bundle: Path) -> None:
    before = tree(bundle)
    assert cli("--regen-html", str(bundle), "--title", "After <b>").code == 0
    after = tree(bundle)
    assert json.loads(after["manifest.json"])["title"] == "After <b>"
    assert b"After &lt;b&gt;" in after["index.html"]
    assert {name for name in after if after[name] != before[name]} == {
        *("index.html", "manifest.json", "manifest.js"),
    }


def test_needs_a_bundle(cli: Any, tmp_path: Path) -> None:
    outcome = cli("--regen-html", str(tmp_path))
    assert outcome.code == 2
    assert "is not a bundle of arbvis" in outcome.err


@pytest.mark.parametrize(
    "args", [("a",), ("--out", "b"), ("-l", "d"), ("--jobs", "3"), ("--layout", "hilbert")]
)
def test_takes_nothing_else(cli: Any, bundle: Path, args: tuple[str, ...]) -> None:
    outcome = cli("--regen-html", str(bundle), *args)
    assert outcome.code == 2
    assert "takes no inputs" in outcome.err or "changes nothing here" in outcome.err


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"schema": 99}, "schema 99"),
        ({"scenes": None}, "is damaged at scenes: it is missing; render it again"),
        ({"scenes": []}, "is damaged at scenes: it holds 0 values"),
        ({"scenes": [{}]}, r"is damaged at scenes\[0\]\.key: it is missing"),
        ({"scenes": [7]}, r"is damaged at scenes\[0\]: it is no object"),
        ({"scenes": [{"key": "../../etc"}]}, "damaged"),
        ({"title": None}, "is damaged at title: it is missing"),
        ({"title": 7}, "is damaged at title: it is no string"),
        ({"warnings": "none"}, "is damaged at warnings: it is no array"),
        ({"surprise": 1}, "is damaged at surprise: nothing of this name belongs there"),
    ],
)
def test_a_damaged_manifest(cli: Any, bundle: Path, facts: dict[str, Any], said: str) -> None:
    change(bundle, **facts)
    before = tree(bundle)
    outcome = cli("--regen-html", str(bundle))
    assert outcome.code == 2
    assert re.search(said, outcome.err)
    assert tree(bundle) == before
    assert not [one for one in bundle.parent.iterdir() if one.name.startswith(".")]


def test_two_scenes_of_one_key(cli: Any, bundle: Path) -> None:
    (scene,) = json.loads((bundle / "manifest.json").read_text())["scenes"]
    change(bundle, scenes=[scene, scene])
    outcome = cli("--regen-html", str(bundle))
    assert (outcome.code, "two scenes of one key" in outcome.err) == (2, True)


def test_statistics_that_are_no_facts(cli: Any, bundle: Path) -> None:
    (bundle / "data" / "bytes" / "stats.json").write_text("7")
    outcome = cli("--regen-html", str(bundle))
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert "stats.json cannot be read; render the bundle again" in outcome.err


@pytest.mark.parametrize("part", ["viewer", "data", "data/bytes"])
def test_links_in_a_bundle_are_not_followed(
    cli: Any, bundle: Path, tmp_path: Path, part: str
) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    shutil.rmtree(bundle / part)
    (bundle / part).symlink_to(victim, target_is_directory=True)
    outcome = cli("--regen-html", str(bundle))
    assert (outcome.code, "is a link" in outcome.err) == (2, True)
    assert not list(victim.iterdir())


def test_statistics_that_are_a_link_are_not_copied(cli: Any, bundle: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text('{"password": 1}')
    (bundle / "data" / "bytes" / "stats.json").unlink()
    (bundle / "data" / "bytes" / "stats.json").symlink_to(secret)
    assert cli("--regen-html", str(bundle)).code == 2

"""JSON files beside each other, from the files to the pixels and the figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from arbvis_core import api
from arbvis_core.cli.app import start
from arbvis_core.diff import scanning
from arbvis_core.kernels import byte_tile, hilbert
from arbvis_core.testing.renderers import rgba
from arbvis_core.values import ARBVIS, Plan, Request, TileKey

OLD = {"model": "llama", "layers": [1, 2, 3], "theta": 10000.0, "gone": None}
NEW = {"theta": 500000.0, "layers": [1, 3, 4], "model": "llama", "come": [7]}


def write(folder: Path, **files: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content, indent=2)
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return folder


def planned(*inputs: Path, **more: Any) -> Plan:
    return api.plan(Request(tuple(map(str, inputs)), diff=True, **more))


def summaries(plan: Plan) -> dict[str, Any]:
    return dict(api.render(plan, None, executor="serial").summaries)


@pytest.fixture
def both(tmp_path: Path) -> tuple[Path, Path]:
    write(tmp_path, old__json=OLD, new__json=NEW)
    return tmp_path / "old.json", tmp_path / "new.json"


def test_values_are_counted_and_named(both: tuple[Path, Path]) -> None:
    plan = planned(*both)
    (scene,) = plan.scenes
    assert scene.label == "new.json − old.json"
    found = summaries(plan)[scene.key]
    assert found["values"] == {"equal": 3, "changed": 1, "removed": 2, "added": 2}
    assert found["told"] == "Values: 1 changed, 2 removed, 2 added, 3 equal."
    (placement,) = scene.placements
    assert {key: placement.attributes[key] for key in found["values"]} == found["values"]
    told = [
        (one["path"], one["kind"], one["left"], one["right"])
        for one in placement.attributes["changes"]
    ]
    assert told == [
        ("come", "added", "", "[ 7 ]"),
        ("layers[1]", "removed", "2", ""),
        ("layers[2]", "added", "", "4"),
        ("theta", "changed", "10000.0", "500000.0"),
        ("gone", "removed", "null", ""),
    ]
    assert "pieces" not in placement.attributes


def test_pixels_show_what_is_not_equal(both: tuple[Path, Path]) -> None:
    plan = planned(*both)
    (scene,) = plan.scenes
    pixels = rgba(api.tile(plan, scene.key, TileKey(0, 0, 0)))
    _, state = hilbert.locate(0, 0, scene.canvas.height.bit_length() - 10)
    x, y, _ = hilbert.walk(9)
    curve = pixels[y[state], x[state]]
    marked = np.zeros(len(curve), bool)
    for label in scene.labels:
        if label.kind != "key":
            marked[label.start : label.stop] = True
    (placement,) = scene.placements
    outside = ~marked[: placement.stop]
    assert (curve[: placement.stop][outside] == (0, 0, 0, 255)).all()
    assert (curve[placement.stop :, 3] == 0).all()
    (added,) = (one for one in scene.labels if one.name == "layers[2]")
    tinted = [
        (int(one) + two) // 2
        for one, two in zip(byte_tile.COLOURS[ord("4")], (40, 220, 40), strict=True)
    ]
    assert [tuple(pixel) for pixel in curve[added.start : added.stop]] == [(*tinted, 255)]
    (removed,) = (one for one in scene.labels if one.name == "gone" and one.kind == "removed")
    assert removed.stop - removed.start == len('"gone": null')


def test_layout_and_order_of_keys_are_no_difference(tmp_path: Path) -> None:
    write(tmp_path, a__json=OLD, b__json=json.dumps(dict(reversed(OLD.items()))))
    found = summaries(planned(tmp_path / "a.json", tmp_path / "b.json"))
    (one,) = found.values()
    assert (one["values"]["equal"], one["changed"], one["only_left"], one["only_right"]) == (
        6,
        0,
        0,
        0,
    )


def test_the_same_file_twice_differs_nowhere(both: tuple[Path, Path]) -> None:
    (one,) = summaries(planned(both[0], both[0])).values()
    assert one["values"] == {"equal": 6, "changed": 0, "removed": 0, "added": 0}


def test_lines_are_aligned(tmp_path: Path) -> None:
    lines = [json.dumps({"id": number}) for number in range(30)]
    write(
        tmp_path,
        a__jsonl="\n".join(lines),
        b__jsonl="\n".join([*lines[:7], '{"id": "x"}', *lines[7:]]),
    )
    (one,) = summaries(planned(tmp_path / "a.jsonl", tmp_path / "b.jsonl")).values()
    assert one["values"] == {"equal": 30, "changed": 0, "removed": 0, "added": 1}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ('{"a": 1,}', "is no valid JSON: line 1, column 9: a key is expected"),
        ("[" * 999, "values nest deeper than 256"),
        ("[" + "1," * 400 + "1]", "has more than 300 values"),
        (" " * 900 + "1", "is larger than 0 MiB"),
    ],
)
def test_what_cannot_be_read_is_compared_by_its_bytes(
    both: tuple[Path, Path], content: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "MOST", 300)
    if "larger" in why:
        monkeypatch.setattr(scanning, "LARGEST", 800)
    both[1].write_text(content)
    plan = planned(*both)
    (note,) = (one for one in plan.warnings if "its bytes are compared" in one)
    assert note.startswith("new.json ")
    assert why in note
    assert [one.placements[0].region.encoding for one in plan.scenes] == ["byte-difference"]


def test_the_bytes_are_compared_if_asked_for(both: tuple[Path, Path]) -> None:
    plan = planned(*both, format="raw")
    assert [one.placements[0].region.encoding for one in plan.scenes] == ["byte-difference"]


def test_folders_are_shared_between_json_and_bytes(tmp_path: Path) -> None:
    old = write(tmp_path / "old", a__json=OLD, note__txt="abc", bad__json="{", gone__json=[1])
    new = write(tmp_path / "new", a__json=NEW, note__txt="abd", bad__json="{}")
    plan = planned(old, new)
    json_, rest = plan.scenes
    assert (json_.label, rest.label) == ("new − old: JSON", "new − old: other files")
    assert [one.name for one in json_.placements] == ["a.json"]
    assert {one.name for one in rest.placements} == {"bad.json", "gone.json", "note.txt"}
    found = summaries(plan)
    assert found[rest.key]["placements"]["note.txt"]["stats"]["changed"] == 1
    assert any(one.startswith("bad.json of old is no valid JSON") for one in plan.warnings)
    assert "1 file is only in old: gone.json" in plan.warnings


def test_a_file_is_compared_in_one_way_with_all_others(tmp_path: Path) -> None:
    base = write(tmp_path / "base", a__json=OLD, b__json=OLD)
    good = write(tmp_path / "good", a__json=NEW, b__json=NEW)
    torn = write(tmp_path / "torn", a__json=NEW, b__json="{")
    plan = planned(base, good, torn)
    held = [(one.label, [placed.name for placed in one.placements]) for one in plan.scenes]
    assert held == [
        ("good − base: JSON", ["a.json"]),
        ("torn − base: JSON", ["a.json"]),
        ("good − base: other files", ["b.json"]),
        ("torn − base: other files", ["b.json"]),
    ]


def test_what_only_one_folder_has_is_shown_where_the_other_has_nothing_left(tmp_path: Path) -> None:
    old = write(tmp_path / "old", a__json=OLD, b__json=OLD, note__txt="abc")
    new = write(tmp_path / "new", a__json=NEW, b__json=NEW)
    assert [[one.name for one in scene.placements] for scene in planned(old, new).scenes] == [
        ["a.json", "b.json"],
        ["note.txt"],
    ]


def test_the_program_says_what_differs(
    both: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert start(ARBVIS, ["--diff", *map(str, both), "--out", str(out)]) == 0
    said = capsys.readouterr().err
    assert "new.json − old.json: Values: 1 changed, 2 removed, 2 added, 3 equal." in said
    (scene,) = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["scenes"]
    (placement,) = scene["placements"]
    assert (placement["changed"], placement["added"], placement["removed"]) == (1, 2, 2)
    assert {one["name"] for one in scene["labels"]} >= {"model", "layers", "theta", "layers[1]"}

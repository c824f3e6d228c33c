"""The two sides of a comparison as pictures of their own."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from arbvis_core import api
from arbvis_core.registry import load
from arbvis_core.values import Indexed, Plan, ScenePlan, TileKey

BARE = load((), ())


def compared(left: Path, right: Path, *, live: bool = True) -> Plan:
    request = api.Request((str(left), str(right)), diff=True, live=live)
    return api.plan(request, registry=BARE)


def tile(scene: ScenePlan, x: int, y: int) -> Indexed:
    plan, key = Plan("", "", (), (scene,)), TileKey(scene.canvas.max_zoom, x, y)
    found = api.tile(plan, scene.key, key, registry=BARE)
    assert isinstance(found, Indexed)
    return found


def written(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("lengths", [(400_000, 400_000), (300_000, 400_000), (400_000, 270_000)])
def test_every_byte_of_both_lies_where_it_was_compared(
    tmp_path: Path, lengths: tuple[int, int]
) -> None:
    random = np.random.default_rng(0)
    files = [
        written(tmp_path / name / "file.bin", random.integers(0, 256, size, np.uint8).tobytes())
        for name, size in zip(("base", "new"), lengths, strict=True)
    ]
    plan = compared(*files)
    difference, *sides = plan.scenes
    assert [one.label for one in sides] == ["base/file.bin", "new/file.bin"]
    for side, path in zip(sides, files, strict=True):
        assert side.canvas == difference.canvas
        assert side.renderer == "bytes"
        alone = api.plan(api.Request((str(path),)), registry=BARE).scenes[0]
        assert alone.canvas == side.canvas
        columns, rows = side.canvas.tiles(side.canvas.max_zoom)
        for x, y in product(range(columns), range(rows)):
            one, other = (tile(scene, x, y) for scene in (side, alone))
            np.testing.assert_array_equal(one.codes, other.codes)
            np.testing.assert_array_equal(one.palette, other.palette)


def test_a_bundle_has_the_difference_alone(tmp_path: Path) -> None:
    files = [written(tmp_path / name, bytes(9000)) for name in "ab"]
    assert len(compared(*files, live=False).scenes) == 1


def test_of_folders_a_side_without_gaps_is_shown(tmp_path: Path) -> None:
    for side, sizes in {"l": (700, 500), "r": (700, 900)}.items():
        for name, size in zip("ab", sizes, strict=True):
            written(tmp_path / side / name, bytes(size))
    scenes = compared(tmp_path / "l", tmp_path / "r").scenes
    assert [[(one.start, one.stop) for one in scene.placements] for scene in scenes] == [
        [(0, 700), (700, 1600)],
        [(0, 700), (700, 1200)],
        [(0, 700), (700, 1600)],
    ]
    written(
        tmp_path / "l" / "a", bytes(600)
    )  # what comes after it would not lie where it was compared
    assert [one.label for one in compared(tmp_path / "l", tmp_path / "r").scenes[1:]] == ["r"]


def test_what_is_laid_beside_each_other_in_pieces_has_no_sides(tmp_path: Path) -> None:
    left = written(tmp_path / "l.json", json.dumps(["x" * 99] * 90).encode())
    right = written(tmp_path / "r.json", json.dumps(["y", *["x" * 99] * 90]).encode())
    (scene,) = compared(left, right).scenes
    assert any("pieces" in one.region.attributes for one in scene.placements)

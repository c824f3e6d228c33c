from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbvis_core.server.store import Shelf, Store, content_of, deepest, packed, shelf, unpacked
from arbvis_core.values import TILE, Plan, Plane, ScenePlan, TileKey

DECLARED = (Plane("count", "float32", "sum"), Plane("flags", "uint8", "or"))


def planes(seed: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    return {
        "count": random.random((TILE, TILE), np.float32),
        "flags": random.integers(0, 8, (TILE, TILE), np.uint8),
    }


@pytest.fixture
def scene(plan: Plan) -> ScenePlan:
    return plan.scenes[0]


def test_planes_come_back_as_they_were(scene: ScenePlan, tmp_path: Path) -> None:
    store = Store(scene, Shelf(tmp_path, 1 << 30))
    assert store.load(TileKey(0, 0, 0), DECLARED) is None
    store.save(TileKey(0, 0, 0), planes(1))
    found = Store(scene, Shelf(tmp_path, 1 << 30)).load(TileKey(0, 0, 0), DECLARED)
    assert found is not None
    for name, plane in planes(1).items():
        np.testing.assert_array_equal(found[name], plane)
    assert store.load(TileKey(1, 0, 0), DECLARED) is None
    assert store.load(TileKey(0, 0, 0), DECLARED[:1]) is None


def test_other_content_has_other_planes(scene: ScenePlan, tmp_path: Path) -> None:
    (source,) = scene.sources.values()
    later = replace(source, modified=1)  # type: ignore[type-var]
    changed = replace(scene, sources={source.key: later})
    other = replace(scene, decisions={"scale": 2})
    assert len({content_of(scene), content_of(changed), content_of(other)}) == 3
    assert content_of(scene) == content_of(replace(scene, label="other"))
    Store(scene, Shelf(tmp_path, 1 << 30)).save(TileKey(0, 0, 0), planes(1))
    found = Store(changed, Shelf(tmp_path, 1 << 30)).load(TileKey(0, 0, 0), DECLARED)
    assert found is None


@given(st.binary(max_size=200), st.integers(0, 3000))
def test_a_file_that_is_not_what_it_should_be_is_as_good_as_none(junk: bytes, cut: int) -> None:
    whole = packed(planes(2))
    assert unpacked(junk, DECLARED) is None
    assert unpacked(whole[: len(whole) - 1 - cut], DECLARED) is None
    assert unpacked(packed({**planes(2), "more": planes(3)["count"]}), DECLARED) is None
    bomb = packed({"count": np.zeros((4 * TILE, TILE), np.float32), "flags": planes(2)["flags"]})
    assert unpacked(bomb, DECLARED) is None


def test_what_was_not_used_for_longest_makes_room(tmp_path: Path) -> None:
    place = Shelf(tmp_path, 2500)
    for number in range(3):
        place.put(f"{number}.planes", bytes(1000))
        os.utime(tmp_path / f"{number}.planes", ns=(number, number))
    assert place.get("1.planes") == bytes(1000)
    assert place.get("0.planes") is None
    place.put("3.planes", bytes(1000))
    assert {path.name for path in tmp_path.iterdir()} == {"1.planes", "3.planes"}


def test_a_folder_that_goes_away_harms_nobody(tmp_path: Path) -> None:
    place = Shelf(tmp_path / "gone", 1000)
    place.put("a.planes", b"1")
    assert place.get("a.planes") is None


def test_only_so_deep_that_all_tiles_fit(scene: ScenePlan) -> None:
    one = TILE * TILE * 12
    assert deepest(scene, 0) == -1
    assert deepest(scene, one) == 0
    assert deepest(scene, 1e12) == scene.canvas.max_zoom - 1


def test_the_folder_is_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from arbvis_core.kernels.cache import cache_folder

    cache_folder.cache_clear()
    try:
        monkeypatch.setenv("ARBVIS_CACHE_DIR", str(tmp_path / "cache"))
        found = shelf()
        assert found is not None
        assert found.folder == tmp_path / "cache" / "planes"
        monkeypatch.setenv("ARBVIS_CACHE_SIZE", "0")
        assert shelf() is None
    finally:
        cache_folder.cache_clear()

"""What was measured of a scene: whole placements only, added up once, kept from run to run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from arbvis_core import api
from arbvis_core.registry import load
from arbvis_core.server.figures import Figures
from arbvis_core.server.presence import Places
from arbvis_core.server.store import Shelf, Store
from arbvis_core.values import Plan, ScenePlan, TileKey


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Plan two files of two tiles each."""
    folder = tmp_path_factory.mktemp("figures")
    for name in ("a.bin", "b.bin"):
        (folder / name).write_bytes(bytes(range(256)) * 2048)
    return api.plan(api.Request((str(folder),)))


def figures_of(scene: ScenePlan) -> Figures:
    return Figures(scene, load(), Places(scene).levels())


def measure(figures: Figures, keys: list[TileKey]) -> None:
    counts = np.ones(256, np.int64)
    for key in keys:
        figures.add(key, counts)
        figures.add(key, counts)  # again, which counts nothing


def test_what_is_not_seen_whole_is_not_told(files: Plan) -> None:
    figures = figures_of(files.scenes[0])
    keys = [key for block in figures.blocks() for key in block]
    assert len(keys) == figures.of == 4
    assert figures.whole() == ()
    measure(figures, keys[:1])
    assert (figures.done, figures.complete) == (1, False)
    assert figures.summary() == {"placements": {}}
    assert [key for block in figures.blocks() for key in block] == keys[1:]
    measure(figures, keys[1:])
    assert figures.complete
    assert figures.summary()["histogram"] == [4] * 256
    assert {one.name for one in figures.whole()} == {"a.bin", "b.bin"}
    assert not [*figures.blocks()]


def test_many_tiles_are_added_up_in_batches(files: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    from arbvis_core.server import figures as module

    monkeypatch.setattr(module, "BATCH", 2)
    figures = figures_of(files.scenes[0])
    measure(figures, [key for block in figures.blocks() for key in block])
    assert figures.summary()["histogram"] == [4] * 256


def test_what_is_measured_out_of_turn_leaves_few_placements_seen_in_part(
    files: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    from arbvis_core.server import figures as module

    monkeypatch.setattr(module, "BATCH", 1)
    monkeypatch.setattr(module, "PARTLY", 0)
    figures = figures_of(files.scenes[0])
    keys = [key for block in figures.blocks() for key in block]
    counts = np.ones(256, np.int64)
    for key in keys:
        figures.add_apart(key, counts)
    assert 0 < figures.done < len(keys)
    measure(figures, [key for block in figures.blocks() for key in block])
    assert figures.complete
    assert figures.summary()["histogram"] == [4] * 256


def test_figures_are_kept(files: Plan, tmp_path: Path) -> None:
    scene = files.scenes[0]
    store = Store(scene, Shelf(tmp_path, 1 << 30))
    figures = figures_of(scene)
    figures.save(store)
    assert not [*tmp_path.iterdir()]  # nothing is whole
    measure(figures, [key for block in figures.blocks() for key in block])
    figures.save(store)
    again = figures_of(scene)
    again.load(store)
    assert again.complete
    assert again.summary() == figures.summary()
    (kept,) = tmp_path.iterdir()
    whole = kept.read_bytes()
    for junk in (whole[:-9], b"", b"junk", b'{"a": 1}'):
        kept.write_bytes(junk)
        other: Any = figures_of(scene)
        other.load(store)
        assert not other.complete

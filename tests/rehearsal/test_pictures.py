"""Tables, panels and differences: every pixel of every zoom is the one that numpy computes."""

from __future__ import annotations

import json
import pickle
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from rehearsal_server import RangeServer
from rehearsal_tables import Table, assert_same, decoded, energy, picture, tiles, write

from arbvis_core import api, imaging
from arbvis_core.sinks.local import LocalSink
from arbvis_core.sinks.memory import MemorySink

if TYPE_CHECKING:
    from arbvis_core.registry import Registry

#: The colours of every zoom, the leaves first.
Levels = list[np.ndarray]
#: Two blocks side by side, sides that are odd, a table on a second shelf, a tile without content.
TABLES = (
    Table("wide", 1100, 2301, holes=True),
    Table("nibbles", 701, 500, bits=4),
    Table("small", 61, 83),
    Table("flat", 5, 1501),
)
PLACES = {"wide": (0, 0), "nibbles": (2304, 0), "small": (2807, 0), "flat": (0, 1103)}
#: A table whose rows are stored in another order on the second side.
ROWS, COLUMNS = 611, 733


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables")


@pytest.fixture(scope="module")
def values(folder: Path) -> dict[str, Any]:
    (folder / "rehearsal.json").write_text('{"wide": "weight", "flat": "bias"}')
    return write(folder, "model", TABLES, seed=1)


@pytest.fixture(scope="module")
def options(registry: Registry) -> type:
    (entry,) = registry.options
    return entry.item


@pytest.fixture(scope="module")
def plan(folder: Path, values: dict[str, Any], registry: Registry, options: type) -> api.Plan:
    assert values
    return planned(registry, str(folder), options(rehearsal_energy=True))


@pytest.fixture(scope="module")
def difference(
    tmp_path_factory: pytest.TempPathFactory, registry: Registry, options: type
) -> tuple[api.Plan, Any]:
    """The plan of a difference, and its values."""
    sides = [tmp_path_factory.mktemp(name) for name in ("left", "right")]
    order = tuple(np.random.default_rng(3).permutation(ROWS).tolist())
    left = write(sides[0], "one", [Table("t", ROWS, COLUMNS), Table("only", 3, 3)], seed=4)
    right = write(sides[1], "two", [Table("t", ROWS, COLUMNS, order=order)], seed=5)
    request = api.Request(
        tuple(map(str, sides)), diff=True, layout="rehearsal-shelves", options={options: options()}
    )
    return api.plan(request, registry=registry), right["t"] - left["t"]


@pytest.fixture(scope="module")
def drawn(plan: api.Plan, registry: Registry) -> dict[str, bytes]:
    return rendered(plan, registry, "serial")


@pytest.fixture(scope="module")
def levels(values: dict[str, Any]) -> Levels:
    return picture(placed(values))


@pytest.fixture(scope="module")
def energies(values: dict[str, Any]) -> Levels:
    return picture(panels(values))


@pytest.fixture(params=["serial", "threads", "processes"])
def executor(request: pytest.FixtureRequest) -> Any:
    kind = request.param
    return request.getfixturevalue("processes") if kind == "processes" else kind


def planned(registry: Registry, spec: str, *options: object) -> api.Plan:
    request = api.Request(
        (spec,), layout="rehearsal-shelves", options={type(one): one for one in options}
    )
    return api.plan(request, registry=registry)


def rendered(plan: api.Plan, registry: Registry, executor: str | Executor) -> dict[str, bytes]:
    sink = MemorySink()
    api.render(plan, sink, registry=registry, executor=executor, jobs=2)  # type: ignore[arg-type]
    return sink.blobs


def placed(values: dict[str, Any]) -> list[tuple[int, int, Any]]:
    return [(*PLACES[name], one) for name, one in values.items()]


def panels(values: dict[str, Any]) -> list[tuple[int, int, Any]]:
    """Four panels on one shelf."""
    found, x = [], 0
    for one in values.values():
        found.append((x, 0, energy(one)))
        x += found[-1][2].shape[1] + 3
    return found


def test_tables_and_their_panels(
    plan: api.Plan, drawn: dict[str, bytes], levels: Levels, energies: Levels
) -> None:
    assert [scene.key for scene in plan.scenes] == ["tables", "panels"]
    assert len(levels) == 4
    assert (3, 5, 2) not in dict(tiles(levels))  # nothing lies there, and nothing is written
    assert_same(decoded(drawn, "tables"), levels)
    assert_same(decoded(drawn, "panels"), energies)


def test_a_difference_of_rows_in_another_order(
    difference: tuple[api.Plan, Any], registry: Registry, executor: Any
) -> None:
    plan, expected = difference
    (scene,) = plan.scenes
    assert [one.name for one in scene.placements] == ["t"]
    levels = picture([(0, 0, expected)])
    assert_same(decoded(rendered(plan, registry, executor), scene.key), levels)


def test_every_executor_puts_the_same_bundle_on_disk(
    plan: api.Plan, drawn: dict[str, bytes], registry: Registry, tmp_path: Path, executor: Any
) -> None:
    sink = LocalSink(str(tmp_path / "bundle"))
    api.render(plan, sink, registry=registry, executor=executor, jobs=2)
    written = {
        path.relative_to(tmp_path / "bundle").as_posix(): path.read_bytes()
        for path in (tmp_path / "bundle").rglob("*")
        if path.is_file()
    }
    assert written == drawn


def test_single_tiles_of_every_zoom(
    plan: api.Plan, levels: Levels, energies: Levels, registry: Registry
) -> None:
    for scene, expected in (("tables", levels), ("panels", energies)):
        for key, colours in list(tiles(expected))[::3]:
            tile = api.tile(plan, scene, api.TileKey(*key), registry=registry)
            np.testing.assert_array_equal(imaging.pixels(tile), colours, err_msg=str(key))


def test_a_tile_without_content_is_transparent(plan: api.Plan, registry: Registry) -> None:
    tile = api.tile(plan, "tables", api.TileKey(3, 5, 2), registry=registry)
    assert not imaging.pixels(tile)[..., 3].any()


def test_single_tiles_of_a_difference(difference: tuple[api.Plan, Any], registry: Registry) -> None:
    plan, expected = difference
    levels = picture([(0, 0, expected)])
    tile = partial(api.tile, plan, plan.scenes[0].key, registry=registry)
    found = {key: imaging.pixels(tile(api.TileKey(*key))) for key, _ in tiles(levels)}
    assert_same(found, levels)


@pytest.mark.parametrize("view", [{"gain": 2.5}, {"overview": "max"}])
def test_a_view_changes_colours_and_nothing_else(
    difference: tuple[api.Plan, Any], registry: Registry, view: dict[str, Any]
) -> None:
    plan, expected = difference
    levels = picture([(0, 0, expected)], **view)
    for key, colours in list(tiles(levels))[::3]:
        tile = api.tile(
            plan, plan.scenes[0].key, api.TileKey(*key), api.View(**view), registry=registry
        )
        np.testing.assert_array_equal(imaging.pixels(tile), colours)


def test_a_view_that_the_renderer_does_not_know_is_refused(
    plan: api.Plan, registry: Registry
) -> None:
    with pytest.raises(api.UsageError, match="colormap"):
        api.tile(
            plan, "tables", api.TileKey(0, 0, 0), api.View(colormap="berlin"), registry=registry
        )


def test_a_flag_changes_the_picture(
    folder: Path, values: dict[str, Any], registry: Registry, options: type
) -> None:
    plan = planned(registry, str(folder), options(rehearsal_grey=True))
    assert [scene.key for scene in plan.scenes] == ["tables"]
    levels = picture(placed(values), grey=True)
    expected = dict(tiles(levels))
    for key in [(0, 0, 0), (3, 1, 1), (3, 4, 2)]:
        tile = api.tile(plan, "tables", api.TileKey(*key), registry=registry)
        np.testing.assert_array_equal(imaging.pixels(tile), expected[key])


def test_the_manifest_says_what_was_found(drawn: dict[str, bytes], values: dict[str, Any]) -> None:
    described = json.loads(drawn["manifest.json"])
    tables, energies = described["scenes"]
    assert {one["name"]: (one["x"], one["y"]) for one in tables["placements"]} == PLACES
    roles = {one["name"]: one["role"] for one in tables["placements"]}
    assert roles == {"wide": "weight", "nibbles": "unknown", "small": "unknown", "flat": "bias"}
    assert len(energies["placements"]) == 4
    finite = np.concatenate([one[np.isfinite(one)] for one in values.values()])
    counted = json.loads(drawn["data/tables/stats.json"])
    assert counted["finite"] == finite.size
    assert counted["not_finite"] == sum(one.size for one in values.values()) - finite.size
    assert counted["total"] == finite.astype(float).sum()
    assert counted["highest"] == np.abs(finite).max()
    assert tables["scale"]["high"] == np.percentile(np.abs(finite[finite != 0]), 99)
    entries = tables["legend"][0]["entries"]
    assert entries[1]["share"] == counted["not_finite"] / (finite.size + counted["not_finite"])


def test_a_plan_is_data(plan: api.Plan, difference: tuple[api.Plan, Any]) -> None:
    for one in (plan, difference[0]):
        assert pickle.loads(pickle.dumps(one)) == one


@pytest.mark.parametrize(("small", "kind"), [(0, "serial"), (0, "threads"), (1 << 30, "threads")])
def test_every_byte_of_a_server_is_read_once(
    folder: Path, drawn: dict[str, bytes], registry: Registry, small: int, kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("arbvis_core.reading.SMALL", small)  # larger inputs are not kept whole
    monkeypatch.setattr("arbvis_rehearsal.render.WHOLE", 0)
    with RangeServer(folder) as server:
        blobs = rendered(planned(registry, server.url), registry, kind)
        stored = sum(path.stat().st_size for path in folder.iterdir())
        assert 0.95 * stored <= server.bytes <= 1.05 * stored
    assert {path for path in blobs if path.startswith("tiles/")} == {
        path for path in drawn if path.startswith("tiles/tables/")
    }


def test_workers_read_from_a_server_by_themselves(
    folder: Path, drawn: dict[str, bytes], registry: Registry, processes: Executor, options: type
) -> None:
    with RangeServer(folder) as server:
        plan = planned(registry, server.url, options(rehearsal_energy=True))
        blobs = rendered(plan, registry, processes)
    tiles_of = {path: data for path, data in drawn.items() if path.startswith("tiles/")}
    assert {path: data for path, data in blobs.items() if path in tiles_of} == tiles_of


def test_what_changes_under_a_render_is_named(
    folder: Path, values: dict[str, Any], registry: Registry
) -> None:
    assert values
    with RangeServer(folder) as server:
        plan = planned(registry, server.url)
        server.version += 1
        sink = MemorySink()
        with pytest.raises(api.SourceChangedError, match=r"model\.tb"):
            api.render(plan, sink, registry=registry, executor="threads", jobs=2)
        assert not sink.blobs


def test_a_sample_is_bounded(
    folder: Path, values: dict[str, Any], registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert values
    monkeypatch.setattr("arbvis_rehearsal.render.WHOLE", 0)
    (scene,) = planned(registry, str(folder)).scenes
    assert 0 < scene.sample["bytes"] <= 0.02 * scene.sample["of"]
    assert scene.sample["reads"] <= 512

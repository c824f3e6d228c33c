"""The two models of a difference, as pictures of their own beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from arbvis_core import api
from arbvis_core.reading import read_crops
from arbvis_core.regions import window_crops, window_values
from arbvis_core.registry import load
from arbvis_core.values import Indexed, Placement, Plan, ScenePlan, TileKey
from modelweightvis.folds import pixel_of
from modelweightvis.profile import MODELWEIGHTVIS

CHANCE = np.random.default_rng(21)
Arrays = Mapping[str, np.ndarray]


def random(*shape: int) -> np.ndarray:
    return (CHANCE.standard_normal(shape) * 0.02).astype(np.float32)


BASE = {
    "model.embed_tokens.weight": random(3000, 64),
    "model.layers.0.self_attn.q_proj.weight": random(64, 64),
    "model.layers.0.mlp.down_proj.weight": random(64, 160),
    "model.layers.0.self_attn.q_proj.bias": random(64),
    "model.layers.1.self_attn.q_proj.weight": random(64, 64),
    "model.layers.1.mlp.down_proj.weight": random(64, 160),
}


def planned(folder: Path, *models: Arrays, live: bool = True) -> Plan:
    """Plan the difference of models that have names of their own."""
    paths = []
    for name, arrays in zip("abc", models, strict=False):
        (folder / name).mkdir()
        save_file(dict(arrays), folder / name / "model.safetensors")
        paths.append(str(folder / name))
    return api.plan(api.Request(tuple(paths), profile=MODELWEIGHTVIS, diff=True, live=live))


def values(scene: ScenePlan, one: Placement) -> np.ndarray:
    window = tuple((0, size) for size in one.region.shape)
    decoders = load().decoders
    parts = read_crops(scene.sources, window_crops(one.region, window, decoders))
    return window_values(one.region, window, parts, decoders)


def held(scene: ScenePlan) -> dict[str, np.ndarray]:
    return {one.name: values(scene, one) for one in scene.placements}


def test_base_and_modified_stand_beside_the_difference(tmp_path: Path) -> None:
    other = {name: 3 * array for name, array in BASE.items()}
    change, base, modified = planned(tmp_path, BASE, other).scenes
    assert [one.label for one in (change, base, modified)] == ["b − a", "a", "b"]
    for scene, arrays in ((base, BASE), (modified, other)):
        assert scene.canvas == change.canvas
        assert held(scene).keys() == arrays.keys()
        for name, found in held(scene).items():
            np.testing.assert_array_equal(found, arrays[name])
        placed = {one.name: (one.box, one.fold) for one in change.placements}
        assert {one.name: (one.box, one.fold) for one in scene.placements} == placed


def test_both_have_the_scale_of_the_base(tmp_path: Path) -> None:
    other = {name: 3 * array for name, array in BASE.items()}
    _, base, modified = planned(tmp_path, BASE, other).scenes
    assert base.decisions["values"]
    assert modified.decisions == base.decisions
    assert base.sample["bytes"] == sum(array.nbytes for array in BASE.values())
    assert modified.sample == {"scene": "a"}


def test_what_one_model_has_is_in_its_picture_only(tmp_path: Path) -> None:
    lonely = "model.layers.1.mlp.down_proj.weight"
    other = {name: array for name, array in BASE.items() if name != lonely}
    other["something.else"] = random(30, 40)
    change, base, modified = planned(tmp_path, BASE, other).scenes
    assert held(base).keys() == BASE.keys()
    assert held(modified).keys() == other.keys()
    placed = {one.name: one.box for one in change.placements}
    assert placed.keys() == BASE.keys() | other.keys()
    for scene in (base, modified):
        for one in scene.placements:
            assert one.box == placed[one.name]


def test_a_larger_vocabulary_ends_where_that_of_the_base_does(tmp_path: Path) -> None:
    name = "model.embed_tokens.weight"
    other = {**BASE, name: np.concatenate([BASE[name], random(500, 64)])}
    change, _, modified = planned(tmp_path, BASE, other).scenes
    np.testing.assert_array_equal(held(modified)[name], BASE[name])
    (one,) = (one for one in modified.placements if one.name == name)
    (pair,) = (one for one in change.placements if one.name == name)
    assert (one.box, one.fold) == (pair.box, pair.fold)
    assert one.attributes["cut_from"] == "3500 × 64"


def test_a_smaller_vocabulary_lies_where_its_rows_lie_in_the_base(tmp_path: Path) -> None:
    name = "model.embed_tokens.weight"
    other = {**BASE, name: BASE[name][:1234]}
    change, _, modified = planned(tmp_path, BASE, other).scenes
    np.testing.assert_array_equal(held(modified)[name], other[name])
    (one,) = (one for one in modified.placements if one.name == name)
    (pair,) = (one for one in change.placements if one.name == name)
    assert pair.fold is not None
    assert (one.box.x, one.box.y) == (pair.box.x, pair.box.y)
    for row in range(0, 1234, 7):
        here, there = (pixel_of(each.region.shape, each.fold, (row, 3)) for each in (one, pair))
        assert here == there
        assert here[1] < one.box.height


@pytest.mark.parametrize("count", [3, 6, 9])
def test_banks_of_fewer_or_more_experts_lie_where_the_base_has_them(
    tmp_path: Path, count: int
) -> None:
    name = "model.layers.{}.block_sparse_moe.experts.down_proj"
    model = {**BASE, **{name.format(layer): random(6, 20, 24) for layer in range(2)}}
    bank = random(count, 20, 24)
    change, base, modified = planned(tmp_path, model, {**model, name.format(1): bank}).scenes
    (pair,) = (one for one in change.placements if one.name == name.format(1))
    (one,) = (one for one in modified.placements if one.name == name.format(1))
    np.testing.assert_array_equal(values(modified, one), bank[:6])
    np.testing.assert_array_equal(held(base)[name.format(1)], model[name.format(1)])
    assert pair.fold is not None
    for expert in range(min(count, 6)):
        here, there = (
            pixel_of(each.region.shape, each.fold, (expert, 7, 5)) for each in (one, pair)
        )
        assert here == there
        assert here[0] < one.box.width
        assert here[1] < one.box.height


def test_several_models_have_the_base_beside_each(tmp_path: Path) -> None:
    others = [{name: factor * array for name, array in BASE.items()} for factor in (2, 3)]
    labels = [one.label for one in planned(tmp_path, BASE, *others).scenes]
    assert labels == ["b − a", "a, beside b", "b", "c − a", "a, beside c", "c"]


def test_a_bundle_has_the_difference_alone(tmp_path: Path) -> None:
    other = {name: 3 * array for name, array in BASE.items()}
    plan = planned(tmp_path, BASE, other, live=False)
    assert [one.label for one in plan.scenes] == ["b − a"]


def codes(plan: Plan, scene: ScenePlan) -> np.ndarray:
    """Return the codes of all pixels of the maximum zoom."""
    zoom = scene.canvas.max_zoom
    columns, rows = scene.canvas.tiles(zoom)
    found = []
    for y in range(rows):
        tiles = [api.tile(plan, scene.key, TileKey(zoom, x, y)) for x in range(columns)]
        assert all(isinstance(one, Indexed) for one in tiles)
        found.append(np.concatenate([one.codes for one in tiles], axis=1))
    return np.concatenate(found)


def test_the_base_is_drawn_as_it_is_alone(tmp_path: Path) -> None:
    plan = planned(tmp_path, BASE, {name: 3 * array for name, array in BASE.items()})
    alone = api.plan(api.Request((str(tmp_path / "a"),), profile=MODELWEIGHTVIS))
    found = codes(plan, plan.scenes[1])
    np.testing.assert_array_equal(found, codes(alone, alone.scenes[0]))
    assert (found > 4).sum() == sum(array.size for array in BASE.values())


def test_every_element_that_a_smaller_model_has_is_drawn(tmp_path: Path) -> None:
    name = "model.embed_tokens.weight"
    other = {**BASE, name: BASE[name][:1234]}
    plan = planned(tmp_path, BASE, other)
    found = codes(plan, plan.scenes[2])
    assert (found > 4).sum() == sum(array.size for array in other.values())
    where = found > 4
    np.testing.assert_array_equal(found[where], codes(plan, plan.scenes[1])[where])

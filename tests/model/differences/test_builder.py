"""The difference of two models, as the command line asks for it, against numpy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

from arbvis_core import api
from arbvis_core.cli.app import start
from arbvis_core.pipeline import parsing, planning
from modelweightvis.profile import MODELWEIGHTVIS
from modelweightvis.render import sampling
from modelweightvis.render.difference_colours import INFORMATIONAL

RANDOM = np.random.default_rng(11)


def _model(folder: Path, arrays: Mapping[str, np.ndarray]) -> str:
    folder.mkdir()
    save_file(dict(arrays), folder / "model.safetensors")
    return str(folder)


def _random(*shape: int) -> np.ndarray:
    return (RANDOM.standard_normal(shape) * 0.02).astype(np.float32)


BASE = {
    "model.embed_tokens.weight": _random(300, 64),
    "model.layers.0.self_attn.q_proj.weight": _random(64, 64),
    "model.layers.0.mlp.down_proj.weight": _random(64, 160),
    "model.layers.0.input_layernorm.weight": _random(64),
    "model.layers.1.self_attn.q_proj.weight": _random(64, 64),
    "model.layers.1.mlp.down_proj.weight": _random(64, 160),
    "model.layers.1.input_layernorm.weight": _random(64),
}


def _diff(tmp_path: Path, other: Mapping[str, np.ndarray], *flags: str) -> dict:
    left, right = _model(tmp_path / "a", BASE), _model(tmp_path / "b", other)
    out = str(tmp_path / "out")
    assert start(MODELWEIGHTVIS, ["--diff", left, right, "-q", "-o", out, *flags]) == 0
    (scene,) = json.loads((tmp_path / "out" / "manifest.json").read_text())["scenes"]
    return scene


def _canvas(tmp_path: Path, scene: dict) -> np.ndarray:
    """Return the codes of the maximum zoom."""
    zoom, canvas = scene["canvas"]["max_zoom"], scene["canvas"]
    rows, columns = -(-canvas["height"] // 512), -(-canvas["width"] // 512)
    codes = np.zeros((rows * 512, columns * 512), np.uint8)
    for path in (tmp_path / "out" / "tiles" / scene["key"] / str(zoom)).glob("*/*.png"):
        x, y = int(path.parent.name), int(path.stem)
        with Image.open(path) as image:
            codes[512 * y : 512 * y + 512, 512 * x : 512 * x + 512] = np.asarray(image)
    return codes


def test_figures_are_those_of_numpy(tmp_path: Path) -> None:
    other = {name: array + _random(*array.shape) * 0.1 for name, array in BASE.items()}
    scene = _diff(tmp_path, other)
    assert len(scene["placements"]) == len(BASE)
    for placement in scene["placements"]:
        a = BASE[placement["name"]].astype(np.float64)
        b = other[placement["name"]].astype(np.float64)
        delta, stats = b - a, placement["stats"]
        norms = np.linalg.norm(a) * np.linalg.norm(b)
        assert stats["relative_frobenius"] == pytest.approx(
            np.linalg.norm(delta) / np.linalg.norm(a), rel=1e-9
        )
        assert stats["sqnr_db"] == pytest.approx(
            10 * np.log10((a * a).sum() / (delta * delta).sum()), rel=1e-9
        )
        assert stats["cosine"] == pytest.approx((a * b).sum() / norms, rel=1e-9)
        assert stats["max_abs"] == pytest.approx(np.abs(delta).max(), rel=1e-9)
        assert np.abs(delta)[tuple(stats["max_abs_index"])] == np.abs(delta).max()
        assert stats["changed"] == (delta != 0).mean()
        assert stats["mean"] == pytest.approx(delta.mean(), abs=1e-12)
        assert stats["std"] == pytest.approx(delta.std(), rel=1e-9)


@pytest.mark.parametrize("metric", ["rms", "abs-log", "exact", "relative"])
def test_pixels_are_those_of_the_formula(tmp_path: Path, metric: str) -> None:
    other = {name: array + _random(*array.shape) * 0.1 for name, array in BASE.items()}
    name = "model.layers.1.mlp.down_proj.weight"
    scene = _diff(tmp_path, other, "--diff-metric", metric)
    codes = _canvas(tmp_path, scene)
    (placement,) = (one for one in scene["placements"] if one["name"] == name)
    assert "fold" not in placement
    y, x, height, width = (placement[key] for key in ("y", "x", "height", "width"))
    a, b = BASE[name].astype(np.float64), other[name].astype(np.float64)
    delta = b - a
    with np.errstate(divide="ignore"):
        share = {
            "rms": np.abs(delta) / (0.5 * np.sqrt((a * a).mean())),
            "abs-log": (np.log10(np.abs(delta)) + 6) / 5,
            "exact": np.ones_like(delta),
            "relative": np.log2(np.abs(delta) / np.abs(a)) / 20 + 1,
        }[metric]
    steps = np.maximum(1, np.rint(np.clip(share, 0, 1) * 125))
    expected = np.where(delta == 0, 130, 130 + np.sign(delta) * steps)
    shown = codes[y : y + height, x : x + width].astype(int)
    assert np.abs(shown - expected).max() <= 1
    assert (np.sign(shown - 130) == np.sign(delta)).all()


def test_one_changed_weight_is_seen_at_zoom_0(tmp_path: Path) -> None:
    other = {name: array.copy() for name, array in BASE.items()}
    other["model.embed_tokens.weight"][77, 13] += 1e-6
    _diff(tmp_path, other)
    with Image.open(tmp_path / "out" / "tiles" / "b-a" / "0" / "0" / "0.png") as image:
        colours = np.asarray(image.convert("RGB")).reshape(-1, 3)
    assert (colours[:, 1] > 40).sum() == 1


def test_the_same_twice_is_black_and_zero(tmp_path: Path) -> None:
    scene = _diff(tmp_path, BASE)
    assert {one["stats"]["max_abs"] for one in scene["placements"]} == {0.0}
    codes = _canvas(tmp_path, scene)
    assert set(np.unique(codes)) <= {0, 130}


def test_a_large_model_beside_itself_is_sampled_within_bounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "WHOLE", 1 << 14)
    monkeypatch.setattr(planning, "SMALL", 1 << 14)
    path = _model(tmp_path / "a", {f"{layer}.up": _random(256, 64) for layer in range(8)})
    request = api.Request((path, path), profile=MODELWEIGHTVIS, diff=True)
    (scene,) = api.plan(request).scenes
    assert 0 < scene.sample["bytes"] <= 0.02 * scene.sample["of"]
    assert scene.decisions["rms"] == pytest.approx(0.02, rel=0.1)


def test_what_is_only_on_one_side_is_striped(tmp_path: Path) -> None:
    other = {name: array for name, array in BASE.items() if "0.mlp" not in name}
    other["model.layers.1.self_attn.k_proj.weight"] = _random(64, 64)
    scene = _diff(tmp_path, other)
    pairing = {one["name"]: one["pairing"] for one in scene["placements"]}
    assert pairing["model.layers.0.mlp.down_proj.weight"] == "only in A"
    assert pairing["model.layers.1.self_attn.k_proj.weight"] == "only in B"
    assert {1, 3} <= set(np.unique(_canvas(tmp_path, scene)))


def test_a_longer_vocabulary_is_compared_as_far_as_both_go(tmp_path: Path) -> None:
    name = "model.embed_tokens.weight"
    other = {**BASE, name: np.concatenate([BASE[name][:290], _random(30, 64)])}
    shorter = {**BASE, name: BASE[name][:200] + np.float32(1)}
    scene = _diff(tmp_path, shorter)
    (placement,) = (one for one in scene["placements"] if one["name"] == name)
    assert placement["stats"]["count"] == 200 * 64
    assert placement["other_shape"] == [200, 64]
    (tmp_path / "more").mkdir()
    (placement,) = (
        one for one in _diff(tmp_path / "more", other)["placements"] if one["name"] == name
    )
    assert placement["stats"]["count"] == 300 * 64
    assert placement["stats"]["changed"] == 10 / 300


@pytest.mark.parametrize(
    ("ours", "theirs"), [((64, 4, 4), (60, 3, 4)), ((5000,), (4000,)), ((40, 50), (50, 40))]
)
def test_every_pair_of_unequal_shapes_is_a_pixel_and_the_rest_is_striped(
    tmp_path: Path, ours: tuple[int, ...], theirs: tuple[int, ...]
) -> None:
    paths = [
        _model(tmp_path / name, {"x.weight": _random(*shape)})
        for name, shape in (("a", ours), ("b", theirs))
    ]
    out = str(tmp_path / "out")
    assert start(MODELWEIGHTVIS, ["--diff", *paths, "-q", "-o", out]) == 0
    (scene,) = json.loads((tmp_path / "out" / "manifest.json").read_text())["scenes"]
    codes = _canvas(tmp_path, scene)
    assert (codes >= 5).sum() == np.prod(np.minimum(ours, theirs))
    striped = np.unique(codes[(codes > 0) & (codes < 5)])
    assert striped.tolist() == [INFORMATIONAL]


def test_a_nan_on_one_side_is_counted(tmp_path: Path) -> None:
    name = "model.layers.0.self_attn.q_proj.weight"
    other = {**BASE, name: BASE[name].copy()}
    other[name][3, 4] = np.nan
    scene = _diff(tmp_path, other)
    (placement,) = (one for one in scene["placements"] if one["name"] == name)
    assert placement["stats"]["non_finite_right"] == 1
    assert placement["stats"]["non_finite_left"] == 0
    assert 2 in np.unique(_canvas(tmp_path, scene))


def test_unrelated_models_are_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    left = _model(tmp_path / "a", BASE)
    right = _model(tmp_path / "b", {"fc1.kernel": _random(3, 4, 5)})
    assert start(MODELWEIGHTVIS, ["--diff", left, right, "-o", str(tmp_path / "out")]) == 2
    assert "fc1.kernel" in capsys.readouterr().err


def _folder(path: Path, config: dict, **files: str) -> str:
    _model(path, {"lm_head.weight": _random(8, 8)})
    (path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    for name, text in files.items():
        (path / f"{name}.md").write_text(text, encoding="utf-8")
    return str(path)


def test_what_lies_beside_the_weights_has_scenes_of_its_own(tmp_path: Path) -> None:
    left = _folder(tmp_path / "old", {"a": 1, "b": 2}, README="one", LICENSE="two")
    right = _folder(tmp_path / "new", {"a": 1, "b": 3}, README="two")
    out, report = tmp_path / "out", tmp_path / "report.json"
    flags = ["--diff", left, right, "-q", "-o", str(out), "--report", str(report)]
    assert start(MODELWEIGHTVIS, flags) == 0
    scenes = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["scenes"]
    told = [
        (one["label"], one["renderer"], [two["name"] for two in one["placements"]])
        for one in scenes
    ]
    assert told == [
        ("new − old", "differences", ["lm_head.weight"]),
        ("new − old: JSON", "byte-differences", ["config.json"]),
        ("new − old: other files", "byte-differences", ["LICENSE.md", "README.md"]),
    ]
    assert scenes[1]["placements"][0]["changed"] == 1
    assert len(json.loads(report.read_text(encoding="utf-8"))["models"]) == 1


def test_tensors_come_first_in_every_program(tmp_path: Path) -> None:
    left = _folder(tmp_path / "old", {"a": 1}, README="one")
    right = _folder(tmp_path / "new", {"a": 2}, README="two")
    wanted = ["new − old", "new − old: JSON", "new − old: other files"]
    for profile in (api.ARBVIS, MODELWEIGHTVIS):
        plan = api.plan(api.Request((left, right), profile, diff=True))
        assert [one.label for one in plan.scenes] == wanted


def test_no_two_pictures_of_a_live_view_have_the_same_name(tmp_path: Path) -> None:
    left = _folder(tmp_path / "old", {"a": 1}, README="one")
    right = _folder(tmp_path / "new", {"a": 2}, README="two")
    plan = api.plan(api.Request((left, right), MODELWEIGHTVIS, diff=True, live=True))
    assert [one.label for one in plan.scenes] == [
        "new − old",
        "old",
        "new",
        "new − old: JSON",
        "new − old: other files",
        "old: other files",
        "new: other files",
    ]


def test_nothing_lies_beside_a_single_file_nor_beside_the_same_folder(tmp_path: Path) -> None:
    left = _folder(tmp_path / "old", {"a": 1})
    right = _folder(tmp_path / "new", {"a": 2})
    for other in (f"{right}/model.safetensors", left):
        plan = api.plan(api.Request((left, other), MODELWEIGHTVIS, diff=True))
        assert [one.renderer for one in plan.scenes] == ["differences"]


def test_large_files_beside_the_weights_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parsing, "SIBLING", 20)
    left = _folder(tmp_path / "old", {"a": 1}, NOTES="x" * 21)
    right = _folder(tmp_path / "new", {"a": 2})
    plan = api.plan(api.Request((left, right), MODELWEIGHTVIS, diff=True))
    assert [one.renderer for one in plan.scenes] == ["differences", "byte-differences"]
    assert any(one.startswith("NOTES.md is no model and larger than") for one in plan.warnings)


def test_models_that_cannot_be_compared_are_not_compared_by_what_lies_beside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    left = _folder(tmp_path / "old", {"a": 1})
    other = tmp_path / "new"
    other.mkdir()
    (other / "config.json").write_text('{"a": 2}')
    assert start(MODELWEIGHTVIS, ["--diff", left, str(other), "-q", "-o", str(tmp_path / "o")]) == 2
    assert "nothing here can compare" in capsys.readouterr().err

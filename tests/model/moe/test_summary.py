"""The summary of experts against numpy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

from arbvis_core.cli.app import start
from modelweightvis.profile import MODELWEIGHTVIS

RANDOM = np.random.default_rng(2)
LAYERS, EXPERTS, INNER, HIDDEN = 3, 5, 24, 16


def _random(*shape: int) -> np.ndarray:
    array = RANDOM.standard_normal(shape) * RANDOM.uniform(0.01, 0.3, (*shape[:-2], 1, 1))
    array[np.abs(array) < 0.004] = 0
    return array.astype(np.float32)


GATES = _random(LAYERS, EXPERTS, INNER, HIDDEN)
UPS = _random(LAYERS, EXPERTS, INNER, HIDDEN)
DOWNS = _random(LAYERS, EXPERTS, HIDDEN, INNER)
ROUTERS = _random(LAYERS, EXPERTS, HIDDEN)


def _split() -> dict[str, np.ndarray]:
    arrays = {}
    for layer in range(LAYERS):
        stem = f"model.layers.{layer + 1}.mlp"
        for word, bank in (("gate", GATES), ("up", UPS), ("down", DOWNS)):
            for expert in range(EXPERTS):
                arrays[f"{stem}.experts.{expert}.{word}_proj.weight"] = bank[layer, expert]
        arrays[f"{stem}.gate.weight"] = ROUTERS[layer]
    return arrays


def _fused() -> dict[str, np.ndarray]:
    arrays = {}
    for layer in range(LAYERS):
        stem = f"model.layers.{layer + 1}.mlp"
        both = np.concatenate([GATES[layer], UPS[layer]], axis=1)
        arrays[f"{stem}.experts.gate_up_proj"] = both
        arrays[f"{stem}.experts.down_proj"] = DOWNS[layer]
        arrays[f"{stem}.gate.weight"] = ROUTERS[layer]
    return arrays


def _summary(folder: Path, arrays: Mapping[str, np.ndarray], *flags: str) -> dict:
    folder.mkdir(exist_ok=True)
    save_file(
        {name: np.ascontiguousarray(one) for name, one in arrays.items()}, folder / "m.safetensors"
    )
    return _drawn(folder / "m.safetensors", folder / "out", *flags)


def _drawn(path: Path, out: Path, *flags: str) -> dict:
    assert start(MODELWEIGHTVIS, ["--moe", str(path), "-q", "-o", str(out), *flags]) == 0
    scenes = json.loads((out / "manifest.json").read_text())["scenes"]
    (scene,) = (one for one in scenes if one["key"] == "summary")
    return scene


def _expected(bank: np.ndarray, stat: str) -> np.ndarray:
    flat = bank.reshape(LAYERS, EXPERTS, -1).astype(np.float64)
    return {
        "rms": np.sqrt((flat**2).mean(-1)),
        "frobenius": np.linalg.norm(flat, axis=-1),
        "mean-abs": np.abs(flat).mean(-1),
        "sparsity": (flat == 0).mean(-1),
    }[stat]


@pytest.mark.parametrize("stat", ["rms", "frobenius", "mean-abs", "sparsity"])
@pytest.mark.parametrize("make", [_split, _fused], ids=["split", "fused"])
def test_cells_are_those_of_numpy(tmp_path: Path, stat: str, make: object) -> None:
    assert callable(make)
    scene = _summary(tmp_path, make(), "--summary-stat", stat)
    panels = {one["name"]: one for one in scene["placements"]}
    assert list(panels) == ["gate", "up", "down", "router"]
    for name, bank in (("gate", GATES), ("up", UPS), ("down", DOWNS), ("router", ROUTERS)):
        np.testing.assert_allclose(panels[name]["values"], _expected(bank, stat), rtol=1e-6)
        assert panels[name]["rows"] == ["layer 1", "layer 2", "layer 3"]
        assert panels[name]["columns"][-1] == "expert 4"


@pytest.mark.parametrize("norm", ["max", "min-max", "percentile"])
def test_pixels_follow_the_bounds(tmp_path: Path, norm: str) -> None:
    scene = _summary(tmp_path, _split(), "--moe-norm", norm)
    with Image.open(tmp_path / "out" / "tiles" / "summary" / "0" / "0" / "0.png") as image:
        codes = np.asarray(image).astype(int)
    for name, bank in (("gate", GATES), ("down", DOWNS)):
        values = _expected(bank, "rms")
        ranked = np.sort(values.reshape(-1))
        at = [round(share * (ranked.size - 1)) for share in (0.02, 0.98)]
        low, high = {
            "max": (0, ranked[-1]),
            "min-max": (ranked[0], ranked[-1]),
            "percentile": (ranked[at[0]], ranked[at[1]]),
        }[norm]
        expected = 5 + np.rint(np.clip((values - low) / (high - low), 0, 1) * 250)
        (panel,) = (one for one in scene["placements"] if one["name"] == name)
        shown = codes[:LAYERS, panel["x"] : panel["x"] + EXPERTS]
        assert np.abs(shown - expected).max() <= 1


def test_a_missing_expert_is_missing(tmp_path: Path) -> None:
    arrays = {name: one for name, one in _split().items() if "2.mlp.experts.3.down" not in name}
    scene = _summary(tmp_path, arrays)
    (down,) = (one for one in scene["placements"] if one["name"] == "down")
    assert down["values"][1][3] is None
    assert sum(value is None for row in down["values"] for value in row) == 1
    with Image.open(tmp_path / "out" / "tiles" / "summary" / "0" / "0" / "0.png") as image:
        assert np.asarray(image)[1, down["x"] + 3] == 1


def test_experts_of_a_gguf_file(tmp_path: Path) -> None:
    writer = gguf.GGUFWriter(tmp_path / "m.gguf", "llama")
    banks = {"gate": GATES, "up": UPS, "down": DOWNS}
    for layer in range(LAYERS):
        for word, bank in banks.items():
            writer.add_tensor(f"blk.{layer}.ffn_{word}_exps.weight", bank[layer])
        writer.add_tensor(f"blk.{layer}.ffn_gate_inp.weight", ROUTERS[layer])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    scene = _drawn(tmp_path / "m.gguf", tmp_path / "out")
    panels = {one["name"]: one["values"] for one in scene["placements"]}
    assert list(panels) == ["gate", "up", "down", "router"]
    for name, bank in (*banks.items(), ("router", ROUTERS)):
        np.testing.assert_allclose(panels[name], _expected(bank, "rms"), rtol=1e-6)


def _grey(scene: Mapping[str, Any]) -> str:
    return str(scene["legend"][0]["entries"][-1]["label"])


def test_experts_that_the_glob_leaves_out_are_said_to_be(tmp_path: Path) -> None:
    assert _grey(_summary(tmp_path, _split())) == "not in the model"
    scene = _summary(tmp_path / "matched", _split(), "--match", "*.experts.3.[gu]*")
    assert _grey(scene) == "not in the model, or left out by --match"
    assert [one["name"] for one in scene["placements"]] == ["gate", "up"]
    with Image.open(tmp_path / "matched" / "out/tiles/summary/0/0/0.png") as image:
        codes = np.asarray(image)
    for panel, bank in zip(scene["placements"], (GATES, UPS), strict=True):
        expected = np.full((LAYERS, EXPERTS), np.nan)
        expected[:, 3] = _expected(bank, "rms")[:, 3]
        found = np.array(panel["values"], np.float64)
        np.testing.assert_allclose(found, expected, rtol=1e-6)
        shown = codes[:LAYERS, panel["x"] : panel["x"] + EXPERTS]
        np.testing.assert_array_equal(shown == 1, np.isnan(expected))


def test_a_glob_may_leave_the_routers_alone(tmp_path: Path) -> None:
    scene = _summary(tmp_path, _fused(), "--match", "*.mlp.gate.weight")
    (panel,) = scene["placements"]
    assert panel["name"] == "router"
    np.testing.assert_allclose(panel["values"], _expected(ROUTERS, "rms"), rtol=1e-6)


@pytest.mark.parametrize("match", ["*attn*", "*embed*", "nothing"])
@pytest.mark.parametrize("make", [_split, _fused], ids=["split", "fused"])
def test_a_glob_that_leaves_no_expert_is_refused(
    tmp_path: Path, match: str, make: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(make)
    path = tmp_path / "m.safetensors"
    save_file({**make(), "model.embed_tokens.weight": DOWNS[0, 0]}, path)
    out = tmp_path / "out"
    assert start(MODELWEIGHTVIS, ["--moe", str(path), "--match", match, "-o", str(out)]) == 2
    assert capsys.readouterr().err == (
        f"modelweightvis: --moe: no expert and no router of m.safetensors has a name that matches "
        f"--match {match!r}; 'modelweightvis inspect' lists the names\n"
    )
    assert not out.exists()


def test_a_dense_model_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "m.safetensors"
    save_file({"model.layers.0.mlp.down_proj.weight": DOWNS[0, 0]}, path)
    assert start(MODELWEIGHTVIS, ["--moe", str(path), "-o", str(tmp_path / "out")]) == 2
    assert "has no experts" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()

"""Super weights: planted ones are found where they are, and nothing else is taken for one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from arbvis_core.cli.app import start
from modelweightvis.profile import MODELWEIGHTVIS
from modelweightvis.reports.rules import BEYOND, SUPER

LAYERS = 20
DOWN = "model.layers.{}.mlp.down_proj.weight"
Arrays = dict[str, np.ndarray]


@pytest.fixture
def arrays() -> Arrays:
    chance = np.random.default_rng(31)
    found = {}
    for layer in range(LAYERS):
        for name, shape in (("down_proj", (48, 96)), ("up_proj", (96, 48))):
            values = chance.standard_normal(shape).astype(np.float32) * 0.02
            found[f"model.layers.{layer}.mlp.{name}.weight"] = values
    return found


def supers(folder: Path, arrays: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    path, out = folder / "model.safetensors", folder / "report.json"
    save_file(dict(arrays), path)
    assert start(MODELWEIGHTVIS, [str(path), "--report", str(out), "-q"]) == 0
    findings = json.loads(out.read_text("utf-8"))["models"][0]["findings"]
    return [one for one in findings if one["kind"] == "super-weight candidate"]


def plant(arrays: Arrays, layer: int, index: tuple[int, int], ratio: float) -> None:
    """Make a weight so many times the rms that its tensor then has."""
    values = arrays[DOWN.format(layer)]
    rest = float((values.astype(np.float64) ** 2).sum() - values[index] ** 2)
    values[index] = -ratio * np.sqrt(rest / (values.size - ratio**2))


def test_a_planted_weight_is_found(tmp_path: Path, arrays: Arrays) -> None:
    plant(arrays, 2, (7, 30), 30)
    plant(arrays, 4, (11, 95), 25)
    found = supers(tmp_path, arrays)
    assert [(one["tensors"], one["index"]) for one in found] == [
        ([DOWN.format(2)], [7, 30]),
        ([DOWN.format(4)], [11, 95]),
    ]
    values = arrays[DOWN.format(2)]
    assert f"[7, 30] is {values[7, 30]:.4g}, 30 times the rms" in found[0]["text"]
    usual = np.median(
        [
            np.abs(a).max() / np.sqrt((a.astype(np.float64) ** 2).mean())
            for a in (arrays[DOWN.format(layer)] for layer in range(LAYERS))
        ]
    )
    assert f"{usual:.3g} times is usual" in found[0]["text"]


def test_several_of_one_tensor_come_in_the_order_of_their_size(
    tmp_path: Path, arrays: Arrays
) -> None:
    values = arrays[DOWN.format(1)]
    values[3, 5], values[40, 2] = 1.5, -1.6
    found = supers(tmp_path, arrays)
    assert [one["index"] for one in found] == [[40, 2], [3, 5]]


@pytest.mark.parametrize(
    ("name", "ratio"),
    [
        (DOWN.format(5), 40.0),  # the first quarter of 20 layers ends before it
        (DOWN.format(2), SUPER - 0.5),
        ("model.layers.2.mlp.up_proj.weight", 40.0),
    ],
)
def test_others_are_no_candidates(tmp_path: Path, arrays: Arrays, name: str, ratio: float) -> None:
    values = arrays[name]
    rest = float((values.astype(np.float64) ** 2).sum() - values[4, 4] ** 2)
    values[4, 4] = ratio * np.sqrt(rest / (values.size - ratio**2))
    assert supers(tmp_path, arrays) == []


def test_what_is_usual_in_all_layers_is_no_candidate(tmp_path: Path, arrays: Arrays) -> None:
    for layer in range(LAYERS):
        plant(arrays, layer, (layer, layer), SUPER + 1)
    assert supers(tmp_path, arrays) == []
    plant(arrays, 0, (0, 0), BEYOND * (SUPER + 1) + 3)
    assert [one["index"] for one in supers(tmp_path, arrays)] == [[0, 0]]


def test_two_layers_have_no_peers(tmp_path: Path, arrays: Arrays) -> None:
    plant(arrays, 0, (0, 0), 40)
    few = {name: one for name, one in arrays.items() if int(name.split(".")[2]) < 2}
    assert supers(tmp_path, few) == []

"""Finetunes: what models say of their origin, and what a finetune may not have."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from arbvis_core.cli.app import start
from modelweightvis.profile import MODELWEIGHTVIS

RANDOM = np.random.default_rng(5)
BASE = {
    f"model.layers.{layer}.self_attn.{name}.weight": RANDOM.standard_normal((32, 32)).astype("f4")
    for layer in range(2)
    for name in ("q_proj", "k_proj")
} | {"model.embed_tokens.weight": RANDOM.standard_normal((40, 32)).astype("f4")}
CARD = "---\nlicense: mit\nbase_model:\n- maker/Base-1B\n{}---\n# A model\n"


def _model(folder: Path, arrays: Mapping[str, np.ndarray], **files: str) -> str:
    folder.mkdir()
    save_file(dict(arrays), folder / "model.safetensors")
    for name, text in files.items():
        (folder / f"{name}.{'md' if name == 'README' else 'json'}").write_text(text)
    return str(folder)


def _report(tmp_path: Path, other: Mapping[str, np.ndarray], *flags: str, **files: str) -> int:
    left = _model(tmp_path / "base-1b", BASE)
    right = _model(tmp_path / "tuned", other, **files)
    out = str(tmp_path / "report.json")
    return start(MODELWEIGHTVIS, ["--diff", left, right, "-q", "--report", out, *flags])


LARGER = {**BASE, "model.embed_tokens.weight": RANDOM.standard_normal((44, 32)).astype("f4")}
NEW = {**BASE, "model.layers.0.self_attn.v_proj.weight": np.ones((32, 32), "f4")}


@pytest.mark.parametrize(
    ("files", "flags", "code"),
    [
        ({"README": CARD.format("")}, (), 2),
        ({"README": CARD.format("base_model_relation: finetune\n")}, (), 2),
        ({"README": CARD.format("base_model_relation: quantized\n")}, (), 0),
        ({"README": CARD.format("").replace("maker/Base-1B", "maker/Other")}, (), 0),
        ({"README": CARD.format("")}, ("--no-finetune",), 0),
        ({"README": "---\nbase_model: [maker/Base-1B\n---\n"}, (), 0),
        ({"README": "# base_model: maker/Base-1B\n"}, (), 0),
        ({"config": json.dumps({"_name_or_path": "maker/base-1b"})}, (), 2),
        (
            {"config": json.dumps({"_name_or_path": "maker/base-1b", "quantization_config": {}})},
            (),
            0,
        ),
        ({}, (), 0),
        ({}, ("--finetune",), 2),
    ],
)
def test_who_is_a_finetune(
    tmp_path: Path, files: dict[str, str], flags: tuple[str, ...], code: int
) -> None:
    assert _report(tmp_path, LARGER, *flags, **files) == code


def test_violations_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _report(tmp_path, {**LARGER, **NEW, **LARGER}, README=CARD.format("")) == 2
    said = capsys.readouterr().err
    assert "its model card" in said
    assert "model.embed_tokens.weight is 44 × 32 instead of 40 × 32" in said
    assert "model.layers.0.self_attn.v_proj.weight is new" in said
    assert "--no-finetune" in said
    assert not (tmp_path / "report.json").exists()


def test_what_a_finetune_lacks_is_grey(tmp_path: Path) -> None:
    other = {name: one for name, one in BASE.items() if "1.self_attn.k" not in name}
    out = tmp_path / "out"
    assert _report(tmp_path, other, "--finetune", "--out", str(out)) == 0
    (model,) = json.loads((tmp_path / "report.json").read_text())["models"]
    assert model["only_base"] == ["model.layers.1.self_attn.k_proj.weight"]
    assert _codes(out) & {1, 3, 4} == {4}


def test_otherwise_it_is_coloured(tmp_path: Path) -> None:
    other = {name: one for name, one in BASE.items() if "1.self_attn.k" not in name}
    out = tmp_path / "out"
    assert _report(tmp_path, other, "--out", str(out)) == 0
    assert _codes(out) & {1, 3, 4} == {1}


def _codes(out: Path) -> set[int]:
    from PIL import Image

    found: set[int] = set()
    for path in out.glob("tiles/*/0/0/0.png"):
        with Image.open(path) as image:
            found |= set(np.unique(np.asarray(image)).tolist())
    return found


@pytest.mark.parametrize("flag", ["--finetune", "--no-finetune"])
def test_the_flags_need_a_comparison(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flag: str
) -> None:
    model = _model(tmp_path / "a", BASE)
    assert start(MODELWEIGHTVIS, [model, flag, "--out", str(tmp_path / "o")]) == 2
    assert f"{flag} is about a comparison: use it with --diff" in capsys.readouterr().err

"""Previews of quantisation, against gguf and against MLX's formulas written out value by value."""

from __future__ import annotations

import json
from pathlib import Path

import gguf
import numpy as np
import pytest
from safetensors.numpy import save_file

from arbvis_core.cli.app import start
from modelweightvis.differences.preview import GGUF, quantised
from modelweightvis.profile import MODELWEIGHTVIS

RANDOM = np.random.default_rng(4)
BASE = {
    "model.embed_tokens.weight": (RANDOM.standard_normal((600, 256)) * 0.03).astype("f4"),
    "model.layers.0.self_attn.q_proj.weight": (RANDOM.standard_normal((70, 768)) * 0.02).astype(
        "f4"
    ),
    "model.layers.0.mlp.up_proj.weight": (RANDOM.standard_normal((40, 48)) * 0.02).astype("f4"),
    "model.layers.0.input_layernorm.weight": np.linspace(0.5, 1.5, 256, dtype="f4"),
}


def _preview(tmp_path: Path, types: str, *flags: str) -> dict:
    save_file(BASE, tmp_path / "m.safetensors")
    before = sorted(one.name for one in tmp_path.iterdir())
    out = str(tmp_path / "r.json")
    args = [str(tmp_path / "m.safetensors"), "--type", types, "-q", "--report", out, *flags]
    assert start(MODELWEIGHTVIS, ["quantize-preview", *args]) == 0
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted([*before, "r.json"])
    return json.loads((tmp_path / "r.json").read_text())


def test_every_type_of_gguf_has_the_error_that_gguf_makes(tmp_path: Path) -> None:
    report = _preview(tmp_path, ",".join(GGUF))
    assert [one["other"] for one in report["models"]] == [*GGUF]
    rows = {(row["other_dtype"], row["name"]): row for row in report["tensors"]}
    for name in GGUF:
        kind = gguf.GGMLQuantizationType[name]
        for tensor in ("model.embed_tokens.weight", "model.layers.0.self_attn.q_proj.weight"):
            base = BASE[tensor].astype(np.float64)
            made = gguf.quants.dequantize(gguf.quants.quantize(BASE[tensor], kind), kind)
            error = np.linalg.norm(made - base) / np.linalg.norm(base)
            row = rows[name, tensor]
            assert row["relative_frobenius"] == pytest.approx(error, rel=1e-6)
            assert row["pairing"] == "quantised"
            elements, size = gguf.GGML_QUANT_SIZES[kind]
            assert row["other_bits_per_weight"] == 8 * size / elements


def test_what_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = _preview(tmp_path, "Q8_0", "--match", "*layers*")
    rules = {row["name"].split(".")[-2]: row["pairing"] for row in report["tensors"]}
    assert rules == {
        "embed_tokens": "kept: not matched",
        "q_proj": "quantised",
        "up_proj": "kept: rows of 48 do not fill blocks of 32",
        "input_layernorm": "kept",
    }
    changed = {row["name"].split(".")[-2] for row in report["tensors"] if row["changed"]}
    assert changed == {"q_proj"}
    assert "Q8_0" in capsys.readouterr().out


def _affine(values: np.ndarray, bits: int) -> list[float]:
    """Quantise one group as MLX does, in plain float32 steps."""
    most = np.float32(2**bits - 1)
    low, high = values.min(), values.max()
    scale = max((high - low) / most, np.float32(1e-7))
    edge = low if abs(low) > abs(high) else high
    scale = scale if abs(low) > abs(high) else -scale
    first, bias = np.rint(edge / scale), np.float32(0)
    if first != 0:
        scale, bias = edge / first, edge
    codes = [min(max(np.rint((one - bias) / scale), 0), most) for one in values]
    return [np.float32(code) * scale + bias for code in codes]


@pytest.mark.parametrize(("bits", "group"), [(2, 32), (4, 32), (4, 64), (6, 128), (8, 32)])
def test_affine_is_that_of_mlx(bits: int, group: int) -> None:
    values = (RANDOM.standard_normal((3, 2 * group)) * 0.05).astype("f4")
    values[1, :group] = 0
    values[2, :group] = np.abs(values[2, :group])
    made = quantised(values, f"affine_q{bits}_g{group}", "F32")
    groups = values.reshape(-1, group)
    expected = np.array([_affine(one, bits) for one in groups]).reshape(values.shape)
    np.testing.assert_allclose(made, expected, rtol=1e-6, atol=1e-9)


def test_mxfp4_is_that_of_mlx() -> None:
    values = (RANDOM.standard_normal((4, 64)) * 0.05).astype("f4")
    values[0, :32] = 0
    made = quantised(values, "mxfp4_g32", "F32").reshape(-1, 32)
    grid = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6])
    for one, result in zip(values.reshape(-1, 32).astype(np.float64), made, strict=True):
        most = np.abs(one).max()
        scale = 2.0 ** np.round(np.log2(most / 6)) if most else 1.0
        near = grid[np.abs(np.abs(one)[:, None] / scale - grid).argmin(1)]
        np.testing.assert_allclose(result, np.sign(one) * near * scale, rtol=1e-6)


@pytest.mark.parametrize("name", ["F16", "BF16"])
def test_floats_are_rounded_to_the_nearest(name: str) -> None:
    import ml_dtypes

    values = np.concatenate([RANDOM.standard_normal(500), [np.nan, np.inf, 3.4e38]]).astype("f4")
    dtype = np.float16 if name == "F16" else ml_dtypes.bfloat16
    with np.errstate(over="ignore"):
        expected = values.astype(dtype).astype(np.float32)
    np.testing.assert_array_equal(quantised(values, name, "F32"), expected)


@pytest.mark.parametrize(
    ("types", "said"),
    [
        ("Q9_9", "known are F16, BF16, Q8_0"),
        ("affine_q7_g64", "known are"),
        (",", "names no type"),
    ],
)
def test_types_that_nobody_makes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], types: str, said: str
) -> None:
    save_file(BASE, tmp_path / "m.safetensors")
    args = ["quantize-preview", str(tmp_path / "m.safetensors"), "--type", types]
    assert start(MODELWEIGHTVIS, args) == 2
    assert said in capsys.readouterr().err


def test_the_extra_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    save_file(BASE, tmp_path / "m.safetensors")
    args = ["quantize-preview", str(tmp_path / "m.safetensors"), "--type", "Q8_0"]
    assert start(MODELWEIGHTVIS, args) == 2
    assert "modelweightvis[quantize]" in capsys.readouterr().err

"""Models that llama.cpp itself converted and quantised, executed, then compared.

That a difference is zero says something only if the GGUF file is right: so both files compute the
same logits first, one run by transformers, the other by llama.cpp. Needs torch, transformers and
llama-cpp-python, and in `LLAMA_CPP` the path of llama.cpp's source: `nox -s conversions`. What it
printed is in docs/explanation/decisions.md.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from arbvis_core.cli.app import start
from modelweightvis.profile import MODELWEIGHTVIS

sys.path.append(str(Path(__file__).parent))
import conversions

for tool in ("torch", "transformers", "gguf", "llama_cpp"):
    pytest.importorskip(tool, reason="conversions are proved where llama.cpp is: see the docstring")
if "LLAMA_CPP" not in os.environ:
    pytest.skip("LLAMA_CPP is not set: see the docstring", allow_module_level=True)

SOURCE = Path(os.environ["LLAMA_CPP"])
TYPES = {"float32": "f32", "float16": "f16", "bfloat16": "bf16"}
#: Of the logits, by what matrices and their inputs are rounded to when llama.cpp multiplies them;
#: its table of GELU, which Gemma needs, has halves in it.
TOLERANCES = {"float32": 1e-5, "float16": 2e-3, "bfloat16": 1e-2}
TABLE_OF_GELU = 5e-4
KINDS = ("Q8_0", "Q6_K", "Q4_K_M", "Q4_0", "IQ4_XS", "IQ3_XXS", "IQ2_XS", "IQ2_M")


class Made:
    """An original beside its GGUF file."""

    def __init__(self, folder: Path, family: str, dtype: str) -> None:
        self.family, self.original, self.gguf = family, folder / "original", folder / "model.gguf"
        self.original.mkdir(parents=True)
        self.model = conversions.make(family, dtype, self.original)
        conversions.convert(SOURCE, self.original, self.gguf, TYPES[dtype])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, str], Made]]:
    """Return a function that makes each model once."""

    @cache
    def make(family: str, dtype: str) -> Made:
        return Made(tmp_path_factory.mktemp("made"), family, dtype)

    yield make
    make.cache_clear()


def error(found: Any, wanted: Any) -> float:
    return float(np.linalg.norm(found - wanted) / np.linalg.norm(wanted))


def compare(folder: Path, left: Path, right: Path) -> dict[str, Any]:
    """Return the scene of a difference that the command line made."""
    out = folder / "out"
    assert start(MODELWEIGHTVIS, ["--diff", str(left), str(right), "-q", "-o", str(out)]) == 0
    (scene,) = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["scenes"]
    assert isinstance(scene, dict)
    return scene


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("family", conversions.FAMILIES)
def test_both_compute_the_same(made: Callable[[str, str], Made], family: str, dtype: str) -> None:
    one = made(family, dtype)
    wanted, found = conversions.logits_of(one.model), conversions.run(one.gguf)
    tolerance = TOLERANCES[dtype] + (TABLE_OF_GELU if "gemma" in family else 0)
    print(
        f"{family:8} {dtype:8} logits differ by {error(found, wanted):.1e}, allowed {tolerance:.1e}"
    )
    assert error(found, wanted) < tolerance
    assert (found.argmax(1) == wanted.argmax(1)).all()


def test_a_wrong_file_computes_something_else(
    made: Callable[[str, str], Made], tmp_path: Path
) -> None:
    one = made("llama", "float32")
    wrong = tmp_path / "wrong.gguf"
    conversions.spoil(one.gguf, wrong, "blk.0.attn_q.weight")
    found = error(conversions.run(wrong), conversions.logits_of(one.model))
    print(f"llama    with its queries not permuted: logits differ by {found:.1e}")
    assert found > 0.05


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("family", conversions.FAMILIES)
def test_the_difference_is_exactly_zero(
    made: Callable[[str, str], Made], tmp_path: Path, family: str, dtype: str
) -> None:
    one = made(family, dtype)
    scene = compare(tmp_path, one.original, one.gguf)
    originals = conversions.originals(one.original)
    assert {placement["name"] for placement in scene["placements"]} == set(originals)
    rounded = conversions.FAMILIES[family].shift and dtype == "float16"
    largest = max(placement["stats"]["max_abs"] for placement in scene["placements"])
    count = sum(placement["stats"]["count"] for placement in scene["placements"])
    print(f"{family:8} {dtype:8} {count} weights, largest difference {largest}")
    for placement in scene["placements"]:
        name, stats = placement["name"], placement["stats"]
        assert stats["count"] == originals[name].size
        if rounded and name.endswith("norm.weight"):  # 1 was added to it as a half
            assert 0 < stats["max_abs"] <= 2**-11
        else:
            assert (name, stats["max_abs"], stats["changed"]) == (name, 0, 0)
    if not rounded:
        assert colours(tmp_path / "out", scene) == {(0, 0, 0)}


def colours(out: Path, scene: dict[str, Any]) -> set[tuple[int, ...]]:
    """Return the colours of all that is painted, at every zoom."""
    found: set[tuple[int, ...]] = set()
    for path in (out / "tiles" / scene["key"]).rglob("*.png"):
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGBA")).reshape(-1, 4)
        found |= {
            tuple(map(int, pixel[:3])) for pixel in np.unique(pixels[pixels[:, 3] > 0], axis=0)
        }
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", ["llama", "gemma3", "mixtral"])
def test_figures_of_quantisations_are_those_of_numpy(
    made: Callable[[str, str], Made], tmp_path: Path, family: str, kind: str
) -> None:
    one = made(family, "float32")
    quantised = tmp_path / f"{kind}.gguf"
    conversions.quantise(one.gguf, quantised, kind)
    scene = compare(tmp_path, one.original, quantised)
    stored = conversions.dequantised(quantised)
    assert len({type_ for type_, _ in stored.values()} - {"F32", "F16"}) >= 1
    wanted = conversions.figures(family, conversions.originals(one.original), stored)
    assert {placement["name"] for placement in scene["placements"]} == set(wanted)
    for placement in scene["placements"]:
        for column, value in wanted[placement["name"]].items():
            found = placement["stats"][column]
            close = None if value is None else pytest.approx(value, rel=1e-6, abs=1e-12)
            assert found == close, (placement["name"], column)

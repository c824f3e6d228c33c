from __future__ import annotations

import math
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoints import counted, folder

import modelweightvis
from modelweightvis import indexing, measuring
from modelweightvis.measuring import FIGURES, measure

torch = pytest.importorskip("torch")


def expected(values: np.ndarray) -> dict[str, Any]:
    """Return the figures by torch, in float64."""
    flat = torch.from_numpy(values.astype("f8").reshape(-1))
    finite = flat[torch.isfinite(flat)]
    mean, std = finite.mean(), finite.std(unbiased=False)
    return {
        "count": flat.numel(),
        "min": finite.min().item(),
        "max": finite.max().item(),
        "mean": mean.item(),
        "std": std.item(),
        "rms": finite.square().mean().sqrt().item(),
        "mean_abs": finite.abs().mean().item(),
        "max_abs": finite.abs().max().item(),
        "zeros": (flat == 0).double().mean().item(),
        "non_finite": flat.numel() - finite.numel(),
        "kurtosis": (((finite - mean) / std) ** 4).mean().item(),
    }


@pytest.fixture(scope="module")
def tensors() -> dict[str, np.ndarray]:
    random = np.random.default_rng(3)
    spoilt = random.normal(0, 0.1, (31, 17)).astype("f4")
    spoilt[3, 4], spoilt[5, 6], spoilt[7], spoilt[8, 1] = np.nan, np.inf, 0, -np.inf
    return {
        "norm": (1 + random.normal(0, 1e-3, 300)).astype("f4"),
        "spoilt": spoilt,
        "bank": random.standard_t(4, (3, 40, 50)).astype("f2"),
        "far": (1e4 + random.normal(0, 1, (200, 100))).astype("f4"),
    }


@pytest.mark.parametrize("band", [64, 1 << 21])
def test_figures_are_those_of_torch(
    tmp_path: Path,
    tensors: dict[str, np.ndarray],
    band: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(indexing.bands, "__defaults__", (band,))
    model = modelweightvis.open(folder(tmp_path / "m", tensors))
    seen = threading.Lock(), [0]

    def advance(elements: int) -> None:
        with seen[0]:
            seen[1][0] += elements

    found = dict(zip(model, measure([*model.values()], advance), strict=True))
    assert seen[1][0] == measuring.elements(model.values()) == sum(t.size for t in tensors.values())
    for name, values in tensors.items():
        assert [*found[name]] == [*FIGURES]
        assert found[name] == pytest.approx(expected(values), rel=1e-6, abs=1e-9), name


def test_bfloat16_is_measured_by_its_codes(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    held = torch.from_numpy(np.random.default_rng(5).standard_t(3, (70, 90))).to(torch.bfloat16)
    held[3, 4], held[5, 6], held[7] = float("nan"), float("-inf"), 0
    save_file({"brain": held}, tmp_path / "model.safetensors")
    (found,) = measure([*modelweightvis.open(tmp_path / "model.safetensors").values()])
    assert found == pytest.approx(expected(held.float().numpy()), rel=1e-6, abs=1e-9)


def test_what_is_not_known_is_none(tmp_path: Path) -> None:
    held = {"all nan": np.full(3, np.nan, "f4"), "nothing": np.zeros((0, 2), "f4")}
    held["constant"] = np.full(4, 2, "f4")
    header = b'{"odd":{"dtype":"F6_E2M3","shape":[4],"data_offsets":[0,3]}}'
    path = folder(tmp_path / "m", held)
    (path / "b.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(3))
    model = modelweightvis.open(path)
    found = dict(zip(model, measure([*model.values()]), strict=True))
    assert found["all nan"]["non_finite"] == 3
    assert found["all nan"]["rms"] is None
    assert found["nothing"]["count"] == 0
    assert found["nothing"]["mean"] is None
    assert found["constant"]["std"] == 0
    assert found["constant"]["kurtosis"] is None
    assert set(found["odd"].values()) == {None}


def test_every_byte_is_read_once(tmp_path: Path, tensors: dict[str, np.ndarray]) -> None:
    model, source = counted(folder(tmp_path / "m", tensors) / "model.safetensors")
    measure([*model.values()])
    assert source.size_asked == sum(tensor.nbytes for tensor in model.values())


def test_a_transposed_array_is_measured_as_it_is_stored(tmp_path: Path) -> None:
    values = np.random.default_rng(5).normal(size=(600, 700)).astype("f4")
    torch.save({"w": torch.from_numpy(values).T}, tmp_path / "model.pt")
    model, source = counted(tmp_path / "model.pt")
    assert model["w"].shape == (700, 600)
    (found,) = measure([model["w"]])
    assert source.size_asked == values.nbytes
    assert math.isclose(found["mean"], expected(values)["mean"], rel_tol=1e-6)


def test_an_interruption_stops_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing.bands, "__defaults__", (10,))
    model = modelweightvis.open(folder(tmp_path / "m", {"a": np.ones((1000, 10), "f4")}))
    seen: list[int] = []

    def advance(elements: int) -> None:
        seen.append(elements)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure([*model.values()], advance)
    assert len(seen) == 1

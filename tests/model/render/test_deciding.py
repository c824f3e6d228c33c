"""Windows and what is typical, against numpy's percentiles."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from canvases import bfloat16, place, planned, registry, safetensors
from numpy.typing import NDArray

from arbvis_core.api import Scene, View
from modelweightvis.folds import grid_fold
from modelweightvis.render import sampling
from modelweightvis.render.deciding import balance_limit, overview_window, value_window
from modelweightvis.render.legends import legends
from modelweightvis.render.looks import looks_of

#: A bin of a sixteenth of an octave, and some.
NEAR = 0.08


def model(scales: dict[str, float], shape: tuple[int, ...] = (256, 192)) -> dict[str, Any]:
    random = np.random.default_rng(0)
    return {name: bfloat16(random.standard_normal(shape) * scale) for name, scale in scales.items()}


def scene(arrays: dict[str, NDArray[np.float32]], folds: Any = None) -> Scene:
    return place(safetensors({name: ("BF16", one) for name, one in arrays.items()}), 800, folds)


def patches(array: NDArray[np.float32]) -> list[NDArray[np.float64]]:
    """Return patches of 2 × 2 to 32 × 32 elements: (patches, elements) for each size."""
    found = []
    for side in (2, 4, 8, 16, 32):
        height, width = array.shape
        blocks = array.astype(np.float64).reshape(height // side, side, width // side, side)
        found.append(blocks.transpose(0, 2, 1, 3).reshape(-1, side * side))
    return found


def percentiles(levels: list[list[NDArray[np.float64]]], low: float, high: float) -> Any:
    """Return percentiles of log2 of what patches show, every size of patch counting the same."""
    values = np.concatenate([np.concatenate(level) for level in levels])
    weights = np.concatenate(
        [np.full(sum(map(len, one)), 1 / sum(map(len, one))) for one in levels]
    )
    order = values.argsort()
    summed = weights[order].cumsum() / weights.sum()
    return [np.log2(values[order][summed.searchsorted(one / 100)]) for one in (low, high)]


MEASURES: dict[str, Any] = {
    "mean": lambda one: np.abs(one).mean(-1),
    "rms": lambda one: np.sqrt((one**2).mean(-1)),
    "max": lambda one: np.abs(one).max(-1),
}


@pytest.mark.parametrize("overview", MEASURES)
def test_windows_of_overviews_are_percentiles_of_patches(overview: str) -> None:
    arrays = model({"a.q": 0.01, "b.q": 0.05, "c.v": 0.3})
    plan = planned(scene(arrays))
    shown = [
        [MEASURES[overview](patches(array)[level]) for array in arrays.values()]
        for level in range(5)
    ]
    window = overview_window(plan.decisions, looks_of(View(overview=overview)))
    assert list(window) == pytest.approx(percentiles(shown, 1, 99), abs=NEAR)
    window = overview_window(plan.decisions, looks_of(View(overview=overview, clip=0.1, gain=4)))
    expected = [one - 2 for one in percentiles(shown, 10, 90)]
    assert list(window) == pytest.approx(expected, abs=NEAR)


def test_the_window_of_values_is_percentiles_of_magnitudes() -> None:
    arrays = model({"a.q": 0.01, "b.q": 0.05, "c.v": 0.3})
    plan = planned(scene(arrays))
    octaves = np.log2(np.abs(np.concatenate([one.ravel() for one in arrays.values()])))
    for clip in (0.01, 0.1):
        window = value_window(plan.decisions, looks_of(View(clip=clip)))
        expected = np.percentile(octaves, [100 * clip, 100 - 100 * clip])
        assert list(window) == pytest.approx(list(expected), abs=NEAR)


def test_the_balance_is_fitted_too() -> None:
    arrays = {name: one + np.float32(0.003) for name, one in model({"a": 0.01, "b": 0.02}).items()}
    plan = planned(scene(arrays))
    found = [
        [
            np.abs(one.mean(-1)) / np.abs(one).mean(-1)
            for one in (patches(a)[level] for a in arrays.values())
        ]
        for level in range(5)
    ]
    expected = 2 ** percentiles(found, 1, 90)[1]
    assert balance_limit(
        plan.decisions, looks_of(View(overview="balance", clip=0.1))
    ) == pytest.approx(expected, rel=0.03)


def test_tensors_and_roles_are_relative_to_their_median() -> None:
    arrays = model({"a.q": 0.01, "b.q": 0.05, "c.v": 0.3})
    plan = planned(scene(arrays))
    for name, array in arrays.items():
        median = np.log2(np.median(np.abs(array)))
        assert plan.decisions["placements"][name]["log2_median"] == pytest.approx(median, abs=NEAR)
        assert plan.decisions["placements"][name]["mean"] == pytest.approx(array.mean(dtype="f8"))
    both = np.concatenate([arrays["a.q"], arrays["b.q"]])
    median = np.log2(np.median(np.abs(both)))
    assert plan.decisions["roles"]["q"]["log2_median"] == pytest.approx(median, abs=NEAR)
    for scale in ("tensor", "role"):
        window = value_window(plan.decisions, looks_of(View(scale=scale)))
        assert window.low < 0 < window.high


def test_a_crop_decides_the_same() -> None:
    plan = planned(scene(model({"a.q": 0.01, "b.q": 0.05, "c.v": 0.3})))
    cropped = plan.crop(plan.placements[1].box)
    assert list(cropped.decisions["placements"]) == ["b.q"]
    looks = looks_of(View(scale="tensor"))
    assert value_window(cropped.decisions, looks) == value_window(plan.decisions, looks)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 0.0])
def test_what_is_not_finite_or_zero_moves_no_window(value: float) -> None:
    arrays = model({"a.q": 0.01, "b.q": 0.05, "c.v": 0.3})
    before = planned(scene(arrays)).decisions
    arrays["b.q"] = arrays["b.q"].copy()
    arrays["b.q"][100, 50] = value
    after = planned(scene(arrays)).decisions
    for scale in ("model", "tensor", "role"):
        for overview in MEASURES:
            looks = looks_of(View(scale=scale, overview=overview))
            assert value_window(before, looks) == value_window(after, looks)
            assert overview_window(before, looks) == overview_window(after, looks)


def notes(arrays: dict[str, Any]) -> list[str]:
    return [one.note for one in legends(planned(scene(arrays)), looks_of(View()), None)]


@pytest.mark.parametrize("value", [np.nan, 0.0])
def test_a_scale_that_was_not_measured_says_so(value: float) -> None:
    found = notes({"a.q": np.full((40, 40), value, np.float32)})
    assert all("ends of this scale are not measured" in note for note in found)
    assert not any("not measured" in note for note in notes(model({"a.q": 0.01})))


def test_an_outlier_hardly_moves_a_window() -> None:
    arrays = model({"a.q": 0.01, "b.q": 0.05, "c.v": 0.3})
    before = planned(scene(arrays)).decisions
    arrays["a.q"] = arrays["a.q"].copy()
    arrays["a.q"][3, 3] = 1e30
    after = planned(scene(arrays)).decisions
    for window in (value_window, overview_window):
        found = list(window(after, looks_of(View())))
        assert found == pytest.approx(list(window(before, looks_of(View()))), abs=NEAR)


def sampled(
    monkeypatch: pytest.MonkeyPatch,
    tensors: dict[str, Any],
    folds: Any = None,
    whole: int = 1 << 16,
) -> Any:
    """Plan as if the model were too large to be sampled whole."""
    for limit in ("WHOLE", "MOST"):
        monkeypatch.setattr(sampling, limit, whole)
    document = safetensors({name: ("BF16", one) for name, one in tensors.items()})
    return planned(place(document, 3000, folds))


def test_large_models_are_sampled_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = model(
        {f"{layer}.{role}": 0.02 * (layer + 1) for layer in range(4) for role in "qkv"}, (512, 768)
    )
    arrays["norm"] = np.ones(768, np.float32)
    plan = sampled(monkeypatch, arrays)
    total = sum(2 * one.size for one in arrays.values())
    assert plan.sample["bytes"] <= min(0.02 * total, 1 << 16)
    assert plan.sample["reads"] <= 512
    whole = planned(scene(arrays))
    looks = looks_of(View())
    for window in (value_window, overview_window):
        found, exact = window(plan.decisions, looks), window(whole.decisions, looks)
        assert list(found) == pytest.approx(list(exact), abs=1)
    for name, facts in whole.decisions["placements"].items():
        guess = plan.decisions["placements"][name]["log2_median"]
        assert guess == pytest.approx(facts["log2_median"], abs=0.4)
    again = sampled(monkeypatch, arrays)
    assert again.decisions == plan.decisions


def test_many_tensors_are_sampled_by_role(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    arrays = {f"{layer}.up": random.standard_normal((16, 64)) * 0.02 for layer in range(900)}
    arrays |= {f"{layer}.router": random.standard_normal((4, 64)) for layer in range(30)}
    arrays["odd"] = np.ones((2, 64)) * 3
    plan = sampled(monkeypatch, arrays)
    assert plan.sample["reads"] <= 512
    assert set(plan.decisions["roles"]) == {"up", "router", "odd"}
    assert 100 < len(plan.decisions["placements"]) < 512
    found = plan.decisions["roles"]["router"]["log2_median"]
    assert found == pytest.approx(np.log2(0.6745), abs=0.3)


def test_banks_and_vectors_are_sampled_in_few_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    arrays = {
        "bank": random.standard_normal((12, 128, 256)),
        "norm": random.standard_normal(70_000),
    }
    folds = {"bank": grid_fold((12, 128, 256), 4, 2)}
    plan = sampled(monkeypatch, arrays, folds)
    assert 0 < plan.sample["bytes"] <= 1 << 16
    assert set(plan.decisions["placements"]) == {"bank", "norm"}
    rows = sum(
        crop.rows for crop in registry().renderer("elements").survey(plan, registry().decoders)
    )
    assert rows <= 512


def test_a_row_may_be_more_than_can_be_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bands are cut off, so that there are patches all the same."""
    array = bfloat16(np.random.default_rng(0).standard_normal((48, 40_000)) * 0.02)
    plan = sampled(monkeypatch, {"wide": array})
    assert plan.sample["bytes"] <= 0.02 * 2 * array.size
    window = overview_window(plan.decisions, looks_of(View()))
    exact = overview_window(planned(scene({"wide": array})).decisions, looks_of(View()))
    assert list(window) == pytest.approx(list(exact), abs=0.5)

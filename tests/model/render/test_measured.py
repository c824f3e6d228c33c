"""Statistics against numpy in float64."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from canvases import Arrays, bfloat16, draw, place, planned, registry, safetensors
from numpy.typing import NDArray

from arbvis_core.api import Scene
from modelweightvis.folds import columns_fold, rows_fold
from modelweightvis.kernels.statistics import EDGES

RENDERER = registry().renderer("elements")


def arrays() -> Arrays:
    random = np.random.default_rng(0)
    heavy = bfloat16(random.standard_t(4, (700, 600)) * 0.02)
    heavy[5, 5], heavy[6, 6], heavy[7] = np.nan, np.inf, 0
    return {
        "heavy": heavy,
        "half": (random.standard_normal((530, 530)) * 0.1 + 3).astype(np.float16),
        "norm": (random.standard_normal(1500) * 0.01 + 1).astype(np.float32),
        "tall": (random.standard_normal((2000, 64)) * 7).astype(np.float32),
        "zeros": np.zeros((8, 8), np.float32),
        "nothing": np.full((2, 2), np.nan, np.float32),
    }


TYPES = {"heavy": "BF16", "half": "F16"}
FOLDS = {"norm": columns_fold((1500,), 700), "tall": rows_fold((2000, 64), 400)}


def summary() -> Any:
    tensors = {name: (TYPES.get(name, "F32"), one) for name, one in arrays().items()}
    plan = planned(place(safetensors(tensors), 1300, FOLDS))
    return RENDERER.summary(plan, draw(plan).statistics)["placements"]


def expected(array: NDArray[Any]) -> dict[str, Any]:
    values = array.astype(np.float64).ravel()
    finite = values[np.isfinite(values)]
    figures = {
        "count": values.size,
        "non_finite": values.size - finite.size,
        "zeros": float((values == 0).mean()),
    }
    if not finite.size:
        return figures
    spread = finite - finite.mean()
    return figures | {
        "min": finite.min(),
        "max": finite.max(),
        "mean": finite.mean(),
        "std": finite.std(),
        "rms": np.sqrt((finite**2).mean()),
        "mean_abs": np.abs(finite).mean(),
        "max_abs": np.abs(finite).max(),
        "kurtosis": (spread**4).mean() / finite.var() ** 2 if finite.var() else None,
    }


def test_figures_are_those_of_numpy() -> None:
    found = summary()
    assert list(found) == list(arrays())
    for name, array in arrays().items():
        stats = found[name]["stats"]
        for figure, value in expected(array).items():
            near = None if value is None else pytest.approx(value, rel=1e-6, abs=1e-12)
            assert stats[figure] == near, f"{figure} of {name}"


def test_histograms_are_of_every_finite_element() -> None:
    found = summary()
    for name, array in arrays().items():
        values = array[np.isfinite(array)].astype(np.float64)
        edges = np.concatenate([[0.0], EDGES.astype(np.float64), [np.inf]])
        for sign, kept in (("positive", values[values > 0]), ("negative", -values[values < 0])):
            counts, _ = np.histogram(kept, edges)
            first, own = found[name]["histogram"]["first"], found[name]["histogram"][sign]
            assert own == counts[first : first + len(own)].tolist(), f"{sign} of {name}"
            assert sum(own) == len(kept)


def test_histograms_say_where_their_bins_begin() -> None:
    for name, found in summary().items():
        histogram, values = found["histogram"], np.abs(arrays()[name].astype(np.float64))
        values = np.sort(values[np.isfinite(values) & (values > 0)])
        if not values.size:
            continue
        bins = len(histogram["positive"])
        begins = histogram["start"] + histogram["step"] * np.array([0, 1, bins - 1, bins])
        # Edges are rounded to what the upper half of a float32 can tell, 2^-7 of a value.
        low, second, last, high = 2.0**begins * np.array([0.99, 1.01, 0.99, 1.01])
        assert low <= values[0] < second, name
        assert last <= values[-1] < high, name


def cut(one: Scene, heads: Mapping[str, Mapping[str, int]]) -> Scene:
    """Return the scene as a layout would make it that knows of heads."""
    placements = tuple(
        replace(placement, attributes={**placement.attributes, "heads": heads[placement.name]})
        for placement in one.placements
    )
    return replace(one, placements=placements)


def test_heads_are_measured_one_by_one() -> None:
    random = np.random.default_rng(0)
    q, out = bfloat16(random.standard_normal((640, 570))), random.standard_normal((570, 640))
    bias, small = random.standard_normal(640) * 0.1, random.standard_normal((96, 20))
    q[32:64] = 0
    q[100, 100], q[128:160] = np.inf, np.nan
    arrays: Arrays = {"q": q, "o": out, "bias": bias, "small": small}
    arrays = {name: one.astype(np.float32) for name, one in arrays.items()}
    heads = {
        "q": {"axis": 0, "size": 32, "count": 20},
        "o": {"axis": 1, "size": 64, "count": 10},
        "bias": {"axis": 0, "size": 32, "count": 20},
        "small": {"axis": 0, "size": 8, "count": 12},
    }
    folds = {"bias": columns_fold((640,), 50, 3), "small": rows_fold((96, 20), 12, 3)}
    tensors = {name: ("BF16" if name == "q" else "F32", one) for name, one in arrays.items()}
    plan = planned(cut(place(safetensors(tensors), 1300, folds), heads))
    found = RENDERER.summary(plan, draw(plan).statistics)["placements"]
    for name, array in arrays.items():
        said = found[name]["heads"]
        each = np.moveaxis(array.astype(np.float64), heads[name]["axis"], 0)
        each = each.reshape(heads[name]["count"], -1)
        broken = ~np.isfinite(each)
        size = np.where(broken, np.nan, np.abs(each))
        assert said["non_finite"] == broken.sum(1).tolist()
        np.testing.assert_allclose(said["zeros"], (each == 0).mean(1))
        with warnings.catch_warnings(action="ignore"):
            expected = {
                "mean_abs": np.nanmean(size, 1),
                "rms": np.sqrt(np.nanmean(size**2, 1)),
                "max_abs": np.nanmax(size, 1),
            }
        for figure, values in expected.items():
            own = [np.nan if one is None else one for one in said[figure]]
            np.testing.assert_allclose(own, values, rtol=1e-6, err_msg=f"{figure} of {name}")


def test_the_legend_counts_zeros_and_what_is_not_finite() -> None:
    one = bfloat16(np.random.default_rng(0).standard_normal((600, 600)))
    one[:60], one[70, :9] = 0, np.nan
    plan = planned(place(safetensors({"w": ("BF16", one)}), 700))
    for legend in RENDERER.legend(plan, plan.view, draw(plan).statistics):
        shares = {entry.label: entry.share for entry in legend.entries}
        assert shares["exactly zero"] == pytest.approx(0.1)
        assert shares["NaN or infinite"] == pytest.approx(9 / 360_000)

"""sRGB, against the formula in double precision."""

from __future__ import annotations

import numpy as np

from arbvis_core.kernels import srgb


def to_srgb(steps: np.float32) -> int:
    return int(srgb.to_srgb(steps, srgb.LEVELS, srgb.NEXT))


def encode(linear: np.ndarray) -> np.ndarray:
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def test_every_level_survives_the_round_trip() -> None:
    steps = (srgb.STEPS * srgb.to_linear(np.arange(256) / 255)).astype(np.float32)
    assert [to_srgb(value) for value in steps] == list(range(256))


def test_correctly_rounded() -> None:
    linear = np.concatenate(
        [np.random.default_rng(5).random(3000), np.geomspace(1e-6, 1, 3000)]
    ).astype(np.float32)
    exact = 255 * encode(linear.astype(np.float64))
    found = np.array([to_srgb(value * np.float32(srgb.STEPS)) for value in linear], float)
    assert np.abs(found - exact).max() < 0.5 + 1e-3
    clear = np.abs(exact - np.floor(exact) - 0.5) > 1e-3
    assert np.array_equal(found[clear], np.rint(exact[clear]))


def test_no_step_holds_two_thresholds() -> None:
    assert len(set(srgb.THRESHOLDS.astype(int).tolist())) == 255


def test_on_a_threshold_and_just_below() -> None:
    for level, threshold in enumerate(srgb.THRESHOLDS):
        assert to_srgb(threshold) == level + 1
        assert to_srgb(np.nextafter(threshold, np.float32(0))) == level


def test_a_rounding_error_past_the_end() -> None:
    assert to_srgb(np.float32(srgb.STEPS * (1 + 1e-6))) == 255

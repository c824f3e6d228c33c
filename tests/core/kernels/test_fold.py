"""Folding, against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from arbvis_core.kernels.fold import fold

NUMPY = {"sum": np.sum, "max": np.max}


def quads(plane: np.ndarray) -> np.ndarray:
    height, width = plane.shape
    rows = plane.reshape(height // 2, 2, width // 2, 2).swapaxes(1, 2)
    return rows.reshape(height // 2, width // 2, 4)


@pytest.mark.parametrize("dtype", ["float32", "float64", "uint32", "uint8"])
@pytest.mark.parametrize("how", ["sum", "max"])
def test_like_numpy(dtype: str, how: str) -> None:
    plane = np.random.default_rng(3).integers(0, 60, (12, 20)).astype(dtype)
    out = np.zeros((6, 10), dtype)
    fold(plane, how, out)
    assert np.array_equal(out, NUMPY[how](quads(plane), axis=2))


def test_bytes_are_summed_up_as_what_they_become() -> None:
    plane = np.random.default_rng(3).integers(0, 256, (12, 20), np.uint8)
    out = np.zeros((6, 10), np.float32)
    fold(plane, "sum", out)
    assert np.array_equal(out, np.sum(quads(plane), axis=2, dtype=np.float32))


@pytest.mark.parametrize("dtype", ["uint32", "uint8"])
def test_or_keeps_every_flag(dtype: str) -> None:
    plane = np.random.default_rng(3).choice([0, 1, 2, 4, 64], (8, 8)).astype(dtype)
    out = np.zeros((4, 4), dtype)
    fold(plane, "or", out)
    assert np.array_equal(out, np.bitwise_or.reduce(quads(plane), axis=2))


def test_into_a_quarter_and_nowhere_else() -> None:
    plane = np.arange(64, dtype=np.float32).reshape(8, 8)
    parent = np.full((8, 8), -1, np.float32)
    fold(plane, "sum", parent, (4, 0))
    assert np.array_equal(parent[4:, :4], quads(plane).sum(axis=2))
    parent[4:, :4] = -1
    assert (parent == -1).all()


@pytest.mark.parametrize("at", range(4))
def test_a_nan_stays(at: int) -> None:
    plane = np.ones((2, 2), np.float32)
    plane.flat[at] = np.nan
    for how in ("sum", "max"):
        out = np.zeros((1, 1), np.float32)
        fold(plane, how, out)
        assert np.isnan(out[0, 0])


@pytest.mark.parametrize(
    ("shape", "corner"), [((4, 6), (0, 0)), ((4, 3), (0, 0)), ((4, 4), (1, 0)), ((2, 2), (0, 2))]
)
def test_shapes_have_to_fit(shape: tuple[int, int], corner: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="does not fold"):
        fold(np.zeros(shape, np.float32), "sum", np.zeros((2, 2), np.float32), corner)

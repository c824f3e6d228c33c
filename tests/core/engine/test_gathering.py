"""Planes put together from quarters, against numpy."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pytest

from arbvis_core.engine.gathering import Gathering, half_size, is_constant
from arbvis_core.values import Plane, TileKey

FOLDS = {"sum": np.add, "max": np.maximum, "or": np.bitwise_or}
#: A value of a quarter: an array, a number, or nothing at all.
CASES = [
    ("array", "array", "array", "array"),
    ("array", "number", None, "other"),
    ("number", "other", "array", None),
    ("number", "number", "number", "number"),
    ("number", "number", "number", "other"),
    ("number", "number", None, "number"),
    ("zero", "zero", None, "zero"),
]


def made(kind: str, side: int, dtype: str, rng: np.random.Generator) -> np.ndarray:
    if kind == "array":
        return rng.integers(0, 60, (side, side)).astype(dtype)
    number = np.asarray({"number": 7, "other": 9, "zero": 0}[kind], dtype)
    return np.broadcast_to(number, (side, side))


def folded_by_numpy(values: np.ndarray, how: str) -> np.ndarray:
    pairs = FOLDS[how](values[::2], values[1::2])
    return FOLDS[how](pairs[:, ::2], pairs[:, 1::2])


@pytest.mark.parametrize("kinds", CASES)
@pytest.mark.parametrize("folded", [True, False])
@pytest.mark.parametrize(
    ("how", "dtype"), [("sum", "float32"), ("max", "float32"), ("or", "uint8")]
)
def test_quarters_come_together(
    kinds: tuple[str | None, ...],
    folded: bool,
    how: Literal["sum", "max", "or"],
    dtype: Literal["float32", "uint8"],
) -> None:
    rng = np.random.default_rng(3)
    wanted = np.zeros((512, 512), dtype)
    gathering = Gathering([Plane("one", dtype, how)])
    for place, kind in enumerate(kinds):
        if kind is None:
            continue
        values = made(kind, 256 if folded else 512, dtype, rng)
        y, x = divmod(place, 2)
        gathering.put(TileKey(3, 4 + x, 6 + y), {"one": values}, folded=folded)
        expected = values if folded else folded_by_numpy(values, how)
        wanted[256 * y : 256 * y + 256, 256 * x : 256 * x + 256] = expected
    found: Any = gathering.planes()["one"]
    assert found.dtype == dtype
    assert np.array_equal(found, wanted)
    assert is_constant(found) == (kinds in {CASES[3], CASES[6]})


@pytest.mark.parametrize("kind", ["array", "number"])
@pytest.mark.parametrize(
    ("how", "dtype"), [("sum", "float32"), ("max", "float32"), ("or", "uint8")]
)
def test_a_plane_is_folded_to_half_its_size(
    kind: str, how: Literal["sum", "max", "or"], dtype: Literal["float32", "uint8"]
) -> None:
    values = made(kind, 512, dtype, np.random.default_rng(3))
    found = half_size(values, Plane("one", dtype, how))
    assert found.dtype == dtype
    assert np.array_equal(found, folded_by_numpy(values, how))
    assert is_constant(found) == (kind == "number")

"""Differences row by row, against numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from modelweightvis.kernels.compare import (
    BROKEN,
    CHANGED,
    FIGURES,
    LINEAR,
    MIDDLE,
    NOT_FINITE,
    RATIO,
    SIZE,
    SPAN,
    compare,
    count_pairs,
    measure,
    overview,
)

SIDE = 24
ODD = np.array([0, -0.0, 1, -1, 3e38, -3e38, 1e-45, np.nan, np.inf, -np.inf], np.float32)
TABLE = np.linspace(0, 1, 1 << 15).astype(np.float32)


def pairs(seed: int, height: int, width: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return two matrices: near each other, the same here and there, some of them odd."""
    random = np.random.default_rng(seed)
    left = random.standard_normal((height, width)).astype(np.float32)
    right = left + np.float32(0.1) * random.standard_normal((height, width)).astype(np.float32)
    right[random.random(left.shape) < 0.3] = left[0, 0]
    left[random.random(left.shape) < 0.3] = left[0, 0]
    for one in (left, right):
        odd = random.random(left.shape) < (seed % 3) / 20
        one[odd] = random.choice(ODD, int(odd.sum()))
    return left, right


def expected_shares(
    left: NDArray[np.float32], right: NDArray[np.float32], mode: int, unit: float
) -> NDArray[np.float32]:
    delta = np.abs(right - left)
    if mode == LINEAR:
        return np.minimum(np.float32(1), delta * np.float32(unit))
    if mode == RATIO:
        delta = np.where(left == 0, np.float32(1), delta / np.abs(left))
    return TABLE[(delta.view(np.uint32) >> 16) & 0x7FFF]


def folded(values: NDArray[Any], tile: tuple[int, int]) -> NDArray[Any]:
    """Add up patches of 2 × 2 of a tile in which the values lie."""
    whole = np.zeros((SIDE, SIDE), values.dtype)
    whole[tile[0] : tile[0] + len(values), tile[1] : tile[1] + values.shape[1]] = values
    return whole.reshape(SIDE // 2, 2, SIDE // 2, 2).sum(axis=(1, 3), dtype=values.dtype)


@settings(deadline=None)
@given(
    st.integers(0, 999), st.integers(1, 20), st.integers(1, 20), st.integers(0, 4),
    st.integers(0, 4), st.sampled_from([LINEAR, SIZE, RATIO]),
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_rectangle_is_painted_measured_and_added_up(
    seed: int, height: int, width: int, top: int, side: int, mode: int
) -> None:
    left, right = pairs(seed, height, width)
    codes = np.zeros((SIDE, SIDE), np.uint8)
    half = (SIDE // 2, SIDE // 2)
    planes = (np.zeros(half, "f4"), np.zeros(half, "f4"), np.zeros(half, "u1"))
    counts, sums = np.zeros(half, "f4"), np.zeros(len(FIGURES))
    where: dict[str, Any] = {"tile": (top, side), "origin": (100, 200)}
    scale = (mode, 3.0, TABLE)
    broken = compare(left, right, scale=scale, codes=codes, planes=planes, sums=sums, **where)
    count_pairs(left, right, (top, side), counts)

    finite = np.isfinite(left) & np.isfinite(right)
    delta = np.where(finite, right - left, np.float32(0))
    changed = delta != 0
    shares = np.where(changed, expected_shares(left, right, mode, 3.0), np.float32(0))
    steps = np.maximum(1, (shares * np.float32(SPAN) + np.float32(0.5)).astype(int))
    painted = np.where(changed, MIDDLE + np.sign(delta) * steps, MIDDLE)
    inside = (slice(top, top + height), slice(side, side + width))
    assert (codes[inside] == np.where(finite, painted, 2)).all()
    codes[inside] = 0
    assert not codes.any()
    assert broken == (~finite).sum()
    np.testing.assert_allclose(
        planes[0], folded(shares * np.sign(delta), where["tile"]), 1e-5, 1e-6
    )
    np.testing.assert_allclose(planes[1], folded(shares, where["tile"]), 1e-5)
    flags = CHANGED * (folded(changed.astype(int), where["tile"]) > 0)
    flags |= NOT_FINITE * (folded((~finite).astype(int), where["tile"]) > 0)
    assert (planes[2] == flags).all()
    assert (counts == folded(finite.astype("f4"), where["tile"])).all()
    check_sums(left, right, sums)


def check_sums(
    left: NDArray[np.float32], right: NDArray[np.float32], sums: NDArray[np.float64]
) -> None:
    finite = np.isfinite(left) & np.isfinite(right)
    a, b = (np.where(finite, one, 0).astype(np.float64) for one in (left, right))
    found = (finite.sum(), (a != b).sum(), a * a, b * b, a * b, b - a, (b - a) ** 2)
    totals = [float(np.sum(one)) for one in found]
    np.testing.assert_allclose(sums[:7], totals, 1e-9, 1e-9 * float(np.abs(a * b).max()))
    largest = np.abs(b - a)
    assert sums[7] == largest.max()
    if largest.max() > 0:
        y, x = np.unravel_index(largest.argmax(), largest.shape)
        assert (sums[8], sums[9]) == (100 + y, 200 + x)
    ok = np.isfinite(left), np.isfinite(right)
    apart = ((~ok[0] & ok[1]).sum(), (ok[0] & ~ok[1]).sum(), (~ok[0] & ~ok[1]).sum())
    assert tuple(sums[BROKEN:]) == apart


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_is_only_measured_gives_the_same_sums() -> None:
    left, right = pairs(2, 7, 33)
    sums, alone = np.zeros(len(FIGURES)), np.zeros(len(FIGURES))
    half = (20, 20)
    planes = (np.zeros(half, "f4"), np.zeros(half, "f4"), np.zeros(half, "u1"))
    compare(
        left, right, scale=(SIZE, 1.0, TABLE), tile=(0, 1), origin=(0, 0),
        codes=np.zeros((40, 40), "u1"), planes=planes, sums=sums,
    )  # fmt: skip
    measure(left, right, alone)
    assert (sums == alone).all()


def test_what_leaves_the_tile_is_refused() -> None:
    values = np.zeros((4, 4), np.float32)
    half = (np.zeros((2, 2), "f4"), np.zeros((2, 2), "f4"), np.zeros((2, 2), "u1"))
    with pytest.raises(ValueError, match="leaves a tile"):
        compare(
            values, values, scale=(LINEAR, 1.0, TABLE), tile=(0, 1), origin=(0, 0),
            codes=np.zeros((4, 4), "u1"), planes=half, sums=np.zeros(len(FIGURES)),
        )  # fmt: skip


def test_an_overview_tells_which_sign_prevails() -> None:
    count = np.full((1, 8), 16, np.float32)
    magnitude = np.array([[8, 8, 8, 8, 8, 0, 8, 8]], np.float32)
    total = np.array([[8, 4.2, 0, -4.2, -8, 0, 8, 8]], np.float32)
    flags = np.array([[2, 2, 2, 2, 2, 0, 3, 2]], np.uint8)
    count[0, 7] = 0
    codes = np.full((1, 8), 77, np.uint8)
    table = np.zeros(1 << 15, np.uint8)
    table[int(np.float32(0.5).view(np.uint32) >> 16)] = 9
    planes = {"count": count, "total": total, "magnitude": magnitude, "flags": flags}
    overview(planes, table, codes)
    groups = [5 + 50 * group + 9 for group in (4, 3, 2, 1, 0)]
    assert codes.tolist() == [[*groups, 255, 2, 77]]

"""Streams, against zlib."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from arbvis_core.kernels import deflate


def fibonacci(symbols: int) -> np.ndarray:
    """Bytes whose best code is as lopsided as can be: one bit longer for each symbol."""
    counts = [1, 1]
    while len(counts) < symbols:
        counts.append(counts[-1] + counts[-2])
    return np.repeat(np.arange(symbols), counts).astype(np.uint8)


def noise(low: int, high: int, size: int) -> np.ndarray:
    return np.random.default_rng(7).integers(low, high, size, dtype=np.uint8)


@pytest.mark.parametrize(
    "data",
    [
        noise(0, 256, 4099),
        noise(0, 5, 4099),
        np.random.default_rng(7).normal(128, 20, 4001).astype(np.uint8),
        np.zeros(5000, np.uint8),
        np.arange(256, dtype=np.uint8),
        np.full(1, 9, np.uint8),
        fibonacci(20),
        np.resize(noise(0, 256, 700), 9001),
    ],
    ids=["noise", "few", "normal", "zeros", "each once", "one", "lopsided", "repeating"],
)
def test_zlib_reads_it(data: np.ndarray) -> None:
    assert zlib.decompress(deflate.compress(data)) == data.tobytes()


@settings(deadline=None)  # the first example compiles
@given(arrays(np.uint8, st.integers(1, 300), elements=st.integers(0, 255)))
def test_zlib_reads_anything(data: np.ndarray) -> None:
    assert zlib.decompress(deflate.compress(data)) == data.tobytes()


def test_a_code_made_for_the_data_is_as_short_as_zlibs() -> None:
    data = np.random.default_rng(7).normal(128, 20, 50_000).astype(np.uint8)
    best = zlib.compressobj(9, zlib.DEFLATED, 15, 9, zlib.Z_HUFFMAN_ONLY)
    size = len(best.compress(data.tobytes()) + best.flush())
    assert len(deflate.compress(data)) <= 1.01 * size


def test_what_repeats_is_found() -> None:
    data = np.tile(np.arange(4, dtype=np.uint8).repeat(50), 100)
    assert len(deflate.compress(data)) < data.size / 50


def test_what_cannot_be_shortened_is_stored() -> None:
    data = noise(0, 256, 60_000)
    assert len(deflate.compress(data)) < data.size + 64


@settings(deadline=None)  # the first example compiles
@given(st.lists(st.integers(1, 1000), min_size=2, max_size=40))
def test_code_lengths_are_those_of_the_best_code(counts: list[int]) -> None:
    import heapq

    heap = sorted(counts)
    cost = 0
    while len(heap) > 1:
        joined = heapq.heappop(heap) + heapq.heappop(heap)
        cost += joined
        heapq.heappush(heap, joined)
    weights = np.sort(counts)
    depth = np.zeros(2 * len(counts) - 1, np.int64)
    deflate.code_lengths(weights, depth, np.zeros_like(depth), np.zeros_like(depth))
    lengths = depth[: len(counts)]
    assert int(weights @ lengths) == cost
    assert (2.0 ** -lengths.astype(float)).sum() == 1

"""Codes, against the textbook's way to make them."""

from __future__ import annotations

import heapq

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from arbvis_core.kernels import huffman


@settings(deadline=None)  # the first example compiles
@given(st.lists(st.integers(1, 1000), min_size=2, max_size=40))
def test_code_lengths_are_those_of_the_best_code(counts: list[int]) -> None:
    heap = sorted(counts)
    cost = 0
    while len(heap) > 1:
        joined = heapq.heappop(heap) + heapq.heappop(heap)
        cost += joined
        heapq.heappush(heap, joined)
    weights = np.array(counts)
    lengths = np.zeros_like(weights)
    huffman.code_lengths(weights.copy(), lengths, np.empty(7 * weights.size, np.int64))
    assert int(weights @ lengths) == cost
    assert (2.0 ** -lengths.astype(float)).sum() == 1


def test_codes_of_lopsided_counts_are_not_too_long() -> None:
    counts = 2 ** np.arange(30)
    lengths = np.zeros_like(counts)
    huffman.code_lengths(counts.copy(), lengths, np.empty(7 * counts.size, np.int64))
    assert lengths.max() <= huffman.LIMIT
    assert (2.0 ** -lengths.astype(float)).sum() == 1
    assert (np.diff(lengths) <= 0).all()


def test_the_code_of_a_pair_is_that_of_the_first_byte_and_then_of_the_second() -> None:
    counts = np.random.default_rng(6).integers(1, 5000, 257)
    lengths, table = np.zeros_like(counts), np.empty(257, np.uint64)
    huffman.code_lengths(counts.copy(), lengths, np.empty(7 * counts.size, np.int64))
    huffman.code_table(lengths, table)
    pairs = np.empty(huffman.PAIRS, np.uint32)
    huffman.pair_table(table, pairs)
    for first, second in ((0, 0), (3, 200), (255, 1), (255, 255)):
        code, length = divmod(int(pairs[first + 256 * second]), 1 << huffman.PAIR_LENGTH)
        (one, size), (two, more) = (divmod(int(table[byte]), 256) for byte in (first, second))
        assert (code, length) == (one | two << size, size + more)

"""Crops become arrays, each byte once, whatever the threads do."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from arbvis_core.errors import SourceError
from arbvis_core.reading import RangeCache, Reader, cache, cutting, read_crops
from arbvis_core.reading.cache import PAGE
from arbvis_core.values import Crop, Range


class Counting:
    """Bytes in memory that remember what was asked of them."""

    name = folder = identity = "memory"

    def __init__(self, content: bytes, key: str = "memory") -> None:
        self.key = key
        self.content = content
        self.size = len(content)
        self.asked: list[Range] = []
        self._lock = threading.Lock()

    def read(self, ranges: Sequence[Range]) -> list[bytes]:
        with self._lock:
            self.asked += ranges
        return [self.content[start:stop] for start, stop in ranges]

    def verify(self) -> None:
        return

    @property
    def bytes_asked(self) -> int:
        return sum(stop - start for start, stop in self.asked)


CONTENT = np.random.default_rng(1).integers(0, 256, 5 * PAGE + 1234, np.uint8).tobytes()


def expected(crop: Crop) -> np.ndarray:
    raw = np.frombuffer(CONTENT, np.uint8)
    rows = [raw[crop.start + i * crop.stride :][: crop.row_bytes] for i in range(crop.rows)]
    return np.stack(rows)


@st.composite
def crops(draw: st.DrawFn) -> Crop:
    rows = draw(st.integers(1, 40))
    row_bytes = draw(st.integers(0, PAGE * 2 // rows))
    most = (len(CONTENT) - row_bytes) // max(1, rows - 1) if rows > 1 else 0
    stride = draw(st.integers(0, most)) if rows > 1 else 0
    last = len(CONTENT) - (rows - 1) * stride - row_bytes
    return Crop("memory", draw(st.integers(0, last)), row_bytes, stride, rows)


@given(st.lists(crops(), min_size=1, max_size=4), st.booleans())
def test_crops_are_what_numpy_cuts_out(wanted: list[Crop], small: bool) -> None:
    source = Counting(CONTENT)
    reader = Reader({"memory": source}, RangeCache(limit=2 * PAGE))
    reader._small = small
    for crop, array in zip(wanted, reader.fetch(wanted), strict=True):
        assert array.shape == (crop.rows, crop.row_bytes)
        np.testing.assert_array_equal(array, expected(crop))
        assert not array.flags.writeable


@given(st.lists(crops(), min_size=1, max_size=4), st.integers(1, 5 * PAGE))
def test_crops_that_are_read_once_are_the_same(wanted: list[Crop], span: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("arbvis_core.reading.once.SPAN", span)
        patch.setattr("arbvis_core.reading.once.NEAR", span // 16)
        got = read_crops({"memory": Counting(CONTENT)}, wanted)
    assert len(got) == len(wanted)
    for crop, array in zip(wanted, got, strict=True):
        assert not array.flags.writeable
        np.testing.assert_array_equal(array, expected(crop))


@pytest.mark.parametrize(
    ("crop", "asked"),
    [
        (Crop("memory", 5, 100), [(5, 105)]),
        (Crop("memory", 5, 100, 100, 3), [(5, 305)]),
        (Crop("memory", 5, 100, 1000, 3), [(5, 2105)]),
        (Crop("memory", 0, 4, PAGE, 3), [(0, 4), (PAGE, PAGE + 4), (2 * PAGE, 2 * PAGE + 4)]),
    ],
)
def test_what_is_read_once_is_not_read_in_pages(crop: Crop, asked: list[Range]) -> None:
    source = Counting(CONTENT)
    read_crops({"memory": source}, [crop])
    assert source.asked == asked


def test_gaps_are_not_read_by_the_gigabyte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arbvis_core.reading.once.SPAN", 1 << 16)
    source = Counting(CONTENT)
    crop = Crop("memory", 3, 4, 1024, 1000)
    (array,) = read_crops({"memory": source}, [crop])
    np.testing.assert_array_equal(array, expected(crop))
    assert max(stop - start for start, stop in source.asked) <= 1 << 16


def test_blocks_side_by_side_read_a_row_band_once() -> None:
    stride, width = 16_384, 2_048
    source = Counting(CONTENT)
    reader = Reader({"memory": source}, RangeCache())
    reader._small = False
    rows = len(CONTENT) // stride
    for x in range(0, stride, width):
        reader.fetch([Crop("memory", x, width, stride, rows)])
    assert source.bytes_asked <= len(CONTENT)


def banded() -> tuple[Counting, Reader]:
    source = Counting(CONTENT)
    reader = Reader({"memory": source}, RangeCache())
    reader._small = False
    return source, reader


@given(st.data())
def test_crops_of_the_same_rows_are_cut_out_of_one_band(data: st.DataObject) -> None:
    source, reader = banded()
    stride = data.draw(st.integers(2, 30_000))
    low = data.draw(st.integers(0, 5_000))
    first = data.draw(st.integers(0, 5))
    rows = data.draw(st.integers(2, (len(CONTENT) - low) // stride - first))
    within = Range(low, data.draw(st.integers(low + stride * (first + rows), len(CONTENT))))
    edges = sorted({0, stride, *data.draw(st.lists(st.integers(1, stride - 1), min_size=1))})
    start = low + first * stride
    for left, right in pairwise(edges):
        crop = Crop("memory", start + left, right - left, stride, rows, within)
        (array,) = reader.fetch([crop])
        np.testing.assert_array_equal(array, expected(crop))
        assert array.base is not None  # nothing was copied
        assert not array.flags.writeable
    assert source.asked == [(start, start + rows * stride)]


def test_the_last_row_of_a_tensor_may_be_shorter_than_its_band() -> None:
    source, reader = banded()
    crop = Crop("memory", 10, 60, 100, 9, Range(0, 870))
    np.testing.assert_array_equal(reader.fetch([crop])[0], expected(crop))
    assert source.asked == [(0, 870)]


@pytest.mark.parametrize(
    "crop",
    [
        Crop("memory", 90, 60, 100, 9, Range(0, 2000)),  # from one row into the next
        Crop("memory", 0, 60, PAGE + 1, 4, Range(0, len(CONTENT))),
        Crop("memory", 0, 60, 50, 4, Range(0, len(CONTENT))),
        Crop("memory", 0, 60, 0, 4, Range(0, len(CONTENT))),
        Crop("memory", 0, PAGE + 200, PAGE + 1, 3, Range(0, len(CONTENT))),
        Crop("memory", len(CONTENT) - 3 * PAGE - 202, PAGE + 200, PAGE + 1, 3),
        Crop("memory", 0, 0, 50, 4, Range(0, len(CONTENT))),
        Crop("memory", 0, 60, 100, 4),
    ],
)
def test_what_makes_no_band_is_read_in_pages(crop: Crop) -> None:
    source, reader = banded()
    np.testing.assert_array_equal(reader.fetch([crop])[0], expected(crop))
    assert all(low % PAGE == 0 for low, _ in source.asked)


def test_bands_of_two_tensors_find_room_beside_each_other() -> None:
    source = Counting(CONTENT)
    reader = Reader({"memory": source}, RangeCache(8 * cache.BANDS * PAGE // 4))
    reader._small = False
    halves = [Range(0, 2 * PAGE), Range(2 * PAGE, 4 * PAGE)]
    for column in range(0, 1024, 128):
        for half in halves:
            crop = Crop("memory", half.start + column, 128, 1024, 512, half)
            np.testing.assert_array_equal(reader.fetch([crop])[0], expected(crop))
    assert source.asked == halves


def test_a_band_that_would_be_too_large_is_read_in_pages() -> None:
    source, reader = banded()
    reader._cache = RangeCache(cache.BANDS * (3 * PAGE - 1))
    crop = Crop("memory", 0, 10, PAGE // 4, 12, Range(0, len(CONTENT)))
    np.testing.assert_array_equal(reader.fetch([crop])[0], expected(crop))
    assert source.asked == [(page * PAGE, page * PAGE + PAGE) for page in range(3)]


@given(st.data())
def test_pages_of_a_tensor_reach_no_further_than_it_does(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(CONTENT) - 1))
    stop = data.draw(st.integers(start + 1, len(CONTENT)))
    stride = data.draw(st.integers(2, 60_000))
    width = data.draw(st.integers(1, min(stride, stop - start)))
    rows = 1 + (stop - start - width) // stride
    source = Counting(CONTENT)
    reader = Reader({"memory": source}, RangeCache())
    reader._small = False
    for _ in range(2):
        crop = Crop("memory", start, width, stride, rows, Range(start, stop))
        np.testing.assert_array_equal(reader.fetch([crop])[0], expected(crop))
    straight = rows == 1 or stride == width  # not kept: it belongs to one block
    assert source.bytes_asked <= (stop - start) * (2 if straight else 1)
    assert all(start <= low and high <= stop for low, high in source.asked)


def test_what_begins_at_one_byte_and_ends_at_two_has_pages_of_its_own() -> None:
    source = Counting(CONTENT)
    reader = Reader({"memory": source}, RangeCache())
    reader._small = False
    for stop in (PAGE + 600, len(CONTENT), 2 * PAGE + 100):
        crop = Crop("memory", 10, 60, 100, (stop - 70) // 100, Range(0, stop))
        np.testing.assert_array_equal(reader.fetch([crop])[0], expected(crop))


def test_a_crop_beyond_what_it_lies_within_is_refused() -> None:
    reader = Reader({"memory": Counting(CONTENT)}, RangeCache())
    for within in (Range(11, 100), Range(0, 19), Range(0, len(CONTENT) + 1)):
        with pytest.raises(SourceError, match="lay within"):
            reader.fetch([Crop("memory", 10, 10, within=within)])


def test_threads_that_want_the_same_pages_read_them_once() -> None:
    source = Counting(CONTENT)
    reader = Reader({"memory": source}, RangeCache())
    crop = Crop("memory", 0, 100, 20_000, 60)
    with ThreadPoolExecutor(8) as pool:
        arrays = list(pool.map(lambda _: reader.fetch([crop])[0], range(32)))
    assert all(np.array_equal(array, expected(crop)) for array in arrays)
    assert source.bytes_asked <= len(CONTENT)


def test_the_cache_stays_within_its_limit() -> None:
    source = Counting(CONTENT)
    cache = RangeCache(limit=2 * PAGE)
    reader = Reader({"memory": source}, cache)
    for page in range(5):
        reader.fetch([Crop("memory", page * PAGE, 10, 20, 3)])
    assert cache._held <= 2 * PAGE
    assert len(cache._kept) <= 2


@pytest.fixture
def few_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arbvis_core.reading.reader.SMALL", 0)
    monkeypatch.setattr("arbvis_core.reading.cache.DONE", 2 * PAGE)


def column(of: int, page: int) -> Crop:
    """Return a half or a quarter of every row of a page, of four bytes each."""
    return Crop("memory", page * PAGE, of, 4, PAGE // 4)


@pytest.mark.usefixtures("few_done")
def test_pages_of_which_every_byte_was_handed_out_go_first() -> None:
    source, cache = Counting(CONTENT), RangeCache()
    reader = Reader({"memory": source}, cache)
    for page in range(4):
        reader.fetch([column(2, page)])
    assert len(cache._kept) == 4  # the others' halves may still be asked for
    for page in (2, 0, 3):
        reader.fetch([column(2, page)._replace(start=page * PAGE + 2)])
    assert source.bytes_asked == 4 * PAGE
    assert [key[-1].start // PAGE for key in cache._kept] == [1, 3]
    assert cache._held == 2 * PAGE == sum(map(len, cache._kept.values()))
    reader.fetch([column(2, 1)])
    assert source.bytes_asked == 4 * PAGE
    np.testing.assert_array_equal(reader.fetch([column(1, 2)])[0], expected(column(1, 2)))
    assert source.bytes_asked == 5 * PAGE
    reader.fetch([column(2, 2)])
    assert source.bytes_asked == 5 * PAGE  # what was dropped is counted anew


@pytest.mark.usefixtures("few_done")
@given(st.lists(crops(), max_size=6), st.integers(1, 6))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_used_up_is_used_byte_by_byte(wanted: list[Crop], limit: int) -> None:
    cache = RangeCache(limit * PAGE)
    reader = Reader({"memory": Counting(CONTENT)}, cache)
    for crop in wanted:
        np.testing.assert_array_equal(reader.fetch([crop])[0], expected(crop))
        assert cache._held == sum(map(len, cache._kept.values())) <= limit * PAGE
        assert {*cache._done} <= {*cache._used} <= {*cache._kept}
    apart = [one for one in wanted if one.stride >= one.row_bytes]
    for crop in apart:
        places = np.arange(crop.rows)[:, None] * crop.stride + np.arange(crop.row_bytes)
        numbers, sizes = np.unique((crop.start + places) // PAGE, return_counts=True)
        cut = cutting.pages_of(crop, Range(0, len(CONTENT)))
        assert [one.start // PAGE for one in cut] == numbers.tolist()
        assert [*cut.values()] == sizes.tolist()


def test_a_small_source_that_was_sampled_is_not_read_again() -> None:
    source = Counting(CONTENT)
    reader = Reader({"memory": source}, RangeCache())
    reader.fetch([Crop("memory", 0, len(CONTENT))])
    reader.fetch([Crop("memory", start, 1000) for start in range(0, len(CONTENT) - 1000, 1000)])
    assert source.bytes_asked == len(CONTENT)


def test_a_large_source_is_read_straight_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arbvis_core.reading.reader.SMALL", 0)
    source = Counting(CONTENT)
    cache = RangeCache()
    Reader({"memory": source}, cache).fetch([Crop("memory", 0, 100), Crop("memory", 300, 7)])
    assert source.asked == [Range(0, 100), Range(300, 307)]
    assert not cache._kept


@pytest.mark.parametrize("crop", [Crop("memory", -1, 4), Crop("memory", len(CONTENT) - 3, 4)])
def test_a_crop_outside_its_source_is_refused(crop: Crop) -> None:
    with pytest.raises(SourceError):
        read_crops({"memory": Counting(CONTENT)}, [crop])
    with pytest.raises(SourceError, match="were asked for"):
        Reader({"memory": Counting(CONTENT)}, RangeCache()).fetch([crop])


def test_a_source_that_returns_too_little_is_named() -> None:
    source = Counting(CONTENT)
    source.content = CONTENT[:10]
    with pytest.raises(SourceError, match="memory: the source returned"):
        Reader({"memory": source}, RangeCache()).fetch([Crop("memory", 0, 100)])


def test_a_failed_read_reaches_everyone_who_waits_and_is_tried_again() -> None:
    source = Counting(CONTENT)
    good = source.read
    source.read = lambda _ranges: (_ for _ in ()).throw(OSError("unplugged"))  # type: ignore[method-assign]
    reader = Reader({"memory": source}, RangeCache())
    with pytest.raises(SourceError, match="memory: cannot be read: unplugged"):
        reader.fetch([Crop("memory", 0, 10, 20, 3)])
    source.read = good  # type: ignore[method-assign]
    np.testing.assert_array_equal(
        reader.fetch([Crop("memory", 0, 10, 20, 3)])[0], expected(Crop("memory", 0, 10, 20, 3))
    )


def test_all_of_a_small_source_is_read_once_and_kept_within_the_limit() -> None:
    cache = RangeCache(limit=250)
    sources = [Counting(bytes([number]) * 100) for number in range(3)]
    for number, source in enumerate(sources):
        source.key = source.identity = str(number)
        for _ in range(2):
            assert bytes(cache.whole(source)) == source.content
    assert [len(source.asked) for source in sources] == [1, 1, 1]
    assert (len(cache._kept), cache._held) == (2, 200)
    cache.whole(sources[0], keep=False)
    cache.whole(sources[0], keep=False)
    assert len(sources[0].asked) == 3


def test_pages_and_the_whole_are_the_same() -> None:
    cache = RangeCache()
    source = Counting(CONTENT[:1000])
    whole = Range(0, 1000)
    assert (
        bytes(cache.ranges(source, [whole])[whole]) == bytes(cache.whole(source)) == CONTENT[:1000]
    )
    assert len(source.asked) == 1

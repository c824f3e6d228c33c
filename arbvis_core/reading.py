"""Between sources and the plan: crops become arrays, and no byte is asked for twice.

A contiguous crop belongs to one block, so it is read straight through. The rows of a strided crop
share their neighbourhood with the blocks beside it: they are served from pages kept in a bounded
cache, so that a row band of a wide matrix is read once although several blocks cut it up. Pages begin
with the tensor and end with it, so that none is read for the sake of another.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING

from arbvis_core.errors import ArbvisError, SourceError
from arbvis_core.values import Buffer, Crop, Range, Source

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Bytes of one cached page: few for a tile, and little that is wasted at the ends of a tensor.
PAGE = 1 << 18
#: Bytes of pages kept in one process.
CACHE = 256 << 20
#: Bytes of pages that are kept although every byte of them was handed out: nobody will ask again, and
#: what is drawn into memory that was used before is drawn faster.
DONE = 48 << 20
#: Bytes between two rows that are rather read than skipped, where no pages are kept.
NEAR = 16 << 10
#: Bytes that are read in one call, where no pages are kept.
SPAN = 8 << 20
#: Inputs up to this size are kept whole once read, so that sampling them costs no second read.
SMALL = 64 << 20

#: Source, its identity, the range that is cut into pages, the number of the page.
_PageKey = tuple[str, str, Range, int]


class PageCache:
    """Pages of sources, least recently used first out; one reader per page, whoever asks."""

    def __init__(self, limit: int = CACHE) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._pages: OrderedDict[_PageKey, Buffer] = OrderedDict()
        self._used: dict[_PageKey, int] = {}
        self._done: OrderedDict[_PageKey, None] = OrderedDict()
        self._loading: dict[_PageKey, Future[Buffer]] = {}
        self._held = 0

    def pages(self, source: Source, within: Range, numbers: Sequence[int]) -> dict[int, Buffer]:
        """Return pages of a range by number; those that are missing are read in one call."""
        found: dict[int, Buffer] = {}
        awaited: dict[int, Future[Buffer]] = {}
        missing: list[int] = []
        place = (source.key, source.identity, within)
        with self._lock:
            for number in numbers:
                key = (*place, number)
                page = self._pages.get(key)
                if page is not None:
                    self._pages.move_to_end(key)
                    found[number] = page
                elif key in self._loading:
                    awaited[number] = self._loading[key]
                else:
                    self._loading[key] = Future()
                    missing.append(number)
        if missing:
            found |= self._load(source, within, missing)
        found.update((number, future.result()) for number, future in awaited.items())
        return found

    def kept(self, source: Source) -> Buffer | None:
        """Return all of a source that is no longer than a page, if it is there."""
        return self._pages.get(_first_page(source)) if source.size <= PAGE else None

    def whole(self, source: Source, *, keep: bool = True) -> Buffer:
        """Return all of a source that is no longer than a page; keep it for whoever asks next."""
        key = _first_page(source)
        with self._lock:
            found = self._pages.get(key)
            loading = self._loading.get(key)
        if found is None and loading is not None:
            return loading.result()
        if found is None:
            (found,) = read_ranges(source, [Range(0, source.size)])
            if keep:
                with self._lock:
                    self._keep(key, found)
        return found

    def use(self, source: Source, within: Range, sizes: Mapping[int, int]) -> None:
        """Take down how many bytes of pages were handed out; those that are used up go first."""
        place = (source.key, source.identity, within)
        with self._lock:
            for number, size in sizes.items():
                key = (*place, number)
                page = self._pages.get(key)
                if page is None:
                    continue
                self._used[key] = used = self._used.get(key, 0) + size
                if used >= len(page):
                    self._done[key] = None
                    self._done.move_to_end(key)
            while self._held > DONE and self._done:
                self._drop(next(iter(self._done)))

    def _keep(self, key: _PageKey, page: Buffer) -> None:
        self._held += len(page) - len(self._pages.get(key, b""))
        self._pages[key] = page
        while self._held > self._limit:
            self._drop(next(iter(self._pages)))

    def _drop(self, key: _PageKey) -> None:
        self._held -= len(self._pages.pop(key))
        self._used.pop(key, None)
        self._done.pop(key, None)

    def _load(self, source: Source, within: Range, missing: Sequence[int]) -> dict[int, Buffer]:
        keys = [(source.key, source.identity, within, number) for number in missing]
        try:
            loaded = _read_pages(source, within, missing)
        except BaseException as error:
            for future in self._finish(keys, {}):
                future.set_exception(error)
            raise
        for number, future in zip(missing, self._finish(keys, loaded), strict=True):
            future.set_result(loaded[number])
        return loaded

    def _finish(
        self, keys: Sequence[_PageKey], loaded: Mapping[int, Buffer]
    ) -> list[Future[Buffer]]:
        """Take over what was loaded and return the futures of those who may be waiting for it."""
        with self._lock:
            for key in keys:
                if key[-1] in loaded:
                    self._keep(key, loaded[key[-1]])
            return [self._loading.pop(key) for key in keys]


def _first_page(source: Source) -> _PageKey:
    return source.key, source.identity, Range(0, source.size), 0


def _read_pages(source: Source, within: Range, numbers: Sequence[int]) -> dict[int, Buffer]:
    starts = [within.start + one * PAGE for one in numbers]
    ranges = [Range(start, min(start + PAGE, within.stop)) for start in starts]
    return dict(zip(numbers, read_ranges(source, ranges), strict=True))


#: Shared by every reader of the process: blocks of one plan run in several threads.
SHARED = PageCache()


class Reader:
    """Serves crops from the sources of a plan."""

    def __init__(self, sources: Mapping[str, Source], cache: PageCache = SHARED) -> None:
        self._sources = sources
        self._cache = cache
        self._small = sum(source.size for source in sources.values()) <= SMALL

    def fetch(self, crops: Sequence[Crop]) -> list[NDArray[np.uint8]]:
        """Return one read-only uint8 array (rows, row_bytes) per crop.

        Raises:
            SourceError: bytes cannot be had, or lie outside their source.
        """
        arrays: dict[int, NDArray[np.uint8]] = {}
        direct: dict[str, list[int]] = {}
        paged: dict[tuple[str, Range], list[int]] = {}
        for index, crop in enumerate(crops):
            source = _check(self._sources, crop)
            plain = self._small and crop.size > 0 and _contiguous(crop)
            page = self._cache.kept(source) if plain else None
            if page is not None:  # without more ado: of small files there may be very many
                arrays[index] = _as_rows(memoryview(page)[crop.start : crop.stop], crop)
                continue
            if not self._small and _contiguous(crop):
                direct.setdefault(crop.source, []).append(index)
            else:
                paged.setdefault((crop.source, self._within(crop)), []).append(index)
        for key, indices in direct.items():
            arrays.update(_direct(self._sources[key], crops, indices))
        for (key, within), indices in paged.items():
            # One call for all of them, so that a remote source can coalesce what is missing.
            inside = [
                crops[index]._replace(start=crops[index].start - within.start) for index in indices
            ]
            pages = self._cache.pages(self._sources[key], within, _pages_of(inside))
            arrays.update(zip(indices, (_from_pages(pages, crop) for crop in inside), strict=True))
            if not self._small:
                self._cache.use(self._sources[key], within, _bytes_by_page(inside))
        return [arrays[index] for index in range(len(crops))]

    def _within(self, crop: Crop) -> Range:
        """Return what is cut into pages: nothing beside it is read. Small inputs are kept whole."""
        if self._small or crop.within is None:
            return Range(0, self._sources[crop.source].size)
        return crop.within


def read_crops(
    sources: Mapping[str, Source], crops: Sequence[Crop], near: int = NEAR
) -> list[NDArray[np.uint8]]:
    """Do what `Reader.fetch` does without pages: whoever reads little and once reads no more.

    Gaps of up to `near` bytes between rows are read too, wider ones are not. Besides what is returned
    no more than `SPAN` bytes are held, if no row is longer.
    """
    import numpy as np

    for crop in crops:
        _check(sources, crop)
    arrays = [
        np.empty((0 if _contiguous(crop) else crop.rows, crop.row_bytes), np.uint8)
        for crop in crops
    ]
    runs = [(number, *run) for number, crop in enumerate(crops) for run in _row_runs(crop, near)]
    for batch in _batches(crops, runs):
        source = sources[crops[batch[0][0]].source]
        ranges = [_extent(crops[number], first, rows) for number, first, rows in batch]
        for (number, first, rows), buffer in zip(batch, read_ranges(source, ranges), strict=True):
            crop = crops[number]
            if _contiguous(crop):
                arrays[number] = _as_rows(buffer, crop)
                continue
            stored = np.lib.stride_tricks.as_strided(
                np.frombuffer(buffer, np.uint8), (rows, crop.row_bytes), (crop.stride, 1)
            )
            arrays[number][first : first + rows] = stored
            arrays[number].flags.writeable = first + rows < crop.rows
    return arrays


def _row_runs(crop: Crop, near: int) -> Iterable[tuple[int, int]]:
    """Cut a crop into runs of rows (first, count) that are read in one piece."""
    through = crop.stride - crop.row_bytes <= near
    count = max(1, SPAN // max(crop.stride, 1)) if through else 1
    count = crop.rows if _contiguous(crop) else count
    for first in range(0, crop.rows, count):
        yield first, min(count, crop.rows - first)


def _extent(crop: Crop, first: int, rows: int) -> Range:
    start = crop.start + first * crop.stride
    return Range(start, start + (rows - 1) * crop.stride + crop.row_bytes)


def _batches(
    crops: Sequence[Crop], runs: Iterable[tuple[int, int, int]]
) -> Iterable[list[tuple[int, int, int]]]:
    """Put runs together that one call can read: of one source, and of few bytes."""
    batch: list[tuple[int, int, int]] = []
    held = 0
    for number, first, rows in runs:
        start, stop = _extent(crops[number], first, rows)
        same = not batch or crops[batch[-1][0]].source == crops[number].source
        if batch and (not same or held + stop - start > SPAN):
            yield batch
            batch, held = [], 0
        batch.append((number, first, rows))
        held += stop - start
    if batch:
        yield batch


def _direct(
    source: Source, crops: Sequence[Crop], indices: Sequence[int]
) -> Iterable[tuple[int, NDArray[np.uint8]]]:
    """Read contiguous crops straight through, all in one call."""
    ranges = [Range(crops[index].start, crops[index].stop) for index in indices]
    buffers = read_ranges(source, ranges)
    for index, buffer in zip(indices, buffers, strict=True):
        yield index, _as_rows(buffer, crops[index])


def _from_pages(pages: Mapping[int, Buffer], crop: Crop) -> NDArray[np.uint8]:
    """Cut a crop out of the pages it touches; one that lies in a single page is not copied."""
    import numpy as np

    number, offset = divmod(crop.start, PAGE)
    if _contiguous(crop) and 0 < crop.size <= PAGE - offset:
        return _as_rows(memoryview(pages[number])[offset : offset + crop.size], crop)
    rows, size, stride = crop.rows, crop.row_bytes, crop.stride
    out = np.empty((rows, size), np.uint8)
    row = 0 if size else rows
    while row < rows:
        number, offset = divmod(crop.start + row * stride, PAGE)
        page = pages[number]
        room = len(page) - offset - size
        if room < 0:
            _copy_split_row(pages, crop.start + row * stride, out[row])
            row += 1
        else:  # every row that lies within the page
            count = min(rows - row, room // stride + 1) if stride else 1
            out[row : row + count] = np.ndarray((count, size), np.uint8, page, offset, (stride, 1))
            row += count
    out.flags.writeable = False
    return out


def read_ranges(source: Source, ranges: Sequence[Range]) -> Sequence[Buffer]:
    """Read ranges of a source and hold it to its word: every buffer is as long as was asked."""
    try:
        buffers = source.read(ranges)
    except ArbvisError:
        raise
    except Exception as error:
        raise SourceError(f"{source.name}: cannot be read: {error}") from error
    got = [len(memoryview(buffer).cast("B")) for buffer in buffers]
    if got != [stop - start for start, stop in ranges]:
        raise SourceError(f"{source.name}: the source returned {got} bytes for {list(ranges)}")
    return buffers


def _contiguous(crop: Crop) -> bool:
    return crop.rows == 1 or crop.stride == crop.row_bytes


def _check(sources: Mapping[str, Source], crop: Crop) -> Source:
    if crop.source not in sources:
        raise SourceError(f"{crop.source} is asked for, but the plan does not read it")
    source = sources[crop.source]
    if crop.start < 0 or crop.rows < 1 or crop.row_bytes < 0 or crop.stop > source.size:
        raise SourceError(
            f"{source.name}: bytes {crop.start} to {crop.stop} were asked for, "
            f"but it has {source.size}"
        )
    low, high = crop.within or (0, source.size)
    if not (0 <= low <= crop.start and crop.stop <= high <= source.size):
        raise SourceError(
            f"{source.name}: bytes {crop.start} to {crop.stop} were asked for as if they lay within "
            f"{low} to {high} of {source.size}"
        )
    return source


def _as_rows(buffer: Buffer, crop: Crop) -> NDArray[np.uint8]:
    import numpy as np

    array = np.frombuffer(buffer, np.uint8).reshape(crop.rows, crop.row_bytes)
    array.flags.writeable = False
    return array


def _pages_of(crops: Iterable[Crop]) -> list[int]:
    """Return the numbers of the pages that crops touch, ascending, each once."""
    numbers: set[int] = set()
    for crop in crops:
        start, size, stride = crop.start, crop.row_bytes, crop.stride
        if size == 0:
            continue
        if stride <= PAGE:  # every page between the first row and the last is touched
            numbers.update(range(start // PAGE, (crop.stop - 1) // PAGE + 1))
            continue
        for first in range(start, start + crop.rows * stride, stride):
            numbers.update(range(first // PAGE, (first + size - 1) // PAGE + 1))
    return sorted(numbers)


def _bytes_by_page(crops: Iterable[Crop]) -> dict[int, int]:
    """Return how many bytes of each page crops consist of."""
    sizes: dict[int, int] = {}
    for crop in crops:
        before = 0
        for number in range(crop.start // PAGE, -(-crop.stop // PAGE)):
            rows, rest = divmod((number + 1) * PAGE - crop.start, crop.stride or crop.size or 1)
            after = min(crop.size, rows * crop.row_bytes + min(rest, crop.row_bytes))
            if after > before:
                sizes[number] = sizes.get(number, 0) + after - before
            before = after
    return sizes


def _copy_split_row(pages: Mapping[int, Buffer], start: int, out: NDArray[np.uint8]) -> None:
    """Copy a row that crosses page boundaries."""
    import numpy as np

    done = 0
    while done < len(out):
        number, offset = divmod(start + done, PAGE)
        piece = np.frombuffer(pages[number], np.uint8, offset=offset)[: len(out) - done]
        out[done : done + len(piece)] = piece
        done += len(piece)

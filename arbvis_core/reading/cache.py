"""Ranges of sources that others are about to ask for, kept for a while."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import Future

from arbvis_core.reading.ranges import read_ranges
from arbvis_core.values import Buffer, Range, Source

#: Bytes kept in one process.
CACHE = 256 << 20
#: Bytes that are kept although every byte of them was handed out: nobody will ask again, and what is
#: drawn into memory that was used before is drawn faster.
DONE = 16 << 20
#: Bytes of a page: few for a tile, and little that is wasted at the ends of a tensor.
PAGE = 1 << 18

#: A band takes at most this part of the cache, so that several find room.
BANDS = 8

#: Source, its identity, the range.
_Key = tuple[str, str, Range]


class RangeCache:
    """Ranges of sources, least recently used first out; one reader per range, whoever asks.

    Attributes:
        band: bytes of a band, at most.
    """

    def __init__(self, limit: int = CACHE) -> None:
        self.band = limit // BANDS
        self._limit = limit
        self._lock = threading.Lock()
        self._kept: OrderedDict[_Key, Buffer] = OrderedDict()
        self._used: dict[_Key, int] = {}
        self._done: OrderedDict[_Key, None] = OrderedDict()
        self._loading: dict[_Key, Future[Buffer]] = {}
        self._held = 0

    def ranges(self, source: Source, wanted: Sequence[Range]) -> dict[Range, Buffer]:
        """Return ranges, each asked for once; those that are missing are read in one call."""
        found: dict[Range, Buffer] = {}
        awaited: dict[Range, Future[Buffer]] = {}
        missing: list[Range] = []
        with self._lock:
            for one in wanted:
                key = (source.key, source.identity, one)
                kept = self._kept.get(key)
                if kept is not None:
                    self._kept.move_to_end(key)
                    found[one] = kept
                elif key in self._loading:
                    awaited[one] = self._loading[key]
                else:
                    self._loading[key] = Future()
                    missing.append(one)
        if missing:
            found |= self._load(source, missing)
        found.update((one, future.result()) for one, future in awaited.items())
        return found

    def kept(self, source: Source) -> Buffer | None:
        """Return all of a source that is no longer than a page, if it is there."""
        return self._kept.get(_all_of(source)) if source.size <= PAGE else None

    def whole(self, source: Source, *, keep: bool = True) -> Buffer:
        """Return all of a source that is no longer than a page; keep it for whoever asks next."""
        key = _all_of(source)
        with self._lock:
            found = self._kept.get(key)
            loading = self._loading.get(key)
        if found is None and loading is not None:
            return loading.result()
        if found is None:
            (found,) = read_ranges(source, [key[-1]])
            if keep:
                with self._lock:
                    self._keep(key, found)
        return found

    def use(self, source: Source, sizes: Mapping[Range, int]) -> None:
        """Take down how many bytes of ranges were handed out; those that are used up go first."""
        with self._lock:
            for one, size in sizes.items():
                key = (source.key, source.identity, one)
                kept = self._kept.get(key)
                if kept is None:
                    continue
                self._used[key] = used = self._used.get(key, 0) + size
                if used >= len(kept):
                    self._done[key] = None
                    self._done.move_to_end(key)
            while self._held > DONE and self._done:
                self._drop(next(iter(self._done)))

    def _keep(self, key: _Key, buffer: Buffer) -> None:
        self._held += len(buffer) - len(self._kept.get(key, b""))
        self._kept[key] = buffer
        while self._held > self._limit:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: _Key) -> None:
        self._held -= len(self._kept.pop(key))
        self._used.pop(key, None)
        self._done.pop(key, None)

    def _load(self, source: Source, missing: Sequence[Range]) -> dict[Range, Buffer]:
        keys = [(source.key, source.identity, one) for one in missing]
        try:
            loaded = dict(zip(missing, read_ranges(source, missing), strict=True))
        except BaseException as error:
            for future in self._finish(keys, {}):
                future.set_exception(error)
            raise
        for one, future in zip(missing, self._finish(keys, loaded), strict=True):
            future.set_result(loaded[one])
        return loaded

    def _finish(self, keys: Sequence[_Key], loaded: Mapping[Range, Buffer]) -> list[Future[Buffer]]:
        """Take over what was loaded and return the futures of those who may be waiting for it."""
        with self._lock:
            for key in keys:
                if key[-1] in loaded:
                    self._keep(key, loaded[key[-1]])
            return [self._loading.pop(key) for key in keys]


def _all_of(source: Source) -> _Key:
    return source.key, source.identity, Range(0, source.size)


#: Shared by every reader of the process: blocks of one plan run in several threads.
SHARED = RangeCache()

"""Open files, kept open for a while and read at positions from any thread."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from contextlib import suppress
from threading import Lock

#: Files that are kept open, per process. Some systems allow a process no more than 256.
LIMIT = 64
#: Bytes asked of the system at once; macOS refuses 2 GiB and Linux returns less.
LARGEST = 1 << 30
#: A file that was replaced by a pipe must not block whoever opens it, nor be read as text.
FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)


class Handle:
    """An open file. It closes itself when the pool and the last reader have let go of it."""

    __slots__ = ("_descriptor", "_lock")

    def __init__(self, path: str) -> None:
        self._lock = Lock()
        self._descriptor = -1
        self._descriptor = os.open(path, FLAGS)

    def stat(self) -> os.stat_result:
        """Return what the system knows about the open file."""
        return os.fstat(self._descriptor)

    def expect(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Tell the system what will be read, so that a disk finds all of it at the same time."""
        if hasattr(os, "posix_fadvise"):
            with suppress(OSError):  # it is no more than a hint
                for start, stop in ranges:
                    if stop > start:  # no bytes would mean all up to the end of the file
                        advice = os.POSIX_FADV_WILLNEED
                        os.posix_fadvise(self._descriptor, start, stop - start, advice)

    def read(self, start: int, stop: int) -> bytes:
        """Return bytes `start` to `stop`, or fewer where the file ends before."""
        data = self._some(start, stop - start)
        if len(data) == stop - start or not data:
            return data
        whole = bytearray(data)
        while len(whole) < stop - start:
            more = self._some(start + len(whole), stop - start - len(whole))
            if not more:
                break
            whole += more
        return bytes(whole)

    def _some(self, start: int, count: int) -> bytes:
        count = min(count, LARGEST)
        if hasattr(os, "pread"):
            return os.pread(self._descriptor, count, start)
        with self._lock:
            os.lseek(self._descriptor, start, os.SEEK_SET)
            return os.read(self._descriptor, count)

    def __del__(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)


class Handles:
    """The files that were read last; the one that was not read for longest goes first."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._lock = Lock()
        self._open: OrderedDict[Hashable, Handle] = OrderedDict()

    def __len__(self) -> int:
        return len(self._open)

    def get(self, key: Hashable, path: str) -> Handle:
        """Return the open file of `key`, opening `path` if there is none.

        Raises:
            OSError: it cannot be opened.
        """
        with self._lock:
            handle = self._open.get(key)
            if handle is not None:
                self._open.move_to_end(key)
                return handle
        handle = Handle(path)
        with self._lock:
            handle = self._open.setdefault(key, handle)
            self._open.move_to_end(key)
            while len(self._open) > self._limit:
                self._open.popitem(last=False)
        return handle

    def drop(self, key: Hashable) -> None:
        """Forget the open file of `key`, if there is one."""
        with self._lock:
            self._open.pop(key, None)

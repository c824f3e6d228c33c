"""What is kept in memory for the next request: least recently used first out, bounded in bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """A cache that is bounded by the bytes of what it holds; any thread may use it."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._found: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self._held = 0

    @property
    def held(self) -> int:
        """Bytes that are held."""
        return self._held

    def get(self, key: Hashable) -> T | None:
        """Return what was kept, or None."""
        with self._lock:
            found = self._found.get(key)
            if found is None:
                return None
            self._found.move_to_end(key)
            return found[0]

    def put(self, key: Hashable, one: T, size: int) -> None:
        """Keep something of so many bytes; what alone exceeds the limit is not kept."""
        with self._lock:
            _, before = self._found.pop(key, (None, 0))
            self._held -= before
            if size > self._limit:
                return
            self._found[key] = one, size
            self._held += size
            while self._held > self._limit:
                _, (_, oldest) = self._found.popitem(last=False)
                self._held -= oldest

    def drop(self, key: Hashable) -> None:
        """Forget something."""
        with self._lock:
            _, size = self._found.pop(key, (None, 0))
            self._held -= size

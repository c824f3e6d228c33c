"""What a format may look at before it claims a source."""

from __future__ import annotations

from arbvis_core.reading import SHARED, read_ranges
from arbvis_core.slotted import dataclass
from arbvis_core.values import Range, Source

#: Bytes at either end.
PROBE = 64 << 10
#: The least that is read at once: most formats are known by less.
_FIRST = 512
#: Sources up to this size are read whole, and kept for whoever draws them: there may be many.
_WHOLE = 4 << 10


@dataclass(slots=True)
class SourceProbe:
    """A source's two ends, read when they are asked for, and kept."""

    source: Source
    _head: bytes = b""
    _tail: bytes = b""

    @property
    def name(self) -> str:
        """The source's name."""
        return self.source.name

    @property
    def size(self) -> int:
        """The source's length in bytes."""
        return self.source.size

    def head(self, count: int) -> bytes:
        """Return the first `count` bytes, or fewer if the source is shorter (at most 64 KiB)."""
        if len(self._head) < count and len(self._head) < min(count, self.size, PROBE):
            self._head = self._read(0, min(max(count, _FIRST), self.size, PROBE))
        return self._head[: max(count, 0)]

    def tail(self, count: int) -> bytes:
        """Return the last `count` bytes, or fewer if the source is shorter (at most 64 KiB)."""
        length = min(count, self.size, PROBE)
        if len(self._tail) < length:
            self._tail = self._read(self.size - length, self.size)
        return self._tail[len(self._tail) - max(length, 0) :]

    def _read(self, start: int, stop: int) -> bytes:
        if self.size <= _WHOLE:
            return bytes(SHARED.whole(self.source)[start:stop])
        return bytes(read_ranges(self.source, [Range(start, stop)])[0])

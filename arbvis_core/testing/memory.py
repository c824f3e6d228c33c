"""Sources for tests: bytes in memory, and a wrapper that counts what is read."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import field

from arbvis_core.errors import SourceError
from arbvis_core.slotted import dataclass
from arbvis_core.values import Buffer, Range, Source


@dataclass(frozen=True, slots=True)
class MemorySource:
    """A source of the bytes it was made with."""

    name: str
    content: bytes = field(repr=False)
    folder: str = "memory"

    @property
    def key(self) -> str:
        """Folder and name."""
        return f"{self.folder}/{self.name}"

    @property
    def size(self) -> int:
        """The length of the content."""
        return len(self.content)

    @property
    def identity(self) -> str:
        """A checksum of the content."""
        return f"{self.size}-{zlib.crc32(self.content):08x}"

    def read(self, ranges: Sequence[Range]) -> Sequence[Buffer]:
        """Return the bytes of each range.

        Raises:
            SourceError: a range does not lie within the content.
        """
        for start, stop in ranges:
            if not 0 <= start <= stop <= self.size:
                raise SourceError(f"{self.name} has {self.size} bytes, not {start} to {stop}")
        return [self.content[start:stop] for start, stop in ranges]

    def verify(self) -> None:
        """Do nothing: the content cannot change."""


@dataclass(slots=True)
class CountingSource:
    """Another source, with a record of every range that was read from it."""

    source: Source
    reads: list[Range] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The source's key."""
        return self.source.key

    @property
    def name(self) -> str:
        """The source's name."""
        return self.source.name

    @property
    def folder(self) -> str:
        """The source's folder."""
        return self.source.folder

    @property
    def size(self) -> int:
        """The source's length in bytes."""
        return self.source.size

    @property
    def identity(self) -> str:
        """The source's identity."""
        return self.source.identity

    @property
    def bytes_read(self) -> int:
        """How many bytes were read, those that were read twice counted twice."""
        return sum(stop - start for start, stop in self.reads)

    def read(self, ranges: Sequence[Range]) -> Sequence[Buffer]:
        """Read from the source and remember what was read."""
        self.reads.extend(ranges)
        return self.source.read(ranges)

    def verify(self) -> None:
        """Verify the source."""
        self.source.verify()

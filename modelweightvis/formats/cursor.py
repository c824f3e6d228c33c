"""Reading forward through the beginning of a file of unknown extent, and no further than needed."""

from __future__ import annotations

import struct
from typing import Any

from arbvis_core.api import FormatError, Source
from modelweightvis.formats.reading import read

#: Bytes that are read at first; each further read takes three times what there is.
FIRST = 256 << 10
#: The longest header that is read; the largest vocabularies take a quarter of it.
LONGEST = 64 << 20

_LENGTH = struct.Struct("<Q")


class Cursor:
    """A position in the beginning of a file, which is read as the position moves on.

    Attributes:
        source: the file.
        position: the next byte.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.position = 0
        self._data = b""

    def take(self, count: int) -> bytes:
        """Return the next bytes.

        Raises:
            FormatError: the file ends before, or the header never does.
        """
        self._ensure(count)
        self.position += count
        return self._data[self.position - count : self.position]

    def numbers(self, letter: str, count: int = 1) -> tuple[Any, ...]:
        """Return the next numbers, little-endian, of a kind that `struct` calls so."""
        self._ensure(count * struct.calcsize(f"<{letter}"))
        layout = struct.Struct(f"<{count}{letter}")
        self.position += layout.size
        return layout.unpack_from(self._data, self.position - layout.size)

    def string(self) -> bytes:
        """Return the next string: its length in eight bytes, and itself."""
        (length,) = self.numbers("Q")
        return self.take(length)

    def skip(self, count: int) -> None:
        """Pass over bytes."""
        self._ensure(count)
        self.position += count

    def skip_strings(self, count: int) -> None:
        """Pass over strings without looking at them: a vocabulary takes milliseconds."""
        data, position, unpack = self._data, self.position, _LENGTH.unpack_from
        last = len(data) - 8
        for _ in range(count):
            if position > last:
                self.position = position
                self._ensure(8)
                data = self._data
                last = len(data) - 8
            position += 8 + unpack(data, position)[0]
        self.position = position
        self._ensure(0)

    def _ensure(self, count: int) -> None:
        """Have the next bytes at hand."""
        stop = self.position + count
        if stop <= len(self._data):
            return
        name = self.source.name
        if stop > self.source.size:
            raise FormatError(
                f"{name} ends at byte {self.source.size}, within its header, which needs {count} "
                f"bytes at byte {self.position}; it was cut short or is damaged, fetch it again"
            )
        if stop > LONGEST:
            raise FormatError(
                f"{name} has a header that does not end within {LONGEST >> 20} MiB; it is damaged"
            )
        held = len(self._data)
        reach = min(max(stop, 4 * held, FIRST), LONGEST)
        self._data += read(self.source, held, reach)

"""Standard input, kept in a temporary file so that it can be read at any position."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from arbvis_core.errors import SourceError
from arbvis_core.protocols import Priority, SourceProvider
from arbvis_core.sources.files import LocalSource
from arbvis_core.sources.spool import spooled


class StdinProvider(SourceProvider):
    """Opens `-`. Worker processes read the same temporary file; it goes when the program ends."""

    name = "stdin"
    priority: int = Priority.NORMAL

    def __init__(self) -> None:
        self._spent: object = None

    def matches(self, spec: str) -> bool:
        """Claim `-`."""
        return spec == "-"

    def open(self, spec: str) -> Sequence[LocalSource]:
        """Return what standard input holds, once it has ended.

        Raises:
            SourceError: it is a terminal, cannot be read, was read before, or does not fit the disk.
        """
        stream = getattr(sys.stdin, "buffer", None)
        if stream is None:
            raise SourceError(f"'{spec}' is standard input, but there is none")
        if stream.isatty():
            raise SourceError(
                f"'{spec}' is standard input, but that is a terminal; "
                f"pipe something into it, as in: cat FILE | arbvis - --out DIR"
            )
        if stream is self._spent:
            raise SourceError(f"'{spec}' is standard input, which can be read only once")
        self._spent = stream
        return [spooled(stream, "standard input", "stdin")]

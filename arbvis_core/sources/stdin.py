"""Standard input, kept in a temporary file so that it can be read at any position."""

from __future__ import annotations

import atexit
import contextlib
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from arbvis_core.errors import SourceError
from arbvis_core.protocols import Priority, SourceProvider
from arbvis_core.sources.local import LocalSource, reason

#: Bytes that are held in memory on their way to the temporary file.
CHUNK = 1 << 20


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
        return [_spool(stream)]


def _spool(stream: BinaryIO) -> LocalSource:
    """Copy a stream into a temporary file that lives as long as the program."""
    import tempfile  # which takes longer to import than everything else here

    try:
        descriptor, path = tempfile.mkstemp(prefix="arbvis-stdin-")
    except OSError as error:
        raise SourceError(
            f"no temporary file for standard input can be made: {reason(error)}; "
            f"set TMPDIR to a folder that can be written to"
        ) from error
    try:
        with os.fdopen(descriptor, "wb", buffering=0) as spool:
            while chunk := _chunk(stream):
                _write(spool, chunk, path)
        found = Path(path).stat()
    except BaseException:
        _remove(path)
        raise
    source = LocalSource(path, "stdin", path, found.st_size, found.st_mtime_ns, found.st_ino)
    atexit.register(_discard, source)
    return source


def _chunk(stream: BinaryIO) -> bytes:
    try:
        return stream.read(CHUNK)
    except (OSError, ValueError) as error:
        raise SourceError(f"standard input cannot be read: {reason(error)}") from error


def _write(spool: io.FileIO, chunk: bytes, path: str) -> None:
    try:
        rest = memoryview(chunk)
        while rest:
            rest = rest[spool.write(rest) :]
    except OSError as error:
        raise SourceError(
            f"standard input does not fit into {Path(path).parent}: {reason(error)}; "
            f"set TMPDIR to a folder on a larger disk"
        ) from error


def _discard(source: LocalSource) -> None:
    source.close()
    _remove(source.key)


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        Path(path).unlink()

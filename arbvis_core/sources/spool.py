"""Streams, kept in temporary files so that they can be read at any position."""

from __future__ import annotations

import atexit
import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from arbvis_core.errors import SourceError
from arbvis_core.sources.files import LocalSource, reason

if TYPE_CHECKING:
    import io

#: Bytes that are held in memory on their way to the temporary file.
CHUNK = 1 << 20


def spooled(stream: BinaryIO, what: str, name: str, folder: str = "") -> LocalSource:
    """Copy a stream into a temporary file that lives as long as the program.

    Args:
        stream: read to its end.
        what: what it is called in sentences.
        name: the source's name.
        folder: the source's folder; the temporary file itself by default, which nothing shares.

    Raises:
        SourceError: it cannot be read, or does not fit the disk.
    """
    import tempfile  # which takes longer to import than everything else here

    try:
        descriptor, path = tempfile.mkstemp(prefix="arbvis-stdin-")
    except OSError as error:
        raise SourceError(
            f"no temporary file for {what} can be made: {reason(error)}; "
            f"set TMPDIR to a folder that can be written to"
        ) from error
    try:
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            while chunk := _chunk(stream, what):
                _write(file, chunk, what, path)
        found = Path(path).stat()
    except BaseException:
        _remove(path)
        raise
    source = LocalSource(path, name, folder or path, found.st_size, found.st_mtime_ns, found.st_ino)
    atexit.register(_discard, source)
    return source


def _chunk(stream: BinaryIO, what: str) -> bytes:
    try:
        return stream.read(CHUNK)
    except (OSError, ValueError) as error:
        raise SourceError(f"{what} cannot be read: {reason(error)}") from error


def _write(file: io.FileIO, chunk: bytes, what: str, path: str) -> None:
    try:
        rest = memoryview(chunk)
        while rest:
            rest = rest[file.write(rest) :]
    except OSError as error:
        raise SourceError(
            f"{what} does not fit into {Path(path).parent}: {reason(error)}; "
            f"set TMPDIR to a folder on a larger disk"
        ) from error


def _discard(source: LocalSource) -> None:
    source.close()
    _remove(source.key)


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        Path(path).unlink()

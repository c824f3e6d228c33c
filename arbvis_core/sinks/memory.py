"""Bundles that are kept in memory."""

from __future__ import annotations

from arbvis_core.sinks import paths
from arbvis_core.values import Blob


class MemorySink:
    """A bundle in memory: tests and notebooks look at it there.

    Attributes:
        blobs: the content of every file, by its path.
    """

    portable = False

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self._done = False

    def put(self, blob: Blob) -> None:
        """Keep one file.

        Raises:
            SinkError: its path is not possible in a bundle.
        """
        paths.split(blob.path)
        self.blobs[blob.path] = bytes(blob.data)

    def commit(self) -> str:
        """Say that it lies in memory."""
        self._done = True
        return "memory"

    def abort(self) -> None:
        """Forget everything, unless it was committed."""
        if not self._done:
            self.blobs.clear()

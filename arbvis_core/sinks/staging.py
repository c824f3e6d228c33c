"""A folder beside the target in which files are gathered until all of them are there."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil

from arbvis_core.errors import SinkError
from arbvis_core.sinks import paths
from arbvis_core.sinks.claims import PURPOSES, Claim
from arbvis_core.values import Blob, Buffer

#: What the system's refusals mean to whoever waits for a picture.
REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EFBIG: "a file would be larger than the system allows",
    getattr(errno, "EDQUOT", -1): "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.EEXIST: "a file stands where a folder is needed",
    errno.ENOTDIR: "a file stands where a folder is needed",
}


class Staging:
    """Files on their way to `target`.

    A pickled copy writes into the same folder.

    Attributes:
        target: where they will be.
        folder: where they are.
        old: where whatever is at the target goes meanwhile.
    """

    def __init__(self, target: str, shown: str) -> None:
        self._shown = shown
        self._parents: list[str] = []
        self._made: dict[str, str] = {}
        self._claim: Claim | None = None
        self.target = target
        try:
            self._parents = _make_parents(os.path.dirname(target))
            self._claim = Claim(target)
            self.folder, self.old, self._doomed = map(self._claim.beside, PURPOSES)
            os.mkdir(self.folder)
        except OSError as error:
            self._leave()
            self._drop_parents()
            raise refused(shown, error) from error

    def __getstate__(self) -> dict[str, object]:
        return {**vars(self), "_parents": [], "_made": {}, "_claim": None}

    def write(self, blob: Blob) -> None:
        """Write one file, from any thread.

        Raises:
            SinkError: its path is not possible, or it cannot be written.
        """
        folder, _, name = blob.path.rpartition("/")
        paths.split(name if folder in self._made else blob.path)
        try:
            if folder not in self._made:
                self._made[folder] = self._folder(folder.split("/") if folder else [])
            _fill(f"{self._made[folder]}{os.sep}{name}", blob.data)
        except OSError as error:
            raise refused(self._shown, error) from error

    def _folder(self, names: list[str]) -> str:
        """Make a folder. The staging folder itself is never made again once it is gone."""
        path = self.folder
        for name in names:
            path = os.path.join(path, name)
            with contextlib.suppress(FileExistsError):
                os.mkdir(path)
        return path

    def discard(self) -> None:
        """Delete everything that was written, and the parents that were made for it."""
        doomed = self._doomed
        try:
            # Whoever still writes finds the folder gone, and cannot fill it while it is emptied.
            os.rename(self.folder, doomed)
        except OSError:
            doomed = self.folder
        shutil.rmtree(doomed, ignore_errors=True)
        self._leave()
        self._drop_parents()

    def keep(self) -> None:
        """Delete what has been replaced, and leave everything else as it is from now on."""
        shutil.rmtree(self.old, ignore_errors=True)
        self._leave()
        self._parents = []

    def _leave(self) -> None:
        if self._claim is not None:
            self._claim.release()

    def _drop_parents(self) -> None:
        for parent in reversed(self._parents):
            with contextlib.suppress(OSError):
                os.rmdir(parent)
        self._parents = []


def _fill(path: str, data: Buffer) -> None:
    """Write a file, without a buffer: it takes longer to make one than to write a tile's beginning."""
    with open(path, "wb", buffering=0) as file:
        rest = memoryview(data)
        while rest:
            rest = rest[file.write(rest) :]


def refused(shown: str, error: OSError) -> SinkError:
    """Say why the output cannot be written."""
    reason = REASONS.get(error.errno or 0) or (error.strerror or str(error)).lower()
    return SinkError(f"{shown} cannot be written: {reason}")


def _make_parents(folder: str) -> list[str]:
    """Make the folders that are missing, and return them."""
    missing = []
    while folder and not os.path.isdir(folder) and folder != os.path.dirname(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    made: list[str] = []
    try:
        for path in reversed(missing):
            os.mkdir(path)
            made.append(path)
    except OSError:
        for path in reversed(made):
            os.rmdir(path)
        raise
    return made

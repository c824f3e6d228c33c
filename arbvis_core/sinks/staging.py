"""A folder beside the target in which files are gathered until all of them are there."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil

from arbvis_core.errors import SinkError
from arbvis_core.sinks import paths
from arbvis_core.values import Blob

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
#: Characters of the target's name that the name of the staging folder repeats.
REPEATED = 40


class Staging:
    """Files on their way to `target`.

    A pickled copy writes into the same folder.
    """

    def __init__(self, target: str, shown: str) -> None:
        self._shown = shown
        self._parents: list[str] = []
        self._made: set[str] = set()
        self.target = target
        try:
            self._parents = _make_parents(os.path.dirname(target))
            self.folder = beside(target, "partial")
            os.mkdir(self.folder)
        except OSError as error:
            self._drop_parents()
            raise refused(shown, error) from error

    def __getstate__(self) -> tuple[str, str, str]:
        return self.target, self._shown, self.folder

    def __setstate__(self, state: tuple[str, str, str]) -> None:
        self.target, self._shown, self.folder = state
        self._parents = []
        self._made = set()

    def write(self, blob: Blob) -> None:
        """Write one file, from any thread.

        Raises:
            SinkError: its path is not possible, or it cannot be written.
        """
        *folders, name = paths.split(blob.path)
        try:
            folder = self._folder(folders)
            with open(os.path.join(folder, name), "wb") as file:
                file.write(blob.data)
        except OSError as error:
            raise refused(self._shown, error) from error

    def _folder(self, names: list[str]) -> str:
        """Make a folder once. The staging folder itself is never made again once it is gone."""
        folder = os.path.join(self.folder, *names)
        if folder not in self._made:
            path = self.folder
            for name in names:
                path = os.path.join(path, name)
                with contextlib.suppress(FileExistsError):
                    os.mkdir(path)
            self._made.add(folder)
        return folder

    def discard(self) -> None:
        """Delete everything that was written, and the parents that were made for it."""
        remove(self.folder)
        self._drop_parents()

    def keep(self) -> None:
        """Leave the parents in place from now on."""
        self._parents = []

    def _drop_parents(self) -> None:
        for parent in reversed(self._parents):
            with contextlib.suppress(OSError):
                os.rmdir(parent)
        self._parents = []


def beside(target: str, purpose: str) -> str:
    """Return a hidden path in the target's folder that nothing has."""
    folder, name = os.path.split(target)
    return os.path.join(folder, f".{name[:REPEATED]}.{purpose}-{secrets.token_hex(3)}")


def remove(folder: str) -> None:
    """Delete a folder, whoever is still writing into it."""
    doomed = beside(folder, "doomed")
    try:
        # Whoever still writes finds the folder gone, and cannot fill it while it is emptied.
        os.rename(folder, doomed)
    except OSError:
        doomed = folder
    shutil.rmtree(doomed, ignore_errors=True)


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

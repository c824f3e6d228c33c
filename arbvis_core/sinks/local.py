"""Bundles in folders of this machine, which appear whole or not at all."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence

from arbvis_core.errors import SinkError
from arbvis_core.interrupts import undisturbed
from arbvis_core.sinks.bundles import MANIFEST, read_manifest
from arbvis_core.sinks.claims import clear_abandoned
from arbvis_core.sinks.staging import Staging, refused
from arbvis_core.values import Blob


class LocalSink:
    """A folder. It replaces an empty folder or one of our bundles; anything else with `force` only.

    Args:
        path: the folder; missing parents are made.
        force: replace a folder that is not one of ours.
        inputs: paths that must outlive this, whatever `force` says.

    Raises:
        SinkError: the folder cannot be written, or must not be replaced.
    """

    portable = True

    def __init__(
        self, path: str | os.PathLike[str], *, force: bool = False, inputs: Sequence[str] = ()
    ) -> None:
        path = os.fspath(path)
        self._path = path
        self._force = force
        self._inputs = tuple(inputs)
        self._moved = self._renaming = self._done = False
        self._seen: tuple[int, int, int] | None = None
        target = _target(path)
        clear_abandoned(target)
        try:
            self._check(target)
        except OSError as error:
            raise refused(path, error) from error
        self._staging = Staging(target, path)

    def protect(self, paths: Iterable[str]) -> None:
        """Name more paths that must outlive this: what the inputs turned out to be.

        Raises:
            SinkError: the target holds one of them.
        """
        self._inputs = (*self._inputs, *paths)
        self._check(self._staging.target)

    def put(self, blob: Blob) -> None:
        """Write one file into a folder beside the target.

        Raises:
            SinkError: it cannot be written.
        """
        self._staging.write(blob)

    def commit(self) -> str:
        """Rename everything into place and return the folder's path.

        Raises:
            SinkError: the target has become something that must not be replaced, or cannot be.
        """
        target = self._staging.target
        self._check(target)
        try:
            self._renaming = True
            if os.path.lexists(target):
                self._moved = True
                os.rename(target, self._staging.old)
            os.rename(self._staging.folder, target)
        except OSError as error:
            raise refused(self._path, error) from error
        finally:
            with undisturbed():
                self._settle()
        return self._path

    def abort(self) -> None:
        """Leave nothing behind: what was there before is there again, unless all was committed."""
        with undisturbed():
            self._settle()
            if not self._done:
                self._staging.discard()

    def _settle(self) -> None:
        """Put the old folder back where it was, or delete it if the new one is in place.

        What is on the disk decides: a signal may come right after either rename.
        """
        self._done = self._renaming and not os.path.lexists(self._staging.folder)
        old = self._staging.old
        if self._done:
            self._staging.keep()
        elif self._moved and os.path.lexists(old):
            try:
                os.rename(old, self._staging.target)
            except OSError as error:
                raise SinkError(f"{self._path} has been moved to {old}") from error
        self._moved = False

    def _check(self, target: str) -> None:
        """Refuse to replace what may be dear to the user."""
        if not os.path.lexists(target):
            return
        if not os.path.isdir(target):
            raise SinkError(f"{self._path} is a file; name a folder")
        if os.path.ismount(target):
            raise SinkError(f"{self._path} cannot be replaced; name a folder inside it")
        dear = (
            ("the current folder", (os.curdir,)),
            ("your home folder", (os.path.expanduser("~"),)),
            ("an input", self._inputs),
        )
        for what, kept in dear:
            if _holds(target, kept):
                raise SinkError(f"{self._path} holds {what} and is not replaced; name another")
        with os.scandir(target) as entries:
            first = next((entry.name for entry in entries), None)
        if first is not None and not self._force and not self._is_ours(target):
            raise SinkError(
                f"{self._path} is a folder that arbvis did not make (it holds {first}); "
                f"name another, or replace it with --force"
            )

    def _is_ours(self, target: str) -> bool:
        """Tell whether a folder is one of our bundles; its manifest is read again if it changed."""
        try:
            found = os.stat(os.path.join(target, MANIFEST))
        except OSError:
            return False
        seen = (found.st_size, found.st_mtime_ns, found.st_ino)
        if seen != self._seen and read_manifest(target) is not None:
            self._seen = seen
        return seen == self._seen


class BundleUpdate:
    """Some files of a bundle that is there already; the others stay as they are.

    Raises:
        SinkError: the folder is not one of our bundles, or cannot be written.
    """

    portable = False

    def __init__(self, path: str) -> None:
        self._path = path
        target = _target(path)
        clear_abandoned(target)
        if read_manifest(target) is None:
            raise SinkError(f"{path} is not a bundle of arbvis: it has no manifest.json of ours")
        self._staging = Staging(target, path)

    def put(self, blob: Blob) -> None:
        """Write one file into a folder beside the bundle.

        Raises:
            SinkError: it cannot be written.
        """
        self._staging.write(blob)

    def commit(self) -> str:
        """Move every file to its place in the bundle and return the bundle's path.

        Raises:
            SinkError: a file cannot be replaced.
        """
        try:
            for path in sorted(_files(self._staging.folder)):
                place = os.path.join(self._staging.target, path)
                os.makedirs(os.path.dirname(place), exist_ok=True)
                os.replace(os.path.join(self._staging.folder, path), place)
        except OSError as error:
            raise refused(self._path, error) from error
        finally:
            self.abort()
        return self._path

    def abort(self) -> None:
        """Delete what has not been moved."""
        self._staging.discard()


def _target(path: str) -> str:
    if not path or "\0" in path:
        raise SinkError(f"{path!r} is not the name of a folder")
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", path):
        raise SinkError(f"{path} is an address; a bundle is written into a folder")
    return os.path.realpath(path)


def _files(folder: str) -> Iterator[str]:
    for where, _, names in os.walk(folder):
        for name in names:
            yield os.path.relpath(os.path.join(where, name), folder)


def _holds(folder: str, paths: Iterable[str]) -> bool:
    """Tell whether any of the paths is the folder, lies in it, or leads into it."""
    mark = _mark(folder)
    known: dict[str, bool] = {}
    parents: dict[str, bool] = {}
    for path in paths:
        try:
            mode = os.lstat(path).st_mode
        except (OSError, ValueError):
            continue
        parent = os.path.dirname(path)
        if parent not in parents:  # of a hundred thousand files, few have a parent of their own
            parents[parent] = _within(mark, parent, known)
        if parents[parent] or (not stat.S_ISREG(mode) and _within(mark, path, known)):
            return True
    return False


def _within(mark: tuple[int, int] | None, path: str, known: dict[str, bool]) -> bool:
    """Tell whether a path or any folder above it, as spelt or where it leads to, has this mark."""
    for start in {os.path.abspath(path), os.path.realpath(path)}:
        trail = []
        place = start
        while place not in known:
            trail.append(place)
            known[place] = _mark(place) == mark
            if known[place] or place == os.path.dirname(place):
                break
            place = os.path.dirname(place)
        known.update(dict.fromkeys(trail, known[place]))
        if known[start]:
            return True
    return False


def _mark(path: str) -> tuple[int, int] | None:
    """Return what the file system knows a path by, whatever its spelling."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino

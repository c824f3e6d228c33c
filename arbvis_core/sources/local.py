"""Files and folders of this machine."""

from __future__ import annotations

import difflib
import errno
import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from arbvis_core.errors import SourceChangedError, SourceError
from arbvis_core.protocols import Priority, SourceProvider
from arbvis_core.sources.handles import Handle, Handles

if TYPE_CHECKING:
    from arbvis_core.values import Buffer, Range

SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
#: Names that are looked at in the folder of a file.
NEIGHBOURS = 10_000

_handles = Handles()


@dataclass(frozen=True, slots=True)
class LocalSource:
    """A file, read with positioned reads.

    Not mapped into memory: a mapped file that shrinks kills the process, a read reports it.

    Attributes:
        key: its absolute path.
        name: its path relative to the input, fit for display.
        folder: the absolute path of the folder it was found in.
        size: its length in bytes when it was opened.
        modified: when it was last written to, in nanoseconds since 1970.
        inode: what the file system knows it by, or 0.
    """

    key: str
    name: str
    folder: str
    size: int
    modified: int
    inode: int

    @property
    def identity(self) -> str:
        """What its content is known by: size, modification time and inode."""
        return f"{self.size}-{self.modified}-{self.inode}"

    def read(self, ranges: Sequence[Range]) -> Sequence[Buffer]:
        """Return the bytes of each range, whole.

        Raises:
            SourceError: the file cannot be opened or read.
            SourceChangedError: it is not the file that was opened.
        """
        try:
            handle = _handles.get(self, self.key)
            self._compare(handle.stat())
            return [self._range(handle, start, stop) for start, stop in ranges]
        except SourceChangedError:
            _handles.drop(self)
            raise
        except OSError as error:
            raise self._failed(error) from error

    def verify(self) -> None:
        """Raise `SourceChangedError` if the file is no longer the one that was opened."""
        try:
            self._compare(os.stat(self.key))
        except OSError as error:
            raise self._failed(error) from error

    def close(self) -> None:
        """Let go of the open file, so that it can be deleted on every system."""
        _handles.drop(self)

    def _range(self, handle: Handle, start: int, stop: int) -> bytes:
        data = handle.read(start, stop)
        if len(data) != stop - start:
            self._compare(handle.stat())
            raise SourceChangedError(
                f"{self.key} ended at byte {start + len(data)} while bytes {start} to {stop} "
                f"were read; it was {self.size} bytes long when it was opened"
            )
        return data

    def _compare(self, now: os.stat_result) -> None:
        if now.st_size != self.size:
            verb = "shrank" if now.st_size < self.size else "grew"
            what = f"{verb} from {self.size} to {now.st_size} bytes"
        elif now.st_mtime_ns != self.modified:
            what = "was modified"
        else:
            return
        raise SourceChangedError(
            f"{self.key} {what} while it was being read; run again when nothing writes to it"
        )

    def _failed(self, error: OSError) -> SourceError:
        if isinstance(error, FileNotFoundError):
            return SourceChangedError(f"{self.key} was deleted while it was being read")
        return SourceError(f"{self.key} cannot be read: {reason(error)}")


class LocalProvider(SourceProvider):
    """Opens a file, or every file in a folder and the folders in it.

    Files are sorted by the components of their paths, byte by byte. Linked files are followed and
    linked folders are not, so that a Hugging Face cache snapshot is read once. Sockets, pipes,
    devices and links to nothing hold no bytes and are passed over.
    """

    name = "local"
    priority: int = Priority.FALLBACK

    def matches(self, spec: str) -> bool:
        """Claim whatever is neither `-` nor an address."""
        return spec != "-" and SCHEME.match(spec) is None

    def open(self, spec: str) -> Sequence[LocalSource]:
        """Return the file, or the folder's files.

        Raises:
            SourceError: there is no such file, it cannot be read, or the folder holds no files.
        """
        try:
            mode = os.stat(spec).st_mode
        except FileNotFoundError as error:
            raise SourceError(f"{spec} does not exist{_near_miss(spec)}") from error
        except (OSError, ValueError) as error:
            raise SourceError(f"{spec} cannot be read: {reason(error)}") from error
        if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
            raise SourceError(
                f"{spec} is a {_kind(mode)}, not a file; "
                f"read it through a pipe and give '-' as the input"
            )
        try:
            return self._folder(spec) if stat.S_ISDIR(mode) else [self._file(spec)]
        except OSError as error:
            where = os.fsdecode(error.filename or spec)
            raise SourceError(f"{where} cannot be read: {reason(error)}") from error

    def beside(self, spec: str) -> Sequence[LocalSource]:
        """Return the other files of the folder that a file lies in, up to some number."""
        folder, name = os.path.split(spec)
        if not os.path.isfile(spec):
            return ()
        root = os.path.realpath(folder)
        found = []
        with suppress(OSError), os.scandir(root) as entries:
            for entry in islice(entries, NEIGHBOURS):
                with suppress(OSError):
                    if entry.name != name and _is_file(entry):
                        found.append(_source(entry.path, display_name(entry.name), root))
        return sorted(found, key=lambda one: os.fsencode(one.key))

    def _file(self, spec: str) -> LocalSource:
        folder, name = os.path.split(spec)
        folder = os.path.realpath(folder)
        return _source(os.path.join(folder, name), display_name(name), folder)

    def _folder(self, spec: str) -> list[LocalSource]:
        root = os.path.realpath(spec)
        skip = len(os.path.join(root, ""))
        sources = [
            _source(path, display_name(path[skip:]), os.path.dirname(path)) for path in _walk(root)
        ]
        if not sources:
            raise SourceError(f"{spec} holds no files")
        return sources


def display_name(path: str) -> str:
    r"""Make a relative path fit for display: forward slashes, undecodable bytes as `\xNN`."""
    name = os.fsencode(path).decode("utf-8", "backslashreplace")
    return name if os.sep == "/" else name.replace(os.sep, "/")


def reason(error: Exception) -> str:
    """Say what the system said, without the path it said it of."""
    return (getattr(error, "strerror", None) or str(error)).lower()


def _source(path: str, name: str, folder: str) -> LocalSource:
    found = os.stat(path)
    if not os.access(path, os.R_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
    return LocalSource(path, name, folder, found.st_size, found.st_mtime_ns, found.st_ino)


def _walk(root: str) -> Iterator[str]:
    """Yield the files under a folder, sorted by path components."""
    waiting = [os.path.join(root, "")]
    while waiting:
        path = waiting.pop()
        if path.endswith(os.sep):
            waiting.extend(reversed(_entries(path)))
        else:
            yield path


def _entries(folder: str) -> list[str]:
    """List a folder's files, and its folders with a separator at the end, in order."""
    with os.scandir(folder) as entries:
        kept = [(os.fsencode(entry.name), entry) for entry in entries]
    kept.sort(key=lambda pair: pair[0])
    paths = []
    for _, entry in kept:
        if entry.is_dir(follow_symlinks=False) and not _is_junction(entry.path):
            paths.append(os.path.join(entry.path, ""))
        elif _is_file(entry):
            paths.append(entry.path)
    return paths


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Tell whether an entry is a file or leads to one; a link to nothing or to itself does not."""
    try:
        return entry.is_file()
    except OSError as error:
        if error.errno == errno.ELOOP:
            return False
        raise


def _is_junction(path: str) -> bool:
    """Tell whether a folder is a link of the Windows kind (known from Python 3.12 on)."""
    check = getattr(os.path, "isjunction", None)
    return bool(check and check(path))


def _kind(mode: int) -> str:
    kinds = ((stat.S_ISFIFO, "pipe"), (stat.S_ISSOCK, "socket"))
    return next((name for check, name in kinds if check(mode)), "device")


def _near_miss(path: str) -> str:
    """Suggest a neighbour of a path that does not exist, or name the folder that is missing."""
    folder, name = os.path.split(os.path.normpath(path))
    try:
        with os.scandir(folder or ".") as entries:
            names = [entry.name for entry in islice(entries, NEIGHBOURS)]
    except (OSError, ValueError):
        return ""
    close = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {os.path.join(folder, close[0])}?" if close else ""

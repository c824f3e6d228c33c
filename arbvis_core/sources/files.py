"""Files of this machine as sources."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from arbvis_core.errors import SourceChangedError, SourceError
from arbvis_core.slotted import dataclass
from arbvis_core.sources.handles import Handle, Handles

if TYPE_CHECKING:
    from arbvis_core.values import Buffer, Range

#: Files up to this size are opened, read and closed when all of them is asked for.
SMALL = 64 << 10
#: So many ranges are asked for at once: a disk that looks for one after the other takes its time.
SEVERAL = 4

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
        notes: sentences for the user about how it was found.
    """

    key: str
    name: str
    folder: str
    size: int
    modified: int
    inode: int
    notes: tuple[str, ...] = ()

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
            if self.size <= SMALL and [*ranges] == [(0, self.size)]:
                return [self._whole()]
            handle = _handles.get(self, self.key)
            self._compare(handle.stat())
            if len(ranges) >= SEVERAL:
                handle.expect(ranges)
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

    def _whole(self) -> bytes:
        """Read a file that nobody will ask for again, and do not keep it open."""
        handle = Handle(self.key)
        self._compare(handle.stat())
        return self._range(handle, 0, self.size)

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


def file_source(path: str, name: str, folder: str) -> LocalSource:
    """Return a file as a source.

    Args:
        path: absolute.
        name: relative to the input it was found in.
        folder: absolute.

    Raises:
        OSError: it cannot be read.
    """
    found = os.stat(path)
    if not os.access(path, os.R_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
    shown = display_name(name)
    return LocalSource(path, shown, folder, found.st_size, found.st_mtime_ns, found.st_ino)


def display_name(path: str) -> str:
    r"""Make a relative path fit for display: forward slashes, undecodable bytes as `\xNN`."""
    name = os.fsencode(path).decode("utf-8", "backslashreplace")
    return name if os.sep == "/" else name.replace(os.sep, "/")


def reason(error: Exception) -> str:
    """Say what the system said, without the path it said it of."""
    return (getattr(error, "strerror", None) or str(error)).lower()

"""Files and folders of this machine."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice

from arbvis_core.errors import SourceError
from arbvis_core.naming import nearest
from arbvis_core.protocols import Priority, SourceProvider
from arbvis_core.sources.files import LocalSource, file_source, reason
from arbvis_core.sources.folders import dead_link, dead_note, denying_note, is_file, walk
from arbvis_core.sources.handles import FLAGS
from arbvis_core.sources.spool import spooled

SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
#: Names that are looked at in the folder of a file.
NEIGHBOURS = 10_000
#: Files that the system makes up when they are read do not say how long they are; none says more.
MADE_UP = 1 << 16


class LocalProvider(SourceProvider):
    """Opens a file, or every file in a folder and the folders in it.

    Files are sorted by the components of their paths, byte by byte. Linked files are followed and
    linked folders are not, so that a Hugging Face cache snapshot is read once. Sockets, pipes and
    devices hold no bytes and are passed over; links that lead nowhere are told, and files that say
    they are empty and are not.
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
        except (OSError, ValueError) as error:
            raise SourceError(f"{spec} {dead_link(spec) or _why(spec, error)}") from error
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
                    if entry.name != name and is_file(entry):
                        found.append(file_source(entry.path, entry.name, root))
        return sorted(found, key=lambda one: os.fsencode(one.key))

    def _file(self, spec: str) -> LocalSource:
        folder, name = os.path.split(spec)
        folder = os.path.realpath(folder)
        source = file_source(os.path.join(folder, name), name, folder)
        return source if source.size > MADE_UP else _as_it_reads(source)

    def _folder(self, spec: str) -> list[LocalSource]:
        root = os.path.realpath(spec)
        skip = len(os.path.join(root, ""))
        dead: list[str] = []
        sources = [
            file_source(path, path[skip:], os.path.dirname(path)) for path in walk(root, dead)
        ]
        notes = [f"{spec}: {dead_note(root, dead)}"] if dead else []
        if not sources:
            raise SourceError(notes[0] if notes else f"{spec} holds no files")
        if denying := [one.key for one in sources if not one.size and _holds_bytes(one.key)]:
            notes.append(f"{spec}: {denying_note(root, denying)}")
            if not any(one.size for one in sources):
                raise SourceError(notes[-1])
        sources[0] = replace(sources[0], notes=tuple(notes))
        return sources


def _holds_bytes(path: str) -> bool:
    """Tell whether a file that says it is empty is not; what does not answer at once is."""
    try:
        with os.fdopen(os.open(path, FLAGS), "rb", buffering=0) as file:
            return bool(file.read(1))
    except OSError:
        return False


def _as_it_reads(source: LocalSource) -> LocalSource:
    """Return a file by what it says of itself or, where that is not its length, by its content.

    The files of `/proc` say that they are empty, those of `/sys` that they are a page long.
    """
    with os.fdopen(os.open(source.key, FLAGS), "rb", buffering=0) as file:
        content = file.read(MADE_UP + 1)
        if len(content) == source.size:
            return source
        file.seek(0)
        return spooled(file, source.key, source.name, source.folder)


def _why(spec: str, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return f"does not exist{_near_miss(spec)}"
    return f"cannot be read: {reason(error)}"


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
    close = nearest(name, names)
    return f"; did you mean {os.path.join(folder, close)}?" if close else ""

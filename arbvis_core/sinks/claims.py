"""Names beside a target that only one run uses, and what is left of runs that were killed.

A run keeps a lock file open as long as it lives. The system lets go of the lock of a process that
dies, however it dies, so what can be locked is abandoned.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys

#: Characters of the target's name that the names beside it repeat.
REPEATED = 40
#: What a run has beside its target: files on their way there, the old folder, what is deleted.
PURPOSES = ("partial", "old", "doomed")
#: The byte that is locked; nobody reads so far, which Windows would refuse.
_LOCKED = 1 << 30
_LONGEST = 4096
_FLAGS = os.O_RDWR | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)


class Claim:
    """Hidden names in the target's folder that nobody else has, until they are given up.

    Raises:
        OSError: nothing can be written there.
    """

    def __init__(self, target: str) -> None:
        self._target = target
        self._descriptor = -1
        while self._descriptor < 0:
            self._token = os.urandom(3).hex()
            with contextlib.suppress(FileExistsError):
                self._descriptor = _claimed(self.beside("lock"), target)

    def beside(self, purpose: str) -> str:
        """Return the path for a purpose."""
        return _path(self._target, purpose, self._token)

    def release(self) -> None:
        """Give the names up; safe to call twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
            with contextlib.suppress(OSError):
                os.remove(self.beside("lock"))


def clear_abandoned(target: str) -> None:
    """Remove what killed runs to the same target have left; put back what one of them moved away.

    What cannot be locked belongs to a run that lives, and stays.
    """
    folder, name = os.path.split(target)
    beginning = _path(target, "lock", "")
    try:
        with os.scandir(folder) as entries:
            paths = [entry.path for entry in entries if entry.path.startswith(beginning)]
    except OSError:
        return
    for path in paths:
        token = path.removeprefix(beginning)
        if name and re.fullmatch("[0-9a-f]{6}", token):
            with contextlib.suppress(OSError):
                _clear(path, target, token)


def _path(target: str, purpose: str, token: str) -> str:
    folder, name = os.path.split(target)
    return os.path.join(folder, f".{name[:REPEATED]}.{purpose}-{token}")


def _note(target: str) -> bytes:
    """Return what a lock file says: whose it is, since names are cut short."""
    return b"arbvis\n" + os.fsencode(os.path.basename(target))


def _claimed(path: str, target: str) -> int:
    """Make and lock a file, and return it open.

    Raises:
        FileExistsError: somebody has it.
    """
    descriptor = os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, _note(target))
        held = _held(descriptor, path)
    except BaseException:
        os.close(descriptor)
        raise
    if held:
        return descriptor
    os.close(descriptor)
    raise FileExistsError(path)


def _held(descriptor: int, path: str) -> bool:
    """Lock a file that was just made, and tell whether it is still the one of that name."""
    try:
        locked = _lock(descriptor)
    except OSError:
        return True  # without locks, nobody will take us for dead
    try:
        return locked and os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False  # somebody was faster, and took us for dead


def _clear(path: str, target: str, token: str) -> None:
    descriptor = os.open(path, _FLAGS)
    try:
        if os.read(descriptor, _LONGEST) != _note(target) or not _lock(descriptor):
            return
        places = [_path(target, purpose, token) for purpose in PURPOSES]
        old = places[PURPOSES.index("old")]
        if os.path.lexists(old) and not os.path.lexists(target):
            os.rename(old, target)
        for place in places:
            shutil.rmtree(place, ignore_errors=True)
    finally:
        os.close(descriptor)
    os.remove(path)


def _lock(descriptor: int) -> bool:
    """Lock an open file without waiting; tell whether that was possible.

    Raises:
        OSError: this file system has no locks.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, _LOCKED, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True

"""What a folder holds: files at any depth, in order, and links that lead nowhere."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

from arbvis_core.sources.files import display_name


def walk(root: str, dead: list[str]) -> Iterator[str]:
    """Yield the files under a folder, sorted by path components.

    Linked files are followed and linked folders are not. Sockets, pipes and devices hold no bytes
    and are passed over.

    Args:
        root: an absolute path.
        dead: where links that lead nowhere are added.

    Raises:
        OSError: a folder cannot be listed.
    """
    waiting = [os.path.join(root, "")]
    while waiting:
        path = waiting.pop()
        if path.endswith(os.sep):
            waiting.extend(reversed(_entries(path, dead)))
        else:
            yield path


def _entries(folder: str, dead: list[str]) -> list[str]:
    """List a folder's files, and its folders with a separator at the end, in order."""
    with os.scandir(folder) as entries:
        kept = [(os.fsencode(entry.name), entry) for entry in entries]
    kept.sort(key=lambda pair: pair[0])
    paths = []
    for _, entry in kept:
        if entry.is_dir(follow_symlinks=False) and not _is_junction(entry.path):
            paths.append(os.path.join(entry.path, ""))
        elif is_file(entry):
            paths.append(entry.path)
        elif entry.is_symlink() and not os.path.exists(entry.path):
            dead.append(entry.path)
    return paths


def is_file(entry: os.DirEntry[str]) -> bool:
    """Tell whether an entry is a file or leads to one; a link to nothing or to itself does not.

    Raises:
        OSError: that cannot be known.
    """
    try:
        return entry.is_file()
    except OSError as error:
        if not entry.is_symlink() or error.errno in {errno.EACCES, errno.EPERM, errno.EIO}:
            raise
        return False


def dead_link(path: str) -> str:
    """Say where a link leads that leads nowhere, as the end of a sentence; empty if it is none."""
    try:
        target = os.readlink(path)
    except (OSError, ValueError):
        return ""
    shown = target if len(target) <= 200 else f"{target[:150]}…{target[-30:]}"
    try:
        os.stat(path)
    except FileNotFoundError:
        return f"is a link to {shown}, which does not exist"
    except OSError as error:
        if error.errno == errno.ELOOP:
            return f"is a link to {shown}, which leads back to itself"
        if error.errno == errno.ENAMETOOLONG:
            return f"is a link to {shown}, a name that is too long to exist"
        if error.errno == errno.ENOTDIR:
            return f"is a link to {shown}, where a file stands in place of a folder"
    return ""


def dead_note(folder: str, dead: list[str]) -> str:
    """Name links that lead nowhere in one sentence."""
    lead, them = ("a link leads", "it") if len(dead) == 1 else (f"{len(dead):,} links lead", "them")
    return f"{lead} nowhere and nothing is shown of {them}: {_some(folder, dead)}"


def denying_note(folder: str, paths: list[str]) -> str:
    """Name files that say they are empty and are not, and say how they are shown."""
    says, them = (
        ("a file says that it is empty and is not", "it")
        if len(paths) == 1
        else (f"{len(paths):,} files say that they are empty and are not", "them")
    )
    return (
        f"{says}; nothing is shown of {them} unless an input names {them}: {_some(folder, paths)}"
    )


def _some(folder: str, paths: list[str]) -> str:
    names = [display_name(os.path.relpath(path, folder)) for path in paths[:3]]
    return ", ".join(names) + (f" and {len(paths) - 3:,} more" if len(paths) > 3 else "")


def _is_junction(path: str) -> bool:
    """Tell whether a folder is a link of the Windows kind (known from Python 3.12 on)."""
    check = getattr(os.path, "isjunction", None)
    return bool(check and check(path))

"""Machine code of kernels, kept in a folder of the user's from run to run.

Whoever can write there can have their code run, so only a folder that nobody else can write to will
do. Where there is none, nothing is kept.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import json
import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from arbvis_core.slotted import dataclass

#: Bytes of the digest at the beginning of a file.
_CHECK = 64


@dataclass(frozen=True, slots=True)
class Code:
    """A compiled kernel.

    Attributes:
        symbol: what its function is called in the object file.
        returns: the dtype of what it returns, or empty.
        count: how many of these, if it returns a tuple; else 0.
        machine: the object file.
    """

    symbol: str
    returns: str
    count: int
    machine: bytes


def load(function: Callable[..., Any], kinds: Sequence[str]) -> Code | None:
    """Return what was kept of a function for arguments of some kinds, if it is whole and current."""
    with contextlib.suppress(OSError):
        path = _path(function, kinds)
        if path is not None:
            content = path.read_bytes()
            check, kept = content[:_CHECK], content[_CHECK:]
            if check == _check(function, kept):
                facts, _, machine = kept.partition(b"\n")
                return Code(**json.loads(facts), machine=machine)
    return None


def save(function: Callable[..., Any], kinds: Sequence[str], code: Code) -> None:
    """Keep what a function was compiled to; a full disk costs time and nothing else."""
    facts = {"symbol": code.symbol, "returns": code.returns, "count": code.count}
    kept = json.dumps(facts).encode() + b"\n" + code.machine
    with contextlib.suppress(OSError):
        path = _path(function, kinds)
        if path is not None:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            handle, partial = tempfile.mkstemp(dir=path.parent)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(_check(function, kept) + kept)
                Path(partial).replace(path)
            except BaseException:
                Path(partial).unlink()
                raise


def _check(function: Callable[..., Any], kept: bytes) -> bytes:
    """Return what a file begins with that is whole and not out of date."""
    # A kernel inlines the kernels and tables of its neighbours, so all of them count.
    folders = (Path(__file__).parent, Path(function.__code__.co_filename).parent)
    return _sum("-".join((*map(_stamp, folders), _compiler(), _sum(kept))).encode()).encode()


def _path(function: Callable[..., Any], kinds: Sequence[str]) -> Path | None:
    """Return where a function is kept: one file per kind of arguments and processor."""
    from arbvis_core.kernels.machine import host

    folder = cache_folder()
    source = Path(function.__code__.co_filename).absolute()
    if folder is None or not source.is_file():
        return None
    package = f"{source.parent.name}-{_sum(os.fsencode(source.parent))[:16]}"
    kind = _sum(repr((function.__module__, function.__qualname__, kinds, host())).encode())
    return folder / package / f"{function.__name__}-{kind[:16]}"


def _sum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@functools.cache
def _stamp(folder: Path) -> str:
    modules = [(path.name, path.read_bytes()) for path in sorted(folder.glob("*.py"))]
    return _sum(repr(modules).encode("utf-8", "surrogatepass"))


@functools.cache
def _compiler() -> str:
    """Return what numba's version and settings are known by; to ask numba would be to import it."""
    spec = importlib.util.find_spec("numba")
    place = Path(spec.origin).parent if spec and spec.origin else Path()
    settings = sorted(item for item in os.environ.items() if item[0].startswith("NUMBA_"))
    return _sum(repr(((place / "_version.py").read_bytes(), settings)).encode())


@functools.cache
def cache_folder() -> Path | None:
    """Return the folder that compiled kernels are kept in, or None if there is no safe one.

    It is `$ARBVIS_CACHE_DIR`, the user's cache folder, or one of the user's own in the temporary
    folder: the first that can be written to by this user and by nobody else.
    """
    for candidate in _candidates():
        folder = candidate / "kernels"
        with contextlib.suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if _private(candidate) and _private(folder):
                tempfile.TemporaryFile(dir=folder).close()
                return folder
    return None


def _candidates() -> Iterator[Path]:
    if chosen := os.environ.get("ARBVIS_CACHE_DIR"):
        yield Path(chosen).absolute()
    with contextlib.suppress(RuntimeError):  # no home folder
        if sys.platform == "win32":
            local = os.environ.get("LOCALAPPDATA")
            yield (Path(local) if local else Path.home() / "AppData" / "Local") / "arbvis" / "Cache"
        elif sys.platform == "darwin":
            yield Path.home() / "Library" / "Caches" / "arbvis"
        else:
            xdg = Path(os.environ.get("XDG_CACHE_HOME", ""))
            yield (xdg if xdg.is_absolute() else Path.home() / ".cache") / "arbvis"
    with contextlib.suppress(OSError):  # no temporary folder
        yield Path(tempfile.gettempdir()).absolute() / f"arbvis-{_user()}"


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else "user"


def _private(folder: Path) -> bool:
    """Tell whether the folder is a real one that belongs to this user and only they can write to."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode):
        return False
    if not hasattr(os, "getuid"):  # Windows: the profile and its temporary folder are the user's
        return True
    return status.st_uid == os.getuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)

"""The one way to compile a kernel.

`@kernel` compiles a function on its first call, without holding the GIL, and keeps the machine code
in the user's cache folder, so that later runs start at once. Compiled code is loaded as a pickle, so
only a folder that nobody else can write to will do. Where there is none, nothing is kept. Numba's
own `cache=True` raises where neither the package nor HOME is writable, and does not notice when a
kernel that another one has inlined was edited; both matter here.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import njit
from numba.core import caching

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile `function` on first use; it runs without the GIL, and divides as numpy does."""
    compiled: Any = njit(nogil=True, error_model="numpy")(function)
    if hasattr(compiled, "py_func"):  # not so under NUMBA_DISABLE_JIT=1
        # Whatever numba's cache objects to, the kernel still works; it is compiled in every run.
        with contextlib.suppress(Exception):
            compiled._cache = _cache_of(function)  # noqa: SLF001 - there is no other way in
    return cast("F", compiled)


def _cache_of(function: Callable[..., Any]) -> Any:
    return _Cache(function)  # type: ignore[no-untyped-call]


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


class _Locator:
    """Says where numba keeps the code of one function, and when that code is out of date."""

    def __init__(self, function: Callable[..., Any], source: str, folder: Path) -> None:
        self._line = function.__code__.co_firstlineno
        self._source = Path(source).absolute()
        self._py_file = source  # numba names it in warnings
        name = hashlib.sha256(str(self._source.parent).encode("utf-8", "surrogatepass"))
        self._path = str(folder / f"{self._source.parent.name}-{name.hexdigest()[:16]}")

    @classmethod
    def from_function(cls, function: Callable[..., Any], source: str) -> _Locator | None:
        folder = cache_folder()
        if folder is None or not Path(source).is_file():
            return None
        return cls(function, source, folder)

    def ensure_cache_path(self) -> None:
        Path(self._path).mkdir(mode=0o700, parents=True, exist_ok=True)

    def get_cache_path(self) -> str:
        return self._path

    def get_source_stamp(self) -> str:
        # A kernel inlines the kernels and tables of its neighbours, so all of them count.
        return "-".join(_stamp(folder) for folder in (Path(__file__).parent, self._source.parent))

    def get_disambiguator(self) -> str:
        return str(self._line)


@functools.cache
def _stamp(folder: Path) -> str:
    digest = hashlib.sha256()
    for module in sorted(folder.glob("*.py")):
        digest.update(module.name.encode("utf-8", "surrogatepass") + b"\0")
        digest.update(hashlib.sha256(module.read_bytes()).digest())
    return digest.hexdigest()


class _CacheImpl(caching.CompileResultCacheImpl):
    _locator_classes = [_Locator]  # type: ignore[list-item]  # noqa: RUF012 - as numba asks


class _Cache(caching.FunctionCache):
    """Numba's cache, except that a full disk or a damaged file costs time and nothing else."""

    _impl_class = _CacheImpl

    def load_overload(self, signature: Any, target: Any) -> Any:
        try:
            return super().load_overload(signature, target)  # type: ignore[no-untyped-call]
        except Exception:  # noqa: BLE001 - a damaged pickle can raise anything
            return None

    def save_overload(self, signature: Any, data: Any) -> None:
        with contextlib.suppress(Exception):
            super().save_overload(signature, data)  # type: ignore[no-untyped-call]

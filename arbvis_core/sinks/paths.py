"""Paths inside a bundle: the same on every system, and never outside the bundle."""

from __future__ import annotations

import re
from functools import lru_cache

from arbvis_core.errors import SinkError
from arbvis_core.naming import is_device

#: What Windows, macOS and Linux all take in a name.
PORTABLE = re.compile(r'[^\x00-\x1f\x7f<>:"/\\|?*\ud800-\udfff]+')
#: The longest name that common file systems take, in bytes.
LONGEST = 255


def split(path: str) -> tuple[str, ...]:
    """Split a blob's path into names.

    Raises:
        SinkError: it leads out of the bundle, or a name is not possible on every system.
    """
    names = tuple(path.split("/"))
    if not all(map(_is_possible, names)):
        raise SinkError(f"a bundle cannot hold a file called {path!r}")
    return names


@lru_cache(maxsize=1 << 12)  # a tile's path has folders and a number that many have
def _is_possible(name: str) -> bool:
    """Tell whether every system takes a name."""
    return bool(
        PORTABLE.fullmatch(name)
        and name[-1] not in ". "
        and not is_device(name)
        and len(name.encode()) <= LONGEST
    )

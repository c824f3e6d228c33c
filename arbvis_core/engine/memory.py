"""Settings of the C library that half the speed of a tile hangs on."""

from __future__ import annotations

import sys
from functools import lru_cache

#: Blocks up to this many bytes come from memory that is kept: all arrays of a tile. More is refused.
BLOCK = 32 << 20
#: So much free memory is kept before any goes back to the system.
KEPT = 256 << 20

#: So much more than is needed is asked of the system at once.
AHEAD = 64 << 20

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3


@lru_cache(maxsize=1)
def keep_freed_blocks() -> None:
    """Have glibc keep the memory of freed arrays for the next ones.

    It maps blocks of 128 KiB and more anew each time, and to touch fresh pages takes longer than to
    paint what comes into them. The rest it asks for bit by bit, while threads that touch fresh pages
    wait for one another. Other C libraries keep them anyway, or do not let us choose.
    """
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, BLOCK)
        mallopt(_M_TRIM_THRESHOLD, KEPT)
        mallopt(_M_TOP_PAD, AHEAD)

"""Runs a command line in this process and prints how many bytes it asked its files for.

Usage: counting.py ARGUMENT…, of `modelweightvis`
"""

from __future__ import annotations

import atexit
import sys
import threading
from collections.abc import Sequence
from typing import Any

from arbvis_core.api import Range
from arbvis_core.sources.local import LocalSource


def count_reads() -> list[int]:
    """Let every local file note down how many bytes it is asked for."""
    asked: list[int] = []
    lock, read = threading.Lock(), LocalSource.read

    def counting(self: LocalSource, ranges: Sequence[Range]) -> Any:
        with lock:
            asked.extend(stop - start for start, stop in ranges)
        return read(self, ranges)

    setattr(LocalSource, "read", counting)  # noqa: B010 - to mypy it is a method for good
    return asked


if __name__ == "__main__":
    from modelweightvis.cli import main

    asked = count_reads()
    atexit.register(lambda: print(sum(asked), file=sys.stderr))
    main()

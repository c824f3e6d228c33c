"""What the garbage collector need not search."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def kept_for_good() -> Iterator[None]:
    """Look for no garbage in what is made here: it lives as long as the program.

    To go through the objects of thirty thousand tensors holds every thread up, over and over.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collecting:
            gc.enable()

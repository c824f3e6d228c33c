"""What the garbage collector need not search."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

#: How often a command looks for garbage, as `gc.set_threshold` has it: what a hundred thousand files
#: are made into lives long, and is none.
RARELY = 50_000, 20, 50


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Pause the garbage collector: a plan is a million values of which none is garbage."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


@contextlib.contextmanager
def kept_for_good() -> Iterator[None]:
    """Look for no garbage in what is made here, now or later: it lives as long as the program.

    To go through the objects of thirty thousand tensors holds every thread up, over and over. Only
    a command looks for garbage `RARELY`: elsewhere the program is somebody else's, and later it is
    searched as ever.
    """
    with uncollected():
        try:
            yield
        finally:
            if gc.get_threshold() == RARELY:
                gc.freeze()

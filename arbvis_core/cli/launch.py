"""What the installed commands call: nothing is imported here until Ctrl-C is looked after."""

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False  # as `typing` has it, which takes longer to import than Ctrl-C may wait
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from arbvis_core.values import Profile


def launch(name: str, profile: Callable[[], Profile]) -> NoReturn:
    """Run a program and exit with its code.

    Importing takes most of a short run, so that Ctrl-C falls into it more often than not, and
    Python would search all that was just imported for garbage, over and over. The library of linear
    algebra that numpy brings would start a thread for every core, which waits by spinning; where
    several threads draw there is next to no use for them. Whoever wants them says so.

    Args:
        name: the program, named where there is nothing else to say it.
        profile: returns what the program assumes.
    """
    gc.disable()
    if "OMP_NUM_THREADS" not in os.environ:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        from arbvis_core.cli.app import start

        code = start(profile(), ready=_collect)
    except KeyboardInterrupt:
        import signal

        sys.stderr.write(f"{name}: interrupted\n")
        code = 128 + signal.SIGINT
    _leave(code)


def _leave(code: int) -> NoReturn:
    """Exit without taking Python apart piece by piece, which takes longer than to draw a small file.

    What was registered to be done at exit is done first. Where a thread still runs that must come to its
    end, where a profiler or a debugger looks on, or something cannot be flushed, Python exits as ever.
    """
    import atexit
    import threading

    alone = all(one.daemon for one in threading.enumerate() if one is not threading.main_thread())
    watched = sys.getprofile() is not None or sys.gettrace() is not None
    if alone and not watched and hasattr(atexit, "_run_exitfuncs"):
        atexit._run_exitfuncs()  # noqa: SLF001 - what Python itself and multiprocessing call
        try:
            for stream in (sys.stdout, sys.stderr):
                if stream is not None:
                    stream.flush()
        except (OSError, ValueError):
            sys.exit(code)
        os._exit(code)
    sys.exit(code)


def _collect() -> None:
    """Collect garbage from here on, rarely, and not among the modules, which live as long as the program."""
    from arbvis_core.garbage import RARELY

    gc.freeze()
    gc.set_threshold(*RARELY)
    gc.enable()


def main() -> NoReturn:
    """Run `arbvis`."""
    launch("arbvis", _arbvis)


def _arbvis() -> Profile:
    from arbvis_core.values import ARBVIS

    return ARBVIS

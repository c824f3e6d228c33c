"""Requests to end: ignored while the first of them is cleaned up after, and never lost."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Ended(BaseException):
    """A signal asked the program to end; everything is cleaned up on the way out."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


#: What comes from outside, whoever's code it falls into.
ENDINGS = (KeyboardInterrupt, Ended, GeneratorExit)
#: Seconds until a request that was lost comes again.
AGAIN = 0.02


@contextmanager
def heard() -> Iterator[None]:
    """Let a request to end come again where it was lost.

    What is raised in a finaliser, or in what C calls back, is only printed, and the program goes on
    as if nobody had asked. To compile a kernel runs thousands of both.
    """
    before = sys.unraisablehook

    def hook(lost: sys.UnraisableHookArgs) -> None:
        if isinstance(lost.exc_value, Ended):
            _thread.start_new_thread(_again, (lost.exc_value.number,))
        elif isinstance(lost.exc_value, KeyboardInterrupt):
            _thread.start_new_thread(_again, (signal.SIGINT,))
        else:
            before(lost)

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = before


def _again(number: int) -> None:
    """Send the main thread a signal, once it has left what it would be lost in."""
    time.sleep(AGAIN)
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, number)
    else:
        _thread.interrupt_main(signal.Signals(number))


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ignore further requests to end while what the first one left is cleaned up.

    People press Ctrl-C twice. Outside the main thread signals never arrive, so nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ignored = [signal.SIGINT, signal.SIGTERM]
    before = {number: signal.signal(number, signal.SIG_IGN) for number in ignored}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)

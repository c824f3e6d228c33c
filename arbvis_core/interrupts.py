"""Cleaning up without being interrupted."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Ended(BaseException):
    """A signal asked the program to end; everything is cleaned up on the way out."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


#: What comes from outside, whoever's code it falls into.
ENDINGS = (KeyboardInterrupt, Ended, GeneratorExit)


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

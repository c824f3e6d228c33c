"""A second Ctrl-C waits until the first one has been cleaned up after."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from typing import Any

import pytest

from arbvis_core.interrupts import Ended, heard, undisturbed

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="os.kill ends the process there")


def test_signals_are_ignored_inside_and_back_afterwards() -> None:
    before = signal.getsignal(signal.SIGINT)
    with undisturbed():
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_other_threads_change_nothing() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def work() -> None:
        with undisturbed():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


def lost_in_c(number: int) -> None:
    """Be asked to end while C calls Python back."""

    @ctypes.CFUNCTYPE(None)
    def called_back() -> None:
        signal.raise_signal(number)

    called_back()


def lost_in_a_finaliser(number: int) -> None:
    """Be asked to end while something is thrown away."""

    class Thrown:
        def __del__(self) -> None:
            signal.raise_signal(number)

    Thrown()


def go_on() -> None:
    for _ in range(3000):
        time.sleep(0.01)


@pytest.mark.parametrize("lose", [lost_in_c, lost_in_a_finaliser])
@pytest.mark.parametrize("ending", [KeyboardInterrupt, Ended])
def test_what_was_lost_comes_again(lose: Any, ending: type[BaseException]) -> None:
    def end(number: int, _frame: object) -> None:
        raise Ended(number)

    number = signal.SIGINT if ending is KeyboardInterrupt else signal.SIGTERM
    before = signal.getsignal(number)
    if ending is Ended:
        signal.signal(number, end)
    went_on = []

    def work() -> None:
        with heard():
            lose(number)
            went_on.append(True)
            go_on()

    try:
        with pytest.raises(ending):
            work()
    finally:
        signal.signal(number, before)
    assert went_on


def test_what_else_is_lost_is_told_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda lost: told.append(lost.exc_type))

    class Thrown:
        def __del__(self) -> None:
            raise ValueError

    with heard():
        Thrown()
    assert told == [ValueError]

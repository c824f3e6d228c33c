from __future__ import annotations

import os
import signal
import threading

import pytest
import typer

from arbvis_core.cli import exits
from arbvis_core.errors import PluginError, SourceError


def failing(error: BaseException) -> int:
    raise error


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (SourceError("a.bin does not exist"), 2, "arbvis: a.bin does not exist\n"),
        (PluginError("p", "1", "parse", "x", ValueError("v")), 2, "plugin p 1 failed"),
        (SourceError("a\n\x1b[31mb"), 2, "arbvis: a\\n\\x1b[31mb\n"),
        (typer.BadParameter("No such thing."), 2, "arbvis: invalid value: No such thing\n"),
        (KeyboardInterrupt(), 130, "arbvis: interrupted\n"),
        (typer.Abort(), 130, "arbvis: interrupted\n"),
        (exits.Ended(15), 143, ""),
        (MemoryError(), 2, "not enough memory"),
        (ZeroDivisionError("oops"), 70, "defect of arbvis"),
    ],
)
def test_codes(
    error: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exits.run("arbvis", lambda: failing(error)) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert "Traceback" not in err
    assert err.count("\n") == bool(said)


def test_a_defect_says_how_to_report_it(capsys: pytest.CaptureFixture[str]) -> None:
    exits.run("arbvis", lambda: failing(ZeroDivisionError("oops")))
    said = capsys.readouterr().err
    assert "ZeroDivisionError: oops" in said
    assert "ARBVIS_DEBUG=1" in said


def test_traceback_on_request(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARBVIS_DEBUG", "1")
    assert exits.run("arbvis", lambda: failing(ZeroDivisionError("oops"))) == 70
    assert "Traceback" in capsys.readouterr().err


def test_the_program_s_own_code() -> None:
    assert exits.run("arbvis", lambda: 1) == 1


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="needs POSIX signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_signals_clean_up_on_their_way(name: str) -> None:
    number = getattr(signal, name)
    before = signal.getsignal(number)
    cleaned = []

    def program() -> int:
        try:
            os.kill(os.getpid(), number)
            threading.Event().wait(10)
        finally:
            cleaned.append(name)
        return 0

    assert exits.run("arbvis", program) == 128 + number
    assert cleaned == [name]
    assert signal.getsignal(number) == before


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="needs POSIX signals")
def test_what_nohup_ignores_stays_ignored() -> None:
    mine = signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def program() -> int:
        os.kill(os.getpid(), signal.SIGHUP)
        return 0

    try:
        assert exits.run("nohup", program) == 0
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, mine)


def test_works_in_another_thread() -> None:
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(exits.run("arbvis", lambda: 0)))
    thread.start()
    thread.join()
    assert codes == [0]

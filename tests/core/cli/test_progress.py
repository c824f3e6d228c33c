from __future__ import annotations

import io
import sys

import pytest

from arbvis_core.cli.progress import compiling_told, progress
from arbvis_core.kernels.jit import on_compile


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, *, quiet: bool = False) -> str:
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "120")
    with progress("drawing", 1000, quiet=quiet) as advance:
        advance(400)
        advance(600)
    return stream.getvalue()


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    text = shown(monkeypatch, Terminal())
    assert "drawing" in text
    assert "100%" in text
    assert "px/s" in text
    assert "\x1b[38;" in text


def test_no_colour_where_none_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    text = shown(monkeypatch, Terminal())
    assert "drawing" in text
    assert "\x1b[38;" not in text


def test_nothing_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, io.StringIO()) == ""


def test_nothing_when_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, Terminal(), quiet=True) == ""


def test_standard_error_may_be_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with progress("drawing", 10, quiet=False) as advance:
        advance(10)


@pytest.mark.parametrize("stream", [Terminal(), io.StringIO()])
def test_that_kernels_are_compiled_is_said_once_and_on_a_terminal(
    stream: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    said: list[str] = []
    before = list(on_compile)
    with compiling_told(said.append):
        for name in ("fold", "paint"):
            for listener in tuple(on_compile):
                listener(name)
    assert len(said) == stream.isatty()
    assert on_compile == before

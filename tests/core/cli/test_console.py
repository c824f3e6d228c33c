from __future__ import annotations

import io
import os
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbvis_core.cli import console


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 文", "plain é 文"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\udcff.bin", "\\xff.bin"),
        ("abc\u202egpj.exe", "abc\\u202egpj.exe"),
        ("\u2028", "\\u2028"),
        ("\x7f\x9b", "\\x7f\\x9b"),
        ("<script>", "<script>"),
    ],
)
def test_escape(text: str, shown: str) -> None:
    assert console.escape(text) == shown


@given(st.text(st.characters()))
def test_nothing_reaches_the_terminal_but_what_is_printable(text: str) -> None:
    assert console.escape(text).isprintable()


@given(st.binary())
def test_any_file_name_can_be_said(name: bytes) -> None:
    assert console.escape(os.fsdecode(name)).isprintable()


def test_a_console_that_knows_no_unicode(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    console.prepare_streams()
    console.answer("ü → 文")
    assert raw.getvalue().split() == [b"\\xfc", b"\\u2192", b"\\u6587"]


@pytest.mark.parametrize("stream", [None, io.TextIOWrapper(io.BytesIO())])
def test_standard_error_may_be_closed(
    monkeypatch: pytest.MonkeyPatch, stream: io.TextIOWrapper | None
) -> None:
    if stream is not None:
        stream.close()
    monkeypatch.setattr(sys, "stderr", stream)
    console.tell("nobody listens")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (99_400, "99.4 kB"),
        (262_144, "262 kB"),
        (999_600, "1.0 MB"),
        (3_400_000, "3.4 MB"),
        (79e9, "79.0 GB"),
        (5e15, "5,000 TB"),
    ],
)
def test_quantity(number: float, text: str) -> None:
    assert console.quantity(number, "B") == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.1 s"), (3.14, "3.1 s"), (61, "61 s"), (180, "3 min"), (9000, "2.5 h")],
)
def test_duration(seconds: float, text: str) -> None:
    assert console.duration(seconds) == text


def test_count() -> None:
    assert console.count(1, "tile") == "1 tile"
    assert console.count(1365, "tile") == "1,365 tiles"

"""What the user reads in the terminal: never a control character, whatever a file is called."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

from arbvis_core.errors import SinkError

if TYPE_CHECKING:
    from typing import TextIO


class ReaderGoneError(BaseException):
    """Nobody reads our output any more; not an `Exception`, so that nothing reports it."""


def escape(text: str) -> str:
    r"""Show every character that is not printable as an escape: `\n`, `\x1b`, `\u202e`.

    Bytes of file names that are not UTF-8 become `\xNN`.
    """
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return char.encode("unicode_escape").decode("ascii")


def tell(text: str) -> None:
    """Write a line to standard error, which may be closed."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(f"{escape(text)}\n")
        sys.stderr.flush()


def answer(text: str, stream: TextIO | None = None) -> None:
    """Write a line to standard output, or to what it was before somebody put it aside.

    Raises:
        BrokenPipeError: nobody reads it any more.
        SinkError: it cannot be written.
    """
    try:
        out = stream or sys.stdout
        out.write(f"{escape(text)}\n")
        out.flush()
    except BrokenPipeError:
        raise
    except (OSError, ValueError, AttributeError) as error:  # full, or closed
        drop_output()
        raise SinkError(f"standard output cannot be written ({error}): {text}") from error


def prepare_streams() -> None:
    """Let characters that a console cannot show become escapes instead of an exception."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def drop_output() -> None:
    """Send what is still to be written to standard output nowhere, once its reader has gone."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def quantity(number: float, unit: str) -> str:
    """Write a number of bytes or pixels as people read it: `3.4 MB`, `17 px`."""
    for prefix in ("", "k", "M", "G", "T"):
        if number < 999.5 or prefix == "T":
            break
        number /= 1000
    digits = 0 if not prefix or number >= 99.5 else 1
    return f"{number:,.{digits}f} {prefix}{unit}"


def count(number: int, noun: str) -> str:
    """Write how many there are of something: `1 tile`, `1,365 tiles`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """Write a duration as people read it: `0.4 s`, `3 min`, `2.5 h`."""
    if seconds < 9.95:
        return f"{max(seconds, 0.1):.1f} s"
    if seconds < 119.5:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7170 else f"{seconds / 3600:.1f} h"

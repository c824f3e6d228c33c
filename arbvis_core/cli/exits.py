"""How the program ends: exit codes, signals, and what is said.

0    done
1    `plugins --check` found a fault
2    something the user can mend, or a plugin's failure
70   a defect of ours
130  Ctrl-C; 143 and 129 after SIGTERM and SIGHUP
141  whoever read our output has gone
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import typer

from arbvis_core import __version__
from arbvis_core.cli.console import ReaderGoneError, drop_output, tell
from arbvis_core.errors import ArbvisError
from arbvis_core.interrupts import Ended, heard
from arbvis_core.naming import nearest

#: What typer raises for a command line that it cannot parse.
PARSE_ERRORS: tuple[type[Exception], ...] = tuple(
    one for one in typer.BadParameter.__mro__ if one.__name__ == "ClickException"
)
INTERRUPTED = 128 + signal.SIGINT


def run(name: str, program: Callable[[], int]) -> int:
    """Run a program and return its exit code, whatever happens in it.

    Args:
        name: what the user typed, named in every message.
        program: returns an exit code.
    """
    try:
        with _ending_on_signals(), heard():
            code = program()
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except Ended as error:
        code = 128 + error.number
    except (BrokenPipeError, ReaderGoneError):
        drop_output()
        code = 141
    except Exception as error:  # noqa: BLE001  the user is told, and how to tell us
        code = _failed(name, error)
    if code == INTERRUPTED:
        tell(f"{name}: interrupted")
    return code


def _failed(name: str, error: Exception) -> int:
    """Say what went wrong, and return the exit code of its kind."""
    if os.environ.get("ARBVIS_DEBUG", "") not in {"", "0"}:
        sys.excepthook(type(error), error, error.__traceback__)
    if isinstance(error, PARSE_ERRORS):
        tell(f"{name}: {_parse_error(error)}")
        return 2
    if isinstance(error, ArbvisError):
        tell(f"{name}: {error}")
        return 2
    if isinstance(error, MemoryError):
        tell(f"{name}: there is not enough memory; try fewer --jobs")
        return 2
    tell(
        f"{name}: this is a defect of {name} {__version__}, not of your files: "
        f"{type(error).__name__}: {error}. Please report it to the project's issue tracker, "
        f"with what it prints when it is run with ARBVIS_DEBUG=1"
    )
    return 70


def _parse_error(error: Exception) -> str:
    """Say what is wrong with the command line, and what was perhaps meant."""
    wrong = getattr(error, "option_name", "")
    context = getattr(error, "ctx", None)
    if context is None or not hasattr(error, "possibilities"):
        said = error.format_message() if hasattr(error, "format_message") else str(error)
        said = said.replace("Value error, ", "")
        return f"{said[:1].lower()}{said[1:]}".rstrip(".")
    flags = [
        flag
        for one in context.command.get_params(context)
        for flag in (*one.opts, *one.secondary_opts)
        if flag.startswith("-")
    ]
    close = nearest(wrong, flags)
    hint = f"did you mean {close}?" if close else f"see {context.command_path} --help"
    return f"there is no option {wrong}; {hint}"


@contextmanager
def _ending_on_signals() -> Iterator[None]:
    """Turn the signals that ask a program to end into an exception, as Ctrl-C is one."""

    def end(number: int, _frame: FrameType | None) -> None:
        raise Ended(number)

    names = ("SIGTERM", "SIGHUP", "SIGBREAK")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {}
    try:
        for number in numbers:
            if signal.getsignal(number) == signal.SIG_DFL:
                before[number] = signal.signal(number, end)
    except ValueError:
        # Not the main thread: whoever started us there keeps the signals.
        before = {}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

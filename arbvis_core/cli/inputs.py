"""From the command line to inputs."""

from __future__ import annotations

import codecs
import os
import shlex
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from arbvis_core.errors import UsageError
from arbvis_core.naming import nearest

STDIN = "-"
#: No list of inputs is longer, in bytes.
LONGEST = 1 << 28


def gather(files: Sequence[str], file_list: str | None, *, diff: bool = False) -> tuple[str, ...]:
    """Return the inputs: the arguments, then those of a list; a pipe if there are none.

    Args:
        files: the arguments.
        file_list: the list; None if there is none.
        diff: they are compared, for which there have to be two.

    Raises:
        UsageError: there are none, or the list cannot be read.
    """
    inputs = tuple(files)
    if diff and len(inputs) < 2 and file_list is None:
        raise UsageError(
            "--diff compares the first input with each of the others: name at least two inputs"
        )
    if file_list is not None:
        if file_list == STDIN and STDIN in inputs:
            raise UsageError("standard input cannot be both an input and the list of inputs")
        inputs += _listed(file_list)
    if inputs:
        return inputs
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError(
            "nothing to show: name a file or a folder, or pipe something in; see --help"
        )
    return (STDIN,)


def _listed(file_list: str) -> tuple[str, ...]:
    """Read a list of inputs: one per line, blank lines are ignored, names may be any bytes."""
    shown = "standard input" if file_list == STDIN else file_list
    if file_list != STDIN and Path(file_list).is_dir():
        raise UsageError(f"--file-list {shown} is a folder, not a list; give it as an input")
    try:
        content = _content(file_list)
        lines = content.removeprefix(codecs.BOM_UTF8).split(b"\n")
        inputs = tuple(os.fsdecode(line.removesuffix(b"\r")) for line in lines if line.strip())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"--file-list {shown} cannot be read: {reason.lower()}") from error
    if b"\0" in content or len(content) > LONGEST:
        raise UsageError(f"--file-list {shown} is not a list of paths, one per line")
    if not inputs:
        raise UsageError(f"--file-list {shown} names no files")
    return inputs


def _content(file_list: str) -> bytes:
    if file_list != STDIN:
        with Path(file_list).open("rb") as file:
            return file.read(LONGEST + 1)
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("--file-list -: standard input is a terminal; pipe a list into it")
    return sys.stdin.buffer.read(LONGEST + 1)


def check_command(inputs: Sequence[str], commands: Iterable[str]) -> None:
    """Refuse a mistyped command, which would only be called a file that does not exist.

    Raises:
        UsageError: the first input is no file and almost a command's name.
    """
    first = inputs[0]
    close = nearest(first, commands, 0.75)
    if close and first != STDIN and not os.path.lexists(first):
        raise UsageError(f"{first} does not exist; did you mean the command {close}?")


def whole_command(program: str, typed: Sequence[str], inputs: Sequence[str]) -> str:
    """Return the command to type when all that lacks is where to write."""
    first = inputs[0]
    name = "stdin" if first == STDIN else Path(first).absolute().name or "root"
    if "://" in first:
        name = first.rstrip("/").rpartition("/")[2]
    plain = "".join(char if char.isprintable() else "_" for char in name)
    target = ("--out", f"{plain}.arbvis")
    # Whatever follows a bare -- is a file.
    words = [program, *target, *typed] if "--" in typed else [program, *typed, *target]
    return subprocess.list2cmdline(words) if os.name == "nt" else " ".join(map(quoted, words))


def quoted(word: str) -> str:
    r"""Quote a word for a shell, so that it can be shown: control characters as `$'\x1b'`."""
    if word.isprintable():
        return shlex.quote(word)
    shown = (char if char.isprintable() and char not in "'\\" else _coded(char) for char in word)
    return f"$'{''.join(shown)}'"


def _coded(char: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in os.fsencode(char))

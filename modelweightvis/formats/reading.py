"""What every format needs of a source: bounded reads, plain names, sentences that name the place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import prod
from typing import TYPE_CHECKING

from arbvis_core import api
from arbvis_core.api import FormatError

if TYPE_CHECKING:
    from arbvis_core.api import Probe, Source

#: What Git LFS leaves in place of a file that was not fetched.
POINTER = b"version https://git-lfs.github.com/spec/"
#: The most axes of an array, as in numpy.
AXES = 64
#: The most tensors of a file; the largest models have half as many in all their files together.
MOST = 1 << 18
#: Elements that no array can have: their bytes could not be counted in 64 bits.
LARGEST = 1 << 59
#: The most elements a byte can stand for, in a type that nobody knows; the densest known has 5.
DENSEST = 16


def read(source: Source, start: int, stop: int) -> bytes:
    """Read what there is of a range."""
    stop = min(stop, source.size)
    return bytes(source.read([api.Range(start, stop)])[0]) if 0 <= start < stop else b""


def basename(source: Source | Probe) -> str:
    """Return the last component of a source's name."""
    return source.name.rpartition("/")[2]


def has_suffix(source: Source | Probe, suffixes: tuple[str, ...]) -> bool:
    """Tell whether a file is called so; what macOS keeps beside a file (`._x`) is not meant."""
    name = basename(source)
    return name.lower().endswith(suffixes) and not name.startswith("._")


def refuse_pointer(source: Source) -> None:
    """Raise if the file was never fetched.

    Raises:
        FormatError: it is what Git LFS leaves in place of a file.
    """
    if read(source, 0, len(POINTER)) == POINTER:
        raise FormatError(
            f"{source.name} is a pointer of Git LFS, not the file itself; run 'git lfs pull'"
        )


def shown(name: str, longest: int = 80) -> str:
    """Quote a name that a file says, on one line and not too long."""
    return repr(name if len(name) <= longest else f"{name[:longest]}…")


def listed(names: Sequence[str], first: int = 3) -> str:
    """List the first few names and say how many more there are."""
    more = f" and {len(names) - first} more" if len(names) > first else ""
    return ", ".join(shown(name) for name in names[:first]) + more


def check_count(what: str, shape: Sequence[int], size: int) -> None:
    """Raise if there are more elements than so many bytes can stand for.

    Raises:
        FormatError: there are; a picture of them would have no end.
    """
    check_empty(what, shape)
    if prod(shape) > DENSEST * size:
        raise FormatError(
            f"{what} is said to hold {prod(shape)} elements in {size} bytes; "
            f"the header is damaged, fetch the file again"
        )


def check_empty(what: str, shape: Sequence[int]) -> None:
    """Raise if an array of no elements is larger than any array can be.

    Raises:
        FormatError: it is.
    """
    if 0 in shape and prod(length for length in shape if length) >= LARGEST:
        raise FormatError(f"{what} has no elements and an impossible shape; the file is damaged")


@contextmanager
def of_source(source: Source) -> Iterator[None]:
    """Tell which source a `FormatError` is about, so that the others can be shown without it."""
    try:
        yield
    except FormatError as error:
        error.source = source.key
        raise

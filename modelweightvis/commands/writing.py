"""Values and bytes of a tensor, written piece by piece: memory is bounded, whatever its size."""

from __future__ import annotations

import io
import os
import secrets
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from arbvis_core.api import Range, Region, SinkError, UsageError

if TYPE_CHECKING:
    from modelweightvis.lazy import LazyTensor

STDOUT = "-"
#: Bytes that are read and written at once.
CHUNK = 8 << 20

#: What is written, and how many bytes it is.
Content = tuple[Iterator[bytes | memoryview], int]


def npy_chunks(tensor: LazyTensor) -> Content:
    """Return a tensor's values as a `.npy` file: float32, little-endian, in the logical shape.

    Raises:
        FormatError: nobody knows its values.
    """
    import numpy as np

    tensor.check_known()
    header = io.BytesIO()
    told = {"descr": "<f4", "fortran_order": False, "shape": tensor.shape}
    np.lib.format.write_array_header_1_0(header, told)

    def chunks() -> Iterator[bytes | memoryview]:
        yield header.getvalue()
        for band in tensor.bands():
            yield np.ascontiguousarray(band, "<f4").reshape(-1).data.cast("B")

    return chunks(), len(header.getvalue()) + 4 * tensor.size


def raw_chunks(tensor: LazyTensor) -> Content:
    """Return a tensor's bytes as they are stored: its parts, one after the other.

    Of a part that lies scattered, everything from its first to its last byte is written.
    """
    sources = {source.key: source for source in tensor.document.sources}
    extents = [
        (sources[part.source], part.start, part.stop)
        for region in _with_operands(tensor.tensor.region)
        for part in region.parts
    ]

    def chunks() -> Iterator[bytes | memoryview]:
        for source, start, stop in extents:
            for at in range(start, stop, CHUNK):
                (data,) = source.read([Range(at, min(at + CHUNK, stop))])
                yield memoryview(data)

    return chunks(), sum(stop - start for _, start, stop in extents)


def _with_operands(region: Region) -> Iterator[Region]:
    yield region
    for operand in region.operands:
        yield from _with_operands(operand)


def write(
    out: str,
    chunks: Iterable[bytes | memoryview],
    size: int,
    *,
    inputs: Sequence[str],
    force: bool,
    on_progress: Callable[[int], None],
) -> None:
    """Write a file that appears whole or not at all, or standard output.

    Args:
        out: its path, or `-`.
        chunks: its content.
        size: how many bytes that is.
        inputs: files that are not replaced, come what may.
        force: replace another file.
        on_progress: told how many bytes were written since.

    Raises:
        SinkError: it exists, or cannot be written; nothing half-written is left.
    """
    if out == STDOUT:
        _to_stdout(chunks, on_progress)
        return
    target = Path(out)
    partial = target.with_name(f".{target.name[:40]}.{secrets.token_hex(4)}")
    try:
        check_target(out, target, size, inputs, force=force)
        try:
            with partial.open("xb") as file:
                _copy(chunks, file, on_progress)
            partial.replace(target)
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SinkError(f"{out} cannot be written: {reason.lower()}") from error


def check_target(out: str, target: Path, size: int, inputs: Sequence[str], *, force: bool) -> None:
    """Refuse a file that cannot be written, or that somebody would miss.

    Raises:
        SinkError: so it is; the message says what to do.
    """
    if not target.name or target.is_dir():
        raise SinkError(f"{out} does not name a file")
    if not target.parent.is_dir():
        raise SinkError(f"{out} cannot be written: {target.parent} is not a folder")
    if os.path.lexists(target):
        if target.exists() and any(_is(target, one) for one in inputs):
            raise SinkError(f"{out} is a file of the model and is not replaced; name another file")
        if not force:
            raise SinkError(f"{out} exists; name another file, or replace it with --force")
    free = shutil.disk_usage(target.parent).free
    if size > free:
        raise SinkError(f"{out} would have {size:,} bytes, and the disk has {free:,} left")


def _is(target: Path, key: str) -> bool:
    """Tell whether a source is this file; those that are none of this machine are not."""
    return "\0" not in key and Path(key).exists() and target.samefile(key)


def _to_stdout(chunks: Iterable[bytes | memoryview], on_progress: Callable[[int], None]) -> None:
    if sys.stdout is None or sys.stdout.isatty():
        raise UsageError("standard output is a terminal; send it to a file or into a pipe")
    try:
        _copy(chunks, sys.stdout.buffer, on_progress)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise SinkError(f"standard output cannot be written: {error.strerror or error}") from error


def _copy(
    chunks: Iterable[bytes | memoryview], file: BinaryIO, on_progress: Callable[[int], None]
) -> None:
    for chunk in chunks:
        file.write(chunk)
        on_progress(len(chunk))

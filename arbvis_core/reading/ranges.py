"""Ranges of a source, and what is asked of crops before any is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from arbvis_core.errors import ArbvisError, SourceError
from arbvis_core.values import Buffer, Crop, Range, Source

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def read_ranges(source: Source, ranges: Sequence[Range]) -> Sequence[Buffer]:
    """Read ranges of a source and hold it to its word: every buffer is as long as was asked."""
    try:
        buffers = source.read(ranges)
    except ArbvisError:
        raise
    except Exception as error:
        raise SourceError(f"{source.name}: cannot be read: {error}") from error
    got = [len(memoryview(buffer).cast("B")) for buffer in buffers]
    if got != [stop - start for start, stop in ranges]:
        raise SourceError(f"{source.name}: the source returned {got} bytes for {list(ranges)}")
    return buffers


def is_contiguous(crop: Crop) -> bool:
    """Tell whether there is nothing between the rows of a crop."""
    return crop.rows == 1 or crop.stride == crop.row_bytes


def source_of(sources: Mapping[str, Source], crop: Crop) -> Source:
    """Return what a crop is cut out of.

    Raises:
        SourceError: the crop does not lie in a source that there is.
    """
    if crop.source not in sources:
        raise SourceError(f"{crop.source} is asked for, but the plan does not read it")
    source = sources[crop.source]
    if crop.start < 0 or crop.rows < 1 or crop.row_bytes < 0 or crop.stop > source.size:
        raise SourceError(
            f"{source.name}: bytes {crop.start} to {crop.stop} were asked for, "
            f"but it has {source.size}"
        )
    low, high = crop.within or (0, source.size)
    if not (0 <= low <= crop.start and crop.stop <= high <= source.size):
        raise SourceError(
            f"{source.name}: bytes {crop.start} to {crop.stop} were asked for as if they lay within "
            f"{low} to {high} of {source.size}"
        )
    return source


def as_rows(buffer: Buffer, crop: Crop) -> NDArray[np.uint8]:
    """Return a contiguous crop that was read on its own."""
    import numpy as np

    array = np.frombuffer(buffer, np.uint8).reshape(crop.rows, crop.row_bytes)
    array.flags.writeable = False
    return array

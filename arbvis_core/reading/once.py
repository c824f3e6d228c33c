"""Crops that are read once, and of which nothing is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from arbvis_core.reading.ranges import as_rows, is_contiguous, read_ranges, source_of
from arbvis_core.values import Crop, Range, Source

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Bytes between two rows that are rather read than skipped.
NEAR = 16 << 10
#: Bytes that are read in one call.
SPAN = 8 << 20


def read_crops(
    sources: Mapping[str, Source], crops: Sequence[Crop], near: int = NEAR
) -> list[NDArray[np.uint8]]:
    """Do what `Reader.fetch` does, but keep nothing: whoever reads little and once reads no more.

    Gaps of up to `near` bytes between rows are read too, wider ones are not. Besides what is returned
    no more than `SPAN` bytes are held, if no row is longer.
    """
    import numpy as np

    for crop in crops:
        source_of(sources, crop)
    arrays = [
        np.empty((0 if is_contiguous(crop) else crop.rows, crop.row_bytes), np.uint8)
        for crop in crops
    ]
    runs = [(number, *run) for number, crop in enumerate(crops) for run in _row_runs(crop, near)]
    for batch in _batches(crops, runs):
        source = sources[crops[batch[0][0]].source]
        ranges = [_extent(crops[number], first, rows) for number, first, rows in batch]
        for (number, first, rows), buffer in zip(batch, read_ranges(source, ranges), strict=True):
            crop = crops[number]
            if is_contiguous(crop):
                arrays[number] = as_rows(buffer, crop)
                continue
            stored = np.lib.stride_tricks.as_strided(
                np.frombuffer(buffer, np.uint8), (rows, crop.row_bytes), (crop.stride, 1)
            )
            arrays[number][first : first + rows] = stored
            arrays[number].flags.writeable = first + rows < crop.rows
    return arrays


def _row_runs(crop: Crop, near: int) -> Iterable[tuple[int, int]]:
    """Cut a crop into runs of rows (first, count) that are read in one piece."""
    through = crop.stride - crop.row_bytes <= near
    count = max(1, SPAN // max(crop.stride, 1)) if through else 1
    count = crop.rows if is_contiguous(crop) else count
    for first in range(0, crop.rows, count):
        yield first, min(count, crop.rows - first)


def _extent(crop: Crop, first: int, rows: int) -> Range:
    start = crop.start + first * crop.stride
    return Range(start, start + (rows - 1) * crop.stride + crop.row_bytes)


def _batches(
    crops: Sequence[Crop], runs: Iterable[tuple[int, int, int]]
) -> Iterable[list[tuple[int, int, int]]]:
    """Put runs together that one call can read: of one source, and of few bytes."""
    batch: list[tuple[int, int, int]] = []
    held = 0
    for number, first, rows in runs:
        start, stop = _extent(crops[number], first, rows)
        same = not batch or crops[batch[-1][0]].source == crops[number].source
        if batch and (not same or held + stop - start > SPAN):
            yield batch
            batch, held = [], 0
        batch.append((number, first, rows))
        held += stop - start
    if batch:
        yield batch

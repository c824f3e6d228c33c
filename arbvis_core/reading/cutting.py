"""Which ranges a crop is cut out of, so that crops beside it are cut out of the same.

Where rows lie close together all of them are one range, a band: it begins and ends with a row of the
tensor, so that crops of the same rows have the same band whichever columns they want, and nothing has to
be copied. Where a band would be too large, or most of it would be read in vain, ranges are pages of the
tensor.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from arbvis_core.reading.cache import PAGE
from arbvis_core.reading.ranges import is_contiguous
from arbvis_core.values import Buffer, Crop, Range

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: By range, how many of its bytes a crop consists of.
Cut = Mapping[Range, int]


def band_of(crop: Crop, limit: int) -> Cut | None:
    """Return the band of a crop that says what it lies within, of at most so many bytes.

    None where it is better cut into pages.
    """
    if crop.within is None or not crop.size or is_contiguous(crop):
        return None
    if not crop.row_bytes <= crop.stride <= PAGE or crop.rows * crop.stride > limit:
        return None
    low, high = crop.within
    start = crop.start - (crop.start - low) % crop.stride
    stop = start + crop.rows * crop.stride
    if crop.stop > stop:  # rows that reach from one row of the tensor into the next
        return None
    return {Range(start, min(stop, high)): crop.size}


def pages_of(crop: Crop, within: Range) -> Cut:
    """Return the pages of a range that a crop touches, ascending."""
    low, high = within
    crop = crop._replace(start=crop.start - low)
    sizes: dict[int, int] = {}
    for number, size in _touched(crop):
        sizes[number] = sizes.get(number, 0) + size
    return {
        Range(low + number * PAGE, min(low + (number + 1) * PAGE, high)): size
        for number, size in sizes.items()
    }


def _touched(crop: Crop) -> Iterator[tuple[int, int]]:
    """Yield pages by number, and how many bytes of each a crop, or one of its rows, consists of."""
    start, stop, stride, size = crop.start, crop.stop, crop.stride, crop.row_bytes
    if not size:
        return
    if crop.rows > 1 and stride > PAGE:  # there may be many pages between two rows
        for row in range(crop.rows):
            yield from _touched(Crop(crop.source, start + row * stride, size))
        return
    before = 0
    for number in range(start // PAGE, (stop - 1) // PAGE + 1):
        after = min((number + 1) * PAGE, stop) - start
        if crop.rows > 1 and stride > size:
            rows, rest = divmod(after, stride)
            after = rows * size + min(rest, size)
        yield number, after - before
        before = after


def held(array: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return an array that holds on to no more memory than it has, for whoever keeps it for a while."""
    if array.flags.c_contiguous:
        return array
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def cut_out(crop: Crop, cut: Cut, buffers: Mapping[Range, Buffer]) -> NDArray[np.uint8]:
    """Return a crop, (rows, row_bytes), read-only; one that lies in a single range is not copied."""
    import numpy as np

    rows, size, stride = crop.rows, crop.row_bytes, crop.stride
    if len(cut) == 1:
        ((one, _),) = cut.items()
        whole, offset = memoryview(buffers[one]), crop.start - one.start
        array = np.ndarray((rows, size), np.uint8, whole, offset, (stride, 1))
    else:
        array = np.empty((rows, size), np.uint8)
        if size:
            _copy_rows(crop, list(cut), buffers, array)
    array.flags.writeable = False
    return array


def _copy_rows(
    crop: Crop, pages: list[Range], buffers: Mapping[Range, Buffer], out: NDArray[np.uint8]
) -> None:
    import numpy as np

    size, stride, row, at = crop.row_bytes, crop.stride, 0, 0
    while row < crop.rows:
        start = crop.start + row * stride
        while pages[at].stop <= start:
            at += 1
        page = pages[at]
        room = page.stop - start - size
        if room < 0:
            _copy_split_row(start, pages[at:], buffers, out[row])
            row += 1
        else:  # every row that lies within the page
            count = min(crop.rows - row, room // stride + 1) if stride else 1
            whole, offset = memoryview(buffers[page]), start - page.start
            out[row : row + count] = np.ndarray((count, size), np.uint8, whole, offset, (stride, 1))
            row += count


def _copy_split_row(
    start: int, pages: list[Range], buffers: Mapping[Range, Buffer], out: NDArray[np.uint8]
) -> None:
    """Copy a row that crosses page boundaries."""
    import numpy as np

    done = 0
    for page in pages:
        offset = start + done - page.start
        piece = np.frombuffer(buffers[page], np.uint8, offset=offset)[: len(out) - done]
        out[done : done + len(piece)] = piece
        done += len(piece)
        if done == len(out):
            return

"""Serves crops from the sources of a plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from arbvis_core.reading.cache import SHARED, RangeCache
from arbvis_core.reading.cutting import Cut, band_of, cut_out, pages_of
from arbvis_core.reading.ranges import as_rows, is_contiguous, read_ranges, source_of
from arbvis_core.values import Crop, Range, Source

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Inputs up to this size are kept whole once read, so that sampling them costs no second read.
SMALL = 64 << 20


class Reader:
    """Serves crops from the sources of a plan."""

    def __init__(self, sources: Mapping[str, Source], cache: RangeCache = SHARED) -> None:
        self._sources = sources
        self._cache = cache
        self._small = sum(source.size for source in sources.values()) <= SMALL

    def fetch(self, crops: Sequence[Crop]) -> list[NDArray[np.uint8]]:
        """Return one read-only uint8 array (rows, row_bytes) per crop; its rows may lie apart.

        Raises:
            SourceError: bytes cannot be had, or lie outside their source.
        """
        arrays: dict[int, NDArray[np.uint8]] = {}
        direct: dict[str, list[int]] = {}
        cuts: dict[str, dict[int, Cut]] = {}
        for index, crop in enumerate(crops):
            source = source_of(self._sources, crop)
            plain = self._small and crop.size > 0 and is_contiguous(crop)
            kept = self._cache.kept(source) if plain else None
            if kept is not None:  # without more ado: of small files there may be very many
                arrays[index] = as_rows(memoryview(kept)[crop.start : crop.stop], crop)
            elif not self._small and is_contiguous(crop):
                direct.setdefault(crop.source, []).append(index)
            else:
                cuts.setdefault(crop.source, {})[index] = self._cut(crop, source)
        for key, indices in direct.items():
            arrays.update(_direct(self._sources[key], crops, indices))
        for key, by_index in cuts.items():
            arrays.update(self._cut_out(self._sources[key], crops, by_index))
        return [arrays[index] for index in range(len(crops))]

    def _cut(self, crop: Crop, source: Source) -> Cut:
        """Return the ranges that a crop is cut out of. Small inputs are kept whole."""
        whole = Range(0, source.size)
        if self._small:
            return pages_of(crop, whole)
        return band_of(crop, self._cache.band) or pages_of(crop, crop.within or whole)

    def _cut_out(
        self, source: Source, crops: Sequence[Crop], cuts: Mapping[int, Cut]
    ) -> Iterable[tuple[int, NDArray[np.uint8]]]:
        """Read all that is missing in one call, so that a remote source can coalesce it."""
        sizes: dict[Range, int] = {}
        for cut in cuts.values():
            for one, size in cut.items():
                sizes[one] = sizes.get(one, 0) + size
        buffers = self._cache.ranges(source, sorted(sizes))
        if not self._small:
            self._cache.use(source, sizes)
        for index, cut in cuts.items():
            yield index, cut_out(crops[index], cut, buffers)


def _direct(
    source: Source, crops: Sequence[Crop], indices: Sequence[int]
) -> Iterable[tuple[int, NDArray[np.uint8]]]:
    """Read contiguous crops straight through, all in one call."""
    ranges = [Range(crops[index].start, crops[index].stop) for index in indices]
    buffers = read_ranges(source, ranges)
    for index, buffer in zip(indices, buffers, strict=True):
        yield index, as_rows(buffer, crops[index])

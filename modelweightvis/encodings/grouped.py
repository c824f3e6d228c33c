"""Matrices of codes less a zero times a scale, both shared by groups of inputs: GPTQ and AWQ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from arbvis_core.api import Decoder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.api import Crop, Region, Window
    from arbvis_core.regions import Units


class GroupedDecoder(Decoder):
    """Decodes (code - zero) × scale of a matrix that is stored as (in, out).

    Parts `codes`, `scales`; `zeros` unless they are all in the middle of the range; and `index` where
    inputs were put in another order: the group of each. Packing: `bits` of codes and zeros; `type`
    of the scales; `group`, how many inputs share a zero and a scale, and `groups`; `plus`, what is
    added to zeros as they are stored; `interleaved`, as AWQ lays eight codes in a word.

    An input whose index names a group that there is not has no values: they are not a number.
    """

    encodings = ("grouped",)

    def crops(self, region: Region, window: Window) -> tuple[Crop, ...]:
        """Return what must be read; where there is an index, zeros and scales of every group."""
        from arbvis_core.regions import part_crops

        return tuple(crop for one in _pieces(region, window) for crop in part_crops(*one))

    def decode(
        self,
        region: Region,
        window: Window,
        buffers: Sequence[NDArray[np.uint8]],
        operands: Sequence[NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        """Return (codes - zeros) × scales."""
        import numpy as np

        from arbvis_core.regions import part_arrays, part_crops, unpack
        from modelweightvis.encodings.decoding import frozen, one_each, packing_of
        from modelweightvis.kernels.packed import scale_groups

        packing, left = packing_of(region), iter(buffers)
        parts = {
            one[0].parts[0].role: part_arrays(*one, [next(left) for _ in part_crops(*one)])[0]
            for one in _pieces(region, window)
        }
        codes = unpack(parts["codes"], _ordered(packing, parts["codes"]), window)
        scale = one_each(packing["type"], parts["scales"])
        zero = _zeros(packing, parts.get("zeros"), scale.shape, window)
        group, absent = _groups(packing, parts.get("index"), window)
        group -= parts["scales"].first[0]
        values = np.empty(codes.shape, np.float32)
        scale_groups(frozen(codes), frozen(group), frozen(zero), frozen(scale), values)
        values[absent] = np.nan
        return values


def _pieces(region: Region, window: Window) -> list[tuple[Region, Window]]:
    """Return every part on its own, and the window in which it is read."""
    everything = ((0, region.stored_shape[0]), window[1])
    indexed = any(part.role == "index" for part in region.parts)
    return [
        (
            replace(region, parts=(part,)),
            everything if indexed and part.role in {"zeros", "scales"} else window,
        )
        for part in region.parts
    ]


def _ordered(packing: Mapping[str, Any], units: Units) -> NDArray[np.uint8]:
    """Return the codes of each unit, in the order of the elements."""
    import numpy as np

    from modelweightvis.encodings.decoding import codes, frozen
    from modelweightvis.kernels.packed import unpack_interleaved

    if not packing["interleaved"]:
        return codes(units, packing["bits"])
    stored = np.empty((*units.data.shape[:-1], 8), np.uint8)
    unpack_interleaved(frozen(units.data).reshape(-1), stored.reshape(-1))
    return stored


def _zeros(
    packing: Mapping[str, Any], units: Units | None, shape: tuple[int, ...], window: Window
) -> NDArray[np.uint8]:
    """Return the zeros of every group and every column of the window, (groups, columns)."""
    import numpy as np

    if units is None:
        return np.full(shape, 1 << (packing["bits"] - 1), np.uint8)
    zeros = _ordered(packing, units)
    start = units.first[1] * units.per[1]
    zeros = zeros.reshape(zeros.shape[0], -1)[:, window[1][0] - start : window[1][1] - start]
    # GPTQ stores a zero less one in as many bits as a code has, so that -1 goes round.
    return (zeros + np.uint8(packing["plus"])) & np.uint8((1 << packing["bits"]) - 1)


def _groups(
    packing: Mapping[str, Any], index: Units | None, window: Window
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the group of every row of the window, and which rows have none."""
    import numpy as np

    if index is None:
        rows = np.arange(*window[0], dtype=np.int64)
        return rows // int(packing["group"]), np.zeros(len(rows), np.bool_)
    stored = np.ascontiguousarray(index.data[:, 0]).view("<i4")[:, 0].astype(np.int64)
    absent = (stored < 0) | (stored >= packing["groups"])
    return np.where(absent, 0, stored), absent

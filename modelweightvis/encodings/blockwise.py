"""bitsandbytes' types of 4 bits, the scales of which may be quantised in turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from arbvis_core import api
from arbvis_core.api import Decoder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.api import Crop, Region, Window
    from arbvis_core.regions import Units


class BlockwiseDecoder(Decoder):
    """Decodes table[code] × scale of the block; blocks run on from row to row.

    The region is stored as a matrix whose rows are whole blocks, or as one row. Parts `codes`,
    `table` (16 float32) and `scales` (float32); with double quantisation `scales` are bytes, and
    `nested_table` (256 float32) and `nested_scales` (float32) follow. Packing: `block`, elements of
    a block; `nested`, blocks of a nested scale, or 0; `offset`, added to nested scales.
    """

    encodings = ("blockwise",)

    def crops(self, region: Region, window: Window) -> tuple[Crop, ...]:
        """Return what must be read; of the nested scales, those of the blocks under the window."""
        from arbvis_core.regions import part_crops
        from modelweightvis.encodings.decoding import packing_of

        crops = part_crops(_outer(region), window)
        if crops and packing_of(region)["nested"]:
            part, (first, last) = region.parts[-1], _nested(region, window)
            crops += (api.Crop(part.source, part.start + 4 * first, 4 * (last - first + 1)),)
        return crops

    def decode(
        self,
        region: Region,
        window: Window,
        buffers: Sequence[NDArray[np.uint8]],
        operands: Sequence[NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        """Return table[codes] × scales."""
        import numpy as np

        from arbvis_core.regions import part_arrays, unpack
        from modelweightvis.encodings.decoding import multiplied, one_each, packing_of, table

        if not buffers:
            return np.zeros([stop - start for start, stop in window], np.float32)
        nested = bool(packing_of(region)["nested"])
        units = part_arrays(_outer(region), window, buffers[: len(buffers) - nested])
        stored, values_of, scales = units[:3]
        values = unpack(stored, _pairs(stored, table(values_of)), window)
        if nested:
            scale = _double(region, window, scales, table(units[3]), buffers[-1])
        else:
            scale = one_each("F32", scales)
        return multiplied(values, scales, scale, window)


def _pairs(units: Units, values_of: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the two values of every byte, (units…, 2): the first lies in the high half."""
    import numpy as np

    from modelweightvis.encodings.decoding import frozen
    from modelweightvis.kernels.floats import look_up_halves

    pairs = np.empty((*units.data.shape[:-1], 2), np.float32)
    look_up_halves(frozen(units.data).reshape(-1), 4, values_of, pairs.reshape(-1))
    return pairs


def _double(
    region: Region,
    window: Window,
    scales: Units,
    values_of: NDArray[np.float32],
    factors: NDArray[np.uint8],
) -> NDArray[np.float32]:
    """Return the scales of the blocks under a window: table[code] × nested scale + offset."""
    import numpy as np

    from modelweightvis.encodings.decoding import packing_of
    from modelweightvis.encodings.units import decode_units

    packing = packing_of(region)
    number = scales.first[-1] + np.arange(scales.data.shape[-2])
    if len(scales.first) > 1:
        row = scales.first[0] + np.arange(scales.data.shape[0])
        number = row[:, None] * (region.stored_shape[1] // packing["block"]) + number
    share = number // packing["nested"] - _nested(region, window)[0]
    factor = decode_units("F32", factors.reshape(-1, 4))[:, 0]
    values = values_of[scales.data[..., 0]]
    with np.errstate(all="ignore"):
        values *= factor[share]
        values += np.float32(packing["offset"])
    return values


def _outer(region: Region) -> Region:
    """Return the region without the nested scales, whose groups need not line up with rows."""
    from modelweightvis.encodings.decoding import packing_of

    return replace(region, parts=region.parts[:-1]) if packing_of(region)["nested"] else region


def _nested(region: Region, window: Window) -> tuple[int, int]:
    """Return the first and the last nested scale under a window."""
    from modelweightvis.encodings.decoding import packing_of

    packing = packing_of(region)
    first = last = 0
    for length, (start, stop) in zip(region.stored_shape, window, strict=True):
        first, last = first * length + start, last * length + stop - 1
    share = packing["block"] * packing["nested"]
    return first // share, last // share

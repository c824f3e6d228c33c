"""What the decoders have in common."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Any

from arbvis_core.api import Region, Window
from arbvis_core.regions import Units, spread, unpack
from modelweightvis.encodings.units import decode_units

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: The attribute of a region that says what its decoder has to know; made by `encodings.packed`
#: and `encodings.packed_grouped`.
PACKING = "packing"


def packing_of(region: Region) -> Mapping[str, Any]:
    """Return what the decoder has to know of the region."""
    packing: Mapping[str, Any] = region.attributes[PACKING]
    return packing


def elements(name: str, units: Units, window: Window) -> NDArray[np.float32]:
    """Return the elements of a window from units of an element type."""
    return unpack(units, decode_units(name, units.data), window)


def one_each(name: str, units: Units) -> NDArray[np.float32]:
    """Return the value of every unit, where a unit is an element, in the units' shape."""
    return decode_units(name, units.data)[..., 0]


def table(units: Units) -> NDArray[np.float32]:
    """Return the float32 values of a unit that holds them all."""
    return frozen(decode_units("F32", units.data.reshape(-1, 4))[:, 0])


def multiplied(
    values: NDArray[np.float32], units: Units, scales: NDArray[np.float32], window: Window
) -> NDArray[np.float32]:
    """Return the values of a window, each times the scale of its unit."""
    import numpy as np

    from modelweightvis.kernels.packed import multiply_blocks

    if values.ndim < 2 or prod(values.shape[:-2]) != 1:
        with np.errstate(all="ignore"):
            return values * spread(units, scales, window)
    (top, tall), (left, wide) = (
        (window[axis][0] - units.first[axis] * units.per[axis], units.per[axis])
        for axis in (-2, -1)
    )
    out = np.empty(values.shape, np.float32)
    matrix = frozen(values.reshape(values.shape[-2:]))
    blocks = frozen(scales.reshape(scales.shape[-2:]))
    multiply_blocks(matrix, blocks, top, tall, left, wide, out.reshape(matrix.shape))
    return out


def codes(units: Units, bits: int) -> NDArray[np.uint8]:
    """Return the codes of units that are streams of bits, least significant first: (units…, codes)."""
    import numpy as np

    from modelweightvis.kernels.packed import unpack_bits, unpack_halves

    if bits == 8:
        return units.data
    packed = frozen(units.data)
    out = np.empty((*packed.shape[:-1], packed.shape[-1] * 8 // bits), np.uint8)
    if bits == 4:
        unpack_halves(packed.reshape(-1), out.reshape(-1))
    else:
        unpack_bits(packed.reshape(-1), bits, out.reshape(-1))
    return out


def frozen(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array contiguous and read-only, so that each kernel is compiled once."""
    import numpy as np

    ready = np.ascontiguousarray(array).view()
    ready.flags.writeable = False
    return ready

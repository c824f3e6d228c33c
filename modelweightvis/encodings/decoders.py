"""The decoders: of every element type, and of every family that keeps scales beside its codes.

A packed region has a part per ingredient, and says in `attributes["packing"]` what its decoder has
to know; `encodings.packed` and `encodings.packed_grouped` make such regions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from arbvis_core.api import Decoder
from modelweightvis.encodings.blockwise import BlockwiseDecoder
from modelweightvis.encodings.grouped import GroupedDecoder
from modelweightvis.encodings.table import TYPES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.api import Region, Window


class ElementDecoder(Decoder):
    """Decodes a region of one part, `codes`: units of the element type that it is called after."""

    encodings = tuple(name for name, stored in TYPES.items() if stored.decoded)

    def decode(
        self,
        region: Region,
        window: Window,
        buffers: Sequence[NDArray[np.uint8]],
        operands: Sequence[NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        """Return the values of a window, float32, in its shape; not to be written to."""
        from arbvis_core.regions import part_arrays
        from modelweightvis.encodings.decoding import elements

        (units,) = part_arrays(region, window, buffers)
        return elements(region.encoding, units, window)

    def explain(
        self, region: Region, window: Window, buffers: Sequence[NDArray[np.uint8]]
    ) -> Mapping[str, Any]:
        """Return scale, minimum and code of an element of a quantisation block."""
        if TYPES[region.encoding].kind != "quantised":
            return {}
        from arbvis_core.regions import part_arrays
        from modelweightvis.encodings.blocks import explain

        (units,) = part_arrays(region, window, buffers)
        at = window[-1][0] - units.first[-1] * units.per[-1]
        return explain(region.encoding, units.data.tobytes(), at)


class ScaledDecoder(Decoder):
    """Decodes `codes` of any element type, times everything that stands beside them.

    FP8 with scales, bitsandbytes' int8, and micro-scaled floats such as MXFP4. Packing: `types`, the
    element type of each part; `factor`, by which all is multiplied at last; `divided`, which makes
    the scales after the first divisors of it.
    """

    encodings = ("scaled",)

    def decode(
        self,
        region: Region,
        window: Window,
        buffers: Sequence[NDArray[np.uint8]],
        operands: Sequence[NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        """Return codes × (product of scales) × factor, multiplied in this order."""
        import numpy as np

        from arbvis_core.regions import part_arrays
        from modelweightvis.encodings.decoding import elements, multiplied, one_each, packing_of

        packing = packing_of(region)
        codes, *scales = part_arrays(region, window, buffers)
        values = elements(packing["types"][0], codes, window)
        with np.errstate(all="ignore"):
            if scales:
                first, *others = map(one_each, packing["types"][1:], scales)
                for one in others:
                    first = first / one if packing["divided"] else first * one
                values = multiplied(values, scales[0], first, window)
            return values if packing["factor"] == 1 else values * np.float32(packing["factor"])

    def explain(
        self, region: Region, window: Window, buffers: Sequence[NDArray[np.uint8]]
    ) -> Mapping[str, Any]:
        """Return the product of all scales, and the code as the number it stands for."""
        from arbvis_core.regions import part_arrays
        from modelweightvis.encodings.decoding import elements, one_each, packing_of

        packing = packing_of(region)
        codes, *scales = part_arrays(region, window, buffers)
        code = float(elements(packing["types"][0], codes, window).reshape(-1)[0])
        scale = float(packing["factor"])
        for number, (name, units) in enumerate(zip(packing["types"][1:], scales, strict=True)):
            one = float(one_each(name, units).reshape(-1)[0])
            if number and packing["divided"]:
                scale = scale / one if one else float("nan")
            else:
                scale *= one
        return {"scale": scale, "min": 0.0, "code": code}


class AffineDecoder(Decoder):
    """Decodes code × scale + bias, as MLX has it: parts `codes`, `scales`, `biases`.

    Packing: `bits` of a code, `types` of the scales and the biases.
    """

    encodings = ("affine",)

    def decode(
        self,
        region: Region,
        window: Window,
        buffers: Sequence[NDArray[np.uint8]],
        operands: Sequence[NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        """Return codes × scales + biases."""
        import numpy as np

        from arbvis_core.regions import part_arrays, unpack
        from modelweightvis.encodings.decoding import codes, frozen, one_each, packing_of
        from modelweightvis.kernels.packed import scale_blocks

        packing = packing_of(region)
        stored, *others = part_arrays(region, window, buffers)
        rows = unpack(stored, codes(stored, packing["bits"]), window)
        scales, biases = (
            frozen(one_each(name, units).reshape(prod(rows.shape[:-1]), units.data.shape[-2]))
            for name, units in zip(packing["types"], others, strict=True)
        )
        values = np.empty(rows.shape, np.float32)
        matrix = frozen(rows.reshape(len(scales), rows.shape[-1]))
        wide = others[0].per[-1]
        left = window[-1][0] - others[0].first[-1] * wide
        scale_blocks(matrix, scales, biases, left, wide, values.reshape(matrix.shape))
        return values

    def explain(
        self, region: Region, window: Window, buffers: Sequence[NDArray[np.uint8]]
    ) -> Mapping[str, Any]:
        """Return scale, bias and code."""
        from arbvis_core.regions import part_arrays, unpack
        from modelweightvis.encodings.decoding import codes, one_each, packing_of

        packing = packing_of(region)
        stored, *others = part_arrays(region, window, buffers)
        scale, bias = (
            float(one_each(name, units).reshape(-1)[0])
            for name, units in zip(packing["types"], others, strict=True)
        )
        code = unpack(stored, codes(stored, packing["bits"]), window)
        return {"scale": scale, "min": bias, "code": int(code.reshape(-1)[0])}


#: What formats hand over beside their documents.
DECODERS: tuple[Decoder, ...] = (
    ElementDecoder(),
    ScaledDecoder(),
    AffineDecoder(),
    GroupedDecoder(),
    BlockwiseDecoder(),
)

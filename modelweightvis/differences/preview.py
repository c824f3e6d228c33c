"""A model beside itself as it would be after quantisation: nothing is written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from arbvis_core.api import Decoder, MissingExtraError, Region, UsageError
from modelweightvis.differences.pairing import Pair
from modelweightvis.encodings.table import TYPES
from modelweightvis.tensors import matches

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.api import Window
    from modelweightvis.tensors import Tensor

#: The encoding of what is quantised when it is looked at.
PREVIEW = "requantised"
#: The types that the package gguf can make, and those that need no package.
GGUF = ("Q8_0", "Q5_1", "Q5_0", "Q4_1", "Q4_0", "MXFP4", "TQ2_0", "TQ1_0")
FLOATS = ("F16", "BF16")
#: MLX's: codes of some bits with a scale and a bias per group, and micro-scaled floats.
AFFINE = re.compile(r"affine_q(2|3|4|5|6|8)_g(32|64|128)")
MXFP4 = "mxfp4_g32"
#: Roles that converters leave as they are.
KEPT = ("router", "embedding.position", "embedding.type", "ssm.conv")


class PreviewDecoder(Decoder):
    """The operand, quantised and decoded again; blocks lie along the last axis."""

    encodings = (PREVIEW,)

    def boxes(self, region: Region, window: Window) -> tuple[Window, ...]:
        """Return the whole blocks that a window meets."""
        size = block_of(region.attributes["scheme"])
        start, stop = window[-1]
        return ((*window[:-1], (start // size * size, -(-stop // size) * size)),)

    def crops(self, region: Region, window: Window) -> tuple[()]:
        """Return nothing: all that is read, the operand reads."""
        return ()

    def decode(
        self,
        region: Region,
        window: Window,
        buffers: Sequence[NDArray[np.uint8]],
        operands: Sequence[NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        """Return what is left of the values of a window, float32."""
        import numpy as np

        scheme = region.attributes["scheme"]
        start, stop = window[-1]
        skipped = start % block_of(scheme)
        made = quantised(np.ascontiguousarray(operands[0]), scheme, region.attributes["scales"])
        return np.ascontiguousarray(made[..., skipped : skipped + stop - start])


def check_scheme(name: str) -> None:
    """Refuse a type that nobody here can make.

    Raises:
        UsageError: so it is.
        MissingExtraError: the package that makes it is not installed.
    """
    if name in GGUF:
        from importlib.util import find_spec

        if find_spec("gguf") is None:
            raise MissingExtraError(f"quantising to {name}", "quantize")
    elif name not in {*FLOATS, MXFP4} and not AFFINE.fullmatch(name):
        raise UsageError(
            f"--type {name}: known are {', '.join((*FLOATS, *GGUF))}, and as MLX makes them "
            f"{MXFP4} and affine_q4_g64 (2 to 6 or 8 bits, groups of 32, 64 or 128)"
        )


def block_of(scheme: str) -> int:
    """Return how many values of a row share a scale."""
    found = AFFINE.fullmatch(scheme)
    if found:
        return int(found[2])
    return 32 if scheme == MXFP4 else TYPES[scheme].elements


def bits_of(scheme: str, scales: str) -> float:
    """Return the stored bits per value; MLX's scales and biases are of the type `scales`."""
    found = AFFINE.fullmatch(scheme)
    if found:
        return int(found[1]) + 2 * TYPES[scales].bits / int(found[2])
    return 4.25 if scheme == MXFP4 else TYPES[scheme].bits


def quantised(values: NDArray[np.float32], scheme: str, scales: str) -> NDArray[np.float32]:
    """Return what quantisation leaves of values, (…, n) of whole blocks."""
    from modelweightvis.kernels import quantise

    found = AFFINE.fullmatch(scheme)
    if found:
        return quantise.affine(values, int(found[1]), int(found[2]), scales)
    if scheme == MXFP4:
        return quantise.mxfp4(values)
    if scheme in FLOATS:
        return quantise.rounded(values, scheme)
    import gguf
    import numpy as np

    from modelweightvis.encodings.units import decode_units

    with np.errstate(all="ignore"):
        blocks = gguf.quants.quantize(values, gguf.GGMLQuantizationType[scheme])
    units = blocks.reshape(*values.shape[:-1], -1, TYPES[scheme].bytes)
    return decode_units(scheme, units).reshape(values.shape)


def previews(base: Sequence[Tensor], scheme: str, match: str | None) -> Iterator[Pair]:
    """Yield every tensor beside what it becomes; vectors, norms and routers stay as they are.

    Args:
        base: the tensors of a model.
        scheme: the type.
        match: only tensors whose name matches this glob are quantised.
    """
    for one in base:
        rule = _why_kept(one, scheme, match)
        if rule:
            yield Pair(one, one.region, (one,), rule)
            continue
        scales = one.dtype if one.dtype in {"F32", "BF16"} else "F16"
        right = Region(
            name=one.region.name,
            shape=one.region.shape,
            encoding=PREVIEW,
            operands=(one.region,),
            attributes={
                "dtype": scheme,
                "scheme": scheme,
                "scales": scales,
                "bits_per_weight": bits_of(scheme, scales),
            },
        )
        yield Pair(one, right, (one._replace(region=right),), "quantised")


def _why_kept(one: Tensor, scheme: str, match: str | None) -> str:
    shape, role, size = one.region.shape, one.name.role, block_of(scheme)
    if not matches(match, one.region.name):
        return "kept: not matched"
    plain = one.name.kind != "weight" or role.rsplit(".", 1)[-1].endswith("norm")
    if len(shape) < 2 or plain or role.startswith(KEPT) or not one.decoded:
        return "kept"
    return f"kept: rows of {shape[-1]:,} do not fill blocks of {size}" if shape[-1] % size else ""

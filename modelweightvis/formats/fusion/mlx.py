"""MLX: `weight`, `scales` and `biases`, or a micro-scaled float without biases."""

from __future__ import annotations

from dataclasses import replace

from arbvis_core.api import FormatError, Region
from modelweightvis.encodings.packed import mlx, scaled
from modelweightvis.formats.fusion.pieces import FLOATS, Fused, Pieces
from modelweightvis.formats.fusion.settings import whole

_BITS = (2, 3, 4, 5, 6, 8)
_GROUPS = (16, 32, 64, 128)
#: Types without biases: what codes and scales are, elements a byte, elements that share a scale.
_FLOATS = {
    "NVFP4": ("F4", "F8_E4M3", 2, 16),
    "MXFP4": ("F4", "F8_E8M0", 2, 32),
    "MXFP8": ("F8_E4M3", "F8_E8M0", 1, 32),
}


def from_scales(pieces: Pieces, stem: str) -> Fused | None:
    """Return the array of `weight` and `scales`; None if that weight is none of words."""
    weight, scale, bias = (f"{stem}.{end}" for end in ("weight", "scales", "biases"))
    stored = pieces.tensors.get(weight)
    if stored is None or stored.encoding != "U32":
        return None
    words = pieces.need(weight, "U32")
    scales = pieces.need(scale, *FLOATS, "U8")
    if not words.shape or not scales.shape or 0 in (*words.shape, *scales.shape):
        raise FormatError(f"a .weight of shape {words.shape}, .scales of shape {scales.shape}")
    if scales.encoding == "U8":
        region = _floats(weight, words, scales)
        return Fused(region, (weight, scale), region.attributes["dtype"])
    biases = pieces.need(bias, *FLOATS)
    bits, group = _told(pieces, stem, words, scales)
    region = mlx(weight, words, scales, biases, bits=bits)
    return Fused(region, (weight, scale, bias), f"MLX {bits}-bit g{group}")


def _floats(name: str, words: Region, scales: Region) -> Region:
    """Return an array of micro-scaled floats: how many words share a scale says which."""
    for kind, (codes, exponents, dense, share) in _FLOATS.items():
        if 4 * dense * words.shape[-1] == share * scales.shape[-1]:
            return scaled(
                name,
                words,
                [replace(scales, encoding=exponents)],
                dtype=kind,
                stored_as=codes,
                shape=(*words.shape[:-1], 4 * dense * words.shape[-1]),
                block=(share,),
            )
    raise FormatError(f"{scales.shape[-1]} scales of {words.shape[-1]} words are of no known type")


def _told(pieces: Pieces, stem: str, words: Region, scales: Region) -> tuple[int, int]:
    """Return bits and group: as is said of this layer or of all, or as is the only way."""
    settings = pieces.settings.mlx
    own = settings.get(stem)
    for told in (own if isinstance(own, dict) else {}, settings):
        bits, group = whole(told.get("bits")), whole(told.get("group_size"))
        if bits and group and 32 * words.shape[-1] == bits * group * scales.shape[-1]:
            return bits, group
    ways = [
        (bits, group)
        for bits in _BITS
        for group in _GROUPS
        if 32 * words.shape[-1] == bits * group * scales.shape[-1]
    ]
    same = [way for way in ways if way[1] == settings.get("group_size")]
    if len(same or ways) != 1:
        raise FormatError(f"nothing says how many bits a code has: {pieces.settings.where}")
    return (same or ways)[0]

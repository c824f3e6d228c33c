"""GPTQ, AWQ, and the integers of compressed-tensors."""

from __future__ import annotations

from collections.abc import Iterable

from arbvis_core.api import FormatError, Region
from modelweightvis.encodings.packed_grouped import awq, compressed, gptq
from modelweightvis.formats.fusion.pieces import FLOATS, WORDS, Fused, Pieces
from modelweightvis.formats.fusion.scales import fours
from modelweightvis.formats.reading import shown

#: Formats of GPTQ checkpoints by version; others are laid out in another way.
_GPTQ = {"gptq": 1, "gptq_v2": 2}


def from_qweight(pieces: Pieces, stem: str) -> Fused:
    """Return the matrix of `qweight`, `qzeros`, `scales` and `g_idx`.

    GPTQ packs codes along the inputs and AWQ along the outputs, so that shapes tell them apart.
    """
    name, settings = f"{stem}.weight", pieces.settings
    words = pieces.need(f"{stem}.qweight", *WORDS)
    zeros = pieces.need(f"{stem}.qzeros", *WORDS)
    scales = pieces.need(f"{stem}.scales", *FLOATS)
    index = _index(pieces, f"{stem}.g_idx")
    if not len(words.shape) == len(zeros.shape) == len(scales.shape) == 2 or 0 in scales.shape:
        raise FormatError(f"a .qweight of shape {words.shape} is no matrix")
    if 8 * words.shape[1] == scales.shape[1]:
        told = settings.word("version", "format")
        if settings.method == "awq" and told not in {"", "gemm"}:
            raise FormatError(f"AWQ's version {shown(told)} cannot be decoded")
        group = _group(pieces, words.shape[0], scales.shape[0])
        region = awq(name, words, zeros, scales, group=group)
    elif words.shape[1] == scales.shape[1]:
        bits = _bits(pieces, zeros, scales)
        index = None if settings.options.get("desc_act") is False else index
        region = gptq(
            name,
            words,
            zeros,
            scales,
            bits=bits,
            group=_group(pieces, words.shape[0] * 32 // bits, scales.shape[0], index),
            g_idx=index,
            version=_version(pieces, zeros, bits),
        )
    else:
        raise FormatError(
            f".qweight of shape {words.shape} and .scales of shape {scales.shape} are laid out "
            f"neither as GPTQ's nor as AWQ's"
        )
    names = pieces.present(stem, (".qweight", ".qzeros", ".scales", ".g_idx"))
    return Fused(region, names, _with_group(region))


def from_weight_packed(pieces: Pieces, stem: str) -> Fused:
    """Return the matrix of compressed-tensors' `weight_packed`: integers, or floats of 4 bits."""
    name, packed = f"{stem}.weight", f"{stem}.weight_packed"
    words = pieces.need(packed, *WORDS, "U8")
    if words.encoding == "U8":
        return fours(pieces, name, words, f"{name}_scale")
    scales = pieces.need(f"{name}_scale", *FLOATS)
    zeros = pieces.find(f"{name}_zero_point", *WORDS)
    index = _index(pieces, f"{name}_g_idx")
    shape = _told_shape(pieces, pieces.need(f"{name}_shape", "I64", "I32"))
    if len(words.shape) != 2 or len(scales.shape) != 2 or len(shape) != 2 or 0 in scales.shape:
        raise FormatError(f"a .weight_packed of shape {words.shape} is no matrix")
    region = compressed(
        name,
        words,
        scales,
        bits=_one(pieces, shape[1], words.shape[1], range(2, 9)),
        shape=shape,
        zeros=zeros,
        g_idx=index,
        group=_group(pieces, shape[1], scales.shape[1], index),
    )
    names = pieces.present(name, ("_packed", "_scale", "_zero_point", "_g_idx", "_shape"))
    return Fused(region, names, _with_group(region))


def _bits(pieces: Pieces, zeros: Region, scales: Region) -> int:
    """Return the bits of a code: as many as zeros have, which are packed along the outputs."""
    bits = _one(pieces, scales.shape[1], zeros.shape[1], (2, 3, 4, 8))
    if bits == 3:
        raise FormatError("GPTQ with 3 bits cannot be decoded")
    return bits


def _one(pieces: Pieces, count: int, words: int, among: Iterable[int]) -> int:
    """Return how many bits a code has if so many of them fill so many words."""
    fitting = [bits for bits in among if -(-count * bits // 32) == words]
    told = [bits for bits in pieces.settings.bits() if bits in fitting]
    if len(set(told or fitting)) != 1:
        raise FormatError(f"{words} words do not tell how many bits each of {count} codes has")
    return (told or fitting)[0]


def _index(pieces: Pieces, name: str) -> Region | None:
    """Return the group of each input, unless they are in order and nothing is stored."""
    index = pieces.find(name, "I32")
    return None if index is None or index.shape == (0,) else index


def _version(pieces: Pieces, zeros: Region, bits: int) -> int:
    """Return the version of a GPTQ checkpoint: version 1 stores zeros less one.

    Where nothing says so, the zeros of a symmetric range do: all are in its middle.
    """
    settings = pieces.settings
    told = settings.word("checkpoint_format", "format")
    if told in _GPTQ:
        return _GPTQ[told]
    if settings.method == "gptq" and told:
        raise FormatError(f"GPTQ's format {shown(told)} cannot be decoded")
    if settings.method == "gptq":
        return 1
    stored = set(pieces.first_bytes(zeros))
    ones = 0xFF // ((1 << bits) - 1)  # a one in every code of a byte
    middle = 1 << (bits - 1)
    for version in (1, 2):
        if stored == {ones * (middle - (version == 1))}:
            return version
    raise FormatError(f"nothing says which version of GPTQ it is: {settings.where}")


def _group(pieces: Pieces, inputs: int, groups: int, index: Region | None = None) -> int:
    """Return how many inputs share a scale, as is said; 0 lets it be as even as it can."""
    if index is not None:
        return -(-inputs // groups)
    fitting = (one for one in pieces.groups if -(-inputs // one) == groups)
    return next(fitting, 0)


def _told_shape(pieces: Pieces, region: Region) -> tuple[int, ...]:
    size = 8 if region.encoding == "I64" else 4
    data = pieces.content(region)
    starts = range(0, len(data), size)
    return tuple(int.from_bytes(data[at : at + size], "little", signed=True) for at in starts)


def _with_group(region: Region) -> str:
    """Return what people call a type whose scales are shared by groups of inputs."""
    group = region.attributes["packing"]["group"]
    more = f" g{group}" if group < region.shape[1] else ""
    return f"{region.attributes['dtype']}{more}"

"""Weights of one element per code, times what stands beside them: FP8, INT8, MXFP4, NVFP4."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from arbvis_core.api import FormatError, Region, Transpose
from modelweightvis.encodings.packed import int8, scaled
from modelweightvis.formats.fusion.pieces import FLOATS, WORDS, Fused, Pieces

#: What codes may be stored as, and what people call them.
_CODES = {
    "F8_E4M3": "FP8 E4M3",
    "F8_E5M2": "FP8 E5M2",
    "F8_E4M3FNUZ": "FP8 E4M3FNUZ",
    "F8_E5M2FNUZ": "FP8 E5M2FNUZ",
    "I8": "INT8",
    "U8": "",
    "F4": "",
}
_EXPONENTS = ("U8", "F8_E8M0")
#: Of a micro-scaled type: what its scales are stored as, and how many elements share one.
_MICRO = {"NVFP4": (("F8_E4M3",), 16), "MXFP4": (_EXPONENTS, 32)}
#: What else may belong to a weight: of its inputs and outputs, and for the readers of others.
_BESIDE = ("input_scale", "input_scale_inv", "input_global_scale", "input_zero_point",
           "input_scale_ub", "activation_scale", "scale_input", "output_scale", "comfy_quant")  # fmt: skip


def beside_weight(pieces: Pieces, weight: str, scale: str) -> Fused | None:
    """Return codes times their scale; None if the tensor of that name holds no codes."""
    stored = pieces.tensors.get(weight)
    if stored is not None and stored.encoding in WORDS:
        raise FormatError("codes in words that have such scales cannot be decoded")
    if stored is None or stored.encoding not in _CODES:
        return None
    codes = pieces.need(weight)
    if codes.encoding in {"U8", "F4"} or (
        codes.encoding == "I8" and _micro(codes, pieces.need(scale))
    ):
        return fours(pieces, weight, codes, scale)
    one = pieces.need(scale, *FLOATS, *_EXPONENTS)
    if f"{weight}_zero_point" in pieces.tensors:
        raise FormatError("zero points beside codes of 8 bits cannot be decoded")
    if one.encoding == "U8":
        one = replace(one, encoding="F8_E8M0")
    block = _block(codes.shape, one.shape, pieces.block, pieces.groups)
    more = _second(pieces, weight)
    region = scaled(weight, codes, [one, *more], dtype="", block=block, divided=_divided(more))
    told = _granularity(region.shape, region.parts[1].block, pieces.block)
    micro = one.encoding == "F8_E8M0" and told == "g32"
    kind = _CODES[codes.encoding]
    label = f"MX{kind.partition(' ')[0]}" if micro else f"{kind} ({told})"
    return Fused(region, (weight, scale, *_rest(pieces, weight, more)), label)


def fours(pieces: Pieces, name: str, codes: Region, scale: str) -> Fused:
    """Return floats of 4 bits times their scales: MXFP4 or NVFP4, told apart by the scales.

    Args:
        pieces: where the scales are found.
        name: of the weight.
        codes: two a byte.
        scale: the name of the scales.
    """
    scales = pieces.need(scale)
    kind = _micro(codes, scales)
    if not kind:
        raise FormatError(
            f"codes of shape {codes.shape} with scales of shape {scales.shape} "
            f"({scales.encoding}) are neither MXFP4 nor NVFP4"
        )
    if kind == "MXFP4":
        scales = replace(scales, encoding="F8_E8M0")
    more = _second(pieces, name)
    region = scaled(
        name,
        codes,
        [scales, *more],
        dtype=kind,
        stored_as="F4",
        shape=(*codes.shape[:-1], _elements(codes)),
        block=(_MICRO[kind][1],),
        divided=_divided(more),
    )
    return Fused(region, (codes.name, scale, *_rest(pieces, name, more)), kind)


def from_blocks(pieces: Pieces, stem: str, between: str) -> Fused | None:
    """Return a bank of experts as gpt-oss stores it: `blocks` of 16 bytes and their `scales`.

    The names of transformers (`_blocks`) mean a bank of (experts, in, out), which is stored the
    other way round; those of OpenAI (`.blocks`) mean it as it is stored.
    """
    names = (f"{stem}{between}blocks", f"{stem}{between}scales")
    stored = pieces.tensors.get(names[0])
    if stored is None or stored.encoding != "U8" or names[1] not in pieces.tensors:
        return None
    codes, scales = pieces.need(names[0], "U8"), pieces.need(names[1], *_EXPONENTS)
    if len(codes.shape) < 2 or codes.shape != (*scales.shape, 16):
        raise FormatError(f"blocks of shape {codes.shape} and scales of shape {scales.shape}")
    region = scaled(
        stem,
        codes,
        [replace(scales, encoding="F8_E8M0")],
        dtype="MXFP4",
        stored_as="F4",
        shape=(*codes.shape[:-2], 32 * codes.shape[-2]),
        block=(32,),
    )
    whole = region.shape
    if between == "_" and len(whole) == 3:
        turned = (whole[0], whole[2], whole[1])
        region = replace(region, shape=turned, view=(Transpose((0, 2, 1)),), stored=whole)
    return Fused(region, names, "MXFP4")


def from_scb(pieces: Pieces, stem: str) -> Fused:
    """Return bitsandbytes' matrix of 8 bits: `weight`, `SCB`, `weight_format`."""
    weight, scb, kind = f"{stem}.weight", f"{stem}.SCB", f"{stem}.weight_format"
    codes, scales = pieces.need(weight, "I8"), pieces.need(scb, "F32")
    if len(codes.shape) != 2 or scales.shape != codes.shape[:1]:
        raise FormatError(f"an .SCB of shape {scales.shape} for a matrix of shape {codes.shape}")
    order = pieces.find(kind, "U8")
    if order is not None and any(pieces.content(order)):
        raise FormatError("its elements are in the order of one kind of graphics card")
    names = pieces.present(stem, (".weight", ".SCB", ".weight_format"))
    return Fused(int8(weight, codes, scales), names, "INT8 (per channel)")


def _elements(codes: Region) -> int:
    """Return how many floats of 4 bits a row holds."""
    return codes.shape[-1] * (1 if codes.encoding == "F4" else 2) if codes.shape else 0


def _micro(codes: Region, scales: Region) -> str:
    """Return the micro-scaled type that codes and scales make; nothing if they make none."""
    if codes.encoding not in {"U8", "I8", "F4"} or not codes.shape:
        return ""
    for name, (kinds, share) in _MICRO.items():
        groups, rest = divmod(_elements(codes), share)
        fits = scales.shape == (*codes.shape[:-1], groups) and not rest
        if fits and scales.encoding in kinds:
            return name
    return ""


def _second(pieces: Pieces, weight: str) -> list[Region]:
    """Return a second scale: one to multiply by, or one to divide by."""
    found = [pieces.find(f"{weight}{end}", *FLOATS) for end in ("_scale_2", "_global_scale")]
    return [one for one in found if one is not None][:1]


def _divided(more: Sequence[Region]) -> bool:
    return bool(more) and more[0].name.endswith("_global_scale")


def _rest(pieces: Pieces, weight: str, more: Sequence[Region]) -> tuple[str, ...]:
    """Return the names of what else belongs to a weight."""
    stem = weight.removesuffix(".weight")
    between = "." if stem != weight else "_"
    return (*(one.name for one in more), *pieces.present(f"{stem}{between}", _BESIDE))


@lru_cache(maxsize=1 << 10)
def _block(
    whole: tuple[int, ...], scale: tuple[int, ...], block: tuple[int, ...], groups: tuple[int, ...]
) -> tuple[int, ...]:
    """Return how many elements share a scale, per axis: as is said, or as is the only way.

    Args:
        whole: the shape of the weight.
        scale: that of the scales.
        block: how many elements are said to share a scale, of the last axes.
        groups: how many inputs are said to.
    """
    counts = (*scale, *(1,) * (len(whole) - len(scale)))
    if len(counts) != len(whole):
        return ()
    declared = (0,) * (len(whole) - 2) + block
    sizes = []
    for axis, (length, count) in enumerate(zip(whole, counts, strict=True)):
        told = declared[axis : axis + 1] + (groups if axis == len(whole) - 1 else ())
        sizes.append(_per(length, count, told) if count not in {0, 1, length} else 0)
    return tuple(sizes)


def _per(length: int, count: int, told: Sequence[int]) -> int:
    """Return how many elements of an axis share a scale."""
    for size in told:
        if size and -(-length // size) == count:
            return size
    even, rest = divmod(length, count)
    powers = [1 << n for n in range(length.bit_length()) if -(-length // (1 << n)) == count]
    ways = {*powers, *([] if rest else [even])}
    if len(ways) != 1:
        raise FormatError(f"nothing says how {count} scales are shared by {length} elements")
    return ways.pop()


@lru_cache(maxsize=1 << 10)
def _granularity(whole: tuple[int, ...], shared: tuple[int, ...], declared: tuple[int, ...]) -> str:
    """Say what shares a scale.

    Args:
        whole: the shape of the weight.
        shared: how many elements share a scale, per axis.
        declared: the blocks that are said to.
    """
    cut = [axis for axis, (n, per) in enumerate(zip(whole, shared, strict=True)) if per < n]
    last = len(shared) - 1
    inner = [axis for axis in cut if axis >= last - 1]
    if declared and last > 0 and all(shared[axis] > 1 for axis in inner):
        return "x".join(map(str, declared))
    if not inner:
        return "per expert" if cut else "per tensor"
    if len(inner) == 1 and shared[inner[0]] == 1:
        return "per channel"
    if shared[-1] > 1 and (last == 0 or shared[-2] == 1):
        return f"g{shared[-1]}"
    return "x".join(str(per) for per in shared[-2:])

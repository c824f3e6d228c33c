"""Regions of packed families whose scales stand for blocks: FP8, MLX, bitsandbytes and their like.

Every function takes the tensors as a format found them, regions of one dense part each, and returns
one region of the logical weight, (out, in). Nothing is read. Bits per weight count the scales.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from arbvis_core.api import FormatError, Part, Region
from modelweightvis.encodings.parts import (
    Packed,
    dense_part,
    element_part,
    packed_region,
    place,
    stored_bytes,
)
from modelweightvis.encodings.table import element_type


def scaled(
    name: str,
    codes: Region,
    scales: Sequence[Region],
    *,
    dtype: str,
    stored_as: str = "",
    shape: Sequence[int] = (),
    block: Sequence[int] = (),
    factor: float = 1.0,
    divided: bool = False,
) -> Region:
    """Return codes × (product of scales) × factor: FP8 with scales, MXFP4, NVFP4, integers.

    Args:
        name: of the weight.
        codes: the weight as it is stored.
        scales: each of one element for all, for an expert, for a row, or for a block; where there
            are fewer axes than the weight has, they are its first ones. Those after the first are
            shared as the first is, or by a whole axis.
        dtype: what people call the whole.
        stored_as: the element type of the codes, where the file calls them bytes or words.
        shape: of the weight, where it is not that of `codes` (MXFP4 has (…, groups, 16) bytes).
        block: how many elements per axis share a scale; empty means shape / scales.
        factor: by which all is multiplied at last.
        divided: the first scale is divided by the others instead of multiplied.

    Raises:
        FormatError: shapes do not fit each other.
    """
    kind, whole = stored_as or codes.encoding, tuple(shape or codes.shape)
    try:
        part = element_part("codes", element_type(kind), *place(codes), whole)
    except ValueError as error:
        raise FormatError(f"{name}: {error}") from error
    if part.stop != codes.parts[0].stop:
        raise FormatError(
            f"{name}: {stored_bytes(codes)} bytes are not {prod(whole)} elements of {kind}"
        )
    parts = [part]
    for number, one in enumerate(scales):
        counts = (*one.shape, *(1,) * (len(whole) - len(one.shape)))
        if prod(counts) == 1:
            counts = (1,) * len(whole)
        shared = _shared(name, one, whole, counts, block)
        size = element_type(one.encoding).bytes
        role = f"scales{number or ''}"
        parts.append(dense_part(role, *place(one), counts, size, shared))
        if any(n not in {1, wide} for n, wide in zip(counts, parts[1].shape, strict=True)):
            raise FormatError(f"{name}: scales of shape {one.shape} for such of {parts[1].shape}")
    types = (kind, *(one.encoding for one in scales))
    packing = {"types": types, "factor": factor, "divided": divided}
    return packed_region(name, dtype, Packed("scaled", whole, tuple(parts), packing))


def int8(name: str, weight: Region, scb: Region) -> Region:
    """Return bitsandbytes' `weight` (out, in) of int8, whose rows have `SCB` (out,) for 127."""
    return scaled(name, weight, [scb], dtype="INT8", factor=1 / 127)


def mlx(name: str, weight: Region, scales: Region, biases: Region, *, bits: int) -> Region:
    """Return MLX's affine quantisation: rows of words are streams of codes of `bits` bits.

    Args:
        name: of the weight.
        weight: U32, (…, out, in × bits / 32).
        scales: (…, out, groups).
        biases: as the scales.
        bits: 2, 3, 4, 5, 6 or 8.

    Raises:
        FormatError: shapes do not fit each other.
    """
    if bits not in {2, 3, 4, 5, 6, 8}:
        raise FormatError(f"{name}: MLX has no codes of {bits} bits")
    size = {3: 3, 5: 5, 6: 3}.get(bits, 1)  # bytes after which a code begins with a byte again
    row, rest = divmod(32 * weight.shape[-1], bits)
    if rest or row % (8 * size // bits):
        raise FormatError(f"{name}: {weight.shape[-1]} words are no row of codes of {bits} bits")
    whole = (*weight.shape[:-1], row)
    if scales.shape != biases.shape or scales.shape[:-1] != whole[:-1]:
        raise FormatError(
            f"{name}: scales of shape {scales.shape} and biases of shape {biases.shape} "
            f"do not fit a shape of {whole}"
        )
    codes = dense_part("codes", *place(weight), (*whole[:-1], row * bits // 8 // size), size)
    others = [
        dense_part(role, *place(one), one.shape, element_type(one.encoding).bytes, shared)
        for role, one in (("scales", scales), ("biases", biases))
        for shared in [_shared(name, one, whole, one.shape, ())]
    ]
    packing = {"bits": bits, "types": (scales.encoding, biases.encoding)}
    packed = Packed("affine", whole, (codes, *others), packing)
    return packed_region(name, f"MLX {bits}-bit", packed)


def bitsandbytes(
    name: str,
    weight: Region,
    absmax: Region,
    quant_map: Region,
    *,
    state: Mapping[str, Any],
    nested_absmax: Region | None = None,
    nested_quant_map: Region | None = None,
) -> Region:
    """Return bitsandbytes' matrix of 4-bit codes.

    Args:
        name: of the weight.
        weight: U8, two codes a byte.
        absmax: F32, one a block; U8 with double quantisation.
        quant_map: F32, (16,).
        state: the JSON of `quant_state`: `shape`, `blocksize`, `quant_type`, and with double
            quantisation `nested_blocksize` and `nested_offset`.
        nested_absmax: F32, one for `nested_blocksize` blocks.
        nested_quant_map: F32, (256,).

    Raises:
        FormatError: shapes do not fit each other, or the state is not what it should be.
    """
    shape, block, nested, offset = _state(name, state)
    count = prod(shape)
    blocks = -(-count // block)
    tensors = [(weight, -(-count // 2)), (absmax, blocks * (1 if nested else 4)), (quant_map, 64)]
    parts = [(2, "codes", weight, 1), (0, "table", quant_map, 64)]
    parts.append((block, "scales", absmax, 1 if nested else 4))
    if nested:
        if nested_absmax is None or nested_quant_map is None:
            raise FormatError(f"{name}: the scales are quantised, but their own are missing")
        tensors += [(nested_absmax, 4 * -(-blocks // nested)), (nested_quant_map, 1024)]
        parts.append((0, "nested_table", nested_quant_map, 1024))
    for one, size in tensors:
        if stored_bytes(one) != size:
            raise FormatError(f"{one.name}: {stored_bytes(one)} bytes, where {name} needs {size}")
    aligned = bool(shape) and shape[-1] % block == 0
    stored = (count // shape[-1], shape[-1]) if aligned else (count,)
    laid = [_flat_part(role, one, stored, per, size) for per, role, one, size in parts]
    if nested and nested_absmax is not None:
        source, start = place(nested_absmax)
        laid.append(Part("nested_scales", source, start, nested_absmax.parts[0].stop, (), ()))
    packing = {"block": block, "nested": nested, "offset": offset}
    dtype = str(state.get("quant_type", "4-bit")).upper()
    packed = Packed("blockwise", stored, tuple(laid), packing)
    return packed_region(name, dtype, packed, shape)


def _flat_part(role: str, one: Region, stored: tuple[int, ...], per: int, size: int) -> Part:
    """Return a part whose units lie along the last axis, `per` elements each; 0 means one for all."""
    if not per:
        return dense_part(role, *place(one), (), size)
    units = (*stored[:-1], -(-stored[-1] // per))
    return dense_part(role, *place(one), units, size, (*(1,) * (len(stored) - 1), per))


def _state(name: str, state: Mapping[str, Any]) -> tuple[tuple[int, ...], int, int, float]:
    """Return shape, block, nested block or 0, and offset of a bitsandbytes state."""
    try:
        shape = tuple(int(length) for length in state["shape"])
        block, nested = int(state["blocksize"]), int(state.get("nested_blocksize") or 0)
        offset = float(state.get("nested_offset") or 0)
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{name}: its quantisation state is not valid: {error!r}") from error
    if block <= 0 or block % 2 or nested < 0 or any(length < 0 for length in shape):
        raise FormatError(f"{name}: its quantisation state is not valid: {dict(state)}")
    return shape, block, nested, offset


def _shared(
    name: str,
    scales: Region,
    whole: Sequence[int],
    counts: Sequence[int],
    block: Sequence[int],
) -> tuple[int, ...]:
    """Return how many elements share a scale, per axis; `block` is of the last axes."""
    if len(counts) != len(whole):
        raise FormatError(f"{name}: scales of shape {scales.shape} for a shape of {tuple(whole)}")
    given = (0,) * (len(whole) - len(block)) + tuple(block)
    shared = []
    for length, count, wanted in zip(whole, counts, given, strict=True):
        per = wanted if wanted and count != length else length // max(count, 1)
        per = max(length if count == 1 else per, 1)
        if count != 1 and -(-length // per) != count:
            raise FormatError(
                f"{name}: scales of shape {scales.shape} do not fit a shape of {tuple(whole)}"
            )
        shared.append(per)
    return tuple(shared)

"""Regions of packed families, made of the tensors that a file keeps side by side.

Every function takes the tensors as a format found them, regions of one dense part each, and returns
one region of the logical weight, (out, in). Nothing is read. Bits per weight count the scales.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

from arbvis_core.api import FormatError, Part, Region, Reshape, Transpose
from modelweightvis.encodings.parts import dense_part, element_part
from modelweightvis.encodings.table import element_type


class _Packed(NamedTuple):
    """What the functions below agree on."""

    encoding: str
    stored: tuple[int, ...]
    parts: tuple[Part, ...]
    packing: Mapping[str, Any]


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
) -> Region:
    """Return codes × scales × factor: FP8 with scales, MXFP4, NVFP4, integers with scales.

    Args:
        name: of the weight.
        codes: the weight as it is stored.
        scales: each of one element for all, for an expert, for a row, or for a block; where there
            are fewer axes than the weight has, they are its first ones.
        dtype: what people call the whole.
        stored_as: the element type of the codes, where the file calls them bytes or words.
        shape: of the weight, where it is not that of `codes` (MXFP4 has (…, groups, 16) bytes).
        block: how many elements per axis share a scale; empty means shape / scales.
        factor: by which all is multiplied at last.

    Raises:
        FormatError: shapes do not fit each other.
    """
    kind, whole = stored_as or codes.encoding, tuple(shape or codes.shape)
    try:
        part = element_part("codes", element_type(kind), *_place(codes), whole)
    except ValueError as error:
        raise FormatError(f"{name}: {error}") from error
    if part.stop != codes.parts[0].stop:
        raise FormatError(f"{name}: {_bytes(codes)} bytes are not {prod(whole)} elements of {kind}")
    parts = [part]
    for number, one in enumerate(scales):
        counts = (*one.shape, *(1,) * (len(whole) - len(one.shape)))
        if prod(counts) == 1:
            counts = (1,) * len(whole)
        shared = _shared(name, one, whole, counts, block)
        size = element_type(one.encoding).bytes
        role = f"scales{number or ''}"
        parts.append(dense_part(role, *_place(one), counts, size, shared))
    packing = {"types": (kind, *(one.encoding for one in scales)), "factor": factor}
    return _region(name, dtype, _Packed("scaled", whole, tuple(parts), packing))


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
    codes = dense_part("codes", *_place(weight), (*whole[:-1], row * bits // 8 // size), size)
    others = [
        dense_part(role, *_place(one), one.shape, element_type(one.encoding).bytes, shared)
        for role, one in (("scales", scales), ("biases", biases))
        for shared in [_shared(name, one, whole, one.shape, ())]
    ]
    packing = {"bits": bits, "types": (scales.encoding, biases.encoding)}
    packed = _Packed("affine", whole, (codes, *others), packing)
    return _region(name, f"MLX {bits}-bit", packed)


def gptq(
    name: str,
    qweight: Region,
    qzeros: Region,
    scales: Region,
    *,
    bits: int,
    group: int = 0,
    g_idx: Region | None = None,
    version: int = 1,
) -> Region:
    """Return GPTQ's matrix.

    Args:
        name: of the weight.
        qweight: I32, (in × bits / 32, out).
        qzeros: I32, (groups, out × bits / 32); version 1 stores them less one.
        scales: (groups, out).
        bits: 2, 4 or 8.
        group: `group_size`, how many inputs share a scale; 0 means as evenly as there are groups.
        g_idx: I32, (in,): the group of each input; leave it out where it is known to be in order.
        version: 1, or 2 (`checkpoint_format` "gptq_v2").

    Raises:
        FormatError: shapes do not fit each other.
    """
    if bits not in {2, 4, 8}:
        raise FormatError(f"{name}: GPTQ with {bits} bits cannot be decoded; 2, 4 and 8 can")
    per = 32 // bits
    rows, columns = _matrix(name, qweight)
    codes = dense_part("codes", *_place(qweight), (rows, columns), 4, (per, 1))
    return _grouped(
        name,
        f"GPTQ {bits}-bit",
        (rows * per, columns),
        (codes, qzeros, scales, g_idx),
        {"bits": bits, "group": group, "plus": int(version == 1), "interleaved": False},
    )


def awq(name: str, qweight: Region, qzeros: Region, scales: Region, *, group: int = 0) -> Region:
    """Return AWQ's matrix, as its GEMM version packs it.

    Args:
        name: of the weight.
        qweight: I32, (in, out / 8).
        qzeros: I32, (groups, out / 8).
        scales: (groups, out).
        group: as for `gptq`.

    Raises:
        FormatError: shapes do not fit each other.
    """
    rows, words = _matrix(name, qweight)
    codes = dense_part("codes", *_place(qweight), (rows, words), 4, (1, 8))
    return _grouped(
        name,
        "AWQ 4-bit",
        (rows, 8 * words),
        (codes, qzeros, scales, None),
        {"bits": 4, "group": group, "plus": 0, "interleaved": True},
    )


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
        if _bytes(one) != size:
            raise FormatError(f"{one.name}: {_bytes(one)} bytes, where {name} needs {size}")
    aligned = bool(shape) and shape[-1] % block == 0
    stored = (count // shape[-1], shape[-1]) if aligned else (count,)
    laid = [_flat_part(role, one, stored, per, size) for per, role, one, size in parts]
    if nested and nested_absmax is not None:
        source, start = _place(nested_absmax)
        laid.append(Part("nested_scales", source, start, nested_absmax.parts[0].stop, (), ()))
    packing = {"block": block, "nested": nested, "offset": offset}
    dtype = str(state.get("quant_type", "4-bit")).upper()
    packed = _Packed("blockwise", stored, tuple(laid), packing)
    return _region(name, dtype, packed, shape)


def _flat_part(role: str, one: Region, stored: tuple[int, ...], per: int, size: int) -> Part:
    """Return a part whose units lie along the last axis, `per` elements each; 0 means one for all."""
    if not per:
        return dense_part(role, *_place(one), (), size)
    units = (*stored[:-1], -(-stored[-1] // per))
    return dense_part(role, *_place(one), units, size, (*(1,) * (len(stored) - 1), per))


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


def _grouped(
    name: str,
    dtype: str,
    stored: tuple[int, int],
    tensors: tuple[Part, Region, Region, Region | None],
    packing: Mapping[str, Any],
) -> Region:
    """Return (codes - zeros) × scales, stored as (in, out), seen as (out, in)."""
    codes, qzeros, scales, g_idx = tensors
    groups, columns = _matrix(name, scales)
    per = 32 // packing["bits"]
    if columns != stored[1] or qzeros.shape != (groups, -(-columns // per)) or not groups:
        raise FormatError(
            f"{name}: scales of shape {scales.shape} and zeros of shape {qzeros.shape} "
            f"do not fit a matrix of {stored[1]} × {stored[0]}"
        )
    group = packing["group"] if packing["group"] > 0 else stored[0] // groups
    group = min(group, stored[0])
    if not group or -(-stored[0] // group) != groups:
        raise FormatError(f"{name}: {groups} groups of {group} are not {stored[0]} inputs")
    parts = [
        codes,
        dense_part("zeros", *_place(qzeros), qzeros.shape, 4, (group, per)),
        dense_part(
            "scales", *_place(scales), scales.shape, element_type(scales.encoding).bytes, (group, 1)
        ),
    ]
    if g_idx is not None:
        if g_idx.shape != stored[:1] or g_idx.encoding != "I32":
            raise FormatError(f"{name}: an index of shape {g_idx.shape} for {stored[0]} inputs")
        parts.append(dense_part("index", *_place(g_idx), (stored[0], 1), 4))
    more = {"type": scales.encoding, "group": group, "groups": groups}
    packed = _Packed("grouped", stored, tuple(parts), {**packing, **more})
    return _region(name, dtype, packed, stored[::-1], (Transpose((1, 0)),))


def _region(
    name: str,
    dtype: str,
    packed: _Packed,
    shape: tuple[int, ...] | None = None,
    view: tuple[Transpose, ...] = (),
) -> Region:
    whole = packed.stored if shape is None else shape
    steps = view or ((Reshape(whole),) if whole != packed.stored else ())
    size = sum(part.stop - part.start for part in packed.parts)
    attributes = {"dtype": dtype, "bits": 8 * size / max(prod(whole), 1), "packing": packed.packing}
    return Region(
        name,
        whole,
        packed.encoding,
        packed.parts,
        steps,
        packed.stored if steps else (),
        attributes=attributes,
    )


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


def _matrix(name: str, region: Region) -> tuple[int, int]:
    if len(region.shape) != 2:
        raise FormatError(f"{name}: {region.name} has {len(region.shape)} axes instead of two")
    return region.shape[0], region.shape[1]


def _place(region: Region) -> tuple[str, int]:
    return region.parts[0].source, region.parts[0].start


def _bytes(region: Region) -> int:
    return region.parts[0].stop - region.parts[0].start

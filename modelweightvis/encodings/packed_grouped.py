"""Regions of matrices whose inputs share zeros and scales in groups: GPTQ, AWQ, compressed-tensors.

As in `encodings.packed`, tensors go in as a format found them, and one region comes out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from arbvis_core.api import FormatError, Part, Region, Transpose
from modelweightvis.encodings.parts import Packed, dense_part, packed_region, place
from modelweightvis.encodings.table import element_type


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
    codes = dense_part("codes", *place(qweight), (rows, columns), 4, (per, 1))
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
    codes = dense_part("codes", *place(qweight), (rows, words), 4, (1, 8))
    return _grouped(
        name,
        "AWQ 4-bit",
        (rows, 8 * words),
        (codes, qzeros, scales, None),
        {"bits": 4, "group": group, "plus": 0, "interleaved": True},
    )


def compressed(
    name: str,
    codes: Region,
    scales: Region,
    *,
    bits: int,
    shape: Sequence[int],
    zeros: Region | None = None,
    g_idx: Region | None = None,
    group: int = 0,
) -> Region:
    """Return compressed-tensors' matrix of packed integers, which are stored plus 2^(bits - 1).

    Args:
        name: of the weight.
        codes: I32, (out, in × bits / 32).
        scales: (out, groups).
        bits: 2, 4 or 8.
        shape: of the weight, (out, in).
        zeros: I32, (out × bits / 32, groups); none where the range is symmetric.
        g_idx: as for `gptq`.
        group: as for `gptq`.

    Raises:
        FormatError: shapes do not fit each other.
    """
    if bits not in {2, 4, 8}:
        raise FormatError(f"{name}: integers of {bits} bits cannot be decoded; 2, 4 and 8 can")
    per = 32 // bits
    rows, columns = shape
    for one, expected in ((codes, (rows, -(-columns // per))), (scales, (rows, scales.shape[-1]))):
        if one.shape != expected:
            raise FormatError(f"{name}: {one.name} of shape {one.shape} for one of {tuple(shape)}")
    return _grouped(
        name,
        f"INT{bits}",
        (columns, rows),
        (
            _turned(dense_part("codes", *place(codes), codes.shape, 4, (1, per))),
            zeros,
            scales,
            g_idx,
        ),
        {"bits": bits, "group": group, "plus": 0, "interleaved": False},
        turned=True,
    )


def _grouped(
    name: str,
    dtype: str,
    stored: tuple[int, int],
    tensors: tuple[Part, Region | None, Region, Region | None],
    packing: Mapping[str, Any],
    *,
    turned: bool = False,
) -> Region:
    """Return (codes - zeros) × scales, stored as (in, out), seen as (out, in).

    `turned` is for zeros and scales that lie as (out, groups).
    """
    codes, qzeros, scales, g_idx = tensors
    groups, columns = _matrix(name, scales)[:: -1 if turned else 1]
    per = 32 // packing["bits"]
    zeros = (groups, -(-columns // per))
    told = None if qzeros is None else qzeros.shape[::-1] if turned else qzeros.shape
    if columns != stored[1] or told not in {zeros, None} or not groups:
        raise FormatError(
            f"{name}: scales of shape {scales.shape} and zeros of shape "
            f"{qzeros.shape if qzeros else ()} do not fit a matrix of {stored[1]} × {stored[0]}"
        )
    group = packing["group"] if packing["group"] > 0 else stored[0] // groups
    group = min(group, stored[0])
    if not group or -(-stored[0] // group) != groups:
        raise FormatError(f"{name}: {groups} groups of {group} are not {stored[0]} inputs")
    parts = [codes]
    shared = [(qzeros, "zeros", 4, (group, per))] if qzeros else []
    shared.append((scales, "scales", element_type(scales.encoding).bytes, (group, 1)))
    for one, role, size, block in shared:
        part = dense_part(role, *place(one), one.shape, size, block[:: -1 if turned else 1])
        parts.append(_turned(part) if turned else part)
    if g_idx is not None:
        if g_idx.shape != stored[:1] or g_idx.encoding != "I32":
            raise FormatError(f"{name}: an index of shape {g_idx.shape} for {stored[0]} inputs")
        parts.append(dense_part("index", *place(g_idx), (stored[0], 1), 4))
    more = {"type": scales.encoding, "group": group, "groups": groups}
    packed = Packed("grouped", stored, tuple(parts), {**packing, **more})
    return packed_region(name, dtype, packed, stored[::-1], (Transpose((1, 0)),))


def _turned(part: Part) -> Part:
    """Return the part of a matrix as that of its transpose."""
    shape, strides, block = (one[::-1] for one in (part.shape, part.strides, part.block))
    return replace(part, shape=shape, strides=strides, block=block)


def _matrix(name: str, region: Region) -> tuple[int, int]:
    if len(region.shape) != 2:
        raise FormatError(f"{name}: {region.name} has {len(region.shape)} axes instead of two")
    return region.shape[0], region.shape[1]

"""What a window of a region reads, and the values it makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from arbvis_core.errors import FormatError
from arbvis_core.regions.views import Trace, concat_axis, is_concat, trace
from arbvis_core.values import Crop, Range

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.protocols import Decoder, Window
    from arbvis_core.values import Region


#: Crops that must follow each other at one stride to be asked for as one.
RUN = 3


class _Piece(NamedTuple):
    """A window of a stored array: what it reads itself, and what its operands do."""

    window: Window
    crops: tuple[Crop, ...]
    operands: tuple[_Node, ...]


class _Node(NamedTuple):
    """A window of a logical array and the stored pieces it is made of."""

    region: Region
    trace: Trace
    pieces: tuple[_Piece, ...]


class _Slot(NamedTuple):
    """Where the rows of one crop lie after merging: in which crop, from which row on."""

    crop: int
    first: int
    rows: int


def window_crops(
    region: Region, window: Window, decoders: Mapping[str, Decoder]
) -> tuple[Crop, ...]:
    """Return what must be read to know the values of a window of the logical array.

    Follows the view and the operands; equal crops are asked for once, and rows at a constant stride
    become one crop.

    Raises:
        FormatError: the region is malformed, or no decoder knows its encoding.
    """
    crops, _ = _merge(list(_crops(_node(region, window, decoders))))
    return crops


def window_values(
    region: Region,
    window: Window,
    buffers: Iterable[NDArray[np.uint8]],
    decoders: Mapping[str, Decoder],
) -> NDArray[np.float32]:
    """Return the values of a window of the logical array, float32, in the window's shape.

    Args:
        region: the region.
        window: as handed to `window_crops`.
        buffers: one per crop of `window_crops`, uint8 (rows, row_bytes). From an iterator no more
            is taken than the window needs, so that one can serve several windows in turn.
        decoders: by encoding.

    Raises:
        FormatError: the region is malformed, or no decoder knows its encoding.
    """
    node = _node(region, window, decoders)
    crops, slots = _merge(list(_crops(node)))
    taken = list(islice(iter(buffers), len(crops)))
    if len(taken) != len(crops):
        raise ValueError(f"{len(taken)} buffers for {len(crops)} crops of region {region.name!r}")
    own = iter([taken[slot.crop][slot.first : slot.first + slot.rows] for slot in slots])
    return _values(node, own, decoders)


def _node(region: Region, window: Window, decoders: Mapping[str, Decoder]) -> _Node:
    traced = trace(region, window)
    piece = _joined_piece if is_concat(region) else _decoded_piece
    return _Node(region, traced, tuple(piece(region, one, decoders) for one in traced.windows))


def _decoded_piece(region: Region, window: Window, decoders: Mapping[str, Decoder]) -> _Piece:
    decoder = _decoder(region, decoders)
    boxes = decoder.boxes(region, window) if region.operands else ()
    operands = tuple(
        _node(operand, box, decoders) for operand, box in zip(region.operands, boxes, strict=True)
    )
    return _Piece(window, tuple(decoder.crops(region, window)), operands)


def _joined_piece(region: Region, window: Window, decoders: Mapping[str, Decoder]) -> _Piece:
    """Find the operands of a concatenation that a window meets."""
    axis = concat_axis(region)
    (lo, hi), offset = window[axis], 0
    operands: list[_Node] = []
    for operand in region.operands:
        start, stop = max(lo - offset, 0), min(hi - offset, operand.shape[axis])
        if start < stop:
            own = (*window[:axis], (start, stop), *window[axis + 1 :])
            operands.append(_node(operand, own, decoders))
        offset += operand.shape[axis]
    return _Piece(window, (), tuple(operands))


def _decoder(region: Region, decoders: Mapping[str, Decoder]) -> Decoder:
    decoder = decoders.get(region.encoding)
    if decoder is None:
        raise FormatError(f"region {region.name!r}: nothing decodes {region.encoding!r}")
    return decoder


def _crops(node: _Node) -> Iterator[Crop]:
    for piece in node.pieces:
        yield from piece.crops
        for operand in piece.operands:
            yield from _crops(operand)


def _values(
    node: _Node, buffers: Iterator[NDArray[np.uint8]], decoders: Mapping[str, Decoder]
) -> NDArray[np.float32]:
    import numpy as np

    if not node.pieces:
        return np.zeros(node.trace.shape, np.float32)
    return node.trace.assemble(
        [_piece_values(node.region, piece, buffers, decoders) for piece in node.pieces]
    )


def _piece_values(
    region: Region,
    piece: _Piece,
    buffers: Iterator[NDArray[np.uint8]],
    decoders: Mapping[str, Decoder],
) -> NDArray[np.float32]:
    import numpy as np

    own = list(islice(buffers, len(piece.crops)))
    operands = [_values(operand, buffers, decoders) for operand in piece.operands]
    if is_concat(region):
        return np.concatenate(operands, concat_axis(region)) if len(operands) > 1 else operands[0]
    values = _decoder(region, decoders).decode(region, piece.window, own, operands)
    expected = tuple(stop - start for start, stop in piece.window)
    if values.shape != expected:
        raise FormatError(
            f"region {region.name!r}: the decoder of {region.encoding!r} returned shape "
            f"{values.shape} for a window of shape {expected}"
        )
    return values


def _merge(raw: Sequence[Crop]) -> tuple[tuple[Crop, ...], list[_Slot]]:
    """Ask for equal crops once, and for rows at a constant stride together."""
    distinct = sorted(set(raw), key=lambda crop: (crop.source, crop.row_bytes, *crop[1:5]))
    merged: list[Crop] = []
    found: dict[Crop, _Slot] = {}
    begin = 0
    while begin < len(distinct):
        whole, end = distinct[begin], begin + 1
        while end < len(distinct) and (step := _common_stride(whole, distinct[end])):
            rows, within = whole.rows + distinct[end].rows, _around(whole, distinct[end])
            whole = whole._replace(stride=step, rows=rows, within=within)
            end += 1
        if end - begin < RUN:  # two scattered rows always have a stride; it means nothing
            whole, end = distinct[begin], begin + 1
        row = 0
        for crop in distinct[begin:end]:
            found[crop] = _Slot(len(merged), row, crop.rows)
            row += crop.rows
        merged.append(whole)
        begin = end
    return tuple(merged), [found[crop] for crop in raw]


def _around(left: Crop, right: Crop) -> Range | None:
    """Return what two crops lie within."""
    if left.within is None or right.within is None:
        return None
    starts, stops = zip(left.within, right.within, strict=True)
    return Range(min(starts), max(stops))


def _common_stride(left: Crop, right: Crop) -> int:
    """Return the stride that makes two crops one, or 0."""
    if (left.source, left.row_bytes) != (right.source, right.row_bytes):
        return 0
    step = right.start - left.start - (left.rows - 1) * left.stride
    fits = (left.rows == 1 or left.stride == step) and (right.rows == 1 or right.stride == step)
    return step if fits and step >= left.row_bytes else 0

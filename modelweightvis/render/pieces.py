"""What lies under a tile: windows of tensors, what they read, and where they are painted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from arbvis_core.api import TILE, Box, Crop, Range
from modelweightvis.encodings.table import TYPES, UNKNOWN, ElementType
from modelweightvis.folds import Piece, windows
from modelweightvis.render.remembering import remembered

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.api import Decoder, Placement, Region, ScenePlan, TileKey, Window

    Decoders = Mapping[str, Decoder]

#: Elements that are decoded at once where rows are stored one after the other: half a megabyte; and
#: where they are not, and what is read for one band is not what is read for the next.
BAND, WIDE_BAND = 1 << 17, 1 << 20

#: Types of which every stored code is a value of its own.
CODED = frozenset({"BF16", "F16"})


class Spot(NamedTuple):
    """A piece of a placement in a tile: `top` and `left` are where it lies there."""

    placement: Placement
    piece: Piece
    top: int
    left: int

    def bands(self, elements: int = BAND) -> Iterator[tuple[Spot, slice]]:
        """Cut a large rectangle into bands of so many elements.

        Yields:
            A band, and which of the rows these are.
        """
        for piece, rows in self.piece.bands(max(1, elements // max(1, self.piece.box.width))):
            yield self._replace(piece=piece, top=self.top + rows.start), rows


def side_of(plan: ScenePlan, key: TileKey) -> int:
    """Return how many pixels of the maximum zoom a tile is wide and high."""
    return TILE << (plan.canvas.max_zoom - key.zoom)


def _box_of(plan: ScenePlan, key: TileKey) -> Box:
    side = side_of(plan, key)
    return Box(key.x * side, key.y * side, side, side)


def met(plan: ScenePlan, key: TileKey) -> Iterator[tuple[Placement, Box]]:
    """Yield what meets a tile, and the tile from its corner in pixels of the maximum zoom."""
    tile = _box_of(plan, key)
    for placement in plan.placements:
        if placement.box.meets(tile):
            x, y = tile.x - placement.box.x, tile.y - placement.box.y
            yield placement, tile._replace(x=x, y=y)


@remembered
def spots(plan: ScenePlan, key: TileKey) -> Sequence[Spot]:
    """Return every piece that lies in a tile, in the order of the plan.

    Each tile is asked for twice: what it reads, what it shows.
    """
    whole = [
        Spot(placement, piece, piece.box.y - box.y, piece.box.x - box.x)
        for placement, box in met(plan, key)
        for piece in windows(placement.region.shape, placement.fold, box)
    ]
    if side_of(plan, key) == TILE:
        return whole
    return [
        one
        for spot in whole
        for one in ([spot] if _is_plain(spot.placement.region) else _wide_bands(spot))
    ]


def _wide_bands(spot: Spot) -> list[Spot]:
    return [band for band, _ in spot.bands(WIDE_BAND)]


def _is_plain(region: Region) -> bool:
    """Tell whether bands of all that a region is made of can be cut out of what was read at once.

    What takes more room than the values would is better not held for a whole area.
    """
    stored = [_by_rows(one) for one in region.operands or (region,)]
    return all(one is not None and one.bytes <= 4 * one.elements for one in stored)


def is_met(plan: ScenePlan, key: TileKey) -> bool:
    """Tell whether any element lies in a tile."""
    tile = _box_of(plan, key)
    for one in plan.placements:
        if one.box.meets(tile) and (one.fold is None or _lies_in(one, tile)):
            return True
    return False


def _lies_in(placement: Placement, tile: Box) -> bool:
    """Tell whether any element of a folded placement lies in a tile, and not only a gap."""
    x, y = tile.x - placement.box.x, tile.y - placement.box.y
    return bool(windows(placement.region.shape, placement.fold, tile._replace(x=x, y=y)))


def decodable(region: Region, decoders: Decoders) -> bool:
    """Tell whether the values of a region can be known."""
    own = region.encoding in decoders or not region.parts
    if not own or not region.operands:
        return own
    return all(decodable(operand, decoders) for operand in region.operands)


def is_coded(region: Region) -> bool:
    """Tell whether a region is stored codes of 16 bits and nothing else."""
    plain = not region.view and not region.operands and len(region.parts) == 1
    return plain and region.encoding in CODED


def crops(placement: Placement, piece: Piece, decoders: Decoders) -> Sequence[Crop]:
    """Return what a piece reads."""
    return region_crops(placement.region, piece.window, decoders)


def region_crops(region: Region, window: Window, decoders: Decoders) -> Sequence[Crop]:
    """Return what a window of a region reads."""
    if rows := _by_rows(region):
        return (_rectangle(region, window, rows),)
    from arbvis_core.regions import part_crops, window_crops

    return (
        part_crops(region, window) if is_coded(region) else window_crops(region, window, decoders)
    )


def stored_codes(
    region: Region, window: Window, buffers: Iterator[NDArray[np.uint8]]
) -> NDArray[np.uint16]:
    """Return the codes of a window of a coded region, in its shape, or as a matrix."""
    import numpy as np

    if _by_rows(region):
        rows, columns = (stop - start for start, stop in ((0, 1), *window)[-2:])
        return next(buffers).view("<u2").reshape(rows, columns)
    from arbvis_core.regions import part_arrays, part_crops

    own = list(islice(buffers, len(part_crops(region, window))))
    (units,) = part_arrays(region, window, own)
    return np.ascontiguousarray(units.data).view("<u2")[..., 0]


def region_values(
    region: Region, window: Window, buffers: Iterator[NDArray[np.uint8]], decoders: Decoders
) -> NDArray[np.float32]:
    """Return the values of a window, in its shape."""
    shape = tuple([stop - start for start, stop in window])
    if rows := _by_rows(region):
        return _decoded(rows, window, next(buffers)).reshape(shape)
    if is_coded(region):
        codes = stored_codes(region, window, buffers)
        return decode16(region.encoding, codes).reshape(shape)
    from arbvis_core.regions import window_values

    return window_values(region, window, buffers, decoders)


def stored(
    placement: Placement, piece: Piece, buffers: Iterator[NDArray[np.uint8]]
) -> NDArray[np.uint16]:
    """Return the codes of a piece of a coded region, as they lie on the canvas: (height, width)."""
    from modelweightvis.kernels.rows import in_rows

    return in_rows(piece.pixels(stored_codes(placement.region, piece.window, buffers)))


def values(
    placement: Placement, piece: Piece, buffers: Iterator[NDArray[np.uint8]], decoders: Decoders
) -> NDArray[np.float32]:
    """Return the values of a piece, as they lie on the canvas: (height, width)."""
    return laid(piece, region_values(placement.region, piece.window, buffers, decoders))


def laid(piece: Piece, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the values of a piece's window as they lie on the canvas: (height, width)."""
    import numpy as np

    return np.require(piece.pixels(values), np.float32, ["C", "A"])


def banded(
    spot: Spot,
    regions: Sequence[Region],
    buffers: Iterator[NDArray[np.uint8]],
    decoders: Decoders,
) -> Iterator[tuple[Spot, list[NDArray[np.float32]]]]:
    """Yield the values of a spot's window in bands, of each region in the shape of the band's window.

    Bands are short where rows are stored one after the other; else there is one.
    """
    window = spot.piece.window
    stored = [found for one in regions if (found := _by_rows(one))]
    if len(window) < 2 or len(stored) < len(regions):
        yield spot, [region_values(one, window, buffers, decoders) for one in regions]
        return
    held = list(islice(buffers, len(regions)))
    for band, _ in spot.bands():
        start, stop = (at - window[0][0] for at in band.piece.window[0])
        pairs = zip(stored, held, strict=True)
        yield band, [_decoded(one, band.piece.window, buffer[start:stop]) for one, buffer in pairs]


def decode16(encoding: str, codes: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Return the values of stored codes of 16 bits, in their shape."""
    from modelweightvis.encodings.units import decode_units

    return decode_units(encoding, codes.view("u1").reshape(*codes.shape, 2))[..., 0]


def _by_rows(region: Region) -> ElementType | None:
    """Return the type of a vector or a matrix of one part whose units are stored row by row.

    Most tensors are, and of them is known in a tenth of the time what to read and where it goes.
    """
    stored = TYPES.get(region.encoding, UNKNOWN)
    if not stored.decoded or region.view or region.operands or len(region.parts) != 1:
        return None
    part, shape = region.parts[0], region.shape
    if not 1 <= len(shape) <= 2 or part.block or part.strides[-1:] != (stored.bytes,):
        return None
    units, rest = divmod(shape[-1], stored.elements)
    if rest or part.shape != (*shape[:-1], units):
        return None
    return stored if len(shape) == 1 or part.strides[0] >= stored.bytes * units else None


def _rectangle(region: Region, window: Window, stored: ElementType) -> Crop:
    """Return what a region that is stored row by row reads."""
    (part,) = region.parts
    (top, bottom), (left, right) = ((0, 1), *window)[-2:]
    first, last = left // stored.elements, -(-right // stored.elements)
    stride = part.strides[0] if len(window) > 1 else 0
    start = part.start + top * stride + first * stored.bytes
    size = (last - first) * stored.bytes
    within = Range(part.start, part.stop)
    return Crop(part.source, start, size, stride, bottom - top, within)


def _decoded(stored: ElementType, window: Window, buffer: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the values of a window as a matrix, from the units under it."""
    from modelweightvis.encodings.units import decode_units

    left, right = window[-1]
    units = buffer.reshape(len(buffer), -1, stored.bytes)
    rows = decode_units(stored.name, units).reshape(len(buffer), -1)
    first = left - left % stored.elements
    return rows[:, left - first : right - first]

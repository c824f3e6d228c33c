"""Which elements are looked at before anything is drawn.

Small models are sampled whole. Of others every tensor gives a row, and as many as can be afforded
give bands of 32 rows, spread evenly over the bytes of the model at places that a seed fixes: patches
of 2 × 2 to 32 × 32 elements are needed to know what overviews will show. Where there are more tensors
than reads, they are drawn evenly from the tensors of each role.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from math import prod
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from arbvis_core.api import Box
from arbvis_core.values import parts_of
from modelweightvis.folds import Piece, size_of, windows
from modelweightvis.render.pieces import crops, decodable
from modelweightvis.render.remembering import remembered

if TYPE_CHECKING:
    from arbvis_core.api import Placement, ScenePlan
    from modelweightvis.render.pieces import Decoders

#: Models of up to so many bytes are sampled whole; of others at most this share and so many bytes, so
#: that a live view has as many left for its first screen.
WHOLE, SHARE, MOST = 64 << 20, 0.02, 32 << 20
#: Contiguous reads: of all, and of those that are one row of a tensor.
READS, ROWS = 512, 256
#: Rows of a band: the side of the largest patch.
BAND = 32
#: Elements that are decoded at once, where all are.
_CHUNK = 1 << 21
#: Most elements of a tensor's row.
_ROW = 4096
#: Fewer elements side by side tell too little.
_LEAST = 64


class Sampled(NamedTuple):
    """A box of a placement that is sampled, as the piece it is."""

    placement: Placement
    piece: Piece


def sample(plan: ScenePlan, decoders: Decoders) -> tuple[Sampled, ...]:
    """Return what is sampled, the same each time, one placement after the other."""
    return _sampled(plan, _Decoders(decoders))


class _Decoders:
    """Decoders by encoding; all that are ever asked about a plan are the same."""

    def __init__(self, known: Decoders) -> None:
        self.known = known

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Decoders) and other.known is self.known

    def __hash__(self) -> int:
        return id(self.known)


@remembered
def _sampled(plan: ScenePlan, asked: _Decoders) -> tuple[Sampled, ...]:
    decoders = asked.known
    placements = [
        one
        for one in plan.placements
        if 0 not in one.region.shape and decodable(one.region, decoders)
    ]
    sizes = [_bytes(one) for one in placements]
    all_of_them = len(placements) == len(plan.placements)
    if (sum(sizes) if all_of_them else sum(map(_bytes, plan.placements))) <= WHOLE:
        return tuple(each for one in placements for each in _whole(one))
    found = list(_affordable(placements, sizes, decoders))
    order = {one.name: number for number, one in enumerate(placements)}
    return tuple(sorted(found, key=lambda one: order[one.placement.name]))


def role_of(placement: Placement) -> str:
    """Return what a tensor is to its model."""
    return str(placement.attributes.get("role", ""))


def _bytes(placement: Placement) -> int:
    return sum([part.stop - part.start for part in parts_of(placement.region)])


def _whole(placement: Placement) -> Iterator[Sampled]:
    width, height = size_of(placement.region.shape, placement.fold)
    rows = max(BAND, _CHUNK // width // BAND * BAND)
    for top in range(0, height, rows):
        yield from _pieces(placement, Box(0, top, width, min(rows, height - top)))


def _affordable(
    placements: Sequence[Placement], sizes: Sequence[int], decoders: Decoders
) -> Iterator[Sampled]:
    """Yield a row of each tensor, then bands, for as long as bytes and reads suffice."""
    random = Random(0)  # noqa: S311 - a sample has to be the same each time
    size = min(MOST, int(SHARE * sum(sizes)))
    reads = READS
    chosen = _chosen(placements)
    boxes = [(one, _row(one, size // 4 // len(chosen), random)) for one in chosen]
    boxes += [(one, _band(one, size // 8, random)) for one in _spread(placements, sizes, random)]
    for placement, box in boxes:
        if _cost(placement, box) > size or not reads:
            continue
        for piece in _pieces(placement, box):
            asked = crops(placement, piece.piece, decoders)
            cost = sum(crop.size for crop in asked)
            runs = sum(1 if crop.stride == crop.row_bytes else crop.rows for crop in asked)
            if cost <= size and runs <= reads:
                size, reads = size - cost, reads - runs
                yield piece


def _cost(placement: Placement, box: Box) -> float:
    """Return about how many bytes are stored for a box."""
    return _bytes(placement) / prod(placement.region.shape) * box.width * box.height


def _chosen(placements: Sequence[Placement]) -> list[Placement]:
    """Return as many tensors as may give a row, evenly from those of each role."""
    if len(placements) <= ROWS:
        return list(placements)
    by_role: dict[str, list[Placement]] = defaultdict(list)
    for one in placements:
        by_role[role_of(one)].append(one)
    found = []
    for group in by_role.values():
        share = max(1, len(group) * ROWS // len(placements))
        found += [group[number * len(group) // share] for number in range(share)]
    return found


def _spread(
    placements: Sequence[Placement], sizes: Sequence[int], random: Random
) -> Iterator[Placement]:
    """Yield the tensors under evenly spaced bytes of the model, in an order that is not theirs."""
    total = sum(sizes)
    marks = [(number + random.random()) * total / READS for number in range(READS)]
    under: list[Placement] = []
    end = 0
    for one, length in zip(placements, sizes, strict=True):
        end += length
        while len(under) < READS and marks[len(under)] < end:
            under.append(one)
    random.shuffle(under)
    yield from under


def _row(placement: Placement, size: int, random: Random) -> Box:
    """Return a row of a tensor, or as much of it as about so many bytes hold."""
    width, height = _cell(placement)
    wide = _within(size, placement, min(width, _ROW))
    top, left = random.randrange(height), random.randrange(width - wide + 1)
    return _placed(placement, (wide, 1), top, left, random)


def _band(placement: Placement, size: int, random: Random) -> Box:
    """Return a band of a tensor, cut off where it would take more than about so many bytes."""
    width, height = _cell(placement)
    rows = min(BAND, height)
    wide = _within(size // rows, placement, width)
    top, left = random.randrange(height - rows + 1), random.randrange(width - wide + 1)
    return _placed(placement, (wide, rows), top, left, random)


def _within(size: int, placement: Placement, width: int) -> int:
    """Return how many of so many elements of a row about so many bytes hold."""
    elements = size * prod(placement.region.shape) // max(1, _bytes(placement))
    return min(width, max(_LEAST, elements))


def _placed(
    placement: Placement, size: tuple[int, int], top: int, left: int, random: Random
) -> Box:
    """Put a box into one of the cells of a fold."""
    fold = placement.fold
    if fold is None or _is_line(placement):
        return Box(left, top, *size)
    cell = random.randrange(fold["count"])
    down, aside = divmod(cell, fold["across"])
    x, y = aside * (fold["columns"] + fold["gap"]), down * (fold["rows"] + fold["gap"])
    return Box(x + left, y + top, *size)


def _cell(placement: Placement) -> tuple[int, int]:
    """Return the width and height within which elements that lie together are stored together."""
    if placement.fold is None or _is_line(placement):
        return size_of(placement.region.shape, placement.fold)
    return placement.fold["columns"], placement.fold["rows"]


def _is_line(placement: Placement) -> bool:
    """Tell whether strips that lie one below the other are stored one after the other."""
    return len(placement.region.shape) < 2


def _pieces(placement: Placement, box: Box) -> Iterator[Sampled]:
    for piece in windows(placement.region.shape, placement.fold, box):
        yield Sampled(placement, piece)

"""Makes the difference of files, byte by byte: one document per input that the first is compared with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from arbvis_core import values
from arbvis_core.diff.files import NAMED, Pair, called, comparable, others, pairs_of, titled
from arbvis_core.layouts.hilbert import BYTE_DIFFERENCE, bytes_of
from arbvis_core.protocols import Decoder, DiffBuilder, Priority, Window

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.values import Document, Region, Request


class ByteDifferenceDecoder(Decoder):
    """The second operand minus the first, NaN where one side has no byte."""

    encodings = (BYTE_DIFFERENCE,)

    def boxes(self, region: Region, window: Window) -> tuple[Window, ...]:
        """Return the window of each operand, as far as it is long enough."""
        ((start, stop),) = window
        lengths = (operand.shape[0] for operand in region.operands)
        return tuple(((min(start, length), min(stop, length)),) for length in lengths)

    def crops(self, region: Region, window: Window) -> tuple[()]:
        """Return nothing: all that is read, the operands read."""
        return ()

    def decode(
        self,
        region: Region,
        window: Window,
        buffers: Sequence[NDArray[np.uint8]],
        operands: Sequence[NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        """Return how much the bytes of the second side are more."""
        import numpy as np

        ((start, stop),) = window
        changed = np.full(stop - start, np.nan, dtype=np.float32)
        if len(operands) == 2:
            left, right = operands
            shared = min(left.size, right.size)
            changed[:shared] = right[:shared] - left[:shared]
        return changed


class ByteDiffBuilder(DiffBuilder):
    """Compares a file with another, or the files of folders by their relative paths."""

    name = "bytes"
    priority = Priority.FALLBACK
    decoders: tuple[Decoder, ...] = (ByteDifferenceDecoder(),)

    def matches(self, request: Request, sides: Sequence[Sequence[Document]]) -> bool:
        """Tell whether every input holds files; those that were left out do not count."""
        return comparable(request, sides)

    def build(self, request: Request, sides: Sequence[Sequence[Document]]) -> Sequence[Document]:
        """Return one document per input after the first; nothing is read."""
        return [
            _difference(request, index, pairs_of(request, sides, index))
            for index in others(request, sides)
        ]


def _difference(request: Request, index: int, pairs: Sequence[Pair]) -> Document:
    names = [called(request, number) for number in (0, index)]
    left = [one.left for one in pairs if one.left]
    right = [one.right for one in pairs if one.right]
    only_left = [one.name for one in pairs if one.right is None]
    only_right = [one.name for one in pairs if one.left is None]
    unequal = [one for one in pairs if one.left and one.right and one.left.size != one.right.size]
    return values.Document(
        name=titled(request, index, (left, right), "other files"),
        format=ByteDiffBuilder.name,
        sources=tuple({source.key: source for source in (*left, *right)}.values()),
        regions=tuple(map(_region, pairs)),
        metadata={
            "difference": {
                "left": names[0],
                "right": names[1],
                "paired": len(pairs) - len(only_left) - len(only_right),
                "only_left": len(only_left),
                "only_right": len(only_right),
                "unequal": len(unequal),
            }
        },
        input=index,
        warnings=(
            *_alone(only_left, names[0]),
            *_alone(only_right, names[1]),
            *_lengths(unequal, names),
        ),
    )


def _region(one: Pair) -> Region:
    sizes = [0 if side is None else side.size for side in (one.left, one.right)]
    present = [side for side in (one.left, one.right) if side is not None]
    return values.Region(
        name=one.name,
        shape=(max(sizes),),
        encoding=BYTE_DIFFERENCE,
        operands=tuple(map(bytes_of, present)),
        attributes={
            "side": "both" if len(present) == 2 else "A" if one.left else "B",
            "size": sizes[0],
            "other_size": sizes[1],
            **({"other": one.right.name} if one.right and one.right.name != one.name else {}),
        },
    )


def _alone(names: Sequence[str], side: str) -> Iterator[str]:
    if names:
        shown = ", ".join(names[:NAMED])
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        count = "1 file is" if len(names) == 1 else f"{len(names)} files are"
        yield f"{count} only in {side}: {shown}{more}"


def _lengths(unequal: Sequence[Pair], names: Sequence[str]) -> Iterator[str]:
    for one in unequal[:NAMED]:
        if one.left and one.right:
            sizes = one.left.size, one.right.size
            longer = names[sizes[1] > sizes[0]]
            yield (
                f"{one.name}: {sizes[0]} bytes in {names[0]} and {sizes[1]} in {names[1]}; "
                f"the last {abs(sizes[1] - sizes[0])} are only in {longer}"
            )
    if len(unequal) > NAMED:
        yield f"{len(unequal) - NAMED} more files differ in length"

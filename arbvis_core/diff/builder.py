"""Makes the difference of files, byte by byte: one document per input that the first is compared with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from arbvis_core import values
from arbvis_core.layouts.hilbert import BYTE_DIFFERENCE, bytes_of
from arbvis_core.protocols import Decoder, DiffBuilder, Priority, Window

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.values import Document, Region, Request, Source

#: Files that a warning names before it only counts them.
NAMED = 10


class Pair(NamedTuple):
    """Files that belong together; None where a side has none."""

    name: str
    left: Source | None
    right: Source | None


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
        others = _others(request, sides)
        return bool(others) and all(_files(request, sides, index) for index in (0, *others))

    def build(self, request: Request, sides: Sequence[Sequence[Document]]) -> Sequence[Document]:
        """Return one document per input after the first; nothing is read."""
        base = _files(request, sides, 0)
        return [
            _difference(request, index, base, _files(request, sides, index))
            for index in _others(request, sides)
        ]


def _others(request: Request, sides: Sequence[Sequence[Document]]) -> tuple[int, ...]:
    opened = request.opened
    return tuple(index for index in range(1, len(sides)) if index >= len(opened) or opened[index])


def _files(request: Request, sides: Sequence[Sequence[Document]], index: int) -> list[Source]:
    """Return the files of an input in the order they were opened.

    What a format has found beside a file that was named counts only if nothing that was named does.
    """
    found = {source.key: source for document in sides[index] for source in document.sources}
    opened = request.opened[index] if index < len(request.opened) else ()
    return [source for source in opened if source.key in found] or list(found.values())


def pair(left: Sequence[Source], right: Sequence[Source]) -> list[Pair]:
    """Pair one file with one file whatever they are called, else files of one relative path."""
    if len(left) == len(right) == 1:
        return [Pair(left[0].name, left[0], right[0])]
    ours, theirs = dict(_named(left)), dict(_named(right))
    names = dict.fromkeys((*ours, *theirs))
    return [Pair(name, ours.get(name), theirs.get(name)) for name in names]


def _named(sources: Sequence[Source]) -> Iterator[tuple[str, Source]]:
    """Yield sources by names that are unique; a name that comes again is numbered."""
    taken: set[str] = set()
    for source in sources:
        name, count = source.name, 1
        while name in taken:
            count += 1
            name = f"{source.name} ({count})"
        taken.add(name)
        yield name, source


def _difference(
    request: Request, index: int, left: Sequence[Source], right: Sequence[Source]
) -> Document:
    called = [_called(request, number) for number in (0, index)]
    pairs = pair(left, right)
    only_left = [one.name for one in pairs if one.right is None]
    only_right = [one.name for one in pairs if one.left is None]
    unequal = [one for one in pairs if one.left and one.right and one.left.size != one.right.size]
    return values.Document(
        name=f"{called[1]} − {called[0]}",
        format=ByteDiffBuilder.name,
        sources=tuple({source.key: source for source in (*left, *right)}.values()),
        regions=tuple(map(_region, pairs)),
        metadata={
            "difference": {
                "left": called[0],
                "right": called[1],
                "paired": len(pairs) - len(only_left) - len(only_right),
                "only_left": len(only_left),
                "only_right": len(only_right),
                "unequal": len(unequal),
            }
        },
        input=index,
        warnings=(
            *_alone(only_left, called[0]),
            *_alone(only_right, called[1]),
            *_lengths(unequal, called),
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
        files = "1 file is" if len(names) == 1 else f"{len(names)} files are"
        yield f"{files} only in {side}: {shown}{more}"


def _lengths(unequal: Sequence[Pair], called: Sequence[str]) -> Iterator[str]:
    for one in unequal[:NAMED]:
        if one.left and one.right:
            sizes = one.left.size, one.right.size
            longer = called[sizes[1] > sizes[0]]
            yield (
                f"{one.name}: {sizes[0]} bytes in {called[0]} and {sizes[1]} in {called[1]}; "
                f"the last {abs(sizes[1] - sizes[0])} are only in {longer}"
            )
    if len(unequal) > NAMED:
        yield f"{len(unequal) - NAMED} more files differ in length"


def _called(request: Request, index: int) -> str:
    """Name an input by the last part of its path, or by all of it if another has the same."""
    words = [
        spec.replace("\\", "/").rstrip("/").rpartition("/")[2] or spec for spec in request.inputs
    ]
    return words[index] if words.count(words[index]) == 1 else request.inputs[index]

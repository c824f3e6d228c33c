"""Which files of two inputs belong together, and what is said of those that are alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from arbvis_core.values import Document, Request, Source

#: Files that a warning names before it only counts them.
NAMED = 10


class Pair(NamedTuple):
    """Files that belong together; None where a side has none."""

    name: str
    left: Source | None
    right: Source | None


def others(request: Request, sides: Sequence[Sequence[Document]]) -> tuple[int, ...]:
    """Return the inputs that the first is compared with; those that were left out do not count."""
    opened = request.opened
    return tuple(index for index in range(1, len(sides)) if index >= len(opened) or opened[index])


def files(request: Request, sides: Sequence[Sequence[Document]], index: int) -> list[Source]:
    """Return the files of an input in the order they were opened.

    What a format has found beside a file that was named counts only if nothing that was named does.
    """
    found = {source.key: source for document in sides[index] for source in document.sources}
    opened = request.opened[index] if index < len(request.opened) else ()
    return [source for source in opened if source.key in found] or list(found.values())


def pair(left: Sequence[Source], right: Sequence[Source], *, folders: bool = False) -> list[Pair]:
    """Pair files of one relative path; of two inputs that are one file each, whatever their names.

    Args:
        left: the files of the first.
        right: the files of the other.
        folders: they are what is left of more, so that names always count.
    """
    if len(left) == len(right) == 1 and not folders:
        return [Pair(left[0].name, left[0], right[0])]
    ours, theirs = dict(_named(left)), dict(_named(right))
    names = dict.fromkeys((*ours, *theirs))
    return [Pair(name, ours.get(name), theirs.get(name)) for name in names]


def pairs_of(request: Request, sides: Sequence[Sequence[Document]], index: int) -> list[Pair]:
    """Return the files of the first input beside those of another."""
    opened = request.opened
    several = any(number < len(opened) and len(opened[number]) > 1 for number in (0, index))
    return pair(files(request, sides, 0), files(request, sides, index), folders=several)


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


def called(request: Request, index: int) -> str:
    """Name an input by as many of the last parts of its path as tell it from the others."""
    parts = [spec.replace("\\", "/").rstrip("/").split("/") for spec in request.inputs]
    for count in range(1, len(parts[index])):
        words = ["/".join(one[-count:]) for one in parts]
        if words.count(words[index]) == 1:
            return words[index]
    return request.inputs[index]


def comparable(request: Request, sides: Sequence[Sequence[Document]]) -> bool:
    """Tell whether every input has files to compare, or had some that were compared already.

    Of a folder nothing may be left beside another folder that has more; of a file that was named,
    nothing else was meant.
    """
    held = [(index, files(request, sides, index)) for index in (0, *others(request, sides))]
    opened = request.opened
    return (
        len(held) > 1
        and any(found for _, found in held)
        and all(
            found or (sides[index] and index < len(opened) and len(opened[index]) > 1)
            for index, found in held
        )
    )


def titled(request: Request, index: int, taken: Sequence[Sequence[Source]], what: str) -> str:
    """Name a difference, and what it is of if it is not of all that was opened."""
    title = f"{called(request, index)} − {called(request, 0)}"
    opened = [
        request.opened[number] if number < len(request.opened) else () for number in (0, index)
    ]
    whole = all(len(ours) >= len(all_) for ours, all_ in zip(taken, opened, strict=True))
    return title if whole else f"{title}: {what}"

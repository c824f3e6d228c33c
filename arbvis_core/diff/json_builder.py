"""Makes the difference of JSON files, value by value."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from arbvis_core import values
from arbvis_core.diff.files import NAMED, Pair, called, comparable, others, pairs_of, titled
from arbvis_core.layouts.hilbert import ALIGNED_BYTES, bytes_of
from arbvis_core.protocols import Decoder, DiffBuilder, Priority, Window

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.diff.aligning import Alignment
    from arbvis_core.values import Document, Region, Request, Source

#: Names that say that a file is JSON, or one value per line.
SUFFIXES = (".json", ".ipynb", ".jsonld", ".geojson", ".webmanifest", ".har", ".gltf")
LINES = (".jsonl", ".ndjson")
#: Changes that a placement lists, and the manifest with it.
LISTED = 20


class Aligned(NamedTuple):
    """Two files, and how they lie beside each other."""

    left: Source
    right: Source
    found: Alignment


class Compared(NamedTuple):
    """What is compared, by name and by input; and sentences about what is not, and why."""

    files: Mapping[str, Mapping[int, Aligned]]
    notes: Sequence[str]


class AlignedBytesDecoder(Decoder):
    """The second operand minus the first where pieces of both lie beside each other, else NaN."""

    encodings = (ALIGNED_BYTES,)

    def boxes(self, region: Region, window: Window) -> tuple[Window, ...]:
        """Return the smallest window of each operand that holds its pieces."""
        from arbvis_core.regions.pieces import runs

        ((start, stop),) = window
        found = [*runs(region.attributes["pieces"], start, stop)]
        return tuple(
            ((
                min((one.start for one in found if one.side == side), default=0),
                max((one.start + one.size for one in found if one.side == side), default=0),
            ),)
            for side in (0, 1)
        )  # fmt: skip

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
        """Return how much the bytes of the second side are more; 0 where both say the same."""
        import numpy as np

        from arbvis_core.regions.pieces import runs, same

        ((start, stop),) = window
        both = np.full((2, stop - start), np.nan, np.float32)
        packed = region.attributes["pieces"]
        for first, last in same(packed, start, stop):
            both[:, first - start : last - start] = 0
        begins = [begin for ((begin, _),) in self.boxes(region, window)]
        for one in runs(packed, start, stop):
            at = one.start - begins[one.side]
            placed = slice(one.at - start, one.at - start + one.size)
            both[one.side, placed] = operands[one.side][at : at + one.size]
        changed: NDArray[np.float32] = both[1] - both[0]
        return changed


class JsonDiffBuilder(DiffBuilder):
    """Compares JSON files: keys by name, elements of arrays and lines where they agree.

    A file that is no JSON in one of the inputs, or too large, is left to be compared by its bytes.
    """

    name = "json"
    priority = Priority.SPECIFIC
    decoders: tuple[Decoder, ...] = (AlignedBytesDecoder(),)

    def __init__(self) -> None:
        self._last: tuple[Hashable, Compared] = (None, Compared({}, ()))

    def matches(self, request: Request, sides: Sequence[Sequence[Document]]) -> bool:
        """Tell whether there are JSON files of one name on two sides that can be aligned."""
        return bool(self._compared(request, sides).files)

    def build(self, request: Request, sides: Sequence[Sequence[Document]]) -> Sequence[Document]:
        """Return one document per input after the first; both files of each pair are read."""
        held = self._compared(request, sides).files
        by_input = {
            index: {name: found[index] for name, found in held.items() if index in found}
            for index in others(request, sides)
        }
        return [_difference(request, index, found) for index, found in by_input.items() if found]

    def notes(self, request: Request, sides: Sequence[Sequence[Document]]) -> Sequence[str]:
        """Say which files are named as JSON and are compared by their bytes, and why."""
        notes = self._compared(request, sides).notes
        more = [f"{len(notes) - NAMED} more JSON files are compared by their bytes"]
        return (*notes[:NAMED], *(more if len(notes) > NAMED else ()))

    def _compared(self, request: Request, sides: Sequence[Sequence[Document]]) -> Compared:
        """Align what can be; the answer is kept from being asked to making the difference."""
        sources = (one for side in sides for document in side for one in document.sources)
        key = (request.inputs, request.format, *((one.key, one.identity) for one in sources))
        if self._last[0] != key:
            self._last = (key, _compared(request, sides))
        return self._last[1]


def _compared(request: Request, sides: Sequence[Sequence[Document]]) -> Compared:
    if request.format == "raw" or not comparable(request, sides):
        return Compared({}, ())
    found: dict[str, dict[int, Aligned]] = {}
    failed: dict[str, str] = {}
    for index in others(request, sides):
        for one in filter(_named, pairs_of(request, sides, index)):
            if one.left and one.right and one.name not in failed:
                made = _aligned(one.left, one.right, _names(request, index))
                if isinstance(made, str):
                    failed[one.name] = f"{made}; its bytes are compared"
                else:
                    found.setdefault(one.name, {})[index] = Aligned(one.left, one.right, made)
    # A file is compared in one way with all others.
    kept = {name: by_input for name, by_input in found.items() if name not in failed}
    return Compared(kept, tuple(failed.values()))


def _difference(request: Request, index: int, pairs: Mapping[str, Aligned]) -> Document:
    names = _names(request, index)
    counts: dict[str, int] = {}
    for one in pairs.values():
        counts = {name: counts.get(name, 0) + count for name, count in one.found.counts.items()}
    sources = [one.left for one in pairs.values()], [one.right for one in pairs.values()]
    return values.Document(
        name=titled(request, index, sources, "JSON"),
        format=JsonDiffBuilder.name,
        sources=tuple({source.key: source for side in sources for source in side}.values()),
        regions=tuple(_region(name, one) for name, one in pairs.items()),
        metadata={
            "difference": {
                "left": names[0],
                "right": names[1],
                "paired": len(pairs),
                "values": counts,
            }
        },
        input=index,
        warnings=tuple(
            f"{name}: {told}" for name, one in pairs.items() for told in _unaligned(one.found)
        ),
    )


def _names(request: Request, index: int) -> list[str]:
    return [called(request, number) for number in (0, index)]


def _named(one: Pair) -> bool:
    """Tell whether the name of either file says that it is JSON."""
    names = [side.name.lower() for side in (one.left, one.right) if side]
    return any(name.endswith((*SUFFIXES, *LINES)) for name in names)


def _aligned(left: Source, right: Source, names: Sequence[str]) -> Alignment | str:
    """Read two files and lay them beside each other; a sentence says why it cannot be done."""
    from arbvis_core.diff.aligning import align, unchanged
    from arbvis_core.diff.scanning import LARGEST, NotJsonError, scan

    sources = left, right
    for source, name in zip(sources, names, strict=True):
        if source.size > LARGEST:
            return f"{_of(source, name)} is larger than {LARGEST >> 20} MiB"
    lines = any(source.name.lower().endswith(LINES) for source in sources)
    content = [_read(source) for source in sources]
    if content[0] == content[1]:
        del content[1]
    trees = []
    for data, source, name in zip(content, sources, names, strict=False):
        try:
            trees.append(scan(data, lines=lines))
        except NotJsonError as error:
            return f"{_of(source, name)} {error}"
    return align(*trees) if len(trees) == 2 else unchanged(trees[0])


def _of(source: Source, name: str) -> str:
    return source.name if name.endswith(source.name) else f"{source.name} of {name}"


def _read(source: Source) -> bytes:
    from arbvis_core.reading import Reader

    if not source.size:
        return b""
    crop = values.Crop(source.key, 0, source.size)
    (content,) = Reader({source.key: source}).fetch([crop])
    return content.tobytes()


def _region(name: str, one: Aligned) -> Region:
    from arbvis_core.regions.pieces import pack

    packed, size = pack(one.found.pieces)
    return values.Region(
        name=name,
        shape=(size,),
        encoding=ALIGNED_BYTES,
        operands=(bytes_of(one.left), bytes_of(one.right)),
        attributes={
            "side": "both",
            "size": one.left.size,
            "other_size": one.right.size,
            **({"other": one.right.name} if one.right.name != name else {}),
            **one.found.counts,
            "changes": [_listed(change) for change in one.found.changes[:LISTED]],
            "pieces": packed,
            "outlines": [*_outlines(one.found)],
        },
    )


def _listed(one: Any) -> dict[str, str]:
    return {"path": one.path, "kind": one.kind, "left": one.left, "right": one.right}


def _outlines(found: Alignment) -> Iterator[list[Any]]:
    """Yield name, kind, first and last position and text of what is outlined in the picture."""
    for name, start, stop in found.keys:
        yield [name, "key", start, stop, ""]
    for one in found.changes:
        told = {"changed": f"{one.left} → {one.right}", "added": f"added: {one.right}"}
        text = told.get(one.kind, f"removed: {one.left}")
        yield [one.path or "the whole file", one.kind, one.start, one.stop, text]


def _unaligned(found: Alignment) -> Iterator[str]:
    if found.unaligned:
        shown = ", ".join(found.unaligned[:3])
        more = f" and {len(found.unaligned) - 3} more" if len(found.unaligned) > 3 else ""
        yield (
            f"so many elements of {shown}{more} are equal that they were compared by their "
            f"position, not aligned"
        )

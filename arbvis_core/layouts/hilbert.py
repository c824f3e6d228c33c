"""The byte picture: every file along one Hilbert curve, one pixel per byte."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from arbvis_core import values
from arbvis_core.errors import LayoutError
from arbvis_core.protocols import Layout, Priority
from arbvis_core.values import TILE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.values import (
        Canvas,
        Document,
        Label,
        Placement,
        Region,
        Request,
        Scene,
        Source,
    )

#: The encoding of a region that is nothing but the bytes of a file.
BYTES = "bytes"
#: The encoding of a region that is the difference of the bytes of two files.
BYTE_DIFFERENCE = "byte-difference"
#: The same where `attributes["pieces"]` says what lies beside what: see `arbvis_core.regions.pieces`.
ALIGNED_BYTES = "aligned-bytes"
#: What a difference says of the names of its sides.
SIDES = ("left", "right")
#: Attributes of a region that are for its layout and its renderer, and no facts about it.
INNER = ("pieces", "outlines")


class _Run(NamedTuple):
    """A source on the curve, and the document it belongs to."""

    document: Document
    source: Source
    start: int

    @property
    def stop(self) -> int:
        return self.start + self.source.size


class HilbertLayout(Layout):
    """All files one after the other, without a gap, along a Hilbert curve.

    Nearby bytes are nearby pixels at every scale. What a format knows about a file, its regions,
    becomes outlines over the bytes.
    """

    name = "hilbert"
    priority = Priority.FALLBACK

    def matches(self, request: Request, documents: Sequence[Document]) -> bool:
        """Any document that stands for files can be shown as bytes, and what differs in them."""
        return any(not one.derived or _is_difference(one) for one in documents)

    def arrange(self, request: Request, documents: Sequence[Document]) -> Sequence[Scene]:
        """Return a scene `bytes` of all files, and one `difference` per comparison.

        Raises:
            LayoutError: there is not a single byte to show.
        """
        shown = tuple(document for document in documents if not document.derived)
        differences = tuple(
            scene for one in documents if _is_difference(one) for scene in _compared(request, one)
        )
        if differences and not shown:
            return differences
        runs = _runs(shown, request)
        if not runs:
            raise LayoutError(_nothing(shown))
        canvas = canvas_of(runs[-1].stop)
        return (
            values.Scene(
                key="bytes",
                label="Bytes",
                extent=canvas,
                placements=_placements(runs, canvas),
                renderer="bytes",
                documents=shown,
                labels=_labels(shown, runs, canvas),
            ),
            *differences,
        )


def canvas_of(total: int) -> Canvas:
    """Return the smallest square or 2:1 canvas of at least one tile that holds `total` bytes."""
    scale = max(2 * (TILE.bit_length() - 1), (total - 1).bit_length())
    return values.Canvas(width=1 << (scale - scale // 2), height=1 << scale // 2, curve="hilbert")


def hue_of(name: str) -> int:
    """Return a hue, 0–359, that is the same for the same name in every run."""
    import hashlib

    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little") % 360


def _is_difference(document: Document) -> bool:
    kinds = (BYTE_DIFFERENCE, ALIGNED_BYTES)
    return document.derived and any(one.encoding in kinds for one in document.regions)


def _difference(document: Document) -> tuple[Scene, Canvas]:
    """Lay the compared files end to end; each is as long as the longer of the two."""
    regions = [one for one in document.regions if one.shape[0]]
    if not regions:
        raise LayoutError(f"{document.name}: all files are empty: there is no byte to compare")
    stops = list(accumulate(one.shape[0] for one in regions))
    starts = [0, *stops[:-1]]
    canvas = canvas_of(stops[-1])
    boxes, centroids = measure(list(zip(starts, stops, strict=True)), canvas)
    placements = tuple(
        values.Placement(
            name=region.name,
            box=values.Box(*box),
            region=region,
            start=start,
            stop=stop,
            label=(x, y),
            hue=hue_of(region.name),
            attributes={name: one for name, one in region.attributes.items() if name not in INNER},
        )
        for region, start, stop, box, (x, y) in zip(
            regions, starts, stops, boxes.tolist(), centroids.tolist(), strict=True
        )
    )
    scene = values.Scene(
        key="difference",
        label=document.name,
        extent=canvas,
        placements=placements,
        renderer="byte-differences",
        documents=(document,),
        labels=_outlines(regions, starts, canvas),
        attributes=document.metadata.get("difference", {}),
    )
    return scene, canvas


def _compared(request: Request, document: Document) -> tuple[Scene, ...]:
    """Return a difference and, if it is looked at live, what was compared as well."""
    scene, canvas = _difference(document)
    if not request.live:
        return (scene,)
    from arbvis_core.layouts.sides import sides_of

    first, second = (str(scene.attributes.get(side, side)) for side in SIDES)
    title = f"{second} − {first}"
    # What a difference is of, if it is not of all that was opened, its sides are of as well.
    rest = document.name[len(title) :] if document.name.startswith(title) else ""
    labels = [f"{name}{rest}" for name in (first, second)]
    return (scene, *sides_of(scene, canvas, labels))


def _outlines(
    regions: Sequence[Region], starts: Sequence[int], canvas: Canvas
) -> tuple[Label, ...]:
    """Outline what a difference names in its files: name, kind, first and last position, text."""
    found = [
        (name, kind, begin + start, begin + stop, text)
        for region, begin in zip(regions, starts, strict=True)
        for name, kind, start, stop, text in region.attributes.get("outlines", ())
        if start < stop
    ]
    if not found:
        return ()
    boxes, _ = measure([(start, stop) for _, _, start, stop, _ in found], canvas)
    return tuple(
        values.Label(name, kind, values.Box(*box), start, stop, text)
        for (name, kind, start, stop, text), box in zip(found, boxes.tolist(), strict=True)
    )


def _runs(documents: Sequence[Document], request: Request) -> tuple[_Run, ...]:
    """Lay the sources end to end in the order they were opened, whichever format claimed them.

    What a format has found beside a file that was named is shown only if nothing that was named is.
    """
    order = {
        (number, source.key): index
        for number, sources in enumerate(request.opened)
        for index, source in enumerate(sources)
    }
    owners = {
        (document.input, source.key): (document, source)
        for document in documents
        for source in document.sources
        if source.size
    }
    runs: list[_Run] = []
    position = 0
    shown = [key for key in owners if key in order] or owners
    for key in sorted(shown, key=lambda key: (key[0], order.get(key, 0))):
        document, source = owners[key]
        runs.append(_Run(document, source, position))
        position += source.size
    return tuple(runs)


def _nothing(documents: Sequence[Document]) -> str:
    names = [source.name for document in documents for source in document.sources]
    if not names:
        return "there is no file to show"
    if len(names) == 1:
        return f"{names[0]!r} is empty: there is no byte to show"
    return f"all {len(names)} files are empty: there is no byte to show"


def _placements(runs: Sequence[_Run], canvas: Canvas) -> tuple[Placement, ...]:
    boxes, centroids = measure([(run.start, run.stop) for run in runs], canvas)
    return tuple(
        values.Placement(
            name=run.source.name,
            box=values.Box(*box),
            region=bytes_of(run.source),
            start=run.start,
            stop=run.stop,
            label=(x, y),
            hue=hue_of(run.source.name),
            attributes={"size": run.source.size, "format": run.document.format},
        )
        for run, box, (x, y) in zip(runs, boxes.tolist(), centroids.tolist(), strict=True)
    )


def bytes_of(source: Source) -> Region:
    """Return a file as the array of its bytes."""
    part = values.Part(BYTES, source.key, 0, source.size, (source.size,), (1,))
    return values.Region(source.name, (source.size,), BYTES, (part,))


def _labels(
    documents: Sequence[Document], runs: Sequence[_Run], canvas: Canvas
) -> tuple[Label, ...]:
    """Outline the bytes of every region that a format has found."""
    by_key = {(run.document.input, run.source.key): run for run in runs}
    sizes = {run.source.key: run.source.size for run in runs}
    found = [
        (region, start, stop)
        for document in documents
        for region in document.regions
        if not _is_file(region, sizes)
        for start, stop in _extents(region, document.input, by_key)
    ]
    if not found:
        return ()
    boxes, _ = measure([(start, stop) for _, start, stop in found], canvas)
    return tuple(
        values.Label(region.name, "region", values.Box(*box), start, stop, _describe(region))
        for (region, start, stop), box in zip(found, boxes.tolist(), strict=True)
    )


def _extents(
    region: Region, number: int, by_key: Mapping[tuple[int, str], _Run]
) -> list[tuple[int, int]]:
    """Return the runs of bytes that a region's parts occupy, as positions along the curve."""
    pieces = []
    for part in values.parts_of(region):
        run = by_key.get((number, part.source))
        if run is not None:
            pieces.append((run.start + max(part.start, 0), min(run.start + part.stop, run.stop)))
    extents: list[tuple[int, int]] = []
    for start, stop in sorted(pieces):
        if extents and start <= extents[-1][1]:
            extents[-1] = (extents[-1][0], max(extents[-1][1], stop))
        elif start < stop:
            extents.append((start, stop))
    return extents


def _is_file(region: Region, sizes: Mapping[str, int]) -> bool:
    """Tell whether a region is the whole of a file, which has an outline already."""
    return any((part.start, part.stop) == (0, sizes.get(part.source)) for part in region.parts)


def _describe(region: Region) -> str:
    shape = " × ".join(str(length) for length in region.shape) or "scalar"
    return f"{shape}, {region.encoding}"


def measure(
    intervals: Sequence[tuple[int, int]], canvas: Canvas
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the boxes (n, 4) and the centres of area (n, 2) of intervals of a canvas's curve."""
    import numpy as np

    from arbvis_core.kernels.hilbert import bounds

    ends = np.array(intervals, dtype=np.int64)
    boxes = np.empty((len(ends), 4), dtype=np.int64)
    centroids = np.empty((len(ends), 2), dtype=np.float64)
    order = canvas.height.bit_length() - 1
    bounds(ends, order, boxes, centroids)
    return boxes, centroids

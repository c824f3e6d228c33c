"""What every document must keep, whoever made it."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any

from arbvis_core.protocols import Decoder, Window
from arbvis_core.reading import Reader
from arbvis_core.regions import part_crops, window_crops, window_values
from arbvis_core.registry import load
from arbvis_core.values import Document, Region, Source, parts_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Regions of more elements are decoded in windows only.
WHOLE = 1 << 20


def decoders_with(*makers: Any) -> dict[str, Decoder]:
    """Return arbvis's own decoders and those of the objects under test, by encoding."""
    decoders = dict(load(allow=()).decoders)
    for maker in makers:
        for decoder in getattr(maker, "decoders", ()):
            decoders |= dict.fromkeys(decoder.encodings, decoder)
    return decoders


def region_values(
    region: Region,
    sources: Sequence[Source],
    decoders: Mapping[str, Decoder],
    window: Window | None = None,
) -> NDArray[np.float32]:
    """Return a region's values, read and decoded as a renderer would."""
    window = window or tuple((0, length) for length in region.shape)
    crops = window_crops(region, window, decoders)
    buffers = Reader({source.key: source for source in sources}).fetch(crops)
    return window_values(region, window, buffers, decoders)


def check_documents(
    documents: Sequence[Document], maker: str, decoders: Mapping[str, Decoder]
) -> None:
    """Check that documents are valid: every part lies inside a source, everything is plain data.

    Args:
        documents: what a format, diff builder or derivation returned.
        maker: its name, which every document must carry in `format`.
        decoders: what their encodings are decoded by.

    Raises:
        AssertionError: something is not valid; the message says what.
    """
    for document in documents:
        assert isinstance(document, Document), f"{document!r} is no Document"
        assert document.name, "a document has no name"
        assert document.format == maker, f"{document.name} says it was made by {document.format}"
        check_plain(document.metadata, f"metadata of {document.name}")
        assert all(isinstance(one, str) for one in document.warnings), "a warning is no sentence"
        sizes = {source.key: source.size for source in document.sources}
        for region in document.regions:
            check_region(region, sizes, decoders)


def check_region(region: Region, sizes: Mapping[str, int], decoders: Mapping[str, Decoder]) -> None:
    """Check that a region and its operands are valid.

    Args:
        region: the region.
        sizes: of the sources it may read, by key.
        decoders: what its encoding is decoded by.
    """
    what = f"region {region.name!r}"
    assert region.name, "a region has no name"
    assert all(type(one) is int and one >= 0 for one in region.shape), f"{what}: {region.shape}"
    known = region.encoding in decoders or not region.parts
    assert known, f"{what}: no decoder knows the encoding {region.encoding!r}"
    check_plain(region.attributes, f"attributes of {what}")
    for part in parts_of(region):
        assert part.source in sizes, f"{what}: its document has no source {part.source}"
        inside = 0 <= part.start <= part.stop <= sizes[part.source]
        assert inside, f"{what}: bytes {part.start} to {part.stop} of {sizes[part.source]}"
    for operand in region.operands:
        check_region(operand, sizes, decoders)
    whole = tuple((0, length) for length in region.stored_shape)
    for part in region.parts if prod(region.stored_shape) else ():
        for crop in part_crops(replace(region, parts=(part,)), whole):
            assert part.start <= crop.start <= crop.stop <= part.stop, f"{what} leaves its part"


def check_values(document: Document, decoders: Mapping[str, Decoder]) -> None:
    """Check that every region decodes, and that a window of it decodes to a window of the whole."""
    import numpy as np

    for region in document.regions:
        if not 0 < prod(region.shape) <= WHOLE:
            continue
        whole = region_values(region, document.sources, decoders)
        what = f"region {region.name!r}"
        assert whole.dtype == np.float32, f"{what} decodes to {whole.dtype}, not float32"
        assert whole.shape == region.shape, f"{what} decodes to shape {whole.shape}"
        for window in _windows(region.shape):
            part = region_values(region, document.sources, decoders, window)
            expected = whole[tuple(slice(start, stop) for start, stop in window)]
            same = np.array_equal(part, expected, equal_nan=True)
            assert same, f"{what}: its window {window} does not decode to a window of the whole"


def check_plain(value: Any, what: str) -> None:
    """Check that a value is plain data, which can be written as JSON."""
    try:
        json.dumps(_plain(value))
    except (TypeError, ValueError) as error:
        raise AssertionError(f"{what} is not plain data: {error}") from error


def check_pickles(value: Any, what: str) -> None:
    """Check that a value can be sent to another process and is the same there."""
    again = pickle.loads(pickle.dumps(value))  # noqa: S301 - our own bytes
    assert again == value, f"{what} is not the same after pickling"


def _plain(value: Any) -> Any:
    """Turn the read-only kinds of mappings and sequences into those that JSON knows."""
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return value


def _windows(shape: tuple[int, ...]) -> Iterator[Window]:
    """Yield windows at the ends, in the middle, of single elements, and of none at the edges."""
    yield tuple((0, (length + 1) // 2) for length in shape)
    yield tuple((length // 2, length) for length in shape)
    yield tuple((length // 3, length - length // 3) for length in shape)
    yield tuple((length - 1, length) for length in shape)
    for axis, length in enumerate(shape):
        middle = length // 2
        yield tuple((middle, middle + 1) if one == axis else (0, n) for one, n in enumerate(shape))

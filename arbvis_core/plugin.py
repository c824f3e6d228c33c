"""What arbvis itself brings, through the same hooks as any plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arbvis_core import hookimpl
from arbvis_core.deferring import deferred
from arbvis_core.formats.raw import RawFormat
from arbvis_core.protocols import Decoder, DiffBuilder, Layout, LeafRenderer, Priority
from arbvis_core.render.bytes import ByteRenderer
from arbvis_core.sources.local import LocalProvider
from arbvis_core.sources.stdin import StdinProvider

if TYPE_CHECKING:
    from arbvis_core.protocols import Format, SourceProvider


@hookimpl
def arbvis_source_providers() -> list[SourceProvider]:
    """Files, directories, and standard input."""
    return [LocalProvider(), StdinProvider()]


@hookimpl
def arbvis_formats() -> list[Format]:
    """Any file is bytes."""
    return [RawFormat()]


@hookimpl
def arbvis_diff_builders() -> list[DiffBuilder]:
    """Any two files can be compared byte by byte, JSON value by value."""
    module, json = "arbvis_core.diff.builder", "arbvis_core.diff.json_builder"
    plain = deferred(Decoder, f"{module}:ByteDifferenceDecoder", encodings=("byte-difference",))
    aligned = deferred(Decoder, f"{json}:AlignedBytesDecoder", encodings=("aligned-bytes",))
    return [
        deferred(
            DiffBuilder,
            f"{module}:ByteDiffBuilder",
            name="bytes",
            priority=Priority.FALLBACK,
            decoders=(plain,),
        ),
        deferred(
            DiffBuilder,
            f"{json}:JsonDiffBuilder",
            name="json",
            priority=Priority.SPECIFIC,
            decoders=(aligned,),
        ),
    ]


@hookimpl
def arbvis_layouts() -> list[Layout]:
    """Bytes along a Hilbert curve."""
    hilbert = "arbvis_core.layouts.hilbert:HilbertLayout"
    return [deferred(Layout, hilbert, name="hilbert", priority=Priority.FALLBACK)]


@hookimpl
def arbvis_leaf_renderers() -> list[LeafRenderer]:
    """Bytes in the colours of their classes, and by what changed."""
    differences = "arbvis_core.render.byte_differences:ByteDifferenceRenderer"
    return [ByteRenderer(), deferred(LeafRenderer, differences, name="byte-differences")]

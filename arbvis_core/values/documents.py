"""What a file holds: sources of bytes, and documents that say what the bytes mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

from arbvis_core.slotted import dataclass

if TYPE_CHECKING:
    from arbvis_core.values.views import Step

#: What `Source.read` hands over: `bytes`, `memoryview` or any other C-contiguous buffer.
Buffer = bytes | bytearray | memoryview


class Range(NamedTuple):
    """Bytes `start` up to, not including, `stop` of one source."""

    start: int
    stop: int


class Crop(NamedTuple):
    """`rows` runs of `row_bytes` bytes, `stride` bytes apart, from byte `start` of a source.

    One row is a plain range. A rectangle of a matrix is one crop, whatever its width.

    Attributes:
        source: its key.
        start: the first byte.
        row_bytes: of each row.
        stride: from one row to the next.
        rows: how many.
        within: the bytes among which others are likely to be asked for, say those of the tensor; None
            for all of the source.
    """

    source: str
    start: int
    row_bytes: int
    stride: int = 0
    rows: int = 1
    within: Range | None = None

    @property
    def stop(self) -> int:
        """The first byte after the crop."""
        return self.start + (self.rows - 1) * self.stride + self.row_bytes

    @property
    def size(self) -> int:
        """How many bytes the crop asks for."""
        return self.rows * self.row_bytes


@runtime_checkable
class Source(Protocol):
    """Bytes that can be read in ranges: a file, a spooled pipe, a file on a server.

    A source is picklable and reopens itself in another process. It never carries a token.
    Properties are read-only.
    """

    @property
    def key(self) -> str:
        """What tells this source from every other in a run, e.g. its absolute path or address."""

    @property
    def name(self) -> str:
        """What people call it: a path relative to the input it came from, with forward slashes."""

    @property
    def folder(self) -> str:
        """What groups it: formats see all sources of one folder or repository together."""

    @property
    def size(self) -> int:
        """Its length in bytes."""

    @property
    def identity(self) -> str:
        """What its content is known by: size and modification time, an ETag, a commit."""

    def read(self, ranges: Sequence[Range]) -> Sequence[Buffer]:
        """Return the bytes of each range, whole.

        Many ranges come in one call so that a remote source can coalesce them.

        Raises:
            SourceError: the bytes cannot be had.
            SourceChangedError: the content is not the one that was opened.
        """

    def verify(self) -> None:
        """Raise `SourceChangedError` if the content is no longer the one that was opened."""


@dataclass(frozen=True, slots=True)
class Part:
    """Where one ingredient of a region is stored.

    Attributes:
        role: what it is to the decoder: `codes`, `scales`, `zeros`, `index` …
        source: the key of the source that holds it.
        start: its first byte.
        stop: the first byte after it.
        shape: its stored units per axis. A unit is what cannot be split: an element, or a
            quantisation block. Axes line up with the stored array from the right, and an axis of
            one unit serves every element.
        strides: bytes from one unit to the next, per axis.
        block: how many elements share a unit, per axis; empty means `region.stored / shape`. It has
            to be said where the last unit of an axis is not full.
    """

    role: str
    source: str
    start: int
    stop: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    block: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Region:
    """A named array of values, wherever and however it is stored. Nothing is read to make one.

    Attributes:
        name: what people call it.
        shape: the logical shape, after `view`.
        encoding: names the decoder that turns the parts into values.
        parts: where its ingredients lie.
        view: steps from the stored to the logical array, applied in order.
        stored: the shape before `view`; empty means `shape`.
        operands: other regions it is computed from (a difference has two).
        attributes: what is known about it: role, layer, expert, dtype … (plain data).
    """

    name: str
    shape: tuple[int, ...]
    encoding: str
    parts: tuple[Part, ...] = ()
    view: tuple[Step, ...] = ()
    stored: tuple[int, ...] = ()
    operands: tuple[Region, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def stored_shape(self) -> tuple[int, ...]:
        """The shape of the array as it is stored, before `view`."""
        return self.stored or self.shape


@dataclass(frozen=True, slots=True)
class Document:
    """What a format makes of one or more sources, or a derivation of other documents.

    Attributes:
        name: what people call it.
        format: the name of the format or derivation that made it.
        sources: everything its regions read from.
        regions: its arrays, in the order they are stored.
        metadata: facts about the whole (plain data).
        input: which input of the request it came from.
        derived: made of other documents, so that a layout of files leaves it alone.
        warnings: sentences for the user.
    """

    name: str
    format: str
    sources: tuple[Source, ...]
    regions: tuple[Region, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    input: int = 0
    derived: bool = False
    warnings: tuple[str, ...] = ()

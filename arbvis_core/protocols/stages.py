"""What a plugin hands over, stage by stage, and what it is handed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Protocol

from arbvis_core.slotted import dataclass

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.pipeline.rendering import Report
    from arbvis_core.values import (
        Blob,
        Crop,
        Document,
        Region,
        Request,
        Scene,
        Source,
    )

#: A rectangle of an n-dimensional array: (start, stop) per axis.
Window = tuple[tuple[int, int], ...]


class Priority(IntEnum):
    """Named priorities; any integer will do."""

    FALLBACK = 0
    NORMAL = 100
    SPECIFIC = 200
    OVERRIDE = 300


class SourceProvider(Protocol):
    """Turns one positional argument into sources."""

    name: str
    priority: int

    def matches(self, spec: str) -> bool:
        """Tell whether this provider understands the argument. Must not raise, nor read content."""
        ...

    def open(self, spec: str) -> Sequence[Source]:
        """Return the argument's sources, in a stable order.

        Raises:
            SourceError: the argument cannot be opened; the message names it.
        """
        ...

    def beside(self, spec: str) -> Sequence[Source]:
        """Return what lies beside an argument that names one file of a folder.

        None of it is shown; formats and enrichers find sidecars and further parts in it.
        """
        return ()


class Probe(Protocol):
    """What a format may look at before it claims a source."""

    @property
    def name(self) -> str:
        """The source's name."""

    @property
    def size(self) -> int:
        """The source's length in bytes."""

    def head(self, count: int) -> bytes:
        """Return the first `count` bytes, or fewer if the source is shorter (at most 64 KiB)."""

    def tail(self, count: int) -> bytes:
        """Return the last `count` bytes, or fewer if the source is shorter (at most 64 KiB)."""


@dataclass(frozen=True, slots=True)
class Group:
    """What a format is handed: the sources it claimed in one folder, and what lies beside them."""

    folder: str
    claimed: tuple[Source, ...]
    siblings: tuple[Source, ...]
    input: int = 0


class Decoder(Protocol):
    """Turns stored parts into values; found by a region's `encoding`."""

    encodings: tuple[str, ...]

    def boxes(self, region: Region, window: Window) -> tuple[Window, ...]:
        """Return the window of each operand that a window of the region is computed from."""
        return tuple(window for _ in region.operands)

    def crops(self, region: Region, window: Window) -> tuple[Crop, ...]:
        """Return what must be read to decode `window` of the stored array."""
        from arbvis_core.regions import part_crops

        return part_crops(region, window)

    def decode(
        self,
        region: Region,
        window: Window,
        buffers: Sequence[NDArray[np.uint8]],
        operands: Sequence[NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        """Return the values of `window` of the stored array, float32, in the window's shape.

        Args:
            region: the region.
            window: of the stored array, before the region's view.
            buffers: one per crop of `crops`, uint8 (rows, row_bytes); between rows may lie what others
                asked for: strides tell.
            operands: one per operand, the values of the windows of `boxes`.
        """
        ...

    def explain(
        self, region: Region, window: Window, buffers: Sequence[NDArray[np.uint8]]
    ) -> Mapping[str, Any]:
        """Return what a quantised element is computed from, as plain data.

        Its value is `scale` × `code` + `min`, or `scale` × `level` where codes stand for levels.

        Args:
            region: the region.
            window: of the stored array: one element.
            buffers: one per crop of `crops`.
        """
        return {}


class Format(Protocol):
    """Recognises files and says what is in them.

    Decoders of the encodings it uses come along in `decoders`.
    """

    name: str
    priority: int
    decoders: tuple[Decoder, ...] = ()

    def matches(self, probe: Probe) -> bool:
        """Tell whether this format claims the source: by content first, by name second."""
        ...

    def parse(self, group: Group) -> Sequence[Document]:
        """Return what the claimed sources hold, without reading their bulk.

        Raises:
            FormatError: a claimed source is not valid; the message names it, the place and the fix.
        """
        ...


class Enricher(Protocol):
    """Adds to a document what stands beside it (`config.json`, a shard index)."""

    name: str
    priority: int

    def matches(self, document: Document, siblings: Sequence[Source]) -> bool:
        """Tell whether there is anything to add."""
        ...

    def enrich(self, document: Document, siblings: Sequence[Source]) -> Document:
        """Return the document with what was found."""
        ...


class DiffBuilder(Protocol):
    """Makes documents that say what differs between inputs. Pixels are not computed yet.

    Builders share the inputs: by priority, each takes what it can compare, and the sources of the
    documents that it makes are gone for those that come after it.
    """

    name: str
    priority: int
    decoders: tuple[Decoder, ...] = ()

    def matches(self, request: Request, sides: Sequence[Sequence[Document]]) -> bool:
        """Tell whether this builder can compare the sides: what is left of each input."""
        ...

    def build(self, request: Request, sides: Sequence[Sequence[Document]]) -> Sequence[Document]:
        """Return the documents of the difference; their `sources` are what was compared."""
        ...

    def notes(self, request: Request, sides: Sequence[Sequence[Document]]) -> Sequence[str]:
        """Say what is left to other builders although it looks as if it belonged to this one."""
        return ()


class Derivation(Protocol):
    """Makes further documents of documents: panels, summaries. Nothing is computed yet.

    What it returns is shown beside what it was made of.
    """

    name: str
    priority: int
    decoders: tuple[Decoder, ...] = ()

    def matches(self, request: Request, documents: Sequence[Document]) -> bool:
        """Tell whether the request asks for this derivation and the documents allow it."""
        ...

    def derive(self, request: Request, documents: Sequence[Document]) -> Sequence[Document]:
        """Return the derived documents only."""
        ...


class Layout(Protocol):
    """Decides what lies where."""

    name: str
    priority: int

    def matches(self, request: Request, documents: Sequence[Document]) -> bool:
        """Tell whether this layout can show any of the documents."""
        ...

    def arrange(self, request: Request, documents: Sequence[Document]) -> Sequence[Scene]:
        """Return the scenes of the documents it shows; those it does not show go to the next layout.

        Raises:
            LayoutError: nothing can be arranged; the message says why.
        """
        ...


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand: `arbvis NAME …`.

    `run` is a function with typer annotations; `load` returns it, so that its module is imported
    only when the command is run. `profiles` names the programs that have it; empty means all.
    """

    name: str
    help: str
    load: Callable[[], Callable[..., None]]
    profiles: tuple[str, ...] = ()


class Reporter(Protocol):
    """Writes what a run measured to a file of its own.

    A group of options makes one: a method `reporter(request)` returns it, or None. A run that writes
    no bundle then only measures.

    Attributes:
        titled: whether the title of the plan is in the file; `--title` is refused where it is nowhere.
    """

    titled: bool = False

    def check(self, inputs: Sequence[str], *, force: bool) -> None:
        """Refuse what can be known to fail before anything is read.

        Args:
            inputs: as typed, or the files that were opened; none of them is replaced.
            force: replace whatever is there.

        Raises:
            ArbvisError: the file cannot be written, or what it needs is not installed.
        """
        ...

    def write(self, report: Report, inputs: Sequence[str], *, force: bool) -> str:
        """Write the file from what was drawn and measured, and say where it is."""
        ...


class Sink(Protocol):
    """Where a bundle goes: a folder, memory, a repository.

    Attributes:
        portable: a copy in another process can `put` too (it is picklable and needs no lock).
    """

    portable: bool

    def put(self, blob: Blob) -> None:
        """Take one file, in any order, from any thread.

        Raises:
            SinkError: it cannot be written.
        """
        ...

    def commit(self) -> str:
        """Make everything that was put appear at once, and say where."""
        ...

    def abort(self) -> None:
        """Leave nothing behind. Safe to call twice, and after `commit`."""
        ...

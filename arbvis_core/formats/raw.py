"""The format that any file has: bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from arbvis_core import values
from arbvis_core.protocols import Decoder, Format, Group, Priority, Probe, Window

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from arbvis_core.values import Document, Region, Source


class ByteDecoder(Decoder):
    """Bytes as the numbers 0 to 255."""

    encodings = ("bytes",)

    def decode(
        self,
        region: Region,
        window: Window,
        buffers: Sequence[NDArray[np.uint8]],
        operands: Sequence[NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        """Return the bytes of `window`, float32, in its shape."""
        del region, operands
        import numpy as np

        shape = tuple(stop - start for start, stop in window)
        return np.concatenate(buffers, axis=None).astype(np.float32).reshape(shape)


class RawFormat(Format):
    """Claims what no other format does: one document per folder, one region per file."""

    name = "raw"
    priority = Priority.FALLBACK
    decoders = (ByteDecoder(),)

    def matches(self, probe: Probe) -> bool:
        """Claim everything."""
        del probe
        return True

    def parse(self, group: Group) -> Sequence[Document]:
        """Return the sources as they are, in one document; nothing is read."""
        regions = tuple(_region(source) for source in group.claimed)
        first = group.claimed[0].name
        # A folder is a path or an address; its last component serves as a name either way.
        folder = group.folder.replace("\\", "/").rstrip("/").rpartition("/")[2]
        name = first if len(regions) == 1 else folder or first
        return [values.Document(name, self.name, group.claimed, regions)]


def _region(source: Source) -> Region:
    shape = (source.size,)
    part = values.Part("bytes", source.key, 0, source.size, shape, (1,))
    return values.Region(source.name, shape, "bytes", (part,))
